"""Following a ledger: catching up, waiting out trouble, checking the root, rebuilding."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from opsledger_contracts.events.measurement import MeasurementCorrected
from opsledger_projections import bootstrap
from opsledger_projections.bootstrap import open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.errors import (
    FeedForged,
    FeedOutOfOrder,
    FollowingFailed,
    RebuildUnderWay,
    TablesUnwritable,
)
from opsledger_projections.following import follower, rebuild
from opsledger_projections.following.feed import FeedEntry, FeedHead, FeedUnreachable
from opsledger_projections.following.rebuild import RebuildProgress, RebuiltView
from opsledger_projections.projections import Projections
from opsledger_projections.tables.digest import digest
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.disputed_score import DisputedScore
from support.eventually import eventually
from support.feeds import MemoryLedger


@pytest.fixture
def ledger() -> MemoryLedger:
    """The ledger of the whole story, which may grow."""
    return DisputedScore().tell().ledger


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for the next entry and after trouble takes no time here."""
    monkeypatch.setattr(follower, "BACKOFF_FIRST_S", 0.01)
    monkeypatch.setattr(follower, "BACKOFF_MAX_S", 0.02)


@pytest.fixture
def projections(ledger: MemoryLedger, tmp_path: Path) -> Iterator[Projections]:
    """A read side that follows the ledger and has caught up."""
    with open_projections(ProjectionsSettings(directory=tmp_path), ledger) as opened:
        eventually(lambda: opened.follower.caught_up)
        yield opened


def _correct(ledger: MemoryLedger, value: str) -> int:
    return ledger.record(
        "measurement/BJ-2026-sales",
        MeasurementCorrected(previous="0", value=value, explanation="更正"),
    )


def test_new_entries_are_followed_and_the_root_is_checked(
    projections: Projections, ledger: MemoryLedger
) -> None:
    """What is recorded comes to be read, and the root over it equals the ledger's."""
    position = _correct(ledger, "1")
    eventually(lambda: projections.follower.checked_position == position)
    assert projections.follower.root == ledger.head().root
    assert projections.follower.failure is None


def test_an_unreachable_ledger_is_waited_out(
    projections: Projections, ledger: MemoryLedger
) -> None:
    """Trouble that passes is no failure: following goes on where it stood."""
    ledger.unreachable = True
    position = _correct(ledger, "1")
    assert projections.follower.running
    ledger.unreachable = False
    eventually(lambda: projections.follower.position == position)


def test_a_forged_feed_stops_following(projections: Projections, ledger: MemoryLedger) -> None:
    """Entries without the root that the ledger states are an alarm; reads go on."""
    genuine = ledger.head
    ledger.head = lambda: FeedHead(position=genuine().position, root="0" * 64)  # type: ignore[method-assign]
    _correct(ledger, "1")
    eventually(lambda: not projections.follower.running)
    assert isinstance(projections.follower.failure, FeedForged)
    with projections.served.reading() as tables:
        assert tables.progress().position == ledger.position


def test_a_gap_in_the_feed_stops_following(projections: Projections, ledger: MemoryLedger) -> None:
    """A feed that skips an entry is wrong, and nothing behind the gap is projected."""
    before = projections.follower.position
    genuine = ledger.page
    asked: list[int] = []

    def skipping(after: int, limit: int, wait_s: float) -> Sequence[FeedEntry]:
        asked.append(after)
        return genuine(after, limit, wait_s)[1:]

    ledger.page = skipping  # type: ignore[method-assign]
    eventually(lambda: bool(asked))
    _correct(ledger, "1")
    _correct(ledger, "2")
    eventually(lambda: not projections.follower.running)
    assert isinstance(projections.follower.failure, FeedOutOfOrder)
    assert projections.follower.position == before


def test_a_fault_of_the_program_stops_following_and_is_told(
    projections: Projections, ledger: MemoryLedger
) -> None:
    """Nothing is caught to be forgotten: the failure names what happened."""

    def broken(after: int, limit: int, wait_s: float) -> None:
        raise ZeroDivisionError(after, limit, wait_s)

    ledger.page = broken  # type: ignore[method-assign,assignment]
    eventually(lambda: not projections.follower.running)
    assert isinstance(projections.follower.failure, FollowingFailed)
    assert "ZeroDivisionError" in str(projections.follower.failure)


def test_tables_that_cannot_be_written_are_waited_out(
    projections: Projections, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk passes: nothing is half-written, and following goes on without a restart."""
    genuine = SqliteTables.write
    refusals = iter([TablesUnwritable("disk full")] * 2)

    def full_twice(self: SqliteTables, *args: object) -> None:
        if refusal := next(refusals, None):
            raise refusal
        genuine(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(SqliteTables, "write", full_twice)
    position = _correct(ledger, "1")
    eventually(lambda: projections.follower.position == position)
    assert projections.follower.failure is None


def test_a_restart_goes_on_where_the_tables_stand(tmp_path: Path, ledger: MemoryLedger) -> None:
    """The position is in the tables: after a restart only what is new is asked for."""
    settings = ProjectionsSettings(directory=tmp_path)
    with open_projections(settings, ledger) as opened:
        eventually(lambda: opened.follower.caught_up)
    position = _correct(ledger, "1")
    asked: list[int] = []
    genuine = ledger.page

    def noted(after: int, limit: int, wait_s: float) -> object:
        asked.append(after)
        return genuine(after, limit, wait_s)

    ledger.page = noted  # type: ignore[method-assign,assignment]
    with open_projections(settings, ledger) as opened:
        eventually(lambda: opened.follower.position == position)
    assert min(asked) == position - 1


def test_a_rebuild_is_compared_and_served(projections: Projections, tmp_path: Path) -> None:
    """Progress, then every view with equal digests; afterwards the new file is served alone."""
    steps = list(projections.rebuilding.run())
    progress = [step for step in steps if isinstance(step, RebuildProgress)]
    views = [step for step in steps if isinstance(step, RebuiltView)]
    assert progress[-1].position == progress[-1].position_last == projections.follower.position
    assert progress[-1].remaining_s == 0
    assert [step.view for step in views] == list(VIEWS)
    assert all(step.equal for step in views)
    assert (tmp_path / "current").read_text(encoding="ascii") == "tables-2.sqlite"
    assert sorted(path.name for path in tmp_path.glob("*.sqlite")) == ["tables-2.sqlite"]


def test_following_goes_on_in_rebuilt_tables(
    projections: Projections, ledger: MemoryLedger
) -> None:
    """After the switch new entries are projected into the new tables."""
    list(projections.rebuilding.run())
    position = _correct(ledger, "77")
    eventually(lambda: projections.follower.position == position)
    view = VIEWS["measurements"]
    with projections.served.reading() as tables:
        row = tables.read(view, "BJ-2026-sales", position)
    assert row is not None
    assert row.row(view).body["value"] == "77"


def test_entries_that_come_during_a_rebuild_are_not_lost(
    projections: Projections, ledger: MemoryLedger
) -> None:
    """The rebuilt tables catch up to the served ones before they take their place."""
    steps = projections.rebuilding.run()
    next(steps)
    position = _correct(ledger, "5")
    eventually(lambda: projections.follower.position == position)
    assert all(step.equal for step in steps if isinstance(step, RebuiltView))
    with projections.served.reading() as tables:
        assert tables.progress().position == position


def test_a_cancelled_rebuild_is_resumed(
    projections: Projections, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who stops iterating cancels; the next rebuild goes on from there; the old tables serve."""
    monkeypatch.setattr(rebuild, "PAGE_ENTRIES_MAX", 5)
    monkeypatch.setattr(rebuild, "BATCH_PAGES", 2)
    steps = projections.rebuilding.run()
    step = [next(steps) for _ in range(3)][-1]
    assert isinstance(step, RebuildProgress)
    assert step.position == 30
    steps.close()
    with projections.served.reading() as tables:
        assert tables.progress().position == ledger.position
    resumed = next(projections.rebuilding.run())
    assert isinstance(resumed, RebuildProgress)
    assert resumed.position == 40


def test_one_rebuild_at_a_time(projections: Projections) -> None:
    """A second rebuild is refused while one is under way, and taken afterwards."""
    steps = projections.rebuilding.run()
    next(steps)
    with pytest.raises(RebuildUnderWay):
        next(projections.rebuilding.run())
    steps.close()
    assert list(projections.rebuilding.run())


def test_a_rebuild_needs_the_ledger(projections: Projections, ledger: MemoryLedger) -> None:
    """Without the feed nothing is rebuilt and the served tables stay."""
    ledger.unreachable = True
    with pytest.raises(FeedUnreachable):
        list(projections.rebuilding.run())
    with projections.served.reading() as tables:
        assert tables.progress().position == ledger.position


def test_a_reader_ends_in_the_tables_it_began_in(projections: Projections) -> None:
    """A read that is under way while tables are switched is not disturbed."""
    position = projections.follower.position
    with projections.served.reading() as tables:
        list(projections.rebuilding.run())
        assert tables.progress().position == position
        assert digest(tables, VIEWS["letters"], position)


def test_tables_of_an_older_view_are_rebuilt_at_the_start(
    tmp_path: Path, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view of another version calls for new tables, which are built from the first entry."""
    settings = ProjectionsSettings(directory=tmp_path)
    older = {
        name: replace(view, version=view.version + 1) if name == "letters" else view
        for name, view in VIEWS.items()
    }
    with monkeypatch.context() as patched:
        patched.setattr(bootstrap, "VIEWS", older)
        with open_projections(settings, ledger) as opened:
            eventually(lambda: opened.follower.caught_up)
    with open_projections(settings, ledger) as opened:
        assert (tmp_path / "current").read_text(encoding="ascii") == "tables-2.sqlite"
        eventually(lambda: opened.follower.caught_up)
        with opened.served.reading() as tables:
            assert tables.read(VIEWS["letters"], "BJ-2026", ledger.position) is not None
    assert sorted(path.name for path in tmp_path.glob("*.sqlite")) == ["tables-2.sqlite"]
