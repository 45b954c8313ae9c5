"""However entries are batched, interrupted and forgotten in between, the tables are the same."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.cluster.postgres import PostgresServer
from opsledger_projections.following import folding
from opsledger_projections.following.projector import Projector
from opsledger_projections.tables.digest import digest
from opsledger_projections.tables.port import Tables
from opsledger_projections.tables.postgres import PostgresTables
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.databases import new_schema
from support.disputed_score import DisputedScore

VIEW_LIST = list(VIEWS.values())

Open = Callable[[], Tables]
NewTables = Callable[[], AbstractContextManager[Open]]
"""Makes a place for tables that are opened any number of times, and then thrown away."""


@contextmanager
def _on_sqlite() -> Iterator[Open]:
    with tempfile.TemporaryDirectory() as directory:
        yield lambda: SqliteTables(Path(directory) / "tables.sqlite", VIEW_LIST)


@contextmanager
def _on_postgres(server: PostgresServer) -> Iterator[Open]:
    schema = new_schema(server)

    def opened() -> PostgresTables:
        return PostgresTables(schema.views_url, schema.name, VIEW_LIST)

    yield opened
    tables = opened()
    tables.drop()
    tables.close()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def new_tables(request: pytest.FixtureRequest) -> NewTables:
    """A way to new tables on each database."""
    if request.param == "sqlite":
        return _on_sqlite
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return lambda: _on_postgres(server)


@cache
def _story() -> DisputedScore:
    return DisputedScore().tell()


def _digests(new_tables: NewTables, batches: list[int], reopened: list[bool]) -> dict[str, str]:
    """Project the story in batches of these sizes in turn, reopening tables where told."""
    ledger = _story().ledger
    with new_tables() as opened:
        tables = opened()
        projector = Projector(VIEW_LIST, tables)
        turn = 0
        while page := ledger.page(projector.position, batches[turn % len(batches)], 0):
            projector.project(page)
            if reopened[turn % len(reopened)]:
                tables.close()
                tables = opened()
                projector = Projector(VIEW_LIST, tables)
            turn += 1
        found = {view.name: digest(tables, view, projector.position) for view in VIEW_LIST}
        assert tables.parked() == []
        tables.close()
        return found


@cache
def _expected() -> dict[str, str]:
    return _digests(_on_sqlite, [1_000], [False])


@given(
    batches=st.lists(st.integers(min_value=1, max_value=60), min_size=1, max_size=6),
    reopened=st.lists(st.booleans(), min_size=1, max_size=4),
)
@settings(max_examples=15, deadline=None)
def test_batches_and_restarts_leave_no_trace(
    new_tables: NewTables, batches: list[int], reopened: list[bool]
) -> None:
    """P10: any batching with any restarts gives the digests of one batch, on either database."""
    assert _digests(new_tables, batches, reopened) == _expected()


@pytest.mark.parametrize("rows_kept_max", [0, 1, 10])
def test_forgetting_rows_between_batches_leaves_no_trace(
    new_tables: NewTables, rows_kept_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are not kept in memory are read again from the tables, with the same result."""
    expected = _expected()
    monkeypatch.setattr(folding, "ROWS_KEPT_MAX", rows_kept_max)
    assert _digests(new_tables, [1], [False]) == expected
    assert _digests(new_tables, [13, 2], [False]) == expected
