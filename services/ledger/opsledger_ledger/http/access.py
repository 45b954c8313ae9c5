"""Who may do what: the access policy as data, and the digest under which acts are let in.

Default is deny. A command takes exactly the scope that its noun declares; a read takes one of the
scopes listed here. An administrator has no business rights and reads no payload, neither does an
operator.
"""

from typing import Any, Final

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.credential import Scope
from opsledger_ledger.domain.nouns import NOUN_RULES

EVERYBODY: Final[frozenset[Scope]] = frozenset(
    ("writer", "approver", "assessor", "auditor", "operator", "administrator", "subscriber")
)
_PAYLOAD: Final[frozenset[Scope]] = frozenset(("auditor", "subscriber"))
_HASHES: Final[frozenset[Scope]] = frozenset(("auditor", "operator", "subscriber"))

READS: Final[dict[str, frozenset[Scope]]] = {
    "/v1/events": _PAYLOAD,
    "/v1/events/stream": _PAYLOAD,
    "/v1/events/{position}": _PAYLOAD,
    "/v1/streams/{noun}/{id}": _PAYLOAD,
    "/v1/head": EVERYBODY,
    "/v1/proofs/inclusion": _HASHES,
    "/v1/proofs/consistency": _HASHES,
    "/v1/tiles/{path}": _HASHES,
    "/v1/verify": frozenset(("auditor", "operator")),
    "/metrics": frozenset(("operator",)),
}
"""Scopes of which one is needed, by route."""

PUBLIC: Final = frozenset(("/healthz", "/readyz", "/openapi.json", "/docs", "/docs/{asset}"))
"""Routes that tell nothing about the ledger's content and take no key."""


def policy() -> dict[str, Any]:
    """Write down the whole access policy."""
    return {
        "commands": {
            f"{entry.noun}.{entry.verb}": {
                "acting": entry.acting,
                "delegable": entry.delegable,
                "function": entry.function,
                "scope": entry.scope,
            }
            for noun in NOUN_RULES.values()
            for entry in noun.commands.values()
        },
        "reads": {route: sorted(scopes) for route, scopes in READS.items()},
    }


def policy_hash() -> str:
    """Tell the digest that every entry carries of the policy under which it was let in."""
    return digest(policy())
