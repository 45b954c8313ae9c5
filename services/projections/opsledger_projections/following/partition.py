"""One part of the served tables, followed by a process of its own through every switch."""

from collections.abc import Sequence
from typing import Protocol

from opsledger_projections.following.feed import Feed
from opsledger_projections.following.follower import Follower
from opsledger_projections.following.parts import Part, division
from opsledger_projections.following.projector import Projector
from opsledger_projections.tables.port import Tables
from opsledger_projections.views.view import View


class PartTables(Tables, Protocol):
    """The tables as one part of them has them open."""

    generation: int
    """Which of the generations they are."""
    replaced: bool
    """Whether other tables are served in the place of these."""


class PartGenerations(Protocol):
    """The sets of tables that follow one another, each opened as one part."""

    def open_part(self, part: str, *, anew: bool = True) -> PartTables:
        """Open the served tables as a part; raises TablesUnwritable.

        Tables made by other versions of the views give way to new ones, if they may be made `anew`.
        """

    def served_generation(self) -> int:
        """Tell which generation is served; raises TablesUnreadable."""

    def close(self) -> None:
        """Give the connections back."""


class Partition:
    """A part of the tables and the follower that keeps it with the ledger.

    Raises:
        TablesUnwritable: the part cannot be opened, or another process has it.

    """

    def __init__(
        self, feed: Feed, views: Sequence[View], generations: PartGenerations, part: Part
    ) -> None:
        self.part = part
        self._generations = generations
        self._share = division(views, part.count)[part.number - 1]
        self._tables = generations.open_part(str(part))
        self.follower = Follower(feed, self._projector(), renewed=self._renewed)

    def close(self) -> None:
        """Give the tables back; the follower has ended."""
        self._tables.close()
        self._generations.close()

    def _projector(self) -> Projector:
        return Projector(self._share.views, self._tables, self._share)

    def _renewed(self) -> Projector | None:
        """Go over to the tables that are served now, if they are others."""
        if self._generations.served_generation() == self._tables.generation:
            return None
        # Only a process that starts may replace tables: an older one must not undo a newer one's.
        tables = self._generations.open_part(str(self.part), anew=False)
        replaced, self._tables = self._tables, tables
        replaced.replaced = True
        replaced.close()
        return self._projector()
