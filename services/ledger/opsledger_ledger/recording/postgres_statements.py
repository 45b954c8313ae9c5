"""Statements that are prepared for a connection, and go to the server together.

They speak to the database's own client library. The driver's pipeline ends with a message after
which the server no longer counts how long a transaction says nothing, so that a paused process
could hold the head for as long as it likes; and it makes a cursor for each statement.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from select import POLLIN, POLLOUT, poll
from typing import Final, NamedTuple

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

from opsledger_ledger.recording.postgres_connections import Connection


class Statement(NamedTuple):
    """A statement under a name; its parameters and rows are in the binary format."""

    name: bytes
    text: bytes
    parameters: tuple[int, ...] = ()
    """The numbers of their types in the catalogue, the same in every database."""


class PreparedStatements:
    """The statements of one connection."""

    def __init__(self, connection: Connection, statements: Sequence[Statement]) -> None:
        """Prepare them.

        Raises:
            psycopg.Error: the server refuses one, or is gone.
        """
        self.connection: Final = connection
        self._native = connection.pgconn
        self._readable = poll()
        self._readable.register(self._native.socket, POLLIN)
        self._writable = poll()
        self._writable.register(self._native.socket, POLLIN | POLLOUT)
        with self.together():
            for statement in statements:
                self._native.send_prepare(statement.name, statement.text, statement.parameters)

    @contextmanager
    def together(self) -> Iterator[list[PGresult]]:
        """Let what the block sends be one round trip; the results are there when it has ended.

        After a statement that was refused the server passes over the others.

        Raises:
            psycopg.Error: the first refusal, or the connection is lost. The results of the
                statements before are there.
        """
        results: list[PGresult] = []
        self._native.enter_pipeline_mode()
        try:
            yield results
        finally:
            self._native.pipeline_sync()
            self._receive(results)
        for result in results:
            if result.status == ExecStatus.FATAL_ERROR:
                raise error_from_result(result)

    def send(self, statement: Statement, parameters: Sequence[bytes] = ()) -> None:
        """Send a statement within ``together``, for the server to begin with at once."""
        formats = (Format.BINARY,) * len(parameters)
        self._native.send_query_prepared(
            statement.name, parameters, formats, result_format=Format.BINARY
        )
        self._native.flush()

    def _receive(self, results: list[PGresult]) -> None:
        """Take the results as far as the server was asked for them."""
        native = self._native
        try:
            while True:
                self._wait()
                result = native.get_result()
                if result is None:
                    self._require_connected()
                elif result.status == ExecStatus.PIPELINE_SYNC:
                    break
                else:
                    results.append(result)
        except psycopg.OperationalError:
            # Why the server ended the connection says more than that it did.
            if all(result.status != ExecStatus.FATAL_ERROR for result in results):
                raise
        else:
            native.exit_pipeline_mode()

    def _require_connected(self) -> None:
        """Tell a statement that has no more results from a connection that will have none."""
        if self._native.status == ConnStatus.BAD:
            raise psycopg.OperationalError(self._native.get_error_message())

    def _wait(self) -> None:
        """Send what was not sent, and read until a result is there."""
        native = self._native
        while native.flush():
            for _, ready in self._writable.poll():
                if ready & ~POLLOUT:
                    native.consume_input()
        while native.is_busy():
            self._readable.poll()
            native.consume_input()


def rows_of(result: PGresult) -> list[list[bytes]]:
    """Return the rows of a result; none of ours has a NULL."""
    columns = range(result.nfields)
    return [
        [result.get_value(row, column) or b"" for column in columns]
        for row in range(result.ntuples)
    ]
