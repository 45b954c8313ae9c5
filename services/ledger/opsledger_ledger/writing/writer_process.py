"""The process that writes: forked before anything is open, ended when its socket is closed.

It has one thread. What is asked while it commits waits in the socket and goes together into the
next commit. When the process that serves requests ends in any way, what it has asked is decided
still, and the lock on the ledger is given up.
"""

import gc
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from traceback import print_exc
from typing import Final, NoReturn, Self

from opsledger_ledger.writing.snapshots import Snapshots
from opsledger_ledger.writing.submission import Outcome
from opsledger_ledger.writing.wire import (
    Answered,
    Frames,
    Grown,
    Worked,
    answered,
    framed,
    grown,
    read_asked,
    submission_of,
)
from opsledger_ledger.writing.writer import Committed, Observer, Pending, Writer

RECEIVED_MAX: Final = 256 * 1024

IDLE_S: Final = 0.05
"""How long nothing must be asked before a snapshot is written for which there is time."""

Main = Callable[[socket.socket], int]
"""What the process does with its end of the socket; gives its exit status."""


class WriterProcess:
    """A process of this program that runs a function at the other end of a socket.

    Must be made before there are threads, connections or listening sockets, which it would share.
    """

    def __init__(self, main: Main) -> None:
        self.channel, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        # Both processes share what exists, page by page, until one of them writes to it. The
        # collector marks all that it looks at; it must not look at this any more.
        gc.collect()
        gc.freeze()
        self.process_id = os.fork()
        if self.process_id == 0:
            self.channel.close()
            _run(main, theirs)
        theirs.close()
        self._waited = False

    def wait(self) -> None:
        """Wait until the process has ended; its socket must be closed for writing."""
        if not self._waited:
            os.waitpid(self.process_id, 0)
            self._waited = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()
        self.wait()


def _run(main: Main, channel: socket.socket) -> NoReturn:
    """Be the new process, and never return to what the old one was doing."""
    status = 1
    try:
        # The process that serves requests is told to stop, and ends this one when it has.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        status = main(channel)
    except BaseException:  # noqa: BLE001 - whatever it is, only this process must end.
        print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


class Desk:
    """Takes commands from a socket to a writer, and what came of them back."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._frames = Frames()
        self._commits: list[Grown] = []
        self._answers: list[Answered] = []
        self._failure: str | None = None
        self.observer = Observer(
            committed=self._committed, answered=self._answered, failed=self._failed
        )
        """Whom the writer must tell of what it does."""

    def receive(self) -> list[bytes]:
        """Wait for the next frames; none any more when the other end is closed."""
        while received := self._received():
            frames = self._frames.cut(received)
            if frames:
                return frames
        return []

    def send(self, message: object) -> None:
        """Tell the other end something, if there is anybody."""
        # If nobody waits any more, what was asked is decided all the same.
        with suppress(OSError):
            self._channel.sendall(framed(message))

    def serve(self, writer: Writer, batch_max: int, snapshots: Snapshots | None) -> None:
        """Have everything decided that is asked, until the other end is closed."""
        self._keep(snapshots)
        while frames := self.receive():
            pending = [
                Pending(submission_of(question), partial(self._deliver, question.number))
                for frame in frames
                for question in read_asked(frame)
            ]
            for first in range(0, len(pending), batch_max):
                writer.work(pending[first : first + batch_max])
            self._keep(snapshots)
        if snapshots is not None and snapshots.due(idle=True):
            snapshots.write()

    def wanted(self) -> bool:
        """Tell whether the other end is still there; before anything was asked."""
        if not self._asked():
            return True
        try:
            return bool(self._channel.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def _asked(self, wait_s: float = 0) -> bool:
        """Tell whether more is waiting to be received, or comes within some time."""
        return bool(select.select([self._channel], [], [], wait_s)[0])

    def _keep(self, snapshots: Snapshots | None) -> None:
        """Write a snapshot if it is time to: the copy of the process holds up who asks."""
        if snapshots is not None and (
            snapshots.due(idle=False) or (snapshots.due(idle=True) and not self._asked(IDLE_S))
        ):
            snapshots.write_aside()

    def _received(self) -> bytes:
        try:
            return self._channel.recv(RECEIVED_MAX)
        except OSError:
            return b""

    def _committed(self, commit: Committed) -> None:
        self._commits.append(grown(commit))

    def _deliver(self, number: int, outcome: Outcome) -> None:
        self._answers.append(answered(number, outcome))

    def _failed(self, reason: str) -> None:
        self._failure = reason

    def _answered(self) -> None:
        self.send(Worked(tuple(self._commits), tuple(self._answers), self._failure))
        self._commits.clear()
        self._answers.clear()
