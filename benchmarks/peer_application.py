"""The named peer: the plain library's `Application` on a file of SQLite, as its manual shows it."""

import sqlite3
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import InfrastructureFactory
from eventsourcing.sqlite import SQLiteConnection, SQLiteConnectionPool, SQLiteFactory
from eventsourcing.utils import Environment

CONNECTIONS = 15
"""As many as the library itself allows at most."""

WAIT_S = 60
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
    """Saves one event per request."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            {
                "PERSISTENCE_MODULE": "eventsourcing.sqlite",
                "SQLITE_DBNAME": str(directory / "peer.db"),
            }
        )

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """Give the library's factory connections that wait for the disk."""
        factory: InfrastructureFactory[Any] = super().construct_factory(env)
        assert isinstance(factory, SQLiteFactory)
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
        thing: Thing = self.repository.get(Thing.create_id(noun, name))
        thing.change(facts, about)
        self.save(thing)
        return thing.version

    def synchronous(self) -> int:
        """Tell what `PRAGMA synchronous` says on a connection of the pool."""
        assert isinstance(self.factory, SQLiteFactory)
        with self.factory.datastore.get_connection(commit=True) as connection:
            cursor = connection.cursor()
            cursor.execute("PRAGMA synchronous")
            return int(cursor.fetchone()[0])
