"""Tables in a temporary directory, and the story they are filled with."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.disputed_score import DisputedScore

OpenTables = Callable[[str], SqliteTables]


@pytest.fixture(scope="session")
def story() -> DisputedScore:
    """S1 and S2 as events; nobody may record more into it."""
    return DisputedScore().tell()


@pytest.fixture
def open_tables(tmp_path: Path) -> Iterator[OpenTables]:
    """Open tables by name in the test's directory; all are closed at the end."""
    opened: list[SqliteTables] = []

    def open_one(name: str) -> SqliteTables:
        tables = SqliteTables(tmp_path / f"{name}.sqlite", list(VIEWS.values()))
        opened.append(tables)
        return tables

    yield open_one
    for tables in opened:
        tables.close()


@pytest.fixture
def unused_address() -> str:
    """The address of a loopback port at which nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{held.getsockname()[1]}"
