"""A read side that is open: its tables, its follower and its clock, as one thing to hand around."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from opsledger_projections.clock import Clock
from opsledger_projections.following.feed import Feed
from opsledger_projections.following.follower import Follower
from opsledger_projections.following.rebuild import Rebuilding
from opsledger_projections.tables.served import ServedTables
from opsledger_projections.views.view import View

STOP_S: Final = 4.0
"""Longest wait for the follower when the read side is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Projections:
    """A read side in service between `bootstrap.open_projections` and `close`."""

    views: Sequence[View]
    feed: Feed
    served: ServedTables
    follower: Follower
    rebuilding: Rebuilding
    clock: Clock
    trusting: bool = False
    """Whether every caller is let in, as one who holds the files of the ledger anyway."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End following and close the tables."""
        self.follower.stop()
        # A follower that hangs in a request keeps its tables; it ends with the process.
        if self.follower.join(STOP_S):
            self.served.close()
            self.feed.close()
