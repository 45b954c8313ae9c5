"""Waiting for the head to move: told by the database where it can be, looking where it cannot."""

from threading import Lock
from time import monotonic
from typing import Final

import psycopg
from psycopg.sql import SQL, Identifier

from opsledger_ledger.recording.log import LogBusy
from opsledger_ledger.recording.postgres_connections import (
    Connection,
    PostgresConnections,
    rows,
)
from opsledger_ledger.recording.postgres_errors import connection_lost, translated
from opsledger_ledger.recording.postgres_reads import SELECT_HEAD, head_of

POLL_S: Final = 1.0
"""Longest wait between two looks at the head: what a lost notification costs at most."""


class HeadListener:
    """Connections that listen; each waiting thread has one to itself while it waits."""

    def __init__(self, connections: PostgresConnections, channel: str) -> None:
        self._connections = connections
        self._listen = SQL("LISTEN {}").format(Identifier(channel))
        self._idle: list[Connection] = []
        self._lock = Lock()
        self._closed = False

    def wait(self, position: int, timeout_s: float, besides: int) -> int:
        """Return the head's position once it is beyond ``position``, or when the time is over.

        Notifications by the server's process ``besides`` do not count.

        Raises:
            RecordingError: the database cannot be reached.
        """
        deadline = monotonic() + timeout_s
        connection = self._taken()
        try:
            while True:
                # It listened before it looks, so that no commit falls in between.
                found = head_of(rows(connection, SELECT_HEAD)).position
                left = deadline - monotonic()
                if found > position or left <= 0 or self._closed:
                    return found
                for told in connection.notifies(timeout=min(left, POLL_S)):
                    if told.pid != besides:
                        break
        except psycopg.Error as error:
            raise translated(error) from error
        finally:
            self._give_back(connection)

    def close(self) -> None:
        """Close the connections that nobody waits on; the others follow when they are given back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _taken(self) -> Connection:
        with self._lock:
            if self._closed:
                raise LogBusy("the log is closed")
            if self._idle:
                return self._idle.pop()
        connection = self._connections.connect(default_transaction_read_only="on")
        try:
            connection.execute(self._listen)
        except psycopg.Error as error:
            connection.close()
            raise translated(error) from error
        return connection

    def _give_back(self, connection: Connection) -> None:
        with self._lock:
            if not self._closed and not connection_lost(connection):
                self._idle.append(connection)
                return
        connection.close()
