"""The tail of the ledger in memory: whoever reads it reads what the log would give."""

from pathlib import Path

import pytest

from opsledger_ledger.feed.pages import Feed, Selection
from opsledger_ledger.feed.tail import Tail
from opsledger_ledger.recording.log import Stored
from support.log_entries import TYPE, filled


def entries(first: int, last: int) -> list[Stored]:
    """Entries of a hundred bytes at neighbouring positions."""
    return [
        Stored(number, f"s/{number % 3}", 1, TYPE, b"." * 100, b"")
        for number in range(first, last + 1)
    ]


def test_it_has_no_gap_and_knows_what_it_does_not_have() -> None:
    """Before its first entry it says nothing; after its last there is nothing yet."""
    tail = Tail()
    assert tail.since(0, 10) is None
    assert tail.end() == 0
    tail.extend(entries(5, 8))
    tail.extend([])
    tail.extend(entries(9, 9))
    assert tail.since(3, 10) is None
    assert tail.since(4, 10) == entries(5, 9)
    assert tail.since(6, 2) == entries(7, 8)
    assert tail.since(9, 10) == []
    assert tail.since(50, 10) == []
    assert tail.end() == 9


def test_what_does_not_follow_on_begins_anew() -> None:
    """Entries that another process recorded in between are for the log to give."""
    tail = Tail()
    tail.extend(entries(1, 4))
    tail.extend(entries(7, 8))
    assert tail.since(3, 10) is None
    assert tail.since(6, 10) == entries(7, 8)
    tail.extend(entries(5, 8))
    assert tail.since(6, 10) == entries(7, 8)


@pytest.mark.parametrize("bound", [{"entries_max": 10}, {"bytes_max": 1_000}], ids=str)
def test_it_is_bounded(bound: dict[str, int]) -> None:
    """In number and in bytes; the newest entries stay."""
    tail = Tail(**bound)
    for number in range(1, 100):
        tail.extend(entries(number, number))
    assert tail.since(89, 100) is None
    kept = tail.since(95, 100)
    assert kept == entries(96, 99)


@pytest.mark.parametrize(
    "selection",
    [
        Selection(after=20, limit=7),
        Selection(after=20, types=frozenset((TYPE,))),
        Selection(after=20, types=frozenset(("letter.other.v1",))),
        Selection(after=20, stream="letter/BJ-3"),
    ],
    ids=str,
)
def test_a_page_of_it_is_that_of_the_log(tmp_path: Path, selection: Selection) -> None:
    """The same entries, whatever is selected; from a place to go on from that skips none."""
    log = filled(tmp_path, 60)
    tail = Tail()
    tail.extend(log.entries(10, 50))
    feed = Feed(log, tail)
    recent = feed.recent(selection)
    assert recent is not None
    page = feed.page(selection)
    assert list(recent.entries) == list(page.entries)[: len(recent.entries)]
    left_out = [each for each in page.entries if each not in recent.entries]
    assert all(each.position > recent.after for each in left_out)
    assert recent.head == 60
    log.close()


def test_what_it_cannot_tell_is_left_to_the_log(tmp_path: Path) -> None:
    """What was before, what nobody has told it of yet, and selections by time."""
    log = filled(tmp_path, 20)
    tail = Tail()
    tail.extend(log.entries(10, 10))
    feed = Feed(log, tail)
    assert feed.recent(Selection(after=5)) is None
    assert feed.recent(Selection(after=20)) is None
    assert feed.recent(Selection(after=99)) is None
    assert feed.recent(Selection(after=15, recorded_from="2027-01-01T00:00:00.000000Z")) is None
    assert feed.recent(Selection(after=15, recorded_until="2027-01-01T00:00:00.000000Z")) is None
    log.close()
