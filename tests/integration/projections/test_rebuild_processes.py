"""Rebuilding in several processes: the tables of one process come out, on each database."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from opsledger_projections.bootstrap import open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.errors import FollowingFailed, TablesUnwritable
from opsledger_projections.following import parallel, rebuild
from opsledger_projections.following.parallel import build
from opsledger_projections.following.parts import division
from opsledger_projections.following.projector import Projector
from opsledger_projections.following.rebuild import RebuildProgress, RebuiltView
from opsledger_projections.projections import Projections
from opsledger_projections.tables.digest import digest
from opsledger_projections.tables.port import Tables
from opsledger_projections.views.catalogue import VIEWS
from support.disputed_score import DisputedScore
from support.eventually import eventually
from support.feeds import MemoryLedger

VIEW_LIST = list(VIEWS.values())


@pytest.fixture(params=["sqlite", "postgres"])
def projections(
    request: pytest.FixtureRequest, tmp_path: Path, story: DisputedScore
) -> Iterator[Projections]:
    """A read side on each database that has caught up and rebuilds in two processes."""
    if request.param == "sqlite":
        settings = ProjectionsSettings(directory=tmp_path)
    else:
        schema = request.getfixturevalue("postgres_schema")
        address = tmp_path / "database.url"
        address.write_text(schema.views_url)
        settings = ProjectionsSettings(database_url_file=address, database_schema=schema.name)
    with open_projections(settings, story.ledger) as opened:
        eventually(lambda: opened.follower.caught_up)
        yield opened


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are worth while even for a short history, which comes in small batches."""
    monkeypatch.setattr(rebuild, "PARALLEL_ENTRIES_MIN", 1)
    monkeypatch.setattr(parallel, "PAGE_ENTRIES_MAX", 5)
    monkeypatch.setattr(parallel, "BATCH_PAGES", 2)


def test_a_rebuild_in_two_processes_equals_the_served_tables(projections: Projections) -> None:
    """P10: cancelled and gone on with, each half built by a process of its own: equal digests."""
    steps = projections.rebuilding.run()
    begun = [next(steps) for _ in range(4)]
    steps.close()
    assert all(isinstance(step, RebuildProgress) for step in begun)
    with projections.served.reading() as tables:
        replaced = tables
        assert tables.progress().position == projections.follower.position
    taken = list(projections.rebuilding.run())
    resumed = taken[0]
    assert isinstance(resumed, RebuildProgress)
    assert resumed.position > 0
    views = [step for step in taken if isinstance(step, RebuiltView)]
    assert [view.view for view in views] == list(VIEWS)
    assert all(view.equal for view in views)
    with projections.served.reading() as tables:
        assert tables is not replaced
        assert tables.parts() == {}
        assert tables.progress().position == projections.follower.position


def test_a_process_that_fails_ends_the_rebuild_and_says_why(
    open_tables: Any, story: DisputedScore
) -> None:
    """A part that meets what is no entry fails the whole; nothing is joined."""
    ledger = MemoryLedger()
    ledger.entries = [*story.ledger.entries[:20], b"{}", *story.ledger.entries[21:]]
    tables = open_tables("failing")
    with pytest.raises(FollowingFailed, match="EntryUnreadable: the entry at position 21"):
        list(build(ledger, tables, 2, ledger.position))
    assert tables.progress().position <= 20
    assert tables.parts()


def test_parts_at_different_positions_are_not_joined(
    open_tables: Any, story: DisputedScore
) -> None:
    """Tables whose parts do not stand at one position are never taken for whole."""
    tables: Tables = open_tables("apart")
    opening = tables.opening()
    page = story.ledger.page(0, 40, 0)
    with (
        closing(opening(VIEW_LIST, "1/2")) as first_tables,
        closing(opening(VIEW_LIST, "2/2")) as second_tables,
    ):
        halves = division(VIEW_LIST, 2)
        first = Projector(halves[0].views, first_tables, halves[0])
        second = Projector(halves[1].views, second_tables, halves[1])
        first.project(page[:20])
        second.project(page)
        with pytest.raises(TablesUnwritable, match="do not stand at one position"):
            tables.join()
        first.project(page[20:])
    tables.join()
    assert tables.progress().position == 40
    whole = open_tables("whole")
    Projector(VIEW_LIST, whole).project(page)
    assert [digest(tables, view, 40) for view in VIEW_LIST] == [
        digest(whole, view, 40) for view in VIEW_LIST
    ]
