"""Tables that several processes keep in parts: they are the whole ones, at one position for all."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient
from typer.testing import CliRunner

from opsledger.cli import app
from opsledger_contracts.events.measurement import MeasurementCorrected
from opsledger_projections import bootstrap
from opsledger_projections.bootstrap import open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.errors import (
    FeedForged,
    FollowingFailed,
    PartsDiffer,
    RebuildUnderWay,
    TablesDivided,
    TablesInUse,
    TablesStale,
)
from opsledger_projections.following import follower, rebuild
from opsledger_projections.following.feed import FeedEntry, FeedHead, FeedUnreachable
from opsledger_projections.following.follower import Follower
from opsledger_projections.following.projector import Projector
from opsledger_projections.following.rebuild import RebuiltView
from opsledger_projections.http.app import create_app
from opsledger_projections.projections import Projections
from opsledger_projections.tables import postgres_connections
from opsledger_projections.tables.digest import digest
from opsledger_projections.tables.port import Tables
from opsledger_projections.tables.postgres_generations import PostgresGenerations
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.databases import Schema
from support.disputed_score import DisputedScore
from support.eventually import eventually
from support.feeds import MemoryLedger
from support.part_process import killed, started

VIEW_LIST = list(VIEWS.values())

START_S = 60.0
"""How long processes may take to start on a busy machine."""

Open = Callable[..., Projections]


class Gated:
    """The feed of a ledger of which no more is given than up to a position."""

    def __init__(self, ledger: MemoryLedger, until: int) -> None:
        self._ledger = ledger
        self.until = until

    def page(self, after: int, limit: int, wait_s: float) -> Sequence[FeedEntry]:
        """Read a page up to the gate."""
        if after >= self.until:
            raise FeedUnreachable("the gate is shut")
        return self._ledger.page(after, min(limit, self.until - after), wait_s)

    def head(self) -> FeedHead:
        """Tell where the ledger stands."""
        return self._ledger.head()

    def close(self) -> None:
        """Keep everything."""


@pytest.fixture
def ledger() -> MemoryLedger:
    """S1 and S2 as events, for a test that records more."""
    return DisputedScore().tell().ledger


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tried again is tried at once."""
    monkeypatch.setattr(follower, "BACKOFF_FIRST_S", 0.01)
    monkeypatch.setattr(follower, "BACKOFF_MAX_S", 0.05)


@pytest.fixture
def open_one(postgres_schema: Schema, tmp_path: Path) -> Iterator[Open]:
    """Open a read side on one schema; all that are still open are closed after the test."""
    address = tmp_path / "database.url"
    address.write_text(postgres_schema.views_url)
    with ExitStack() as stack:

        def opened(feed: Any, *, leave: bool = True, **settings: Any) -> Projections:
            made = open_projections(
                ProjectionsSettings(
                    database_url_file=address, database_schema=postgres_schema.name, **settings
                ),
                feed,
                trusting=True,
            )
            return stack.enter_context(made) if leave else made

        yield opened


def _digests(tables: Tables, position: int) -> dict[str, str]:
    return {view.name: digest(tables, view, position) for view in VIEW_LIST}


def _served(projections: Projections) -> dict[str, str]:
    with projections.served.reading() as tables:
        return _digests(tables, tables.progress().position)


@pytest.fixture
def whole(tmp_path: Path) -> Callable[[MemoryLedger, int], dict[str, str]]:
    """The digests that one process gives, which keeps all tables as a whole."""

    def folded(ledger: MemoryLedger, position: int) -> dict[str, str]:
        path = tmp_path / f"whole-{position}.sqlite"
        with closing(SqliteTables(path, VIEW_LIST)) as tables:
            projector = Projector(VIEW_LIST, tables)
            projector.project(ledger.page(projector.position, position - projector.position, 0))
            return _digests(tables, position)

    return folded


def _until(projections: Projections, what: str, value: object) -> None:
    """Wait until what a process serves has got to where it is to get."""
    eventually(lambda: getattr(projections.follower, what) == value)


def _part(projections: Projections) -> Follower:
    assert projections.partition is not None
    return projections.partition.follower


@pytest.mark.parametrize("count", [1, 3])
def test_parts_give_the_tables_of_one_process(
    open_one: Open, ledger: MemoryLedger, whole: Any, count: int
) -> None:
    """P10: digests of every view are equal, and any process serves them, whatever it follows."""
    parts = [open_one(ledger, partition=f"{number + 1}/{count}") for number in range(count)]
    nodes = [open_one(ledger, following=False) for _ in range(2)]
    expected = whole(ledger, ledger.position)
    for opened in (*parts, *nodes):
        _until(opened, "checked_position", ledger.position)
        assert _served(opened) == expected
        assert opened.follower.root == ledger.head().root
    answer = TestClient(create_app(nodes[0])).get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["parts"] == [
        {"part": f"{number + 1}/{count}", "position": ledger.position, "lag": 0}
        for number in range(count)
    ]


def test_a_part_that_is_behind_holds_all_views_back(
    open_one: Open, ledger: MemoryLedger, whole: Any
) -> None:
    """No view is served ahead of another: everything is read as of the part furthest behind."""
    gate = Gated(ledger, 60)
    first = open_one(ledger, partition="1/2")
    second = open_one(gate, partition="2/2")
    node = open_one(ledger, following=False)
    last = ledger.position
    eventually(lambda: _part(first).position == last and _part(second).position == 60)
    client = TestClient(create_app(node))

    assert node.follower.position == 60
    assert _served(node) == whole(ledger, 60)
    trail = client.get("/v1/views/trail", params={"limit": 500})
    assert trail.headers["Position"] == "60"
    assert len(trail.json()["rows"]) == 60
    ahead = client.get("/v1/views/letters", params={"known_at": 61})
    assert (ahead.status_code, ahead.json()["code"]) == (422, "known_at_ahead")
    behind = client.get("/readyz")
    assert (behind.status_code, behind.json()["code"]) == (503, "not_caught_up")
    assert f"parts 1/2 at {last}, 2/2 at 60" in behind.json()["detail"]
    gate.until = last
    waited = client.get("/v1/views/trail", params={"limit": 500, "min_position": last})
    assert waited.headers["Position"] == str(last)
    assert _served(node) == whole(ledger, last)


def test_a_part_that_is_killed_goes_on_where_it_was(
    open_one: Open, ledger: MemoryLedger, whole: Any, postgres_schema: Schema, tmp_path: Path
) -> None:
    """P10: processes ended by SIGKILL in the middle of their batches leave no trace in any view."""
    node = open_one(ledger, following=False)
    running = {
        part: started(tmp_path / "database.url", postgres_schema.name, part, ledger.entries)
        for part in ("1/2", "2/2")
    }
    killed_at = []
    for part, after in (("1/2", 10), ("2/2", 40), ("1/2", 60)):
        deadline = time.monotonic() + START_S
        while node.parts().get(part, 0) < after and time.monotonic() < deadline:
            time.sleep(0.01)
        killed(running[part])
        killed_at.append(node.parts()[part])
        running[part] = started(
            tmp_path / "database.url", postgres_schema.name, part, ledger.entries
        )
    try:
        eventually(lambda: node.follower.checked_position == ledger.position, START_S)
    finally:
        for process in running.values():
            killed(process)
    assert _served(node) == whole(ledger, ledger.position)
    assert min(killed_at) < ledger.position


def test_one_process_follows_a_part(
    open_one: Open, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second for a part is refused, as is one for another division or for the whole."""
    first = open_one(ledger, leave=False, partition="1/2")
    eventually(lambda: _part(first).caught_up)
    monkeypatch.setitem(postgres_connections._SETTINGS, "lock_timeout", "50ms")  # noqa: SLF001
    with pytest.raises(TablesInUse, match="another process writes part 1/2 of the schema"):
        open_one(ledger, partition="1/2")
    with pytest.raises(PartsDiffer, match=r"divided into 2 parts, not 3; .* divide --into 3"):
        open_one(ledger, partition="2/3")
    with pytest.raises(TablesInUse):
        open_one(ledger)
    first.close()
    with pytest.raises(TablesDivided, match="divided into 2 parts; serve them with --no-follow"):
        open_one(ledger)
    again = open_one(ledger, partition="1/2")
    eventually(lambda: _part(again).position == ledger.position)


def test_who_is_to_follow_nothing_cannot_follow_a_part(tmp_path: Path) -> None:
    """Settings that contradict each other are refused, and parts need a database."""
    needing_database: tuple[dict[str, Any], ...] = ({"partition": "1/2"}, {"following": False})
    for wrong in needing_database:
        with pytest.raises(ValidationError, match="in a database only"):
            ProjectionsSettings(directory=tmp_path, **wrong)
    contradictory: tuple[dict[str, Any], ...] = (
        {"partition": "3/2"},
        {"partition": "1/2", "following": False},
    )
    for wrong in contradictory:
        with pytest.raises(ValidationError):
            ProjectionsSettings(database_url_file=tmp_path, **wrong)


def test_a_stream_that_nobody_can_read_is_parked_in_every_part(
    open_one: Open, ledger: MemoryLedger, whole: Any, tmp_path: Path
) -> None:
    """It is parked once, by whichever part meets it, and no row differs from the whole tables."""
    broken = ledger.entries[-1].replace(b"result/R-chen", b"measurement/BJ-2026-sales")
    ledger.append(broken.replace(b"result.application_flagged.v1", b"measurement.guessed.v1"))
    for measurement in ("BJ-2026-sales", "BJ-2026-cash"):
        changed = MeasurementCorrected(previous="1", value="2", explanation="更正")
        ledger.record(f"measurement/{measurement}", changed)
    parts = [open_one(ledger, partition=f"{number}/2") for number in (1, 2)]
    for opened in parts:
        _until(opened, "position", ledger.position)
    assert _served(parts[0]) == whole(ledger, ledger.position)
    with (
        parts[0].served.reading() as tables,
        closing(SqliteTables(tmp_path / f"whole-{ledger.position}.sqlite", VIEW_LIST)) as one,
    ):
        assert [row.stream for row in one.parked()] == ["measurement/BJ-2026-sales"]
        assert tables.parked() == one.parked()


def _schemas(schema: Schema) -> list[str]:
    with psycopg.connect(schema.views_url) as asking:
        found = asking.execute(
            "SELECT nspname::text FROM pg_namespace WHERE nspname ~ %s ORDER BY 1",
            (f"^{schema.name}(_|$)",),
        )
        return [name for (name,) in found]


@pytest.mark.parametrize("processes", [1, 2])
def test_tables_are_rebuilt_and_switched_while_parts_follow(
    open_one: Open,
    ledger: MemoryLedger,
    whole: Any,
    postgres_schema: Schema,
    monkeypatch: pytest.MonkeyPatch,
    processes: int,
) -> None:
    """A node that follows nothing rebuilds; the parts go on in what it built, and so do nodes."""
    monkeypatch.setattr(rebuild, "PARALLEL_ENTRIES_MIN", 1)
    parts = [open_one(ledger, partition=f"{number}/2") for number in (1, 2)]
    nodes = [open_one(ledger, following=False, rebuild_processes=processes) for _ in range(2)]
    for opened in (*parts, *nodes):
        _until(opened, "caught_up", value=True)
    rebuilt = []
    changed = MeasurementCorrected(previous="1", value="2", explanation="更正")
    for step in nodes[0].rebuilding.run():
        rebuilt.append(step)
        if isinstance(step, RebuiltView) and len(rebuilt) % 10 == 0:
            # The ledger goes on, and so do the parts, in the tables that are still served.
            position = ledger.record("measurement/BJ-2026-cash", changed)
            _until(nodes[1], "position", position)
    views = [step for step in rebuilt if isinstance(step, RebuiltView)]
    assert [view.view for view in views] == list(VIEWS)
    assert all(view.equal for view in views)
    position = ledger.record("measurement/BJ-2026-cash", changed)
    for opened in (*parts, *nodes):
        _until(opened, "checked_position", position)
        assert _served(opened) == whole(ledger, position)
        assert opened.parts() == {"1/2": position, "2/2": position}
    eventually(
        lambda: _schemas(postgres_schema) == [postgres_schema.name, f"{postgres_schema.name}_2"]
    )


def test_tables_are_divided_anew_without_a_rebuild(
    open_one: Open,
    ledger: MemoryLedger,
    whole: Any,
    monkeypatch: pytest.MonkeyPatch,
    postgres_schema: Schema,
    tmp_path: Path,
) -> None:
    """Parts that stand apart are brought together, and as many others go on; 1 makes a whole."""
    first = open_one(ledger, leave=False, partition="1/2")
    second = open_one(Gated(ledger, 60), leave=False, partition="2/2")
    eventually(lambda: first.parts() == {"1/2": ledger.position, "2/2": 60})
    settings = ProjectionsSettings(
        database_url_file=tmp_path / "database.url", database_schema=postgres_schema.name
    )
    monkeypatch.setattr(bootstrap, "feed_of", lambda _settings: ledger)
    with monkeypatch.context() as hasty:
        hasty.setitem(postgres_connections._SETTINGS, "lock_timeout", "50ms")  # noqa: SLF001
        with pytest.raises(TablesInUse):
            bootstrap.divide(settings, 3)
    first.close()
    second.close()
    assert bootstrap.divide(settings, 3) == ledger.position
    parts = [open_one(ledger, leave=False, partition=f"{number}/3") for number in (1, 2, 3)]
    changed = MeasurementCorrected(previous="1", value="2", explanation="更正")
    position = ledger.record("measurement/BJ-2026-cash", changed)
    for opened in parts:
        _until(opened, "position", position)
        assert _served(opened) == whole(ledger, position)
    for opened in parts:
        opened.close()
    assert bootstrap.divide(settings, 1) == position
    alone = open_one(ledger)
    eventually(lambda: alone.follower.caught_up)
    assert alone.parts() == {}
    assert _served(alone) == whole(ledger, position)


def test_older_tables_give_way_to_those_of_a_newer_version(
    open_one: Open, ledger: MemoryLedger, whole: Any, postgres_schema: Schema
) -> None:
    """The first part that starts makes them anew; whoever only reads waits for it."""
    older = [view for view in VIEW_LIST if view.name != "letters"]
    generations = PostgresGenerations(postgres_schema.views_url, postgres_schema.name, older)
    with closing(generations), closing(generations.open_part("1/2")) as tables:
        node_tables = generations.open_reading()
        with pytest.raises(TablesStale, match="letters"):
            open_one(ledger, following=False)
        assert tables.generation == 1
        tables.close()
        parts = [open_one(ledger, partition=f"{number}/2") for number in (1, 2)]
        for opened in parts:
            _until(opened, "caught_up", value=True)
        assert _served(parts[0]) == whole(ledger, ledger.position)
        with pytest.raises(TablesStale, match="letters"):
            generations.open_reading()
        # What an older process still reads stays until it leaves.
        assert node_tables.progress().position == 0
        assert f"{postgres_schema.name}_1" in _schemas(postgres_schema)
        node_tables.replaced = True
        node_tables.close()
    assert f"{postgres_schema.name}_1" not in _schemas(postgres_schema)


def test_a_node_that_follows_nothing_finds_a_forged_feed(
    open_one: Open, ledger: MemoryLedger
) -> None:
    """What the parts were fed is not what the ledger states: the node says so and goes on reading."""
    forged = MemoryLedger()
    forged.entries = [*ledger.entries[:-1], ledger.entries[-2]]
    parts = [open_one(forged, partition=f"{number}/2") for number in (1, 2)]
    node = open_one(ledger, following=False)
    eventually(lambda: node.follower.failure is not None)
    assert isinstance(node.follower.failure, FeedForged)
    answer = TestClient(create_app(node)).get("/v1/integrity").json()
    assert (answer["sound"], answer["following"]["running"]) == (False, False)
    assert "the ledger states" in answer["following"]["failure"]
    assert all(_part(opened).position == ledger.position for opened in parts)


def test_a_node_rebuilds_only_what_is_in_parts(open_one: Open, ledger: MemoryLedger) -> None:
    """Nobody would take over what it built: who follows the whole tables rebuilds them himself."""
    alone = open_one(ledger)
    node = open_one(ledger, following=False)
    eventually(lambda: alone.follower.caught_up and node.follower.caught_up)
    assert _served(node) == _served(alone)
    with pytest.raises(FollowingFailed, match="not divided into parts"):
        next(node.rebuilding.run())


def test_one_of_two_nodes_rebuilds(
    open_one: Open, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rebuild under way in another process is one under way."""
    monkeypatch.setitem(postgres_connections._SETTINGS, "lock_timeout", "500ms")  # noqa: SLF001
    parts = [open_one(ledger, partition=f"{number}/2") for number in (1, 2)]
    nodes = [open_one(ledger, following=False) for _ in range(2)]
    for opened in (*parts, *nodes):
        _until(opened, "caught_up", value=True)
    steps = nodes[0].rebuilding.run()
    next(steps)
    with pytest.raises(RebuildUnderWay):
        next(nodes[1].rebuilding.run())
    steps.close()
    assert all(step.equal for step in nodes[1].rebuilding.run() if isinstance(step, RebuiltView))


def test_tables_are_divided_by_a_command(
    open_one: Open,
    ledger: MemoryLedger,
    monkeypatch: pytest.MonkeyPatch,
    postgres_schema: Schema,
    tmp_path: Path,
) -> None:
    """It says where they stand then, or why it could not."""
    parts = [open_one(ledger, leave=False, partition=f"{number}/2") for number in (1, 2)]
    for opened in parts:
        _until(opened, "checked_position", ledger.position)
        opened.close()
    monkeypatch.setattr(bootstrap, "feed_of", lambda _settings: ledger)
    key = tmp_path / "reader.key"
    key.write_text("not asked for by a ledger in memory", "utf-8")
    words = [
        *("projections", "divide", "--key-file", str(key)),
        *("--database-schema", postgres_schema.name),
        *("--database-url-file", str(tmp_path / "database.url"), "--into"),
    ]
    told = CliRunner().invoke(app, [*words, "3"])
    assert (told.exit_code, told.stdout) == (
        0,
        f"the tables are in 3 parts, at position {ledger.position}\n",
    )
    one = open_one(ledger, partition="1/3")
    monkeypatch.setitem(postgres_connections._SETTINGS, "lock_timeout", "50ms")  # noqa: SLF001
    refused = CliRunner().invoke(app, [*words, "1"])
    assert (refused.exit_code, "another process writes" in refused.stderr) == (1, True)
    assert one.parts().keys() == {"1/3", "2/3", "3/3"}
