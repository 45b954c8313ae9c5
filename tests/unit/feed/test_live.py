"""The live end of the feed: one encoding for everybody, nobody waits for anybody."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, cast

import pytest

from opsledger_ledger.feed.live import Follower, LiveEnd
from opsledger_ledger.feed.pages import Feed, Selection
from opsledger_ledger.feed.signal import HeadSignal
from opsledger_ledger.feed.tail import Tail
from opsledger_ledger.recording.log import Log, Stored

EVERYTHING = Selection()


def stored(position: int) -> Stored:
    """An entry; each third is of another type, each second of another stream."""
    kind = "letter.closed.v1" if position % 3 == 0 else "letter.noted.v1"
    return Stored(position, f"letter/{position % 2}", 1, kind, b"{%d}" % position, b"leaf")


class Reader:
    """A connection that takes what is pushed until it is told not to."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.slow = False

    def push(self, piece: bytes) -> bool:
        """Take a piece, or none of it."""
        if self.slow:
            return False
        self.pieces.append(piece)
        return True

    @property
    def received(self) -> bytes:
        """All that was pushed."""
        return b"".join(self.pieces)


class Ended:
    """A ledger's end with its signal and tail, and a count of what was encoded."""

    def __init__(self) -> None:
        self.tail = Tail()
        self.signal = HeadSignal()
        self.encoded: list[list[int]] = []
        feed = Feed(cast("Log", None), self.tail)
        self.live = LiveEnd(feed, self.signal, self.encode)

    def encode(self, entries: Sequence[Stored]) -> bytes:
        """Write entries, and take note of it."""
        self.encoded.append([entry.position for entry in entries])
        return b"".join(entry.entry for entry in entries)

    def commit(self, first: int, last: int) -> None:
        """Announce entries, as the writer does."""
        self.tail.extend([stored(position) for position in range(first, last + 1)])
        self.signal.advance(last)

    def joined(self, reader: Reader, selection: Selection = EVERYTHING) -> Follower:
        """Let a reader follow from the end on."""
        follower = self.live.join(
            Selection(after=self.signal.position, types=selection.types, stream=selection.stream),
            reader.push,
        )
        assert follower is not None
        return follower


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test on a loop of its own."""
    asyncio.run(test)


def test_what_is_committed_is_encoded_once_for_all() -> None:
    """Twenty followers get the same object, before `advance` returns (architecture.md 6)."""

    async def test() -> None:
        ended = Ended()
        ended.commit(1, 4)
        readers = [Reader() for _ in range(20)]
        followers = [ended.joined(reader) for reader in readers]
        ended.commit(5, 7)
        ended.commit(8, 8)
        assert ended.encoded == [[5, 6, 7], [8]]
        for reader, follower in zip(readers, followers, strict=True):
            assert reader.pieces == [b"{5}{6}{7}", b"{8}"]
            assert all(
                ours is first for ours, first in zip(reader.pieces, readers[0].pieces, strict=True)
            )
            assert (follower.position, follower.told) == (8, 8)

    run(test())


def test_each_selection_is_encoded_once() -> None:
    """Whoever has selected something gets that, and comes as far as the others."""

    async def test() -> None:
        ended = Ended()
        closed = Selection(types=frozenset(("letter.closed.v1",)))
        odd = Selection(stream="letter/1")
        readers = [Reader() for _ in range(6)]
        followers = [
            ended.joined(reader, selection)
            for reader, selection in zip(
                readers, [EVERYTHING, EVERYTHING, closed, closed, odd, odd], strict=True
            )
        ]
        ended.commit(1, 4)
        ended.commit(5, 5)
        assert sorted(ended.encoded) == [[1, 2, 3, 4], [1, 3], [3], [5], [5]]
        assert [reader.received for reader in readers] == [
            *(b"{1}{2}{3}{4}{5}", b"{1}{2}{3}{4}{5}"),
            *(b"{3}", b"{3}"),
            *(b"{1}{3}{5}", b"{1}{3}{5}"),
        ]
        assert [follower.position for follower in followers] == [5] * 6
        assert [follower.told for follower in followers] == [5, 5, 3, 3, 5, 5]

    run(test())


def test_who_cannot_take_it_is_let_go_where_it_stands() -> None:
    """Nothing piles up for a slow reader, and the others do not wait."""

    async def test() -> None:
        ended = Ended()
        quick, slow = Reader(), Reader()
        ended.joined(quick)
        lagging = ended.joined(slow)
        ended.commit(1, 2)
        slow.slow = True
        ended.commit(3, 3)
        ended.commit(4, 4)
        assert await lagging.followed(60) is False
        assert (lagging.position, slow.received) == (2, b"{1}{2}")
        assert quick.received == b"{1}{2}{3}{4}"

    run(test())


@pytest.mark.parametrize("first", [4, 9])
def test_nothing_is_handed_on_over_a_gap(first: int) -> None:
    """What others recorded in between is read from the log first (P6)."""

    async def test() -> None:
        ended = Ended()
        ended.commit(1, 2)
        reader = Reader()
        follower = ended.joined(reader)
        ended.commit(first, 9)
        assert await follower.followed(60) is False
        assert (follower.position, reader.received) == (2, b"")
        assert ended.live.join(Selection(after=2), reader.push) is None
        assert ended.live.join(Selection(after=9), reader.push) is not None

    run(test())


def test_only_who_has_everything_may_join() -> None:
    """Neither from behind, nor ahead of what was announced, nor when the service stops."""

    async def test() -> None:
        ended = Ended()
        ended.commit(1, 5)
        reader = Reader()
        ended.joined(reader)
        for after in (4, 6):
            assert ended.live.join(Selection(after=after), reader.push) is None
        ended.signal.close()
        assert ended.live.join(Selection(after=5), reader.push) is None

    run(test())


def test_who_has_left_gets_nothing() -> None:
    """Also when somebody else with the same selection stays."""

    async def test() -> None:
        ended = Ended()
        gone, staying = Reader(), Reader()
        follower = ended.joined(gone)
        ended.joined(staying)
        ended.live.leave(EVERYTHING, follower)
        ended.live.leave(EVERYTHING, follower)
        ended.commit(1, 1)
        assert (gone.received, staying.received) == (b"", b"{1}")

    run(test())


def test_silence_is_told_from_the_last_piece_on() -> None:
    """A piece begins the time anew; what is left out by the selection does not."""

    async def test() -> None:
        ended = Ended()
        loop = asyncio.get_running_loop()
        spoken, silent = Reader(), Reader()
        told = ended.joined(spoken)
        ended.joined(silent, Selection(stream="letter/none"))
        heard_first = told.heard_at
        loop.call_later(0.05, ended.commit, 1, 1)
        assert await told.followed(0.2) is True
        assert told.heard_at > heard_first
        assert loop.time() >= told.heard_at + 0.2

    run(test())


def test_everybody_is_let_go_when_the_service_stops() -> None:
    """Told from another thread, as the writer's may be."""

    async def test() -> None:
        ended = Ended()
        followers = [ended.joined(Reader()) for _ in range(3)]
        await asyncio.to_thread(ended.signal.close)
        assert [await each.followed(60) for each in followers] == [False] * 3

    run(test())


def test_commits_of_another_thread_are_handed_on_by_the_loop() -> None:
    """All of them, in order, whatever the number of turns."""

    async def test() -> None:
        ended = Ended()
        reader = Reader()
        follower = ended.joined(reader)

        def commits() -> None:
            for position in range(1, 1_200):
                ended.commit(position, position)

        await asyncio.to_thread(commits)
        assert follower.position == 1_199
        assert reader.received == b"".join(b"{%d}" % position for position in range(1, 1_200))

    run(test())
