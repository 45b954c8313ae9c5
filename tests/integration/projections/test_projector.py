"""The projector: the same tables in any batch size and from any crash; faults stay local."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from opsledger_contracts.events.case import CaseFiled
from opsledger_contracts.events.measurement import (
    MeasurementAttested,
    MeasurementCorrected,
    MeasurementRecorded,
)
from opsledger_projections.errors import EntryUnreadable, FeedOutOfOrder
from opsledger_projections.following import folding
from opsledger_projections.following import projector as projector_module
from opsledger_projections.following.projector import EVERY_VIEW, Projector
from opsledger_projections.tables.digest import digest
from opsledger_projections.tables.port import BODY, KEY, POSITION, Tables
from opsledger_projections.tables.postgres import PostgresTables
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from opsledger_projections.views.view import View
from support.crashing_tables import CrashingTables
from support.databases import Schema
from support.disputed_score import DisputedScore
from support.feeds import MemoryLedger

VIEW_LIST: Sequence[View] = list(VIEWS.values())


def _digests(tables: Tables) -> dict[str, str]:
    position = tables.progress().position
    return {view.name: digest(tables, view, position) for view in VIEW_LIST}


def _projected(tables: Tables, ledger: MemoryLedger, batch: int) -> Projector:
    projector = Projector(VIEW_LIST, tables)
    for page in ledger.pages(batch):
        projector.project(page)
    return projector


def test_any_batch_size_gives_the_same_tables(story: DisputedScore, open_tables: Any) -> None:
    """P10: batches of 1, 7 and 500 give equal digests of every view, and the ledger's root."""
    digests = []
    for batch in (1, 7, 500):
        tables = open_tables(f"batch-{batch}")
        projector = _projected(tables, story.ledger, batch)
        assert projector.root == story.ledger.head().root
        assert tables.parked() == []
        digests.append(_digests(tables))
    assert digests[0] == digests[1] == digests[2]
    assert len(set(digests[0].values())) > 1


def test_both_databases_give_the_same_tables(
    story: DisputedScore, tmp_path: Path, postgres_schema: Schema
) -> None:
    """P10, P11: the digest of every view is the same on SQLite and on PostgreSQL."""
    on_file = SqliteTables(tmp_path / "tables.sqlite", VIEW_LIST)
    on_server = PostgresTables(postgres_schema.views_url, postgres_schema.name, VIEW_LIST)
    _projected(on_file, story.ledger, 40)
    _projected(on_server, story.ledger, 60)
    assert _digests(on_file) == _digests(on_server)
    on_file.close()
    on_server.drop()
    on_server.close()


def test_a_digest_tells_a_changed_row(story: DisputedScore, open_tables: Any) -> None:
    """The canary of P10: one changed value in one row changes the digest of its view, no other."""
    tables = open_tables("canary")
    _projected(tables, story.ledger, 500)
    before = _digests(tables)
    tables._writer.execute(  # noqa: SLF001 - nobody else writes into tables.
        "UPDATE view_letters SET valid_from = '2026-01-01' "
        "WHERE position_from = (SELECT max(position_from) FROM view_letters)"
    )
    after = _digests(tables)
    assert {name for name in before if before[name] != after[name]} == {"letters"}


@pytest.mark.parametrize(
    ("after_commit", "reopen"),
    [(False, False), (True, True)],
    ids=["before-commit-go-on", "after-commit-reopen"],
)
def test_a_crash_at_every_checkpoint_leaves_no_trace(
    story: DisputedScore, open_tables: Any, *, after_commit: bool, reopen: bool
) -> None:
    """P10: after a crash at the k-th batch, for every k, equal tables come out."""
    expected = _digests_of(story, open_tables("expected"))
    pages = -(-story.ledger.position // 25)
    for crash_at in range(1, pages + 1):
        tables = open_tables(f"crash-{crash_at}")
        crashing = CrashingTables(tables, crash_at, after_commit=after_commit)
        projector = Projector(VIEW_LIST, crashing)
        with pytest.raises(OSError, match="crash"):
            _follow(projector, story.ledger)
        if reopen:
            tables = open_tables(f"crash-{crash_at}")
            projector = Projector(VIEW_LIST, tables)
        _follow(projector, story.ledger)
        assert _digests(tables) == expected


@pytest.mark.parametrize("rows_kept_max", [0, 100_000])
def test_what_is_folded_ahead_leaves_no_trace(
    story: DisputedScore, open_tables: Any, monkeypatch: pytest.MonkeyPatch, rows_kept_max: int
) -> None:
    """P10: folding while the entries before are written gives equal tables, with a crash or not.

    With `rows_kept_max` 0 every row is looked up again in tables that are being written.
    """
    expected = _digests_of(story, open_tables("expected"))
    monkeypatch.setattr(projector_module, "STRIDE", 9)
    monkeypatch.setattr(folding, "ROWS_KEPT_MAX", rows_kept_max)
    strides = -(-story.ledger.position // 9)
    for crash_at in (1, strides // 2, strides, strides + 1):
        tables = open_tables(f"ahead-{crash_at}")
        projector = Projector(VIEW_LIST, CrashingTables(tables, crash_at, after_commit=False))
        entries = story.ledger.page(0, story.ledger.position, 0)
        if crash_at <= strides:
            with pytest.raises(OSError, match="crash"):
                projector.project(entries)
            # What was written before the crash stands, and nothing of what was folded ahead of it.
            assert projector.position == tables.progress().position == 9 * (crash_at - 1)
        projector.project(entries[projector.position :])
        assert projector.root == story.ledger.head().root
        assert _digests(tables) == expected


def _digests_of(story: DisputedScore, tables: Tables) -> dict[str, str]:
    _projected(tables, story.ledger, 500)
    return _digests(tables)


def _follow(projector: Projector, ledger: MemoryLedger) -> None:
    while page := ledger.page(projector.position, 25, 0):
        projector.project(page)


def test_an_unreadable_event_parks_its_stream_and_no_other(open_tables: Any) -> None:
    """Stop the key, not the ledger: the parked stream shows event, error and code version."""
    story = DisputedScore().tell()
    ledger = story.ledger
    broken = ledger.entries[-1].replace(b"result/R-chen", b"measurement/BJ-2026-sales")
    broken = broken.replace(b"result.application_flagged.v1", b"measurement.guessed.v1")
    ledger.append(broken)
    ledger.record(
        "measurement/BJ-2026-sales",
        MeasurementCorrected(previous="210000", value="1", explanation="更正"),
    )
    ledger.record(
        "measurement/BJ-2026-cash",
        MeasurementCorrected(previous="127500", value="2", explanation="更正"),
    )
    tables = open_tables("parked")
    _projected(tables, ledger, 7)
    (parked,) = tables.parked()
    assert (parked.view, parked.stream) == (EVERY_VIEW, "measurement/BJ-2026-sales")
    assert parked.position == ledger.position - 2
    assert "measurement.guessed.v1" in parked.error
    measurements = VIEWS["measurements"]
    position = tables.progress().position
    assert position == ledger.position
    values = {
        key: tables.read(measurements, key, position).row(measurements).body["value"]
        for key in ("BJ-2026-sales", "BJ-2026-cash")
    }
    assert values == {"BJ-2026-sales": "210000", "BJ-2026-cash": "2"}
    # After reopening the stream is still parked: nothing of it slips in behind the gap.
    ledger.record(
        "measurement/BJ-2026-sales",
        MeasurementCorrected(previous="1", value="3", explanation="更正"),
    )
    projector = Projector(VIEW_LIST, tables)
    projector.project(ledger.page(projector.position, 10, 0))
    assert len(tables.parked()) == 1
    row = tables.read(measurements, "BJ-2026-sales", projector.position)
    assert row.row(measurements).body["value"] == "210000"
    # The entries are kept for whoever can read them one day, under no key.
    kept = [row[BODY] for row in tables.every(VIEWS["trail"], ledger.position) if not row[KEY]]
    assert kept == [broken, ledger.entries[-3], ledger.entries[-1]]


def test_an_event_a_view_fails_on_parks_the_stream_in_that_view_alone(open_tables: Any) -> None:
    """An act of a case that was never opened fails in the view of cases; the trail still has it."""
    ledger = MemoryLedger()
    ledger.record("case/C-1", CaseFiled(recipient="P-1"))
    tables = open_tables("one-view")
    _projected(tables, ledger, 1)
    assert [(row.view, row.stream, row.position) for row in tables.parked()] == [
        ("cases", "case/C-1", 1)
    ]
    assert tables.read(VIEWS["trail"], "case/C-1:000000001", 1) is not None


def test_a_gap_in_the_feed_is_refused(story: DisputedScore, open_tables: Any) -> None:
    """Nothing is projected past a missing entry, nor an entry twice."""
    projector = Projector(VIEW_LIST, open_tables("gap"))
    page = story.ledger.page(0, 10, 0)
    with pytest.raises(FeedOutOfOrder):
        projector.project([*page[:3], *page[4:]])
    assert projector.position == 0
    projector.project(page)
    with pytest.raises(FeedOutOfOrder):
        projector.project(page)
    assert projector.position == 10


def test_bytes_that_are_no_envelope_stop_the_projector(open_tables: Any) -> None:
    """What is no entry at all is a fault of the feed and is never skipped."""
    ledger = MemoryLedger()
    ledger.append(b"{}")
    projector = Projector(VIEW_LIST, open_tables("no-envelope"))
    with pytest.raises(EntryUnreadable):
        projector.project(ledger.page(0, 10, 0))
    assert projector.position == 0


def test_reads_as_of_a_position_never_change(story: DisputedScore, open_tables: Any) -> None:
    """P12: what was read as of a position is read again after every later write, byte for byte."""
    tables = open_tables("as-of")
    projector = Projector(VIEW_LIST, tables)
    seen: dict[int, dict[str, str]] = {}
    for page in story.ledger.pages(20):
        projector.project(page)
        position = projector.position
        seen[position] = {view.name: digest(tables, view, position) for view in VIEW_LIST}
    for position, digests in seen.items():
        assert digests == {view.name: digest(tables, view, position) for view in VIEW_LIST}


def test_a_list_that_grows_is_read_as_it_was(open_tables: Any) -> None:
    """P12: a row shows the elements its list had as of a position, in order, in any batches."""
    ledger = MemoryLedger()
    ledger.record("measurement/M-1", _recorded(), *[MeasurementAttested(value="1")] * 30)
    tables = open_tables("growing")
    _projected(tables, ledger, 7)
    view = VIEWS["measurements"]
    for position in (1, 2, 8, 31):
        body = tables.read(view, "M-1", position).row(view).body
        found = [one["recorded"]["position"] for one in body.get("attestations", [])]
        assert found == list(range(2, position + 1))
    histories = [row.row(view).body for row in tables.history(view, "M-1", 31)]
    assert [len(body.get("attestations", [])) for body in histories] == list(range(31))
    # The row was written when it came and when its status changed; what its list grew by stands
    # in the entries alone.
    assert [row[POSITION] for row in tables.every(view, 31)] == [1, 2]
    assert not any(b"attestations" in row[BODY] for row in tables.every(view, 31))


def _recorded() -> MeasurementRecorded:
    return MeasurementRecorded(
        measurement="M-1",
        indicator="SALES",
        subject="BJ",
        period="2026",
        value="1",
        unit="万元",
        source_system="ERP",
    )


class CountingTables:
    """Tables that count how often folding asks for rows."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.asked = 0

    def open_rows(self, *args: Any) -> Any:
        """Count, and hand through."""
        self.asked += 1
        return self._tables.open_rows(*args)

    def __getattr__(self, name: str) -> Any:
        """Hand everything else through."""
        return getattr(self._tables, name)


def test_forgotten_rows_are_read_for_a_batch_at_once(
    story: DisputedScore, open_tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A projector that keeps no row reads by batch, not by event, and gives the same tables."""
    expected = _digests_of(story, open_tables("expected"))
    monkeypatch.setattr(folding, "ROWS_KEPT_MAX", 0)
    ledger = story.ledger
    asked = []
    for batch in (1, 25):
        tables = CountingTables(open_tables(f"forgetful-{batch}"))
        projector = Projector(VIEW_LIST, tables)
        for page in ledger.pages(batch):
            projector.project(page)
        asked.append(tables.asked)
        assert _digests(tables) == expected
    by_event, by_batch = asked
    assert 2 * by_batch < by_event


def test_tables_of_another_version_are_stale(tmp_path: Path) -> None:
    """A view that changed its version, came or went calls for a rebuild."""
    path = tmp_path / "stale.sqlite"
    SqliteTables(path, VIEW_LIST).close()
    changed = [replace(view, version=view.version + 1) for view in VIEW_LIST[:1]]
    tables = SqliteTables(path, [*changed, *VIEW_LIST[2:]])
    assert tables.stale == sorted(view.name for view in VIEW_LIST[:2])
    tables.close()
