"""Tables in a temporary directory, and the story they are filled with."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opsledger_projections.tables.port import Tables
from opsledger_projections.tables.postgres import PostgresTables
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.databases import Schema
from support.disputed_score import DisputedScore

OpenTables = Callable[[str], Tables]


@pytest.fixture(scope="session")
def story() -> DisputedScore:
    """S1 and S2 as events; nobody may record more into it."""
    return DisputedScore().tell()


@pytest.fixture(params=["sqlite", "postgres"])
def open_tables(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenTables]:
    """Open tables by name on each database; opened again, they are closed before."""
    opened: dict[str, Tables] = {}
    if request.param == "postgres":
        schema: Schema = request.getfixturevalue("postgres_schema")

    def open_one(name: str) -> Tables:
        if name in opened:
            opened.pop(name).close()
        views = list(VIEWS.values())
        if request.param == "sqlite":
            opened[name] = SqliteTables(tmp_path / f"{name}.sqlite", views)
        else:
            own = f"{schema.name}_{name.replace('-', '_')}"
            opened[name] = PostgresTables(schema.views_url, own, views)
        return opened[name]

    yield open_one
    for tables in opened.values():
        if isinstance(tables, PostgresTables):
            tables.drop()
        tables.close()


@pytest.fixture
def unused_address() -> str:
    """The address of a loopback port at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"
