"""The live end of the feed: what is committed is encoded once and handed to all who follow.

Whoever has read everything joins. What is announced then is handed to everybody in one go, in the
very turn of the event loop in which it became known, before the commands that caused it are
answered. Who cannot take it in that turn, a slow reader, is let go and goes on by reading the log
at its own pace, so that nothing piles up for it; so is everybody when there is a gap to be read.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from opsledger_ledger.feed.pages import Feed, Selection
from opsledger_ledger.feed.signal import HeadSignal
from opsledger_ledger.recording.log import Stored

ENTRIES_MAX: Final = 500
"""Entries that are handed on in one piece."""

Push = Callable[[bytes], bool]
"""Sends something at once, whole; False if it cannot, and then nothing of it was sent."""

_Choice = tuple[frozenset[str], str | None]


class Follower:
    """One reader at the live end, from `LiveEnd.join` until it is let go."""

    def __init__(self, position: int, push: Push) -> None:
        loop = asyncio.get_running_loop()
        self.position = position
        """Everything up to here that the reader has selected was sent."""
        self.told = 0
        """The last position that was sent, if any was."""
        self.push = push
        self.heard_at = loop.time()
        self._loop = loop
        self._gone: asyncio.Future[bool] = loop.create_future()
        self._silence_s = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def followed(self, silence_s: float) -> bool:
        """Follow until let go; True if nothing was sent for so long instead."""
        self._silence_s = silence_s
        self._timer = self._loop.call_at(self.heard_at + silence_s, self._listen)
        try:
            return await self._gone
        finally:
            self._timer.cancel()

    def let_go(self) -> None:
        """Hand it nothing any more; it is to read what comes."""
        if not self._gone.done():
            self._gone.set_result(False)

    def _listen(self) -> None:
        due = self.heard_at + self._silence_s
        if due > self._loop.time():
            self._timer = self._loop.call_at(due, self._listen)
        elif not self._gone.done():
            self._gone.set_result(True)


class LiveEnd:
    """Those who follow a ledger, by what they have selected; used by one event loop."""

    def __init__(
        self, feed: Feed, signal: HeadSignal, encode: Callable[[Sequence[Stored]], bytes]
    ) -> None:
        """`encode` writes entries the way they are pushed."""
        self._feed = feed
        self._signal = signal
        self._encode = encode
        self._position = 0
        self._groups: dict[_Choice, set[Follower]] = {}
        signal.listen(self._hand_on)

    def join(self, selection: Selection, push: Push) -> Follower | None:
        """Follow from a place on; None if something is to be read first, or the service stops."""
        self._signal.attach()
        if not self._groups:
            self._position = self._signal.position
        if self._signal.closed or selection.after != self._position:
            return None
        follower = Follower(self._position, push)
        self._groups.setdefault(_choice(selection), set()).add(follower)
        return follower

    def leave(self, selection: Selection, follower: Follower) -> None:
        """Hand a follower nothing any more."""
        choice = _choice(selection)
        group = self._groups.get(choice, set())
        group.discard(follower)
        if not group:
            self._groups.pop(choice, None)

    def _hand_on(self) -> None:
        """Hand on what was announced."""
        if self._signal.closed:
            self._let_all_go()
        while self._groups and self._position < self._signal.position:
            if not self._hand_on_some():
                self._let_all_go()

    def _hand_on_some(self) -> bool:
        """Hand on the next entries; False if they are to be read from the log."""
        page = self._feed.recent(Selection(after=self._position, limit=ENTRIES_MAX))
        if page is None:
            return False
        self._position = page.after
        for (types, stream), group in self._groups.items():
            choice = Selection(types=types, stream=stream)
            picked = page.entries
            if not choice.contiguous:
                picked = [stored for stored in picked if choice.picks(stored)]
            self._hand_to(group, picked)
        return True

    def _hand_to(self, group: set[Follower], entries: Sequence[Stored]) -> None:
        if not entries:
            for follower in group:
                follower.position = self._position
            return
        piece = self._encode(entries)
        now = asyncio.get_running_loop().time()
        late = set()
        for follower in group:
            if follower.push(piece):
                follower.position = self._position
                follower.told = entries[-1].position
                follower.heard_at = now
            else:
                late.add(follower)
        group -= late
        for follower in late:
            follower.let_go()

    def _let_all_go(self) -> None:
        groups, self._groups = self._groups, {}
        for group in groups.values():
            for follower in group:
                follower.let_go()


def _choice(selection: Selection) -> _Choice:
    return selection.types, selection.stream
