"""The named peer: the plain library's `Application` on SQLite or PostgreSQL, as its manual shows it.

It loads an aggregate, lets it decide, and saves it; one commit a request.
"""

import sqlite3
from typing import Any, Final
from uuid import NAMESPACE_OID, UUID, uuid5

from benchmarks.places import Place
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.postgres import PostgresDatastore, PostgresFactory
from eventsourcing.sqlite import SQLiteConnection, SQLiteConnectionPool, SQLiteFactory
from eventsourcing.utils import Environment
from psycopg.conninfo import conninfo_to_dict

CONNECTIONS: Final = 15
"""As many connections to SQLite as the library itself allows at most."""

POSTGRES_CONNECTIONS: Final = 32

WAIT_S: Final = 60
"""Longer than the library's default, so that no request is refused under load."""

Facts = dict[str, Any]


class DurablePool(SQLiteConnectionPool):
    """Connections that wait for the disk at every commit, as the ledger's does."""

    def _create_connection(self) -> SQLiteConnection:
        connection = super()._create_connection()
        native: sqlite3.Connection = connection._sqlite_conn  # noqa: SLF001 - the only way to it.
        native.execute("PRAGMA synchronous = FULL")
        return connection


class Thing(Aggregate):
    """One thing of any noun; `about` is what the ledger's envelope says, to be of the same size."""

    @event("Created")
    def __init__(self, noun: str, name: str, facts: Facts, about: Facts) -> None:
        self.noun = noun
        self.name = name
        self.facts = facts
        self.about = about

    @staticmethod
    def create_id(noun: str, name: str, **_: Any) -> UUID:
        """Tell the id of a thing."""
        return uuid5(NAMESPACE_OID, f"{noun}/{name}")

    @event("Changed")
    def change(self, facts: Facts, about: Facts) -> None:
        """Record what changed."""
        self.facts = self.facts | facts
        self.about = about


class Things(Application[UUID]):
    """Saves what one request leads to."""

    def __init__(self, place: Place) -> None:
        super().__init__(environment(place))

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Give the library's factory for SQLite connections that wait for the disk."""
        factory: InfrastructureFactory[Any] = super().construct_factory(env)
        if not isinstance(factory, SQLiteFactory):
            return factory
        before = factory.datastore.pool
        factory.datastore.pool = DurablePool(
            db_name=before.db_name,
            lock_timeout=WAIT_S,
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=WAIT_S,
        )
        before.close()
        return factory

    def create(self, noun: str, name: str, facts: Facts, about: Facts) -> int:
        """Save a new thing; gives its version."""
        thing = Thing(noun=noun, name=name, facts=facts, about=about)
        self.save(thing)
        return thing.version

    def change(self, noun: str, name: str, facts: Facts, about: Facts) -> int:
        """Load a thing and save its change; gives its version."""
        return self.record(noun, name, [(facts, about)])

    def record(self, noun: str, name: str, changes: list[tuple[Facts, Facts]]) -> int:
        """Load a thing and save changes together; gives its version."""
        thing: Thing = self.repository.get(Thing.create_id(noun, name))
        for facts, about in changes:
            thing.change(facts, about)
        self.save(thing)
        return thing.version

    def found(self, noun: str, name: str, changes: list[tuple[Facts, Facts]]) -> int:
        """Save a new thing with what befalls it at once; gives its version."""
        (facts, about), *rest = changes
        thing = Thing(noun=noun, name=name, facts=facts, about=about)
        for later in rest:
            thing.change(*later)
        self.save(thing)
        return thing.version

    def require_durable(self) -> None:
        """Refuse to be measured with commits that do not wait for the disk."""
        factory = self.factory
        if isinstance(factory, SQLiteFactory):
            with factory.datastore.get_connection(commit=True) as connection:
                cursor = connection.cursor()
                cursor.execute("PRAGMA synchronous")
                assert int(cursor.fetchone()[0]) == 2, "the peer must wait for the disk"
        else:
            assert isinstance(factory, PostgresFactory)
            datastore: PostgresDatastore = factory.datastore
            with datastore.get_connection() as connection:
                for setting in ("fsync", "synchronous_commit"):
                    row = connection.execute(f"SHOW {setting}").fetchone()
                    assert row is not None
                    assert row[setting] == "on", "the peer must wait for the disk"


def environment(place: Place) -> dict[str, str]:
    """Tell the library where its events are."""
    if place.directory:
        return {
            "PERSISTENCE_MODULE": "eventsourcing.sqlite",
            "SQLITE_DBNAME": str(place.folder / "peer.db"),
        }
    parts = conninfo_to_dict(place.url)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(parts["dbname"]),
        "POSTGRES_HOST": str(parts["host"]),
        "POSTGRES_PORT": str(parts["port"]),
        "POSTGRES_USER": str(parts["user"]),
        "POSTGRES_PASSWORD": str(parts.get("password", "")),
        "POSTGRES_POOL_SIZE": str(POSTGRES_CONNECTIONS),
        "POSTGRES_MAX_OVERFLOW": "0",
        "POSTGRES_CONNECT_TIMEOUT": str(WAIT_S),
        "POSTGRES_IDLE_IN_TRANSACTION_SESSION_TIMEOUT": str(WAIT_S),
        # Then it inserts by functions of the database, which take no lock on the table.
        "POSTGRES_ENABLE_DB_FUNCTIONS": "y" if place.kind == "library-functions" else "",
    }
