"""The feed of a ledger that is in the same process, or whose directory is read."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import CancelledError
from typing import Final

from opsledger_ledger.feed.signal import HeadSignal
from opsledger_ledger.recording.log import Log
from opsledger_projections.following.feed import FeedEntry, FeedHead, FeedUnreachable

PAGE_BYTES_MAX: Final = 8 * 1024 * 1024
ANSWER_S: Final = 5.0
"""How long the loop of the ledger may take to answer beyond the time that was to be waited."""


class LogFeed:
    """Feeds from a log; with the signal of a ledger in service and its loop, it can wait for more."""

    def __init__(
        self,
        log: Log,
        signal: HeadSignal | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._log = log
        self._signal = signal
        self._loop = loop

    def page(self, after: int, limit: int, wait_s: float) -> Sequence[FeedEntry]:
        """Read at most `limit` entries after a position; see `Feed.page`."""
        page = self._log.page(after, limit, PAGE_BYTES_MAX)
        if not page and wait_s and self._wait(after, wait_s):
            page = self._log.page(after, limit, PAGE_BYTES_MAX)
        return [*map(FeedEntry._make, page)]

    def head(self) -> FeedHead:
        """Tell where the log stands; see `Feed.head`."""
        head = self._log.head()
        return FeedHead(position=head.position, root=head.root.hex())

    def close(self) -> None:
        """Do nothing: whoever opened the log closes it."""

    def _wait(self, after: int, wait_s: float) -> bool:
        if self._signal is None or self._loop is None:
            return False
        if self._signal.closed or self._loop.is_closed():
            # Nothing comes any more; whoever follows is told to stop as well.
            return False
        waiting = asyncio.run_coroutine_threadsafe(self._signal.beyond(after, wait_s), self._loop)
        try:
            return waiting.result(wait_s + ANSWER_S)
        except (TimeoutError, CancelledError) as error:
            waiting.cancel()
            raise FeedUnreachable("the ledger stops") from error
