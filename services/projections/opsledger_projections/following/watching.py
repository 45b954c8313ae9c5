"""Watching tables that other processes fill: what a read side needs that follows nothing itself.

It keeps nothing but what it saw last, so any number of processes may serve the same tables. All
parts have taken in what lies up to the position of the one that is furthest behind: this is the
position of the tables, and everything is read as of it.
"""

import threading
import time
from contextlib import AbstractContextManager
from typing import Final, Protocol

import structlog

from opsledger_projections.errors import (
    FeedForged,
    FollowingFailed,
    ProjectionsError,
    TablesUnreadable,
    TablesUnwritable,
)
from opsledger_projections.following.feed import Feed, FeedUnreachable
from opsledger_projections.following.standing import Standing
from opsledger_projections.tables.port import Generations, Progress, Tables, root_of
from opsledger_projections.tables.served import ServedTables

LOOK_S: Final = 0.25
"""Time from one look at the tables to the next."""
ASK_S: Final = 2.0
"""Time from one question to the ledger where it stands to the next."""

_log = structlog.get_logger()


class ReadingTables(Tables, Protocol):
    """The tables as somebody has them open who only reads."""

    generation: int
    """Which of the generations they are."""


class SharedGenerations(Generations, Protocol):
    """The sets of tables that follow one another, kept by several processes."""

    def served_generation(self) -> int:
        """Tell which generation is served; raises TablesUnreadable."""

    def open_reading(self) -> ReadingTables:
        """Open the served tables to read only; raises TablesUnwritable."""

    def holding(self) -> AbstractContextManager[None]:
        """Let no part write inside the block; raises TablesUnwritable."""

    def switch_divided(self, tables: Tables, count: int) -> None:
        """Let these tables, divided into so many parts, be the served ones; they are closed.

        To be called inside `holding`. Raises TablesUnwritable.
        """


class Watcher(Standing):
    """Watches the served tables on a thread of its own, and goes over to those that replace them."""

    def __init__(self, feed: Feed, generations: SharedGenerations) -> None:
        """Open the tables that are served now; raises TablesUnwritable."""
        super().__init__("watcher")
        self._feed = feed
        self._generations = generations
        self._replacing = threading.Lock()
        tables = generations.open_reading()
        self._generation = tables.generation
        self.served = ServedTables(tables)

    @property
    def position(self) -> int:
        """The position up to which all parts are written."""
        return self._progress().position

    @property
    def root(self) -> str:
        """Hexadecimal Merkle root over all entries up to the position."""
        return root_of(self._progress())

    def check_root(self) -> None:
        """Compare the root with the ledger's, if the tables stand where the ledger stands."""
        head = self._feed.head()
        self.head_position = head.position
        progress = self._progress()
        if progress.position >= head.position:
            self.caught_up = True
        if progress.position != head.position:
            return
        root = root_of(progress)
        if root != head.root:
            raise FeedForged(position=head.position, expected=head.root, found=root)
        self.checked_position = head.position

    def renew(self) -> None:
        """Go over to the tables that are served now, if they are others.

        Raises:
            TablesUnreadable: the database gives no answer.
            TablesUnwritable: the tables cannot be opened.

        """
        with self._replacing:
            if self._generations.served_generation() == self._generation:
                return
            tables = self._generations.open_reading()
            self._generation = tables.generation
            self.served.replace(tables)
        _log.info("other tables are served", generation=tables.generation)

    def _progress(self) -> Progress:
        with self.served.reading() as tables:
            return tables.progress()

    def _run(self) -> None:
        ask_at = 0.0
        while not self._stopping.is_set():
            try:
                self.renew()
                if time.monotonic() >= ask_at:
                    self.check_root()
                    ask_at = time.monotonic() + (ASK_S if self.caught_up else 0)
            except (FeedUnreachable, TablesUnreadable, TablesUnwritable) as passing:
                _log.warning("not watching", kind=type(passing).__name__, detail=str(passing))
                ask_at = time.monotonic() + ASK_S
            except ProjectionsError as failure:
                self.fail(failure)
            except Exception as error:  # noqa: BLE001 - a fault of the program stops watching.
                _log.exception("watching failed")
                self.fail(FollowingFailed(f"{type(error).__name__}: {error}"))
            self._stopping.wait(LOOK_S)
