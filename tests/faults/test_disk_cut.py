"""What was told is on the disk, whatever waits in the memory of the machine (P2, P3)."""

import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

import pytest

from opsledger.cluster.postgres import PostgresServer
from opsledger_ledger.recording.log import RecordingError
from opsledger_ledger.recording.verification import verify
from support.databases import SERVER, new_schema, postgres_server_in
from support.fault_counts import report, rounds, skip_if_reported
from support.ledger_process import LedgerProcess, ledger_process
from support.log_places import Place, PostgresPlace, SqlitePlace
from support.loop_disk import LoopDisk, loop_disk
from support.swarm import prepare, swarm

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

CUT_AFTER_S: Final = 0.5
"""The latest moment of a cut, after an acknowledgement."""


class Database(Protocol):
    """A database whose files lie on a disk."""

    place: Place

    def processes(self, ledger: LedgerProcess) -> list[int]:
        """List the processes that write to the disk."""

    def after_cut(self, path: Path) -> AbstractContextManager[Place]:
        """Give where the log lies on another disk, which is left of the first one."""


class OnSqlite:
    """A directory on a disk."""

    def __init__(self, disk: LoopDisk) -> None:
        self.place: Place = SqlitePlace(disk.path / "ledger")

    def processes(self, ledger: LedgerProcess) -> list[int]:
        """List the one process that writes."""
        return [ledger.writer_id]

    @contextmanager
    def after_cut(self, path: Path) -> Iterator[Place]:
        """Yield the directory of the same name."""
        yield SqlitePlace(path / "ledger")


class OnPostgres:
    """A whole server on a disk."""

    def __init__(self, server: PostgresServer, keys: Path) -> None:
        self._server = server
        self.place: Place = PostgresPlace(new_schema(server), keys / "personal.key")
        assert isinstance(self.place, PostgresPlace)
        self.place.migrate()

    def processes(self, ledger: LedgerProcess) -> list[int]:
        """List the processes of the server, beside the one of the ledger that writes."""
        first = self._server.pid
        children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii")
        return [ledger.writer_id, first, *map(int, children.split())]

    @contextmanager
    def after_cut(self, path: Path) -> Iterator[Place]:
        """Yield the schema on a server that was started from what is left."""
        assert isinstance(self.place, PostgresPlace)
        # Another machine would have no process of that number.
        (path / SERVER / "data" / "postmaster.pid").unlink(missing_ok=True)
        with PostgresServer(path / SERVER) as server:
            yield replace(self.place, schema=replace(self.place.schema, server=server))


@contextmanager
def on_disk(kind: str) -> Iterator[tuple[LoopDisk, Database]]:
    """Make a disk, with a new place for a log on it."""
    with tempfile.TemporaryDirectory(prefix="opsledger-disk-") as name:
        directory = Path(name)
        directory.chmod(0o711)
        with loop_disk(directory) as disk:
            if kind == "sqlite":
                yield disk, OnSqlite(disk)
                return
            with postgres_server_in(disk.path, max_wal_size="64MB") as server:
                yield disk, OnPostgres(server, directory)


@contextmanager
def standing_still(processes: list[int]) -> Iterator[None]:
    """Stop processes where they are, and let them go on afterwards."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)


def cut(kind: str, seed: int, cuts: int, *faults: str) -> list[str]:
    """Cut the power of a disk under load, over and over; gives what is not as it was told."""
    chance = random.Random(seed)
    found = []
    with on_disk(kind) as (disk, database), ledger_process(database.place, *faults) as ledger:
        token = prepare(ledger)
        with swarm(ledger, token, seed) as around:
            for _ in range(cuts):
                around.wait_for_acknowledgement()
                time.sleep(chance.uniform(0, CUT_AFTER_S))
                told = around.position_told()
                received = tuple(around.subscriber.received)
                with standing_still(database.processes(ledger)):
                    disk.cut()
                with disk.after_cut() as path:
                    found += _violations(database, path, told, received)
            around.wait_for_acknowledgement()
            around.end()
            found += around.verdict(50, chance)
    return found


def _violations(
    database: Database, path: Path, told: int, received: Sequence[tuple[int, str]]
) -> list[str]:
    try:
        with database.after_cut(path) as place, closing(place.open()) as log:
            found = [str(finding) for finding in verify(log)]
            if log.head().position < told:
                found.append(f"position {told} was told, and the log ends at {log.head().position}")
            leaves = [stored.leaf.hex() for stored in log.entries(0, log.head().position)]
            return found + [
                f"position {position} was received, and is not in the log"
                for position, leaf in received
                if leaves[position - 1 : position] != [leaf]
            ]
    except RecordingError as error:
        return [f"the log does not open: {error}"]


@pytest.mark.parametrize(
    ("kind", "cuts", "number"),
    [("sqlite", 20, number) for number in rounds(20, 1_000)]
    + [("postgres", 5, number) for number in rounds(5, 300)],
)
def test_what_was_told_is_on_the_disk(kind: str, cuts: int, number: int) -> None:
    """A copy of the disk under load, made while all stands still, holds every acknowledged command.

    It holds every event, too, that a live subscriber has received (P9). What the machine has not
    written to the disk is not in the copy, unlike after a kill. The log on it opens after the recovery
    of file system and database, and is sound.
    """
    name = f"disk-cut-{kind}-{number}"
    skip_if_reported(name)
    assert cut(kind, number, cuts) == []
    report(name, cuts)


@pytest.mark.parametrize(
    ("kind", "fault"),
    [("sqlite", "synchronous-normal"), ("postgres", "postgres-asynchronous")],
)
def test_cuts_expose_commits_that_are_not_synced(kind: str, fault: str) -> None:
    """A ledger that answers before its commit is on the disk is found by the same cuts (P2, P3)."""
    assert any("was told, and the log ends at" in violation for violation in cut(kind, 1, 2, fault))
