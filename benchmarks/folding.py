"""Decoding and folding on replay, beside a bare decoder; and a letter as of any position."""

import random
import statistics
import time
from collections.abc import Iterator

import msgspec
from benchmarks.history import entries, letter_events
from benchmarks.measure import Figure, Scale, alternate, rate

from opsledger_contracts.codec import Recorded, decode
from opsledger_contracts.event import Event
from opsledger_ledger.domain.letter import evolve
from opsledger_ledger.writing.world import LedgerWorld, Placed

EVENTS_PER_STREAM = 100
LETTER_EVENTS = 800
LIMIT_MS = 20


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figures of this part."""
    histories = [
        entries(f"letter/L{number}", letter_events(EVENTS_PER_STREAM))
        for number in range(scale.streams)
    ]
    every = [entry for history in histories for entry in history]

    def ours() -> int:
        for history in histories:
            state = None
            for entry in history:
                envelope, event = decode(entry)
                state = evolve(state, event, envelope)
        return len(every)

    bare_decoder = msgspec.json.Decoder()

    def bare() -> int:
        state = {}
        for entry in every:
            read = bare_decoder.decode(entry)
            state[read["subject"]] = read["data"]
        return len(every)

    our_rate, bare_rate = alternate(lambda: rate(ours), lambda: rate(bare), runs=scale.rounds)
    yield Figure(
        work="decode and fold on replay, one process",
        unit="events/s",
        ours=our_rate,
        peer="limit: 100,000 events/s",
        theirs=100_000,
        at_least=1.0,
    )
    yield Figure(
        work="decode and fold on replay, one process",
        unit="events/s",
        ours=our_rate,
        peer="bare untyped decode and fold",
        theirs=bare_rate,
        detail="the typed decode checks every field of every event; the peer checks nothing",
    )
    yield _as_of(scale.looks)


def _as_of(looks: int) -> Figure:
    history = entries("letter/L", letter_events(LETTER_EVENTS))
    world = LedgerWorld(lambda _: _placed(history))
    for placed in _placed(history):
        world.fold(placed)
    chosen = random.Random(1)
    times = []
    for _ in range(looks):
        position = chosen.randint(1, LETTER_EVENTS)
        began = time.process_time()
        world.as_of(position).version("letter/L")
        times.append(1000 * (time.process_time() - began))
    worst = statistics.quantiles(times, n=20)[-1]
    return Figure(
        work=f"a letter of {LETTER_EVENTS} events as of any position, by folding (p95)",
        unit="ms",
        ours=worst,
        peer="limit: 20 ms",
        theirs=LIMIT_MS,
        at_most=1.0,
    )


def _placed(history: list[bytes]) -> Iterator[Placed]:
    for position, entry in enumerate(history, 1):
        recorded: Recorded = decode(entry)
        event: Event = recorded.event
        yield Placed(position, Recorded(recorded.envelope, event))
