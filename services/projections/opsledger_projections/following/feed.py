"""The feed as the projector sees it: entries in order of position, from after a position on."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from opsledger_contracts.fields import Position
from opsledger_projections.following.interpreter import collector_paused


class FeedEntry(NamedTuple):
    """One entry of the feed: its position and its exact bytes."""

    position: int
    entry: bytes


class FeedHead(msgspec.Struct, frozen=True):
    """Where the ledger stood when it was asked."""

    position: Position
    root: str
    """Hexadecimal Merkle root over all entries up to the position."""


class FeedUnreachable(Exception):
    """The ledger could not be reached or did not answer with a page; following goes on later."""


class Feed(Protocol):
    """Where entries come from: the ledger's HTTP feed, or the ledger in the same process."""

    def page(self, after: int, limit: int, wait_s: float) -> Sequence[FeedEntry]:
        """Read at most `limit` entries with a position greater than `after`, ascending.

        If there is none yet, wait up to `wait_s` seconds for one; an empty page means none came.

        Raises:
            FeedUnreachable: the ledger gave no page.

        """

    def head(self) -> FeedHead:
        """Ask where the ledger stands.

        Raises:
            FeedUnreachable: the ledger gave no answer.

        """

    def close(self) -> None:
        """Give back what the feed holds."""


def gathered(feed: Feed, after: int, pages: int, limit: int, wait_s: float) -> list[FeedEntry]:
    """Read up to some pages in a row as one batch; a page with less than `limit` is the last.

    Only the first page is waited for.

    Raises:
        FeedUnreachable: the ledger gave no page.

    """
    batch = list(feed.page(after, limit, wait_s))
    with collector_paused():
        while batch and len(batch) % limit == 0 and len(batch) < pages * limit:
            page = feed.page(batch[-1].position, limit, 0)
            if not page:
                break
            batch.extend(page)
    return batch
