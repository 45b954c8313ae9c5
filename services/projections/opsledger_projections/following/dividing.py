"""Dividing tables anew: into another number of parts, or back into a whole, without a rebuild."""

from collections.abc import Sequence
from contextlib import closing

from opsledger_projections.following.feed import Feed, FeedUnreachable, gathered
from opsledger_projections.following.follower import BATCH_PAGES, PAGE_ENTRIES_MAX
from opsledger_projections.following.parts import Part, division
from opsledger_projections.following.projector import Projector
from opsledger_projections.tables.port import Tables
from opsledger_projections.views.view import View


def join(feed: Feed, views: Sequence[View], tables: Tables) -> int:
    """Make tables whole that are in parts; gives the position at which they stand.

    Parts that are behind are brought to the position of the one that is furthest. Nobody else may
    write the tables meanwhile.

    Raises:
        FeedUnreachable: the ledger does not give what parts are behind.
        ProjectionsError: feed or tables are wrong.

    """
    parts = tables.parts()
    if parts:
        last = max(progress.position for progress in parts.values())
        for name, progress in parts.items():
            if progress.position < last:
                with closing(tables.opening()(views, name)) as part_tables:
                    _bring(feed, views, part_tables, Part.read(name), last)
        tables.join()
    return tables.progress().position


def _bring(feed: Feed, views: Sequence[View], tables: Tables, part: Part, last: int) -> None:
    share = division(views, part.count)[part.number - 1]
    projector = Projector(share.views, tables, share)
    while (left := last - projector.position) > 0:
        limit = min(PAGE_ENTRIES_MAX, left)
        page = gathered(feed, projector.position, min(BATCH_PAGES, left // limit), limit, 0)
        if not page:
            raise FeedUnreachable(f"the feed ends at {projector.position}, before {last}")
        projector.project(page)
