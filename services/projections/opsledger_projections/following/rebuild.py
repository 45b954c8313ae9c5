"""Rebuild: all tables made anew beside the served ones, compared, and switched.

The new tables are built in a place of their own from position 1 until they stand where the served
ones stand; the digests of each view then tell whether rebuilt equals live, and the new tables are
served. Who stops iterating cancels: what is built so far stays, and the next rebuild goes on from
there.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, Generic, TypeVar

from opsledger_projections.errors import FollowingFailed, RebuildUnderWay, TablesInUse
from opsledger_projections.following.feed import Feed, FeedUnreachable, gathered
from opsledger_projections.following.follower import BATCH_PAGES, PAGE_ENTRIES_MAX, Follower
from opsledger_projections.following.parallel import build
from opsledger_projections.following.projector import Projector
from opsledger_projections.following.standing import Standing
from opsledger_projections.following.watching import SharedGenerations, Watcher
from opsledger_projections.tables.digest import digest
from opsledger_projections.tables.port import Generations, Tables
from opsledger_projections.tables.served import ServedTables
from opsledger_projections.views.view import View

G = TypeVar("G", bound=Generations)
S = TypeVar("S", bound=Standing)

PARALLEL_ENTRIES_MIN: Final = 50_000
"""Entries from which on it pays to begin processes for a rebuild."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildProgress:
    """How far a rebuild has come."""

    position: int
    position_last: int
    """Where the served tables stand, and the rebuild will end."""
    events_per_s: int
    remaining_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuiltView:
    """A view rebuilt, beside the one that was served."""

    view: str
    position: int
    """Position as of which both were compared."""
    live: str
    """Digest of the served table."""
    rebuilt: str
    """Digest of the rebuilt table."""

    @property
    def equal(self) -> bool:
        """Whether rebuilt equals live byte for byte."""
        return self.live == self.rebuilt


class Rebuilding(ABC, Generic[G, S]):
    """Rebuilds the served tables, one rebuild at a time."""

    def __init__(
        self,
        feed: Feed,
        views: Sequence[View],
        generations: G,
        served: ServedTables,
        standing: S,
        *,
        processes: int = 1,
    ) -> None:
        """Prepare to rebuild in some processes; with 1, and for short histories, in this one."""
        self._feed = feed
        self._views = views
        self._generations = generations
        self._served = served
        self._standing = standing
        self._processes = processes
        self._lock = Lock()

    def run(self) -> Generator[RebuildProgress | RebuiltView]:
        """Rebuild, compare and switch.

        Yields:
            The progress after each page, then each view as rebuilt and compared; when the last one
            is taken, the rebuilt tables are served.

        Raises:
            RebuildUnderWay: another rebuild is.
            FeedUnreachable: the ledger gave no page.
            FollowingFailed: a process of the rebuild failed; the next rebuild goes on from there.
            TablesUnwritable: the new tables could not be written.

        """
        if not self._lock.acquire(blocking=False):
            raise RebuildUnderWay
        try:
            tables = self._generations.open_next(parted=self._processes > 1)
            switched = False
            try:
                if self._by_processes(tables):
                    last = self._standing.position
                    began = min((part.position for part in tables.parts().values()), default=0)
                    positions = build(self._feed, tables, self._processes, last)
                    yield from self._told(began, positions)
                projector = Projector(self._views, tables)
                yield from self._told(projector.position, self._catch_up(projector))
                projector.settle()
                yield from self._compare(tables, projector.position)
                self._switch(tables, projector)
                switched = True
            finally:
                if not switched:
                    tables.close()
        finally:
            self._lock.release()

    @abstractmethod
    def _switch(self, tables: Tables, projector: Projector) -> None:
        """Let the rebuilt tables be served, from where the served ones stand."""

    def _bring(self, projector: Projector, position_last: int) -> None:
        while projector.position < position_last:
            self._take(projector, position_last - projector.position)

    def _by_processes(self, tables: Tables) -> bool:
        if tables.parts():
            return True
        left = self._standing.position - tables.progress().position
        return self._processes > 1 and left == self._standing.position >= PARALLEL_ENTRIES_MIN

    def _catch_up(self, projector: Projector) -> Iterator[int]:
        while (left := self._standing.position - projector.position) > 0:
            self._take(projector, left)
            yield projector.position

    def _told(self, began_position: int, positions: Iterator[int]) -> Iterator[RebuildProgress]:
        began_at = time.monotonic()
        for position in positions:
            done = position - began_position
            rate = max(1, round(done / max(time.monotonic() - began_at, 1e-3)))
            left = max(0, self._standing.position - position)
            yield RebuildProgress(
                position=position,
                position_last=position + left,
                events_per_s=rate,
                remaining_s=left // rate,
            )

    def _take(self, projector: Projector, left: int) -> None:
        """Project the next entries, of those that are left."""
        limit = min(PAGE_ENTRIES_MAX, left)
        page = gathered(self._feed, projector.position, min(BATCH_PAGES, left // limit), limit, 0)
        if not page:
            raise FeedUnreachable(
                f"the feed ends at {projector.position}, before the served tables"
            )
        projector.project(page)

    def _compare(self, rebuilt: Tables, position: int) -> Iterator[RebuiltView]:
        with self._served.reading() as live:
            for view in self._views:
                yield RebuiltView(
                    view=view.name,
                    position=position,
                    live=digest(live, view, position),
                    rebuilt=digest(rebuilt, view, position),
                )


class OwnRebuilding(Rebuilding[Generations, Follower]):
    """Rebuilds the tables that the follower of this process keeps."""

    def _switch(self, tables: Tables, projector: Projector) -> None:
        with self._standing.paused():
            self._bring(projector, self._standing.position)
            self._generations.switch(tables)
            self._standing.switch(projector)
            self._served.replace(tables)


class SharedRebuilding(Rebuilding[SharedGenerations, Watcher]):
    """Rebuilds tables that other processes keep in parts, and hands them the rebuilt ones."""

    def run(self) -> Generator[RebuildProgress | RebuiltView]:
        """Rebuild, compare and switch; see `Rebuilding.run`.

        Raises:
            RebuildUnderWay: another rebuild is, here or in another process.
            FollowingFailed: nobody keeps the tables in parts.

        """
        if not self._parts():
            raise FollowingFailed("the served tables are not divided into parts")
        try:
            yield from super().run()
        except TablesInUse as error:
            raise RebuildUnderWay from error

    def _parts(self) -> int:
        with self._served.reading() as tables:
            return len(tables.parts())

    def _switch(self, tables: Tables, projector: Projector) -> None:
        count = self._parts()
        # Most of what has come since is taken in before everybody waits.
        self._bring(projector, self._standing.position)
        with self._generations.holding():
            self._bring(projector, self._standing.position)
            self._generations.switch_divided(tables, count)
        self._standing.renew()
