"""The delivery copy on a broker of three servers survives whatever happens to broker and relay.

The writer goes on all the while, and a reader that has nothing but the copy follows it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count as numbers
from threading import Event, Thread

import pytest

from opsledger.cluster.nats import NatsCluster
from opsledger_ledger.feed.relay import Relay
from opsledger_projections.following.feed import FeedEntry, FeedHead, FeedUnreachable
from opsledger_projections.following.nats_feed import NatsFeed
from support import fault_counts
from support.eventually import eventually
from support.faulty_relays import RememberingRelay, TrustingRelay
from support.relayed_ledgers import (
    REACHED_S,
    Broker,
    MemoryLog,
    Relaying,
    RunningRelay,
    copy_violations,
)

pytestmark = pytest.mark.faults

AT_ONCE = 5
"""Entries that the writer records at once."""
WRITE_PAUSE_S = 0.01
BEFORE_S = 0.3
"""How long everything goes well before something happens."""
WITHOUT_S = 0.3
"""How long a killed server stays away."""

Make = Callable[[MemoryLog, str, str], Relaying]

_numbers = numbers(1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    """Three servers; who kills one starts it again."""
    with NatsCluster(tmp_path_factory.mktemp("nats"), 3) as started:
        yield started


class NoLedger:
    """A ledger that gives its readers nothing, so that they have only the copy."""

    def page(self, after: int, limit: int, wait_s: float) -> Sequence[FeedEntry]:
        """Give nothing."""
        raise FeedUnreachable(f"nothing of {limit} after {after} in {wait_s} s")

    def head(self) -> FeedHead:
        """Give nothing."""
        raise FeedUnreachable("no head")

    def close(self) -> None:
        """Have nothing to give back."""


@dataclass
class Trial:
    """A ledger that is written, its relay, and a reader of the copy."""

    cluster: NatsCluster
    make: Make

    def __post_init__(self) -> None:
        self.stream = f"trial-{next(_numbers)}"
        self.broker = Broker(self.cluster.url)
        self.log = MemoryLog(self.stream)
        self.received: list[FeedEntry] = []
        self._relays: list[RunningRelay] = []
        self._done = Event()

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Write, relay and read until the block ends; the writer stops first."""
        written = Event()
        writer = Thread(target=self._write, args=(written,))
        reader = Thread(target=self._read)
        self.start_relay()
        writer.start()
        reader.start()
        try:
            yield
            written.set()
            writer.join()
            self.settle()
        finally:
            written.set()
            self._done.set()
            writer.join()
            reader.join()
            self.stop()

    def start_relay(self) -> None:
        """Start one more relay."""
        self._relays.append(RunningRelay(self.make(self.log, self.cluster.url, self.stream)))

    def kill_relay(self) -> None:
        """Cut the oldest relay off in the middle of what it does."""
        self._relays.pop(0).kill()

    def stop(self) -> None:
        """End all relays and drop the stream."""
        for relay in self._relays:
            relay.stop()
        self.broker.delete(self.stream)

    def settle(self) -> None:
        """Wait until the copy and its reader have reached the end of the log."""
        last = self.log.head().position
        self.broker.wait_for(self.stream, last)
        eventually(lambda: len(self.received) >= last, REACHED_S)
        self.violations = copy_violations(self.broker.messages(self.stream), self.log)

    def _write(self, written: Event) -> None:
        while not written.wait(WRITE_PAUSE_S):
            self.log.append(AT_ONCE)

    def _read(self) -> None:
        feed = NatsFeed(self.cluster.url, self.stream, NoLedger())
        while not self._done.is_set():
            after = self.received[-1].position if self.received else 0
            try:
                self.received += feed.page(after, 500, 0.1)
            except FeedUnreachable:
                self._done.wait(0.05)
        feed.close()


def leader_killed(trial: Trial) -> None:
    """The server that leads the stream is killed; another takes over."""
    server = trial.cluster.leader(trial.stream)
    server.kill()
    time.sleep(WITHOUT_S)
    server.restart()


def follower_killed(trial: Trial) -> None:
    """A server that does not lead the stream is killed."""
    leader = trial.cluster.leader(trial.stream)
    server = next(each for each in trial.cluster.servers if each is not leader)
    server.kill()
    time.sleep(WITHOUT_S)
    server.restart()


def all_killed(trial: Trial) -> None:
    """All servers are killed at once and started again."""
    for server in trial.cluster.servers:
        server.kill()
    trial.cluster.start()


def stream_deleted(trial: Trial) -> None:
    """Somebody deletes the stream under the relay."""
    trial.broker.delete(trial.stream)


def relay_killed(trial: Trial) -> None:
    """The relay is cut off while a second one has been started beside it."""
    trial.start_relay()
    time.sleep(WITHOUT_S)
    trial.kill_relay()


FAULTS = (leader_killed, stream_deleted, relay_killed, follower_killed, all_killed)


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("number", fault_counts.rounds(len(FAULTS), 200))
def test_the_copy_is_the_ledger_after_any_fault_of_broker_and_relay(
    cluster: NatsCluster, number: int
) -> None:
    """No gap, no double, nothing changed, for the copy and for its reader (P23, P8)."""
    name = f"relay-{number}"
    fault_counts.skip_if_reported(name)
    entries = 0
    for fault in FAULTS:
        trial = Trial(cluster, Relay)
        with trial.under_way():
            trial.broker.wait_for(trial.stream, AT_ONCE)
            time.sleep(BEFORE_S)
            fault(trial)
            time.sleep(BEFORE_S)

        assert trial.violations == [], fault.__name__
        stored = trial.log.entries(0, trial.log.head().position)
        assert [tuple(fed) for fed in trial.received] == [
            (each.position, each.entry) for each in stored
        ], fault.__name__
        entries += len(stored)
    fault_counts.report(name, len(FAULTS), entries=entries)


@pytest.mark.parametrize(
    ("faulty", "fault"), [(RememberingRelay, stream_deleted), (TrustingRelay, relay_killed)]
)
def test_a_relay_with_a_planted_fault_is_found(
    cluster: NatsCluster, faulty: Make, fault: Callable[[Trial], None]
) -> None:
    """A position in memory loses entries, and the broker's memory of ids lets doubles in."""
    trial = Trial(cluster, faulty)
    trial.log.append(50 * AT_ONCE)
    trial.start_relay()
    try:
        trial.broker.wait_for(trial.stream, 50 * AT_ONCE)
        assert copy_violations(trial.broker.messages(trial.stream), trial.log) == []
        fault(trial)
        trial.log.append(AT_ONCE)

        def misplaced() -> bool:
            copied = trial.broker.messages(trial.stream) if trial.broker.last(trial.stream) else []
            return any("does not hold" in each for each in copy_violations(copied, trial.log))

        eventually(misplaced, REACHED_S)
    finally:
        trial.stop()
