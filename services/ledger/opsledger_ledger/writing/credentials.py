"""API keys as they stand, for checking who asks before anything is queued."""

import hmac
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import sha256
from threading import Lock
from typing import Final

from opsledger_contracts.problems.general import CredentialInvalid
from opsledger_ledger.domain.credential import CredentialState
from opsledger_ledger.recording.log import Log
from opsledger_ledger.writing.world import folded

CREDENTIALS_MAX: Final = 10_000
"""Keys kept in memory, unknown ones included; others are read again from the log."""

_PREFIX: Final = f"{CredentialState.NOUN}/"
_NOBODY: Final = "0" * 64


class Credentials:
    """Committed states of API keys, kept current by the writer's commits; for any thread."""

    def __init__(self, log: Log, credentials_max: int = CREDENTIALS_MAX) -> None:
        self._log = log
        self._credentials_max = credentials_max
        self._states: OrderedDict[str, CredentialState | None] = OrderedDict()
        self._lock = Lock()
        self._changes = 0

    def changed(self, streams: Iterable[str]) -> None:
        """Forget the keys among streams that have new events."""
        touched = [stream for stream in streams if stream.startswith(_PREFIX)]
        if touched:
            with self._lock:
                self._changes += 1
                for stream in touched:
                    self._states.pop(stream.removeprefix(_PREFIX), None)

    def kept(self, identifier: str) -> bool:
        """Tell whether a key is in memory, so that `verified` reads nothing."""
        return identifier in self._states

    def verified(self, identifier: str, secret: str, now: str) -> CredentialState:
        """Find the key that an identifier and a secret open.

        Raises:
            CredentialInvalid: unknown, wrong, revoked or expired; which of these is not told.

        """
        state = self._state(identifier)
        # Compared in any case, so that time does not tell which identifiers exist.
        expected = state.secret_hash if state is not None else _NOBODY
        same = hmac.compare_digest(sha256(secret.encode()).hexdigest(), expected)
        if state is None or not same or not state.valid_at(now):
            raise CredentialInvalid
        return state

    def _state(self, identifier: str) -> CredentialState | None:
        with self._lock:
            if identifier in self._states:
                self._states.move_to_end(identifier)
                return self._states[identifier]
            changes = self._changes
        stream = f"{_PREFIX}{identifier}"
        state: CredentialState | None = folded(stream, self._log.history(stream))[0]
        with self._lock:
            # A commit in between may have changed this very key; then it is not kept.
            if changes == self._changes:
                self._states[identifier] = state
                if len(self._states) > self._credentials_max:
                    self._states.popitem(last=False)
        return state
