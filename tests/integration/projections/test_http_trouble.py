"""The query API in trouble: ledger gone, feed forged, rebuild hindered, a fault of its own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from opsledger_projections.bootstrap import open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.errors import ClockUnreadable, TablesUnwritable
from opsledger_projections.following import rebuild
from opsledger_projections.following.feed import FeedEntry, FeedHead, FeedUnreachable
from opsledger_projections.following.projector import Projector
from opsledger_projections.http.app import create_app
from opsledger_projections.projections import Projections
from opsledger_projections.tables.generations import SqliteGenerations
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.disputed_score import AUDITOR_KEY, LETTER, DisputedScore
from support.eventually import eventually
from support.feeds import MemoryLedger


@pytest.fixture
def ledger() -> MemoryLedger:
    """The ledger of the whole story."""
    return DisputedScore().tell().ledger


@pytest.fixture
def projections(ledger: MemoryLedger, tmp_path: Path) -> Iterator[Projections]:
    """A read side that has caught up."""
    with open_projections(ProjectionsSettings(directory=tmp_path), ledger) as opened:
        eventually(lambda: opened.follower.caught_up)
        yield opened


@pytest.fixture
def client(projections: Projections) -> Iterator[TestClient]:
    """An auditor's client, which gets to see what an outsider would."""
    with TestClient(create_app(projections), raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {AUDITOR_KEY}"
        yield client


def test_reads_go_on_without_the_ledger(client: TestClient, ledger: MemoryLedger) -> None:
    """A ledger that is gone is told by the integrity, and everything known is still answered."""
    ledger.unreachable = True
    found = client.get("/v1/integrity").json()
    assert found["ledger"]["reachable"] is False
    assert client.get(f"/v1/letters/{LETTER}").status_code == 200


def test_a_forged_root_is_an_alarm_on_the_spot(
    client: TestClient, ledger: MemoryLedger, projections: Projections
) -> None:
    """V30 compares now: a root that differs makes the read side unsound and not ready."""
    position = ledger.position
    ledger.head = lambda: FeedHead(position=position, root="0" * 64)  # type: ignore[method-assign]
    found = client.get("/v1/integrity").json()
    assert found["sound"] is False
    assert "root" in found["following"]["failure"]
    eventually(lambda: not projections.follower.running)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_caught_up")
    assert answer.headers["Retry-After"] == "1"
    # Once failed it stays failed: an alarm does not go away by asking again.
    assert client.get("/v1/integrity").json()["sound"] is False


def test_a_rebuild_without_the_ledger_is_refused(client: TestClient, ledger: MemoryLedger) -> None:
    """Before the answer has begun the problem is a problem document."""
    ledger.unreachable = True
    answer = client.post("/v1/rebuild")
    assert (answer.status_code, answer.json()["code"]) == (503, "ledger_unreachable")


def test_a_rebuild_that_loses_the_ledger_says_so_in_its_last_line(
    client: TestClient, ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the answer has begun the problem is its last line; the old tables stay served."""
    monkeypatch.setattr(rebuild, "PAGE_ENTRIES_MAX", 50)
    monkeypatch.setattr(rebuild, "BATCH_PAGES", 1)
    genuine = ledger.page

    def failing(after: int, limit: int, wait_s: float) -> list[FeedEntry]:
        if after == 100:
            raise FeedUnreachable("the ledger went away")
        return list(genuine(after, limit, wait_s))

    ledger.page = failing  # type: ignore[method-assign]
    lines = [json.loads(line) for line in client.post("/v1/rebuild").text.splitlines()]
    assert [line["event"] for line in lines] == ["progress", "progress", "failed"]
    assert lines[-1]["problem"]["code"] == "ledger_unreachable"
    assert client.get(f"/v1/letters/{LETTER}").status_code == 200


def test_a_second_rebuild_is_refused(client: TestClient, projections: Projections) -> None:
    """One rebuild at a time."""
    steps = projections.rebuilding.run()
    next(steps)
    answer = client.post("/v1/rebuild")
    assert (answer.status_code, answer.json()["code"]) == (409, "rebuild_running")
    steps.close()


def test_a_rebuild_that_differs_says_so(
    client: TestClient, projections: Projections, tmp_path: Path
) -> None:
    """The canary of the comparison: one row changed behind the back is found and healed."""
    with projections.served.reading() as tables:
        writer = tables._writer  # type: ignore[attr-defined]  # noqa: SLF001 - who else would.
        writer.execute("UPDATE view_units SET valid_to = '2026-01-01'")
    lines = [json.loads(line) for line in client.post("/v1/rebuild").text.splitlines()]
    different = [line["view"] for line in lines if line["event"] == "view" and not line["equal"]]
    assert different == ["units"]
    assert lines[-1]["equal"] is False
    again = [json.loads(line) for line in client.post("/v1/rebuild").text.splitlines()]
    assert again[-1]["equal"] is True


def test_a_fault_of_its_own_shows_a_reference_and_no_details(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the program did wrong is in its log; the answer is a problem document like any other."""

    def broken(self: object, *_: object) -> None:
        raise ZeroDivisionError("secret details")

    monkeypatch.setattr(SqliteTables, "select", broken)
    with capture_logs() as logs:
        answer = client.get("/v1/views/letters")
    assert (answer.status_code, answer.json()["code"]) == (500, "projections_fault")
    assert "secret" not in answer.text
    reference = answer.json()["facts"]["reference"]
    assert len(reference) == 16
    assert [log["reference"] for log in logs if log["event"] == "fault"] == [reference]


def test_a_scripted_clock_without_an_instant_is_told(tmp_path: Path, ledger: MemoryLedger) -> None:
    """A clock file that is missing or holds no instant is never taken for any time."""
    clock_file = tmp_path / "clock"
    settings = ProjectionsSettings(directory=tmp_path / "tables", clock_file=clock_file)
    with open_projections(settings, ledger) as opened:
        with pytest.raises(ClockUnreadable):
            opened.clock.now()
        clock_file.write_text("tomorrow", encoding="ascii")
        with pytest.raises(ClockUnreadable):
            opened.clock.now()


def test_a_full_disk_leaves_the_tables_as_they_were(tmp_path: Path, ledger: MemoryLedger) -> None:
    """Nothing is half-written when space ends, and the same tables go on when there is some."""
    views = list(VIEWS.values())
    tables = SqliteGenerations(tmp_path, views).open()
    projector = Projector(views, tables)
    projector.project(ledger.page(0, 50, 0))
    pages = tables._writer.execute("PRAGMA page_count").fetchone()[0]  # noqa: SLF001
    tables._writer.execute(f"PRAGMA max_page_count={pages}")  # noqa: SLF001
    with pytest.raises(TablesUnwritable):
        projector.project(ledger.page(50, 1_000, 0))
    assert tables.progress().position == projector.position == 50
    tables._writer.execute("PRAGMA max_page_count=1000000")  # noqa: SLF001
    projector.project(ledger.page(50, 1_000, 0))
    assert tables.progress().position == ledger.position
    tables.close()


def test_half_built_tables_of_an_older_view_are_begun_anew(
    tmp_path: Path, ledger: MemoryLedger
) -> None:
    """What an interrupted rebuild left is gone on with only if it was for the same views."""
    views = list(VIEWS.values())
    older = SqliteGenerations(tmp_path, views[1:])
    half_built = older.open_next(parted=False)
    Projector(views[1:], half_built).project(ledger.page(0, 10, 0))
    half_built.close()
    anew = SqliteGenerations(tmp_path, views).open_next(parted=False)
    assert (anew.stale, anew.progress().position) == ([], 0)
    anew.close()
