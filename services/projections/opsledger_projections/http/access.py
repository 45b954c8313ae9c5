"""Who may read what: an API key in the header Authorization, and the scopes by route.

Default is deny. Keys are those of the ledger, as of the position that the views have reached: a
revocation counts from the moment on at which it is projected.
"""

import hmac
import re
from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any, Final

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from opsledger_contracts.events.credential import Scope
from opsledger_contracts.problems.general import (
    CredentialInvalid,
    CredentialMissing,
    ScopeMissing,
)
from opsledger_projections.projections import Projections
from opsledger_projections.views.registers import CREDENTIALS

READERS: Final[frozenset[Scope]] = frozenset(("auditor", "writer", "approver", "assessor"))
INTEGRITY: Final[frozenset[Scope]] = READERS | {"operator"}
REBUILDERS: Final[frozenset[Scope]] = frozenset(("operator", "administrator", "auditor"))
OPERATORS: Final[frozenset[Scope]] = frozenset(("operator",))

_KEY: Final = re.compile(
    r"opl_(?P<id>[A-Za-z0-9][A-Za-z0-9._-]{0,63})_(?P<secret>[A-Za-z0-9]{16,128})", re.ASCII
)
"""The secret has no underscore, so that the identifier may have some."""
_NO_HASH: Final = "0" * 64

LOCAL: Final = "local"
"""Who asks where every caller is let in."""

_bearer: Final = HTTPBearer(
    auto_error=False, bearerFormat="opl_<id>_<secret>", description="API key of the ledger"
)


def required(scopes: frozenset[Scope]) -> Callable[..., str]:
    """Make the dependency that lets in whoever has one of the scopes, and gives the person."""

    def let_in(
        request: Request,
        given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> str:
        projections: Projections = request.app.state.projections
        if projections.trusting:
            return LOCAL
        if not request.headers.get("Authorization"):
            raise CredentialMissing
        credential = _credential(projections, given.credentials if given else "")
        if scopes.isdisjoint(credential["scopes"]):
            raise ScopeMissing(
                expected=" or ".join(sorted(scopes)),
                found=", ".join(sorted(credential["scopes"])) or "none",
            )
        return str(credential["person"])

    return let_in


def _credential(projections: Projections, token: str) -> dict[str, Any]:
    matched = _KEY.fullmatch(token)
    if matched is None:
        raise CredentialInvalid
    with projections.served.reading() as tables:
        found = tables.read(CREDENTIALS, matched["id"], tables.progress().position)
    body = found.row(CREDENTIALS).body if found is not None else {}
    secret_hash = sha256(matched["secret"].encode("ascii")).hexdigest()
    # An unknown key is compared as well, so that the time of the answer does not tell them apart.
    equal = hmac.compare_digest(secret_hash, body.get("secret_hash", _NO_HASH))
    expires_at = body.get("expires_at")
    expired = expires_at is not None and projections.clock.now() >= expires_at
    if not equal or expired or body.get("status") != "active":
        raise CredentialInvalid
    return body
