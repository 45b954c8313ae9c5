"""Whatever becomes of one call to the disk, at whichever place, every promise holds (P7, P16)."""

import random
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from support.fault_counts import report, rounds, skip_if_reported
from support.ledger_process import ledger_process
from support.log_places import SqlitePlace
from support.swarm import prepare, swarm

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600)]

WAIT_S: Final = 60
"""How long the load may take to come to the call that ends the service."""
IGNORED_S: Final = 8
"""How long a service is watched that should end by a failed sync, and does not."""
GOES_ON_S: Final = 0.7
"""How long a service that goes on is watched."""


class Fault(NamedTuple):
    """What happens at one call of a kind, and how often it is tried, each time some calls later."""

    call: str
    action: str
    gate: int
    release: int
    stride: int = 1
    """Calls from one trial to the next in the gate; for a release no call is left out."""

    @property
    def ends(self) -> bool:
        """Whether the service must end by it."""
        return self.action == "kill" or self.call == "sync"

    @property
    def rounds(self) -> range:
        """Number the rounds in which it is tried."""
        return rounds(self.gate, self.release)

    def calls(self, number: int) -> range:
        """Tell which calls fail in a round, by their number after a start."""
        if len(self.rounds) == 1:
            return range(1, self.gate * self.stride + 1, self.stride)
        return range((number - 1) * self.gate + 1, number * self.gate + 1)

    @property
    def name(self) -> str:
        """Name of the fault, for the report."""
        return f"{self.call}-{self.action}"


FAULTS: Final = (
    Fault("write", "kill", 30, 2_000, stride=3),
    Fault("sync", "kill", 12, 200),
    Fault("sync", "EIO", 20, 200),
    Fault("write", "EIO", 9, 200, stride=7),
    Fault("write", "ENOSPC", 9, 200, stride=7),
)


def failing(
    place: SqlitePlace, shim: Path, fault: Fault, calls: range, wait_s: float, *planted: str
) -> tuple[list[str], Counter[str]]:
    """Let each of some calls after a start fail under load; gives violations, and what happened.

    A service that must end by it is given `wait_s` to come to the call.
    """
    chance = random.Random(1)
    seen: Counter[str] = Counter()
    found = []
    place.directory.mkdir(mode=0o700)
    shimmed = {"LD_PRELOAD": str(shim), "STORAGE_DIRECTORY": str(place.directory)}
    with ledger_process(place, "checkpoints-often", *planted, **shimmed) as ledger:
        token = prepare(ledger)
        with swarm(ledger, token, 1) as around:
            ledger.kill()
            for call in calls:
                ledger.environment["STORAGE_FAULT"] = f"{fault.call} {fault.action} {call}"
                if ledger.attempt() is not None:
                    seen["ended at the start"] += 1
                    continue
                status = ledger.end_by_itself(wait_s if fault.ends else GOES_ON_S)
                seen["went on" if status is None else f"status {status}"] += 1
                if (status is None) == fault.ends:
                    found.append(f"{fault.name} {call}: the status of the service is {status}")
                if status is None:
                    ledger.kill()
            ledger.environment.clear()
            ledger.start()
            around.wait_for_acknowledgement()
            around.end()
            return found + around.verdict(100, chance), seen


@pytest.mark.parametrize(
    ("fault", "number"),
    [
        pytest.param(fault, number, id=f"{fault.name}-{number}")
        for fault in FAULTS
        for number in fault.rounds
    ],
)
def test_every_call_may_fail(
    sqlite_place: SqlitePlace, storage_shim: Path, fault: Fault, number: int
) -> None:
    """A kill, an I/O error or a full disk at the k-th call after a start, for k after k.

    Killed in the middle, no command is there in part (P7). A failed sync ends the service, which
    never tries again what the disk may have lost (P16). A write that was refused leaves no commit,
    so that the service goes on: to read only, and with 503 for commands, while the disk is full.
    Whoever asks again gets one answer and one record, and the log is sound each time it is opened.
    """
    name = f"{fault.name}-{number}"
    skip_if_reported(name)
    calls = fault.calls(number)
    found, seen = failing(sqlite_place, storage_shim, fault, calls, WAIT_S)
    assert found == []
    assert sum(seen.values()) == len(calls)
    report(name, len(calls), **seen)


def test_failing_calls_expose_a_commit_that_is_tried_again(
    sqlite_place: SqlitePlace, storage_shim: Path
) -> None:
    """A ledger that goes on after a failed sync is found by the same trial (P16)."""
    fault = Fault("sync", "EIO", 2, 2)
    calls = range(4, 5)
    found, _ = failing(sqlite_place, storage_shim, fault, calls, IGNORED_S, "sync-errors-ignored")
    assert any("the status of the service is None" in violation for violation in found)
