"""What the process that writes a ledger does, from its first to its last moment."""

import socket

from opsledger_ledger.bootstrap.garbage import tune_garbage_collector
from opsledger_ledger.bootstrap.opening import ERRORS, open_written
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.errors import LedgerError
from opsledger_ledger.recording.log import RecordingError
from opsledger_ledger.writing.snapshots import FILE_NAME as SNAPSHOT_NAME
from opsledger_ledger.writing.snapshots import Snapshots
from opsledger_ledger.writing.wire import NotOpened, Opened
from opsledger_ledger.writing.writer_process import Desk


def write_for(settings: LedgerSettings, channel: socket.socket) -> int:
    """Write a ledger for the process at the other end of a socket; gives the exit status."""
    desk = Desk(channel)
    if not desk.receive():
        return 0
    try:
        opened = open_written(settings, desk.observer)
    except (LedgerError, RecordingError, OSError) as error:
        name = type(error).__name__
        desk.send(NotOpened(name if name in ERRORS else OSError.__name__, str(error)))
        return 1
    try:
        snapshots = None
        snapshot_file = settings.snapshot_file
        if snapshot_file is None and settings.directory is not None:
            snapshot_file = settings.directory / SNAPSHOT_NAME
        if snapshot_file is not None:
            snapshots = Snapshots(opened.log, opened.state, snapshot_file)
            snapshots.restore()
        # Before all that is folded, so that the collector does not walk it again and again; and
        # after it, so that it never does.
        tune_garbage_collector()
        if not opened.writer.catch_up(desk.wanted):
            return 0
        tune_garbage_collector()
        key = opened.key
        desk.send(
            Opened(
                opened.log.head().position, None if key is None else (key.credential, key.secret)
            )
        )
        desk.serve(opened.writer, settings.batch_max, snapshots)
    finally:
        opened.log.close()
    return 0 if opened.writer.failure is None else 1
