"""What is stored, read back in one way from everybody who is measured.

A live reader goes by positions, as any subscriber would; what it finds at the end is held against
what was sent.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import psycopg
import umadb
from benchmarks.ledgers import opened_log
from benchmarks.peer_application import Things
from benchmarks.places import Place

from opsledger_contracts.canonical import canonical
from opsledger_contracts.evidence.merkle import leaf_hash

PAGE: Final = 1_000


class Event(NamedTuple):
    """One stored event: its place, and its content in canonical form."""

    position: int
    stream: str
    version: int
    content: bytes


class Store(Protocol):
    """Reads what is stored, in order of position."""

    def page(self, after: int) -> Sequence[Event]:
        """Read some of the events after a position, ascending; empty when there is none yet."""

    def close(self) -> None:
        """Give the connection back."""


class LedgerStore:
    """Our log, on a directory or a database, opened for reading only."""

    def __init__(self, place: Place) -> None:
        self._log = opened_log(place, writing=False)

    def page(self, after: int) -> list[Event]:
        """Read a page; each leaf hash must be that of its entry."""
        page = []
        for stored in self._log.entries(after, PAGE):
            assert leaf_hash(stored.entry) == stored.leaf
            page.append(Event(stored.position, stored.stream, stored.version, stored.entry))
        return page

    def close(self) -> None:
        """Close the log."""
        self._log.close()


class RowsStore:
    """Plain rows in a table of SQLite or PostgreSQL."""

    def __init__(self, place: Place) -> None:
        query = "SELECT position, stream, version, entry FROM entries WHERE position > {0} "
        query += "ORDER BY position LIMIT {0}"
        self._connection: sqlite3.Connection | psycopg.Connection[Any]
        if place.directory:
            uri = (place.folder / "rows.db").absolute().as_uri() + "?mode=ro"
            self._connection = sqlite3.connect(
                uri, uri=True, isolation_level=None, check_same_thread=False
            )
            self._query = query.format("?")
        else:
            self._connection = psycopg.connect(place.url, autocommit=True)
            self._query = query.format("%s")

    def page(self, after: int) -> list[Event]:
        """Read a page."""
        found = self._connection.execute(self._query, (after, PAGE))
        return [
            Event(position, stream, version, bytes(entry))
            for position, stream, version, entry in found.fetchall()
        ]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class LibraryStore:
    """The library's notifications."""

    def __init__(self, place: Place) -> None:
        self._things = Things(place)

    def page(self, after: int) -> list[Event]:
        """Read a page; what an event says of its place must be where it is."""
        page = []
        for notification in self._things.recorder.select_notifications(
            after, PAGE, inclusive_of_start=False
        ):
            event: Any = self._things.mapper.to_domain_event(notification)
            entry = event.about | {"data": event.facts}
            assert event.originator_version == entry["streamversion"]
            page.append(_event(notification.id, entry))
        return page

    def close(self) -> None:
        """Close the application."""
        self._things.close()


class MessagesStore:
    """message-db, read by its own function for the messages of a category."""

    def __init__(self, place: Place) -> None:
        self._connection = psycopg.connect(place.url, autocommit=True)

    def page(self, after: int) -> list[Event]:
        """Read a page; a message's place in its stream begins with 0."""
        found = self._connection.execute(
            "SELECT global_position, position, data "
            "FROM message_store.get_category_messages('letter', %s, %s)",
            (after + 1, PAGE),
        ).fetchall()
        page = []
        for position, version, data in found:
            event = _event(position, msgspec.json.decode(data))
            assert event.version == version + 1
            page.append(event)
        return page

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class UmaStore:
    """UmaDB over gRPC."""

    def __init__(self, place: Place) -> None:
        self._client = umadb.Client(place.url)

    def page(self, after: int) -> list[Event]:
        """Read a page."""
        return [
            _event(read.position, msgspec.json.decode(read.event.data))
            for read in self._client.read(start=after + 1, limit=PAGE)
        ]

    def close(self) -> None:
        """Close the client."""
        self._client.close()


def _event(position: int, entry: dict[str, Any]) -> Event:
    return Event(position, entry["subject"], entry["streamversion"], canonical(entry))


STORES: Final[dict[str, Callable[[Place], Store]]] = {
    "ledger": LedgerStore,
    "rows": RowsStore,
    "library": LibraryStore,
    "library-functions": LibraryStore,
    "message-db": MessagesStore,
    "umadb": UmaStore,
}


def opened(place: Place) -> Store:
    """Open the store of a place for reading."""
    return STORES[place.kind](place)
