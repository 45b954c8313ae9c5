"""A ledger that is open: its log, its writer and its feed, as one thing to hand around."""

from dataclasses import dataclass, field
from typing import Self

from opsledger_ledger.clock import Clock
from opsledger_ledger.feed.pages import Feed
from opsledger_ledger.feed.signal import HeadSignal
from opsledger_ledger.feed.watcher import HeadWatcher
from opsledger_ledger.recording.log import Log
from opsledger_ledger.writing.command_queue import CommandQueue
from opsledger_ledger.writing.credentials import Credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministratorKey:
    """The first key of a ledger, told once; only the digest of its secret is kept."""

    credential: str
    secret: str

    @property
    def token(self) -> str:
        """The key as it is sent in the header Authorization."""
        return f"opl_{self.credential}_{self.secret}"

    def __repr__(self) -> str:
        """Show which key this is, and not its secret."""
        return f"AdministratorKey(credential={self.credential!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """A ledger in service between `bootstrap.opening.open_ledger` and `close`."""

    name: str
    clock: Clock
    log: Log
    writer: CommandQueue
    feed: Feed
    signal: HeadSignal
    credentials: Credentials
    watcher: HeadWatcher | None
    """Follows other processes, where a ledger may have some."""
    fingerprint_key: bytes = field(repr=False)
    """Keys the digests of requests: a bare digest of a short name could be guessed back."""
    administrator_key: AdministratorKey | None
    """The first key, when the ledger was founded just now."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let waiting readers go, decide what waits, end the writer and close the log."""
        self.signal.close()
        if self.watcher is not None:
            self.watcher.close()
        self.writer.close()
        self.log.close()
