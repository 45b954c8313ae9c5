"""Opening a ledger to write to it: in this process, through another one, or in bulk."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

from opsledger_ledger.bootstrap.founding import (
    clock_of,
    found_ledger,
    founding_of,
    require_clock,
    require_same,
)
from opsledger_ledger.bootstrap.readers import Readers
from opsledger_ledger.bootstrap.storage import open_storage
from opsledger_ledger.clock import Clock
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.errors import LedgerError, NotFounded
from opsledger_ledger.http.access import policy_hash
from opsledger_ledger.ledger import AdministratorKey, Ledger
from opsledger_ledger.recording.connections import DATABASE_NAME
from opsledger_ledger.recording.log import AppendRefused, Log, RecordingError
from opsledger_ledger.writing.deciding_state import DecidingState
from opsledger_ledger.writing.importing import CHUNK_LINES, Importer
from opsledger_ledger.writing.remote_writer import RemoteWriter
from opsledger_ledger.writing.wire import NotOpened
from opsledger_ledger.writing.writer import Observer, Writer
from opsledger_ledger.writing.writer_process import WriterProcess


def open_ledger(
    settings: LedgerSettings, failed: Callable[[str], None] = lambda _reason: None
) -> Ledger:
    """Open a ledger, and found it if it is new; written from here.

    `failed` is told, on the writer's thread, that the storage has failed and the process must stop.

    Raises:
        ClockMismatch: it was founded with the other kind of clock.
        ClockUnreadable: the file of the scripted clock holds no instant.
        ExtraMissing: the driver of the database is not installed.
        NameMismatch: the directory or schema holds another ledger.
        NotFounded: its first entry is not a founding.
        RecordingError: the log cannot be opened, such as `LogInUse` or `LogDamaged`.

    """
    readers = Readers()
    opened = open_written(settings, Observer(committed=readers.committed, failed=failed))
    try:
        opened.writer.start()
        return readers.ledger(settings, opened.log, opened.writer, opened.clock, opened.key)
    except BaseException:
        opened.log.close()
        raise


def open_served(
    settings: LedgerSettings, process: WriterProcess, failed: Callable[[str], None]
) -> tuple[Ledger, RemoteWriter]:
    """Open a ledger that a process of its own writes, made with `write_for`.

    An event loop must `follow` the writer that is given beside it.

    Raises:
        LedgerError, RecordingError, OSError: as `open_ledger` says.

    """
    readers = Readers()
    writer = RemoteWriter(
        process,
        Observer(committed=readers.committed, failed=failed),
        queue_max=settings.queue_max,
    )
    reply = writer.open()
    if isinstance(reply, NotOpened):
        raise ERRORS[reply.error](reply.message)
    key = (
        None
        if reply.first_key is None
        else AdministratorKey(credential=reply.first_key[0], secret=reply.first_key[1])
    )
    # Who writes has checked it just now.
    log = open_storage(settings, writing=False, checking=False)
    try:
        return readers.ledger(settings, log, writer, clock_of(settings), key), writer
    except BaseException:
        log.close()
        raise


@contextmanager
def open_importer(settings: LedgerSettings, chunk_lines: int = CHUNK_LINES) -> Iterator[Importer]:
    """Open the storage of a ledger that was founded before, whatever its name, to import into it.

    In a directory no other process may write meanwhile; in a database others may.

    Raises:
        ClockMismatch, ClockUnreadable, NotFounded, ExtraMissing: as `open_ledger` says.
        RecordingError: the log cannot be opened.

    """
    clock = clock_of(settings)
    if settings.directory is not None and not (settings.directory / DATABASE_NAME).exists():
        raise NotFounded(f"there is no ledger in {settings.directory}")
    log = open_storage(settings, writing=True)
    try:
        founding = founding_of(log, settings)
        require_clock(founding, settings)
        source = f"urn:opsledger:{founding.name}"
        yield Importer(log, clock, source, policy_hash(), chunk_lines=chunk_lines)
    finally:
        log.close()


class Written(NamedTuple):
    """A log with its writer, which does not take commands yet."""

    clock: Clock
    log: Log
    state: DecidingState
    writer: Writer
    key: AdministratorKey | None


def open_written(settings: LedgerSettings, observer: Observer) -> Written:
    """Open the log for writing; found the ledger if it is new."""
    clock = clock_of(settings)
    log = open_storage(settings, writing=True)
    try:
        state = DecidingState(log, f"urn:opsledger:{settings.name}", policy_hash())
        writer = Writer(
            log,
            clock,
            state,
            observer,
            queue_max=settings.queue_max,
            batch_max=settings.batch_max,
        )
        if not log.head().position:
            try:
                return Written(clock, log, state, writer, found_ledger(writer, settings, clock))
            except AppendRefused:
                # Another process may have founded it in between; then it is as any other.
                if not log.head().position:
                    raise
        require_same(log, settings)
        return Written(clock, log, state, writer, None)
    except BaseException:
        log.close()
        raise


def _classes(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _classes(child)


ERRORS: Final = {
    kind.__name__: kind for ancestor in (LedgerError, RecordingError) for kind in _classes(ancestor)
} | {OSError.__name__: OSError}
"""What opening a ledger can fail with, by the name under which the writing process tells it."""
