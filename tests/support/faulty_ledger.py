"""Ledger services with one planted fault each, to prove that a fault test would find it.

A fault replaces a class of the real service by one that does a single thing wrong; delays keep the
moment at which it does harm open long enough for a kill to meet it.
"""

import os
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import uvicorn

from opsledger_ledger.bootstrap import opening, readers, server, serving
from opsledger_ledger.domain.deciding import Act, Record
from opsledger_ledger.feed.live import LiveEnd, Push
from opsledger_ledger.feed.pages import Feed, Page, Selection
from opsledger_ledger.feed.signal import HeadSignal
from opsledger_ledger.feed.stream import frames
from opsledger_ledger.http import events
from opsledger_ledger.recording import (
    checkpoints,
    connections,
    postgres_connections,
    postgres_log,
    sqlite_log,
)
from opsledger_ledger.recording.batch import Place
from opsledger_ledger.recording.log import LogBusy, NewEntry, Stored
from opsledger_ledger.recording.sqlite_batch import SqliteBatch
from opsledger_ledger.recording.sqlite_log import SqliteLog
from opsledger_ledger.writing.submission import Outcome, Submission
from opsledger_ledger.writing.writer import Writer

SHOWN_BYTES_MAX = 65_536
"""What a pipe holds; each entry is written whole."""

DELAY_S = 0.03
"""How long a fault keeps its harmful moment open."""

_open_transactions = ExitStack()
_late_keys: list[tuple[str, str, bytes, bytes]] = []
_showing: list[int] = []
"""Both ends of a pipe; who writes is another process than who serves, and both have it."""
_shown: list[Stored] = []
_POSTGRES = postgres_connections._SETTINGS  # noqa: SLF001 - a fault is planted in what is not public.


class LateLog(SqliteLog):
    """A log whose transactions stay open until somebody else ends them."""

    @contextmanager
    def begin(self, places: Sequence[Place] = ()) -> Iterator[SqliteBatch]:
        """Leave the transaction open, unless it fails."""
        with ExitStack() as transaction:
            yield transaction.enter_context(super().begin(places))
            _open_transactions.push(transaction.pop_all())


class EarlyWriter(Writer):
    """A writer that answers before its commit is durable."""

    def found(self, act: Act, records: Sequence[Record]) -> None:
        """Found the ledger as it should be done."""
        super().found(act, records)
        _open_transactions.close()

    def work(self, pending: Any) -> None:
        """Answer, and end the transaction some time later."""
        super().work(pending)
        time.sleep(DELAY_S)
        _open_transactions.close()


class KeylessBatch(SqliteBatch):
    """A transaction that does not keep the answers of idempotency keys."""

    def put_answer(self, scope: str, key: str, fingerprint: bytes, answer: bytes) -> None:
        """Drop the answer."""


class LateKeysBatch(SqliteBatch):
    """A transaction that leaves the answers of idempotency keys to the next one."""

    def put_answer(self, scope: str, key: str, fingerprint: bytes, answer: bytes) -> None:
        """Put the answer aside."""
        _late_keys.append((scope, key, fingerprint, answer))


class TwoTransactionsWriter(Writer):
    """A writer that stores idempotency keys in a second transaction."""

    def _commit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        outcomes = super()._commit(submissions)
        time.sleep(DELAY_S)
        with self._log.begin() as batch:
            assert isinstance(batch, SqliteBatch)
            for late in _late_keys:
                SqliteBatch.put_answer(batch, *late)
        _late_keys.clear()
        return outcomes


class EventwiseBatch(SqliteBatch):
    """A transaction that makes each event durable by itself."""

    def append(self, entries: Sequence[NewEntry], recorded_at: str) -> list[bytes]:
        """Commit after every event."""
        leaves = []
        for entry in entries:
            leaves += super().append([entry], recorded_at)
            self.flush()
            self._native.execute("COMMIT")
            time.sleep(DELAY_S / 10)
            self._native.execute("BEGIN IMMEDIATE")
        return leaves


class ShowingBatch(SqliteBatch):
    """A transaction that lets readers see its events before it ends."""

    def append(self, entries: Sequence[NewEntry], recorded_at: str) -> list[bytes]:
        """Show the events, and take some time afterwards."""
        position = self.head.position
        leaves = super().append(entries, recorded_at)
        for number, (new, leaf) in enumerate(zip(entries, leaves, strict=True), position + 1):
            stored = Stored(number, new.stream, new.version, new.type, new.entry, leaf)
            os.write(_showing[1], msgspec.json.encode(stored) + b"\n")
        time.sleep(DELAY_S)
        return leaves


class EarlyFeed(Feed):
    """A feed that serves what was shown to it, durable or not."""

    def recent(self, _selection: Selection) -> Page | None:
        """Leave it to `page`."""
        return None

    def page(self, selection: Selection) -> Page:
        """Add what no commit has confirmed yet."""
        page = super().page(selection)
        with suppress(BlockingIOError):
            lines = os.read(_showing[0], SHOWN_BYTES_MAX).splitlines()
            _shown.extend(msgspec.json.decode(line, type=Stored) for line in lines)
        if page.entries:
            return page
        fresh = [stored for stored in _shown if stored.position > page.after]
        after = fresh[-1].position if fresh else page.after
        # Readers come again soon, since no commit would wake them.
        time.sleep(DELAY_S / 10)
        return Page(fresh, after, False, after + 1)


class HastyFeed(Feed):
    """A feed that calls every page final, also one that will grow."""

    def page(self, selection: Selection) -> Page:
        """Promise too much."""
        return super().page(selection)._replace(final=True)


class LastingServer(server.StoppingServer):
    """A server that waits for endless answers to end by themselves."""

    def __init__(self, config: uvicorn.Config, **more: Any) -> None:
        config.timeout_graceful_shutdown = None
        super().__init__(config, **more | {"stop": lambda: None})


def _synchronous(level: str) -> Callable[[Path], sqlite3.Connection]:
    """Make a function that opens the writing connection with commits that are not synced."""
    opened = connections._open_writer  # noqa: SLF001 - a fault is planted in what is not public.

    def careless(path: Path) -> sqlite3.Connection:
        connection = opened(path)
        connection.execute(f"PRAGMA synchronous = {level}")
        return connection

    return careless


def _passing(error: sqlite3.Error) -> LogBusy:
    """Take every error for one that passes."""
    return LogBusy(str(error))


def _anything_goes(_connection: object) -> None:
    """Accept every setting."""


def _frames_with_a_gap(
    feed: Feed, signal: HeadSignal, live: LiveEnd, selection: Selection, push: Push | None
) -> AsyncIterator[bytes]:
    """Resume an event stream one event too late."""
    after = selection.after + bool(selection.after)
    return frames(feed, signal, live, msgspec.structs.replace(selection, after=after), push)


def _show() -> None:
    """Let who writes show its events to who serves, before they are durable."""
    _showing[:] = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    _planting((sqlite_log, "SqliteBatch", ShowingBatch), (readers, "Feed", EarlyFeed))()


def _planting(*replaced: tuple[Any, str, object]) -> Callable[[], None]:
    """Make a function that replaces names in modules of the service."""

    def plant() -> None:
        for module, name, faulty in replaced:
            patch.object(module, name, faulty).start()

    return plant


FAULTS: dict[str, Callable[[], None]] = {
    "answer-before-commit": _planting(
        (sqlite_log, "SqliteLog", LateLog), (opening, "Writer", EarlyWriter)
    ),
    "keys-forgotten": _planting((sqlite_log, "SqliteBatch", KeylessBatch)),
    "keys-in-second-transaction": _planting(
        (sqlite_log, "SqliteBatch", LateKeysBatch), (opening, "Writer", TwoTransactionsWriter)
    ),
    "commit-per-event": _planting((sqlite_log, "SqliteBatch", EventwiseBatch)),
    "feed-before-commit": _show,
    "gap-after-resume": _planting((events, "frames", _frames_with_a_gap)),
    "pages-final-too-early": _planting((readers, "Feed", HastyFeed)),
    "synchronous-normal": _planting(
        (connections, "_open_writer", _synchronous("NORMAL")),
        (sqlite_log, "check_settings", _anything_goes),
    ),
    "synchronous-off": _planting(
        (connections, "_open_writer", _synchronous("OFF")),
        (sqlite_log, "check_settings", _anything_goes),
    ),
    "postgres-asynchronous": _planting(
        (postgres_connections, "_SETTINGS", _POSTGRES | {"synchronous_commit": "off"}),
        (postgres_log, "check_server", _anything_goes),
    ),
    "postgres-idles": _planting(
        (
            *(postgres_connections, "_SETTINGS"),
            _POSTGRES | {"idle_in_transaction_session_timeout": "0"},
        ),
        (postgres_connections, "TRANSACTION_TIMEOUT_S", 0),
    ),
    # Not a fault: a transaction that stands still is ended sooner than in service.
    "limits-short": _planting(
        (
            *(postgres_connections, "_SETTINGS"),
            _POSTGRES | {"idle_in_transaction_session_timeout": "500ms"},
        ),
        (postgres_connections, "TRANSACTION_TIMEOUT_S", 3),
    ),
    "sync-errors-ignored": _planting((sqlite_log, "translated", _passing)),
    # Not a fault: the write-ahead log is taken up often, for runs that are short.
    "checkpoints-often": _planting(
        (checkpoints, "WAL_PAGES_CHECKPOINT", 100), (checkpoints, "WAL_PAGES_RESTART", 50)
    ),
    "streams-never-end": _planting((serving, "StoppingServer", LastingServer)),
}
"""What can be planted, by name."""
