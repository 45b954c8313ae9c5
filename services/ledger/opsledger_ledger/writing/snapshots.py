"""Snapshots of the deciding state, so that a start need not fold the whole log.

A snapshot is derived data: losing it costs time. It is used only if nobody has changed it, the
program is the same to the byte, and the log still has the same entries up to where it was taken.
At any doubt everything is folded.
"""

import hmac
import os
import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import structlog

import opsledger_contracts
import opsledger_ledger
from opsledger_ledger.recording.log import Log
from opsledger_ledger.writing.deciding_state import DecidingState, StateSnapshot

FILE_NAME: Final = "decisions.snapshot"

EVENTS_MAX: Final = 25_000
"""Events after which a snapshot is written even while commands are waiting."""

EVENTS_IDLE: Final = 5_000
"""Events after which one is written as soon as nothing waits."""

_TAG_BYTES: Final = 32

_DESCRIPTORS_MAX: Final = 4_096
"""More than a ledger has open."""


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    """A snapshot and what it belongs to."""

    program: str
    position: int
    root: bytes
    """Root of the log's tree at the position."""
    state: StateSnapshot


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Kept)


class Snapshots:
    """The snapshot file of one ledger, and when it is written."""

    def __init__(self, log: Log, state: DecidingState, file: Path) -> None:
        self._log = log
        self._state = state
        self._file = file
        self._key = log.derived_key("decisions snapshot")
        self._position = 0
        self._copy = 0
        """The process that writes a snapshot at this moment; 0 if there is none."""
        self._logger = structlog.get_logger("opsledger.writer")

    def restore(self) -> bool:
        """Begin the state where the snapshot was taken, if it can be used; tells whether it was."""
        try:
            content = self._file.read_bytes()
        except OSError:
            return False
        tag, written = content[:_TAG_BYTES], content[_TAG_BYTES:]
        if not hmac.compare_digest(tag, hmac.digest(self._key, written, "sha256")):
            self._logger.warning("snapshot not used", reason="it was changed")
            return False
        try:
            kept = _decoder.decode(written)
        except msgspec.MsgspecError:
            kept = None
        if kept is None or kept.program != program_digest():
            self._logger.info("snapshot not used", reason="it is of another release")
            return False
        if (
            kept.position > self._log.head().position
            or self._log.root_at(kept.position) != kept.root
        ):
            self._logger.warning("snapshot not used", reason="it is of another log")
            return False
        self._state.restore(kept.state)
        self._position = kept.position
        return True

    def due(self, *, idle: bool) -> bool:
        """Tell whether enough has happened since the last snapshot for another one."""
        if self._copy and os.waitpid(self._copy, os.WNOHANG)[0] == 0:
            return False
        self._copy = 0
        return self._state.position - self._position >= (EVENTS_IDLE if idle else EVENTS_MAX)

    def write(self) -> None:
        """Write a snapshot of the state, in place of the one before.

        A snapshot that cannot be written is done without: the log has everything.
        """
        self._write(self._root())

    def write_aside(self) -> None:
        """Let a copy of this process write a snapshot while this one goes on.

        For a process of one thread, beside which no more than the log's files are copied. The copy
        touches no connection and holds nothing that others wait for: neither the lock of the ledger
        nor the socket whose end tells that this process has ended.
        """
        root = self._root()
        self._copy = os.fork()
        if self._copy == 0:
            try:
                # Whoever waits for an answer goes first, on every processor.
                os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
                os.closerange(sys.stderr.fileno() + 1, _DESCRIPTORS_MAX)
                self._write(root)
            finally:
                os._exit(0)

    def _root(self) -> bytes:
        self._position = self._state.position
        return self._log.root_at(self._position)

    def _write(self, root: bytes) -> None:
        kept = _Kept(program_digest(), self._position, root, self._state.snapshot())
        written = _encoder.encode(kept)
        # Several processes may write to the same place; whoever is last is the one that is read.
        fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        self._remove_abandoned()
        try:
            with open(fresh, "wb", opener=_private) as file:
                file.write(hmac.digest(self._key, written, "sha256"))
                file.write(written)
            fresh.replace(self._file)
        except OSError as error:
            self._logger.warning("snapshot not written", reason=str(error))

    def _remove_abandoned(self) -> None:
        """Remove what processes have left that were killed while they wrote."""
        for left in self._file.parent.glob(f"{self._file.name}.*"):
            with suppress(OSError):
                if not Path(f"/proc/{left.suffix[1:]}").exists():
                    left.unlink()


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@cache
def program_digest() -> str:
    """Tell a digest of everything that folding events depends on: all code, and its interpreter."""
    state = sha256(sys.version.encode())
    for package in (opsledger_contracts, opsledger_ledger):
        folder = Path(package.__path__[0])
        for file in sorted(folder.rglob("*.py")):
            state.update(file.relative_to(folder).as_posix().encode() + b"\0")
            state.update(sha256(file.read_bytes()).digest())
    return state.hexdigest()
