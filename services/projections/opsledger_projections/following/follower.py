"""The loop that keeps the tables with the ledger: catch up in pages, then wait for what is new."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import structlog

from opsledger_projections.errors import (
    FeedForged,
    FollowingFailed,
    ProjectionsError,
    TablesUnreadable,
    TablesUnwritable,
)
from opsledger_projections.following.feed import Feed, FeedUnreachable, gathered
from opsledger_projections.following.projector import Projector
from opsledger_projections.following.standing import Standing

PAGE_ENTRIES_MAX: Final = 1_000
BATCH_PAGES: Final = 16
"""Pages that are projected in one transaction while catching up."""
WAIT_S: Final = 2.0
"""Longest wait of one request for a new entry, and of a stop for the loop."""
IDLE_PAUSE_S: Final = 0.01
"""Pause after an empty page, so that a feed that does not wait is not asked without end."""
BACKOFF_FIRST_S: Final = 0.1
BACKOFF_MAX_S: Final = 5.0

_log = structlog.get_logger()


class Follower(Standing):
    """Follows `feed` on a thread of its own and projects what comes.

    A ledger that is unreachable and a full disk are waited out with growing pauses. Anything that
    shows the feed or the tables to be wrong stops the loop; `failure` then says what it was and
    reads go on.
    """

    def __init__(
        self,
        feed: Feed,
        projector: Projector,
        *,
        page_entries_max: int = PAGE_ENTRIES_MAX,
        renewed: Callable[[], Projector | None] | None = None,
    ) -> None:
        """`renewed` gives a projector into the tables that others have put in the place of ours."""
        super().__init__("follower")
        self._feed = feed
        self._projector = projector
        self._renewed = renewed
        self._page_entries_max = page_entries_max
        self._projecting = threading.RLock()

    @property
    def position(self) -> int:
        """The position up to which the tables are written."""
        return self._projector.position

    @property
    def root(self) -> str:
        """Hexadecimal Merkle root over all entries projected."""
        return self._projector.root

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let nothing be projected inside the block."""
        with self._projecting:
            yield

    def switch(self, projector: Projector) -> None:
        """Go on with another projector, which stands at the same position; call inside `paused`."""
        assert projector.position == self._projector.position
        self._projector = projector

    def step(self, wait_s: float) -> int:
        """Read and project what comes, several pages at once; gives the number of entries.

        Raises:
            FeedUnreachable: the ledger gave no page.
            ProjectionsError: feed or tables are wrong.

        """
        with self._projecting:
            self._projector.resume()
        page = gathered(
            self._feed, self._projector.position, BATCH_PAGES, self._page_entries_max, wait_s
        )
        if page:
            with self._projecting:
                # A check of the root may have taken in the same entries meanwhile.
                page = [fed for fed in page if fed.position > self._projector.position]
                self._projector.project(page)
        return len(page)

    def check_root(self) -> None:
        """Compare the root over all that was fed with the ledger's, as of the ledger's head.

        The tables are brought to the head for it if it is not more than a page away.
        """
        head = self._feed.head()
        self.head_position = head.position
        with self._projecting:
            missing = head.position - self._projector.position
            if 0 < missing <= self._page_entries_max:
                page = self._feed.page(self._projector.position, missing, 0)
                if page:
                    self._projector.project(page)
            if head.position != self._projector.position:
                return
            if head.root != self._projector.root:
                raise FeedForged(
                    position=head.position, expected=head.root, found=self._projector.root
                )
            self.checked_position = head.position

    def _renew(self) -> None:
        with self._projecting:
            renewed = None if self._renewed is None else self._renewed()
            if renewed is not None:
                self._projector = renewed
                self.caught_up = False

    def _settle(self) -> None:
        if not self.caught_up and self.position >= self.head_position:
            with self._projecting:
                self._projector.settle()
            self.caught_up = True

    def _run(self) -> None:
        pause_s = BACKOFF_FIRST_S
        taken = 0
        while not self._stopping.is_set():
            try:
                if not taken:
                    self._renew()
                taken = self.step(WAIT_S if self.caught_up else 0)
                if taken < self._page_entries_max and (taken or not self.caught_up):
                    self.check_root()
                    self._settle()
            except (FeedUnreachable, TablesUnreadable, TablesUnwritable) as passing:
                kind = type(passing).__name__
                _log.warning("not following", kind=kind, detail=str(passing), retry_in_s=pause_s)
                self._stopping.wait(pause_s)
                taken = 0
                pause_s = min(2 * pause_s, BACKOFF_MAX_S)
            except ProjectionsError as failure:
                self.fail(failure)
            except Exception as error:  # noqa: BLE001 - a fault of the program stops following.
                _log.exception("following failed")
                self.fail(FollowingFailed(f"{type(error).__name__}: {error}"))
            else:
                pause_s = BACKOFF_FIRST_S
                if not taken:
                    self._stopping.wait(IDLE_PAUSE_S)
