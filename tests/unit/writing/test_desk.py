"""When the writing process writes a snapshot: with time for it, or when it is overdue."""

import socket
from collections.abc import Iterator
from threading import Event, Thread
from typing import cast

import pytest

from opsledger_ledger.writing.snapshots import Snapshots
from opsledger_ledger.writing.wire import framed
from opsledger_ledger.writing.writer import Writer
from opsledger_ledger.writing.writer_process import Desk

WAIT_S = 10


class Due:
    """Snapshots of which one is due, if there is time, or in any case."""

    def __init__(self, *, overdue: bool) -> None:
        self._overdue = overdue
        self.aside = Event()
        self.at_the_end = 0

    def due(self, *, idle: bool) -> bool:
        """Tell whether one is to be written."""
        return not self.aside.is_set() and (idle or self._overdue)

    def write_aside(self) -> None:
        """Take note of a snapshot beside the commands."""
        self.aside.set()

    def write(self) -> None:
        """Take note of a snapshot when nothing can be asked any more."""
        self.at_the_end += 1


@pytest.fixture
def channel() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The ends of the process that serves and of the one that writes."""
    ends = socket.socketpair()
    yield ends
    for end in ends:
        end.close()


def serve(desk: Desk, snapshots: Due) -> None:
    """Serve what is asked; nothing of it is a command."""
    desk.serve(cast("Writer", None), 1, cast("Snapshots", snapshots))


@pytest.mark.parametrize("overdue", [False, True])
def test_commands_that_wait_go_before_a_snapshot_unless_it_is_overdue(
    channel: tuple[socket.socket, socket.socket], *, overdue: bool
) -> None:
    """A snapshot for which there is time holds up nobody; one that is overdue does, for once."""
    asking, writing = channel
    asking.sendall(framed([]))
    asking.shutdown(socket.SHUT_WR)
    snapshots = Due(overdue=overdue)
    serve(Desk(writing), snapshots)
    assert snapshots.aside.is_set() == overdue
    assert snapshots.at_the_end == (not overdue)


def test_a_snapshot_is_written_when_nothing_is_asked(
    channel: tuple[socket.socket, socket.socket],
) -> None:
    """Somebody who says nothing for a while leaves the time for it."""
    asking, writing = channel
    snapshots = Due(overdue=False)
    serving = Thread(target=serve, args=(Desk(writing), snapshots))
    serving.start()
    asking.sendall(framed([]))
    written = snapshots.aside.wait(WAIT_S)
    asking.shutdown(socket.SHUT_WR)
    serving.join(WAIT_S)
    assert written
    assert not serving.is_alive()
