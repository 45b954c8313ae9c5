"""Where a log lies in a test: a directory for SQLite, or a schema on PostgreSQL."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import pytest

from opsledger_ledger.recording.log import Log
from opsledger_ledger.recording.postgres_connections import PostgresConnections
from opsledger_ledger.recording.postgres_log import PostgresLog, open_postgres_log
from opsledger_ledger.recording.postgres_schema import migrate
from opsledger_ledger.recording.sqlite_log import SqliteLog, open_log
from support.databases import SERVICE, Schema, new_schema
from support.log_entries import fill

ON_SQLITE: Final = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
ON_POSTGRES: Final = pytest.mark.parametrize("place", ["postgres"], indirect=True)
"""Marks of a test that is about one database only."""


class Place(Protocol):
    """Where one log lies, open or not."""

    def settings(self) -> dict[str, str]:
        """Return what tells a ledger service that the log lies here."""

    def open(self, *, writing: bool = True, checking: bool = True) -> Log:
        """Open the log, which is new and empty the first time."""


@dataclass(frozen=True)
class SqlitePlace:
    """A directory."""

    directory: Path

    def settings(self) -> dict[str, str]:
        """Return what tells a ledger service that the log lies here."""
        return {"directory": str(self.directory)}

    def open(self, *, writing: bool = True, checking: bool = True) -> SqliteLog:
        """Open the log, which is new and empty the first time."""
        return open_log(self.directory, writing=writing, checking=checking)


@dataclass(frozen=True)
class PostgresPlace:
    """A schema that its owner has migrated, and the key file of the service."""

    schema: Schema
    personal_key_file: Path

    def migrate(self) -> list[int]:
        """Make or bring up the layout, as its owner; the numbers of the steps done."""
        connection = PostgresConnections(self.schema.owner_url, self.schema.name).connect()
        with connection:
            return migrate(connection, self.schema.name, SERVICE)

    def settings(self) -> dict[str, str]:
        """Return what tells a ledger service that the log lies here."""
        return {
            "database_url": self.schema.service_url,
            "database_schema": self.schema.name,
            "personal_key_file": str(self.personal_key_file),
        }

    def open(self, *, writing: bool = True, checking: bool = True) -> PostgresLog:
        """Open the log as the service does."""
        return open_postgres_log(
            self.schema.service_url,
            self.schema.name,
            writing=writing,
            checking=checking,
            personal_key_file=self.personal_key_file,
        )


def filled_at(place: Place, count: int, **options: int) -> Log:
    """A new log with ``count`` entries."""
    log = place.open()
    fill(log, count, **options)
    return log


def new_place(request: pytest.FixtureRequest, kind: str, directory: Path) -> Place:
    """A place for a new log on the database of a kind, ``sqlite`` or ``postgres``."""
    if kind == "sqlite":
        return SqlitePlace(directory / "ledger")
    schema = new_schema(request.getfixturevalue("postgres_server"))
    place = PostgresPlace(schema, directory / "personal.key")
    assert place.migrate() == [1]
    return place


@pytest.fixture
def sqlite_place(tmp_path: Path) -> SqlitePlace:
    """A directory for a new log on SQLite."""
    return SqlitePlace(tmp_path / "ledger")


@pytest.fixture
def postgres_place(request: pytest.FixtureRequest, tmp_path: Path) -> PostgresPlace:
    """A schema for a new log on PostgreSQL, migrated by its owner."""
    place = new_place(request, "postgres", tmp_path)
    assert isinstance(place, PostgresPlace)
    return place


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place for a new log, on either database."""
    return new_place(request, request.param, tmp_path)
