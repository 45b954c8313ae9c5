"""The watcher announces what other processes have recorded, and survives a database that is away."""

from collections.abc import Sequence
from typing import cast

import pytest

from opsledger_ledger.feed import watcher
from opsledger_ledger.feed.signal import HeadSignal
from opsledger_ledger.feed.tail import Tail
from opsledger_ledger.feed.watcher import HeadWatcher
from opsledger_ledger.recording.log import Log, LogBusy, Stored
from support.eventually import eventually


def stored(position: int) -> Stored:
    """An entry at a position."""
    return Stored(position, f"letter/{position}", 1, "letter.noted.v1", b"{}", b"leaf")


class SharedLog:
    """A log that somebody else writes, and that can be away."""

    def __init__(self) -> None:
        self.position = 0
        self.away = False
        self.asked_while_away = 0
        self.besides = 0

    def wait_for_head(self, position: int, _timeout_s: float, besides: int) -> int:
        """Tell the head, without waiting."""
        del position
        self.besides = besides
        if self.away:
            self.asked_while_away += 1
            raise LogBusy("the server starts")
        return self.position

    def entries(self, after: int, limit: int, _byte_limit: int | None = None) -> list[Stored]:
        """Give at most three entries, as if they were large."""
        last = min(self.position, after + min(limit, 3))
        return [stored(position) for position in range(after + 1, last + 1)]


class Watched:
    """A watcher with what it has announced."""

    def __init__(self) -> None:
        self.log = SharedLog()
        self.signal = HeadSignal()
        self.seen: list[int] = []
        self.watcher = HeadWatcher(cast("Log", self.log), self.signal, self.grown)

    def grown(self, entries: Sequence[Stored]) -> None:
        """Take note, and advance the signal as the service does."""
        self.seen += [entry.position for entry in entries]
        self.signal.advance(entries[-1].position)


def test_every_entry_of_others_is_announced_once_and_in_order() -> None:
    """Page by page, also when the log has grown by more than one page."""
    watched = Watched()
    watched.watcher.start()
    for head in (2, 9, 10):
        watched.log.position = head
        eventually(lambda head=head: watched.signal.position == head)  # type: ignore[misc]
    watched.watcher.close()
    assert watched.seen == list(range(1, 11))


def test_what_the_writer_of_this_process_announced_is_not_read_again() -> None:
    """Beyond the signal only is news."""
    watched = Watched()
    watched.signal.advance(7)
    watched.log.position = 8
    watched.watcher.start()
    eventually(lambda: watched.signal.position == 8)
    watched.watcher.close()
    assert watched.seen == [8]


def test_the_notifications_of_this_process_are_left_out() -> None:
    """From the first commit on the log is told whose commits are announced here anyway."""
    watched = Watched()
    watched.watcher.told(4711)
    watched.watcher.start()
    eventually(lambda: watched.log.besides == 4711)
    watched.watcher.close()


def test_a_database_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits is told later, and nothing is left out."""
    monkeypatch.setattr(watcher, "RETRY_S", 0.001)
    watched = Watched()
    watched.log.away = True
    watched.watcher.start()
    eventually(lambda: watched.log.asked_while_away > 2)
    watched.log.position = 5
    watched.log.away = False
    eventually(lambda: watched.signal.position == 5)
    watched.watcher.close()
    assert watched.seen == [1, 2, 3, 4, 5]


def test_a_tail_is_never_put_back_by_late_news() -> None:
    """News of others that comes after this process has committed beyond it changes nothing."""
    tail = Tail()
    tail.extend([stored(5), stored(6)])
    tail.extend([stored(3), stored(4)])
    tail.extend([stored(5)])
    assert (tail.end(), [entry.position for entry in tail.since(4, 9) or ()]) == (6, [5, 6])
