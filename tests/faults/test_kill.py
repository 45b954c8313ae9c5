"""A ledger that is killed at any moment keeps every promise it gave (P1, P4, P6, P7, P8, P9)."""

import random
import time
from pathlib import Path
from typing import Final

import pytest

from support.fault_counts import GATE_CYCLES, count, report, skip_if_reported
from support.ledger_process import Victims, ledger_process
from support.log_places import Place, SqlitePlace
from support.swarm import prepare, swarm

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

CYCLES = 20
"""Kills on one log."""

ROUNDS = count(GATE_CYCLES // CYCLES, 10_000 // CYCLES)
KILL_AFTER_S = 0.5
"""The latest moment of a kill, after the first acknowledgement."""

VICTIMS: Final[tuple[Victims, ...]] = ("serving", "writing", "both")

CANARY_CYCLES = 4
CANARY_ROUNDS = 5
"""Rounds within which a planted fault must do its harm; most kills meet it."""


def killed(place: Place, seed: int, cycles: int, *faults: str) -> tuple[list[str], dict[str, int]]:
    """Kill and restart a ledger under load; gives all violations, and how much was done."""
    chance = random.Random(seed)
    with ledger_process(place, *faults) as ledger:
        token = prepare(ledger)
        with swarm(ledger, token, seed) as around:
            for _ in range(cycles):
                around.wait_for_acknowledgement()
                time.sleep(chance.uniform(0, KILL_AFTER_S))
                ledger.kill(chance.choice(VICTIMS))
                ledger.start()
            around.wait_for_acknowledgement()
            around.end()
            return around.verdict(200, chance), around.seen()


@pytest.mark.parametrize(
    ("place", "seed"),
    [(name, seed) for name in ("sqlite", "postgres") for seed in range(1, ROUNDS + 1)],
    indirect=["place"],
)
def test_nothing_that_was_told_is_lost_by_a_kill(
    place: Place, seed: int, request: pytest.FixtureRequest
) -> None:
    """Clients, a subscriber and the verifier agree on one history after every kill.

    An acknowledged command is there once, at the positions told; one without an answer is there
    whole or not at all; a key keeps its answer; the subscriber sees every event once resumed, in
    order, and none that is gone later; the service starts again each time. Killed is the process
    that serves, the one that writes, or both; the other one ends by itself.
    """
    name = f"kill-{request.node.callspec.id}"
    skip_if_reported(name)
    found, seen = killed(place, seed, CYCLES)
    assert found == []
    assert seen["acknowledged"] > 3 * CYCLES
    assert seen["repetitions"] > 0
    assert seen["reconnects"] > CYCLES // 2
    report(name, CYCLES, **seen)


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        pytest.param("answer-before-commit", "the log has ()", id="P1"),
        pytest.param("keys-in-second-transaction", "is there more than once", id="P4"),
        pytest.param("commit-per-event", "is there in part", id="P7"),
        pytest.param("gap-after-resume", " came after ", id="P8"),
        pytest.param("feed-before-commit", "was received with another content", id="P9"),
    ],
)
def test_kills_expose_a_planted_fault(tmp_path: Path, fault: str, word: str) -> None:
    """The same harness finds what a faulty ledger does; without this its silence means nothing."""
    assert any(
        word in violation
        for seed in range(1, CANARY_ROUNDS + 1)
        for violation in killed(SqlitePlace(tmp_path / str(seed)), seed, CANARY_CYCLES, fault)[0]
    )
