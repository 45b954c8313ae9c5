"""What was told survives a cut of the power, wherever it comes between two calls (P2, P9)."""

import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest

from opsledger_ledger.recording.log import Log, RecordingError
from opsledger_ledger.recording.sqlite_log import open_log
from opsledger_ledger.recording.verification import verify
from support.fault_counts import report, rounds, skip_if_reported
from support.http_clients import Connection, Subscriber
from support.ledger_process import ledger_process
from support.log_places import SqlitePlace
from support.storage import Call, crash_states, read_calls
from support.swarm import JOIN_S, commands, prepare

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

STATES = 1_000
"""Crash states of a round."""
CLIENTS = 3
COMMANDS = 30
"""Commands of each client; they write enough for the write-ahead log to be taken up many times."""

CHECKPOINTS = "checkpoints-often"
"""Not a fault: lets the short run reach what a long one does."""


class Told(NamedTuple):
    """A position that somebody was told, and the length of the log of calls when it had come."""

    position: int
    end: int


class Run(NamedTuple):
    """What reached the disk while clients wrote, what they were told, and the whole log."""

    calls: list[Call]
    told: list[Told]
    """The last position that each answer named."""
    received: list[Told]
    """Positions of the events that a subscriber received."""
    founded: int
    """Length of the log of calls before the first command of a client."""
    roots: list[bytes]
    """Root of the tree at each size, from 0 on."""


def recorded(directory: Path, shim: Path, *faults: str) -> Run:
    """Let clients write to a new ledger, and write down every call that reaches its files."""
    place = SqlitePlace(directory / "ledger")
    place.directory.mkdir(parents=True, mode=0o700)
    log_of_calls = directory / "calls"
    with ledger_process(
        place,
        *(CHECKPOINTS, *faults),
        LD_PRELOAD=str(shim),
        STORAGE_DIRECTORY=str(place.directory),
        STORAGE_LOG=str(log_of_calls),
    ) as ledger:
        token = prepare(ledger)
        founded = log_of_calls.stat().st_size

        def write(number: int) -> list[Told]:
            told = []
            name = f"c{number}"
            with closing(Connection(lambda: ledger.address, token)) as connection:
                script = islice(commands(name, random.Random(name)), COMMANDS)
                for place_in_script, command in enumerate(script):
                    answer = connection.send(command, f"{name}-{place_in_script}")
                    end = log_of_calls.stat().st_size
                    told.append(Told(max(answer.positions()), end))
            return told

        received: list[Told] = []
        subscriber = Subscriber(
            Connection(lambda: ledger.address, token),
            lambda position: received.append(Told(position, log_of_calls.stat().st_size)),
        )
        subscriber.start()
        with ThreadPoolExecutor(CLIENTS) as pool:
            told = [each for some in pool.map(write, range(CLIENTS)) for each in some]
        subscriber.end_at(max(each.position for each in told), JOIN_S)
        ledger.kill()
        subscriber.join(JOIN_S)
    with closing(place.open(writing=False)) as log:
        roots = [log.root_at(size) for size in range(log.head().size + 1)]
    return Run(read_calls(log_of_calls), told, received, founded, roots)


def cut(run: Run, directory: Path, states: int, seed: int) -> list[str]:
    """Open what power cuts at random moments leave; gives everything that is not as it was told."""
    chance = random.Random(seed)
    found = []
    for state in crash_states(run.calls, states, chance, run.founded):
        place = directory / "after"
        state.restore(place)
        try:
            with closing(open_log(place)) as log:
                found += _violations(log, run, state.end)
        except RecordingError as error:
            found.append(f"the log does not open: {error}")
        shutil.rmtree(place)
    return found


def _violations(log: Log, run: Run, end: int) -> list[str]:
    head = log.head()
    found = [str(finding) for finding in verify(log)]
    for said, by in (("told", run.told), ("received", run.received)):
        last = max((each.position for each in by if each.end <= end), default=0)
        if head.position < last:
            found.append(f"position {last} was {said}, and the log ends at {head.position}")
    if head.size >= len(run.roots) or head.root != run.roots[head.size]:
        found.append(f"the {head.size} entries are not those that were recorded")
    return found


@pytest.mark.parametrize("number", rounds(STATES, 100_000))
def test_a_power_cut_takes_nothing_that_was_told(
    tmp_path: Path, storage_shim: Path, number: int
) -> None:
    """Every state a cut can leave opens, is sound, and holds all that was acknowledged (P2, P9).

    The states are made from every call that reached the files: what was synced is there, of the
    rest any part, torn at sectors. What is there is the beginning of what was recorded, and holds
    all that a live subscriber has received, so that no reader has seen an entry that is gone or
    another now.
    """
    name = f"power-cut-{number}"
    skip_if_reported(name)
    run = recorded(tmp_path, storage_shim)
    assert len(run.told) == CLIENTS * COMMANDS
    assert len(run.received) >= max(each.position for each in run.told)
    # The database file itself is written to only when the write-ahead log is taken up.
    assert sum(call.kind == "s" and call.name.endswith(".db") for call in run.calls) > 3
    assert cut(run, tmp_path, STATES, number) == []
    report(
        name,
        STATES,
        calls=len(run.calls),
        commands=len(run.told),
        received=len(run.received),
    )


@pytest.mark.parametrize("fault", ["synchronous-normal", "synchronous-off"])
def test_power_cuts_expose_commits_that_are_not_synced(
    tmp_path: Path, storage_shim: Path, fault: str
) -> None:
    """A ledger that answers before the disk has its commit loses what it told (P2, P9)."""
    run = recorded(tmp_path, storage_shim, fault)
    found = cut(run, tmp_path, 50, 1)
    for said in ("told", "received"):
        assert any(f"was {said}, and the log ends at" in violation for violation in found)
