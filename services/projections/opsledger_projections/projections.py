"""A read side that is open: its tables, its follower and its clock, as one thing to hand around."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from opsledger_projections.clock import Clock
from opsledger_projections.following.feed import Feed
from opsledger_projections.following.partition import Partition
from opsledger_projections.following.parts import Part
from opsledger_projections.following.rebuild import Rebuilding
from opsledger_projections.following.standing import Standing
from opsledger_projections.tables.port import Generations
from opsledger_projections.tables.served import ServedTables
from opsledger_projections.views.view import View

STOP_S: Final = 4.0
"""Longest wait for the follower when the read side is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projections:
    """A read side in service between `bootstrap.open_projections` and `close`."""

    views: Sequence[View]
    feed: Feed
    generations: Generations
    served: ServedTables
    follower: Standing
    rebuilding: Rebuilding[Any, Any]
    clock: Clock
    partition: Partition | None = None
    """The part of the tables that this process follows, if several keep them together."""
    parted: bool = False
    """Whether the tables are kept in parts, each by a process of its own."""
    trusting: bool = False
    """Whether every caller is let in, as one who holds the files of the ledger anyway."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def standings(self) -> Sequence[Standing]:
        """List what runs here: the part of this process, if it follows one, and all of it."""
        return (
            [self.follower] if self.partition is None else [self.partition.follower, self.follower]
        )

    def parts(self) -> dict[str, int]:
        """Tell how far each part of the tables is; empty where one process keeps them as a whole."""
        if not self.parted:
            return {}
        with self.served.reading() as tables:
            found = tables.parts()
        numbers = sorted(found, key=lambda part: Part.read(part).number)
        return {part: found[part].position for part in numbers}

    def close(self) -> None:
        """End following and close the tables."""
        for standing in self.standings():
            standing.stop()
        # Who hangs in a request keeps its tables; it ends with the process.
        if all(standing.join(STOP_S) for standing in self.standings()):
            self.served.close()
            if self.partition is not None:
                self.partition.close()
            self.feed.close()
            self.generations.close()
