"""Whoever must know of a commit before its answers go out, put together into an open ledger."""

from collections.abc import Sequence

from opsledger_ledger.clock import Clock
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.feed.pages import Feed
from opsledger_ledger.feed.signal import HeadSignal
from opsledger_ledger.feed.tail import Tail
from opsledger_ledger.feed.watcher import HeadWatcher
from opsledger_ledger.ledger import AdministratorKey, Ledger
from opsledger_ledger.recording.log import Log, Stored
from opsledger_ledger.writing.command_queue import CommandQueue
from opsledger_ledger.writing.credentials import Credentials
from opsledger_ledger.writing.writer import Committed


class Readers:
    """Whoever must know of a commit before its answers go out."""

    def __init__(self) -> None:
        self._signal = HeadSignal()
        self._tail = Tail()
        self._credentials: Credentials | None = None
        self._watcher: HeadWatcher | None = None

    def committed(self, commit: Committed) -> None:
        """Tell of a commit."""
        # Keys first: who is told of the revocation must not get in with the key any more.
        if self._credentials is not None:
            self._credentials.changed(commit.streams)
        self._tail.extend(commit.entries)
        self._signal.advance(commit.position)
        if self._watcher is not None:
            self._watcher.told(commit.teller)

    def grown(self, entries: Sequence[Stored]) -> None:
        """Tell of what another process has recorded."""
        if self._credentials is not None:
            self._credentials.changed({stored.stream for stored in entries})
        self._tail.extend(entries)
        self._signal.advance(entries[-1].position)

    def ledger(
        self,
        settings: LedgerSettings,
        log: Log,
        writer: CommandQueue,
        clock: Clock,
        key: AdministratorKey | None,
    ) -> Ledger:
        """Put together the ledger whose readers these are."""
        self._credentials = Credentials(log)
        self._signal.advance(log.head().position)
        fingerprint_key = log.derived_key("idempotency")
        # A directory has one writing process, a database any number.
        if settings.directory is None:
            self._watcher = HeadWatcher(log, self._signal, self.grown)
            self._watcher.start()
        return Ledger(
            name=settings.name,
            clock=clock,
            log=log,
            writer=writer,
            feed=Feed(log, self._tail),
            signal=self._signal,
            credentials=self._credentials,
            watcher=self._watcher,
            fingerprint_key=fingerprint_key,
            administrator_key=key,
        )
