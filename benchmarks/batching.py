"""How many commands to take into one commit, and how long to wait for more, by measurement.

Run as `python -m benchmarks.batching [COMMANDS] [ROUNDS]`; writes one table. Each client sends its
next command some time after it has its answer, as one behind HTTP does; the time is drawn, the same
for all settings. The writer takes what waits, up to N commands, and where T is not 0 it waits for
more until the first of them has waited for T.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from heapq import heappop, heappush
from statistics import mean, median, quantiles
from typing import Final, NamedTuple

from benchmarks.places import Place
from benchmarks.submissions import commands_of, prepared

from opsledger_ledger.writing.submission import Accepted, Outcome, Submission
from opsledger_ledger.writing.writer import Pending, Writer

CLIENTS: Final = (1, 8, 64, 256)
MOST: Final = (16, 64, 128, 256, 512)
WAITS_MS: Final = (0.0, 0.5, 1.0, 2.0)
THINKING_S: Final = 0.002
"""Mean of the time between an answer and the next command of the same client."""

Work = Callable[[list[Pending]], None]


class Setting(NamedTuple):
    """One way to take commands."""

    clients: int
    most: int
    wait_ms: float


class Came(NamedTuple):
    """What came of a run."""

    rate: float
    """Commands per second."""
    p50_ms: float
    p99_ms: float
    batch: float
    """Commands of one commit, on average."""
    cpu_us: float
    """Processor time of a command, which counts where the machine is busy otherwise."""


class Clients:
    """Clients that send, wait for the answer, and send again, until all commands are sent."""

    def __init__(self, count: int, submissions: list[Submission]) -> None:
        self._chance = random.Random(1)
        self._waiting = iter(submissions)
        self._due: list[tuple[float, int, Submission]] = []
        self._sent = 0
        self.took_s: list[float] = []
        began = time.perf_counter()
        for _ in range(count):
            self._send(began)

    def take(self, most: int, wait_s: float) -> list[Pending]:
        """Take commands when there are any, as the setting says; none when all are answered."""
        if not self._due:
            return []
        _sleep_until(self._due[0][0])
        close = self._due[0][0] + wait_s
        pending: list[Pending] = []
        while self._due and len(pending) < most:
            if self._due[0][0] > time.perf_counter():
                if self._due[0][0] > close:
                    break
                _sleep_until(self._due[0][0])
            sent, _, submission = heappop(self._due)
            pending.append(Pending(submission, partial(self._answered, sent)))
        # It cannot be known that nobody else comes.
        if len(pending) < most:
            _sleep_until(close)
        return pending

    def _answered(self, sent: float, outcome: Outcome) -> None:
        assert isinstance(outcome.answer, Accepted), outcome
        now = time.perf_counter()
        self.took_s.append(now - sent)
        self._send(now)

    def _send(self, now: float) -> None:
        submission = next(self._waiting, None)
        if submission is not None:
            self._sent += 1
            due = now + self._chance.expovariate(1 / THINKING_S)
            heappush(self._due, (due, self._sent, submission))


def settings() -> Iterator[Setting]:
    """List what is tried; more room than there are clients changes nothing."""
    for clients in CLIENTS:
        for most in MOST:
            if most == MOST[0] or most <= 2 * clients:
                for wait_ms in WAITS_MS:
                    yield Setting(clients, most, wait_ms)


def run(work: Work, setting: Setting, submissions: list[Submission]) -> Came:
    """Have commands decided and recorded under a setting."""
    clients = Clients(setting.clients, submissions)
    batches = []
    began, cpu_before = time.perf_counter(), time.process_time()
    while pending := clients.take(setting.most, setting.wait_ms / 1000):
        batches.append(len(pending))
        work(pending)
    passed_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_before
    p99 = quantiles(clients.took_s, n=100)[98]
    took_ms = 1000 * median(clients.took_s), 1000 * p99
    count = len(submissions)
    return Came(count / passed_s, *took_ms, mean(batches), 1e6 * cpu_s / count)


def _sleep_until(moment: float) -> None:
    left = moment - time.perf_counter()
    if left > 0:
        time.sleep(left)


def _main(commands: int = 4_000, rounds: int = 3) -> None:
    make = commands_of(1)
    came: dict[Setting, list[Came]] = {setting: [] for setting in settings()}
    with tempfile.TemporaryDirectory() as name:
        ledger = prepared(Place(kind="ledger", directory=name))
        assert isinstance(ledger.writer, Writer)
        for turn in range(rounds):
            for number, (setting, found) in enumerate(came.items()):
                # Few clients would take too long for all of them.
                count = min(commands, 100 * setting.clients)
                # The first half of them are those that need no other before them.
                submissions = make(f"run-{turn}-{number}", 2 * count)[:count]
                found.append(run(ledger.writer.work, setting, submissions))
        ledger.close()
    print("| Clients | N | T, ms | commands/s | p50, ms | p99, ms | of a commit | processor, us |")
    print("|--:|--:|--:|--:|--:|--:|--:|--:|")
    for setting, found in came.items():
        came_of = Came(*(median(values) for values in zip(*found, strict=True)))
        numbers = f"{came_of.rate:,.0f} | {came_of.p50_ms:.2f} | {came_of.p99_ms:.2f}"
        more = f"{came_of.batch:.1f} | {came_of.cpu_us:.0f}"
        print(f"| {' | '.join(map(str, setting))} | {numbers} | {more} |")


if __name__ == "__main__":
    _main(*map(int, sys.argv[1:]))
