"""A log of one test on each database: in a place of its own, open and closed afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger_ledger.recording.log import Log
from support.databases import new_schema
from support.log_places import PostgresPlace, SqlitePlace


@pytest.fixture(params=["sqlite", "postgres"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    """A new, empty log on either database."""
    if request.param == "sqlite":
        opened: Log = SqlitePlace(tmp_path / "ledger").open()
    else:
        schema = new_schema(request.getfixturevalue("postgres_server"))
        place = PostgresPlace(schema, tmp_path / "personal.key")
        place.migrate()
        opened = place.open()
    yield opened
    opened.close()
