"""Who asks: an API key in the header Authorization, checked before anything else is read."""

import asyncio
import re
from typing import Final

from starlette.requests import Request

from opsledger_contracts.events.credential import Scope
from opsledger_contracts.problems.general import (
    CredentialInvalid,
    CredentialMissing,
    ScopeMissing,
)
from opsledger_ledger.domain.credential import CredentialState
from opsledger_ledger.http.headers import Multiple, single
from opsledger_ledger.ledger import Ledger

_BEARER: Final = re.compile(
    r"[Bb]earer +opl_(?P<id>[A-Za-z0-9][A-Za-z0-9._-]{0,63})_(?P<secret>[A-Za-z0-9]{16,128})",
    re.ASCII,
)
"""The secret has no underscore, so that the identifier may have some."""


async def caller(request: Request, ledger: Ledger, scopes: frozenset[Scope]) -> CredentialState:
    """Find out who asks, and require one of some scopes.

    Raises:
        CredentialMissing: no key is given.
        CredentialInvalid: the key opens nothing.
        ScopeMissing: the key has none of the scopes.

    """
    return await holder(request.headers, ledger, scopes, ledger.clock.now())


async def holder(
    given: Multiple, ledger: Ledger, scopes: frozenset[Scope], now: str
) -> CredentialState:
    """Find out who asks by some headers, as `caller` does."""
    header = single(given, "Authorization")
    if not header:
        raise CredentialMissing
    matched = _BEARER.fullmatch(header)
    if matched is None:
        raise CredentialInvalid
    identifier, secret = matched["id"], matched["secret"]
    if ledger.credentials.kept(identifier):
        state = ledger.credentials.verified(identifier, secret, now)
    else:
        state = await asyncio.to_thread(ledger.credentials.verified, identifier, secret, now)
    if scopes.isdisjoint(state.scopes):
        raise ScopeMissing(
            expected=" or ".join(sorted(scopes)), found=", ".join(sorted(state.scopes)) or "none"
        )
    return state
