"""An import that is killed at any moment goes on where it was, on both databases."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

import pytest

from opsledger_contracts.codec import decode
from opsledger_contracts.events.import_batch import ImportChunkRecorded, ImportCompleted
from opsledger_contracts.problems.import_batch import StreamTaken
from opsledger_ledger.clock import SystemClock
from opsledger_ledger.recording.log import Batch, Log, NewEntry
from opsledger_ledger.recording.verification import verify
from opsledger_ledger.writing.importing import Importer
from support.databases import new_schema
from support.import_files import LATER, SOURCE, approve, manifest_of, unit_lines, written
from support.log_places import Place, PostgresPlace, SqlitePlace

pytestmark = [pytest.mark.faults]

BATCH = "IMP-1"
LINES = 7
CHUNK_LINES = 3
COMMITS: Final = 4
"""The beginning, and three chunks."""

MOMENTS: Final = ("before", "inside", "after")
"""Where in a transaction the process is killed."""


class LaterClock(SystemClock):
    """A clock after everything that the file tells."""

    def now(self) -> str:
        """Tell the instant."""
        return LATER


class Killing:
    """A log whose process dies at one moment of one of its transactions."""

    def __init__(self, log: Log, commit: int, moment: str) -> None:
        self._log = log
        self._left = commit
        self._moment = moment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    @contextmanager
    def begin(self) -> Iterator[Batch]:
        """Begin a transaction, and die in it if it is the one."""
        self._left -= 1
        self._die("before")
        with self._log.begin() as batch:
            yield batch
            self._die("inside")
        self._die("after")

    def _die(self, moment: str) -> None:
        if self._left == 0 and moment == self._moment:
            os.kill(os.getpid(), signal.SIGKILL)


class Splitting(Killing):
    """A planted fault: what is said of a chunk is recorded in a transaction of its own."""

    @contextmanager
    def begin(self) -> Iterator[Batch]:
        """Begin two transactions, one after the other, and die between them."""
        self._left -= 1
        with self._log.begin() as batch:
            split = _Split(batch)
            yield cast("Batch", split)
            split.first()
        self._die("inside")
        with self._log.begin() as batch:
            batch.append(*split.held[-1])


class _Split:
    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.held: list[tuple[list[NewEntry], str]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def append(self, entries: list[NewEntry], recorded_at: str) -> list[bytes]:
        self.held.append((entries, recorded_at))
        return []

    def first(self) -> None:
        self._batch.append(*self.held[0])


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place for a new log, on either database."""
    if request.param == "sqlite":
        return SqlitePlace(tmp_path / "ledger")
    schema = new_schema(request.getfixturevalue("postgres_server"))
    found = PostgresPlace(schema, tmp_path / "personal.key")
    found.migrate()
    return found


def prepared(place: Place, path: Path) -> None:
    """Let a batch of a small file be approved."""
    written(path, unit_lines(*(f"U{number}" for number in range(LINES))))
    log = place.open()
    approve(log, BATCH, manifest_of(path))
    log.close()


def killed(place: Place, path: Path, kind: type[Killing], commit: int, moment: str) -> None:
    """Import in a process of its own that dies at a moment of its n-th transaction."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            log = cast("Log", kind(place.open(), commit, moment))
            Importer(log, LaterClock(), SOURCE, "0" * 64, chunk_lines=CHUNK_LINES).run(BATCH, path)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


def finished(place: Place, path: Path) -> list[str]:
    """Import to the end; gives everything that is wrong then."""
    log = place.open()
    try:
        Importer(log, LaterClock(), SOURCE, "0" * 64, chunk_lines=CHUNK_LINES).run(BATCH, path)
        wrong = [f"the log is not sound: {finding}" for finding in verify(log)]
        recorded = [decode(each.entry) for each in log.entries(0, 1_000)]
        imported = [each.envelope.stream for each in recorded if each.envelope.origin]
        if imported != [f"unit/U{number}" for number in range(LINES)]:
            wrong.append(f"imported were {Counter(imported)}")
        lines = [
            each.event.line_to for each in recorded if isinstance(each.event, ImportChunkRecorded)
        ]
        if lines != sorted(set(lines)) or lines[-1] != LINES:
            wrong.append(f"chunks end at {lines}")
        if sum(isinstance(each.event, ImportCompleted) for each in recorded) != 1:
            wrong.append("the batch was not completed once")
        return wrong
    finally:
        log.close()


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_import_survives_a_kill_at_every_commit(
    place: Place, tmp_path: Path, moment: str
) -> None:
    """Killed before, inside and after each of its commits, one after the other (P5, P7).

    Every line is there once, in order; the chunks follow one another; the log is sound.
    """
    path = tmp_path / "history.ndjson"
    prepared(place, path)
    if moment == "after":
        for _ in range(COMMITS - 1):
            # Each time one commit further, since that of the time before has come through.
            killed(place, path, Killing, 1, moment)
    else:
        for commit in range(1, COMMITS + 1):
            killed(place, path, Killing, 1, moment)
            if commit < COMMITS:
                killed(place, path, Killing, 2, moment)
    assert finished(place, path) == []


def test_a_kill_exposes_a_planted_fault(place: Place, tmp_path: Path) -> None:
    """A chunk in two transactions is found: its lines are there, and nobody knows of them."""
    path = tmp_path / "history.ndjson"
    prepared(place, path)
    killed(place, path, Splitting, 2, "inside")
    with pytest.raises(StreamTaken):
        finished(place, path)
