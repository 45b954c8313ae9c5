"""Decoding and folding on replay, beside a bare typed decoder; streams beside the library's.

All of it is done by one thread that waits for nothing, so that rates are per second of processor
time. Both sides must come to the same states.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import msgspec
from benchmarks.append_library import parts
from benchmarks.ledgers import fill, opened_log
from benchmarks.measure import Figure, Scale, alternate, limit, rate
from benchmarks.mix import (
    EVENTS_EACH,
    LONG_EVENTS,
    RECORDED_AT,
    Made,
    Mix,
    letter_entries,
    long_stream,
)
from benchmarks.peer_application import Thing, Things
from benchmarks.places import Place

from opsledger_contracts.catalogue import event_class
from opsledger_contracts.codec import decode_envelope, decode_recorded, recorded_event
from opsledger_ledger.domain.letter import LetterState, evolve
from opsledger_ledger.recording.log import Log
from opsledger_ledger.writing.world import LedgerWorld, Placed, folded

LETTER_EVENTS: Final = 800
LETTER_ITEMS: Final = 25
LIMIT_MS: Final = 20

SHORT: Final = "letter/L-000000"
SNAPSHOT_MS: Final = 0.1
READS: Final = 20


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figures of this part."""
    yield _replayed(scale)
    yield _as_of(scale.looks)
    yield from _streams(scale)


def _replayed(scale: Scale) -> Figure:
    """Fold whole streams one after the other, as a replay reads them."""
    streams = min(scale.streams, scale.events // EVENTS_EACH)
    histories: dict[str, list[bytes]] = {}
    for made in Mix(streams).events():
        histories.setdefault(made.stream, []).append(made.entry)
    count = sum(map(len, histories.values()))
    states: dict[str, LetterState] = {}
    bare_states: dict[str, dict[str, Any]] = {}

    def ours() -> int:
        for stream, history in histories.items():
            state = None
            for entry in history:
                envelope = decode_envelope(entry)
                state = evolve(state, recorded_event(envelope), envelope)
            assert state is not None
            states[stream] = state
        return count

    def bare() -> int:
        for stream, history in histories.items():
            state: dict[str, Any] = {}
            for entry in history:
                read = _bare_decoder.decode(entry)
                event = _decoder(read.type).decode(read.data)
                state["version"] = read.streamversion
                state[read.type] = event
            bare_states[stream] = state
        return count

    our_rate, bare_rate = alternate(lambda: rate(ours), lambda: rate(bare), runs=scale.rounds)
    for stream, state in bare_states.items():
        assert state["version"] == len(histories[stream])
        assert states[stream].document.title == state["letter.drafted.v1"].title
    return Figure(
        work="decode and fold on replay, one process",
        unit="events/s of CPU",
        ours=our_rate,
        peer="limit: bare typed decode, and fold into a dictionary",
        theirs=bare_rate,
        at_least=0.5,
        detail=f"{count:,} events of {len(histories):,} streams",
    )


class _Bare(msgspec.Struct):
    """The least that a typed reader reads of an entry."""

    type: str
    subject: str
    streamversion: int
    data: msgspec.Raw


_bare_decoder: Final = msgspec.json.Decoder(_Bare)


@cache
def _decoder(type_name: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(event_class(type_name))


def _as_of(looks: int) -> Figure:
    history = letter_entries(LETTER_EVENTS, LETTER_ITEMS)

    def load(_stream: str, after: int) -> list[tuple[int, bytes]]:
        return list(enumerate(history[after:], after + 1))

    world = LedgerWorld(load)
    stream = ""
    for position, entry in enumerate(history, 1):
        recorded = decode_recorded(entry)
        world.fold(Placed(position, recorded))
        stream = recorded.envelope.stream
    chosen = random.Random(1)
    times = []
    for _ in range(looks):
        position = chosen.randint(1, LETTER_EVENTS)
        began = time.process_time()
        assert world.as_of(position).version(stream) == position
        times.append(1000 * (time.process_time() - began))
    worst = statistics.quantiles(times, n=20)[-1]
    return limit(
        f"a letter of {LETTER_EVENTS} events as of any position, by folding (p95)",
        "ms",
        worst,
        LIMIT_MS,
    )


def _streams(scale: Scale) -> Iterator[Figure]:
    """Read one stream from the database and fold it, beside the library's repository."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short = [made for command in Mix(1).commands(1) for made in command]
        streams = {SHORT: short, long_stream()[0].stream: long_stream()}
        log = opened_log(Place(kind="ledger", directory=str(folder / "ledger")), writing=True)
        things = Things(Place(kind="library", directory=str(folder / "peer")))
        world = LedgerWorld(log.history, kept_events_max=1)
        for history in streams.values():
            fill(log, history, RECORDED_AT)
            _saved(things, history)
        for stored in log.entries(0, EVENTS_EACH + LONG_EVENTS):
            world.fold(Placed(stored.position, decode_recorded(stored.entry)))
        world.settle()
        for history in streams.values():
            yield _stream(scale, log, things, history)
        long = long_stream()[0].stream
        took = []
        for _ in range(scale.rounds * READS):
            # Only one state is kept, so that the other stream has to be found again.
            world.version(SHORT)
            began = time.perf_counter()
            assert world.version(long) == LONG_EVENTS
            took.append(1000 * (time.perf_counter() - began))
        state = world.get(LetterState, long.partition("/")[2])
        assert state == folded(long, log.history(long))[0]
        yield limit(
            f"stream of {LONG_EVENTS:,} events, with a snapshot",
            "ms",
            statistics.median(took),
            SNAPSHOT_MS,
            "but for the answers of supporting units, which are read when one is asked for",
        )
        things.close()
        log.close()


def _stream(scale: Scale, log: Log, things: Things, history: list[Made]) -> Figure:
    stream = history[0].stream
    noun, _, name = stream.partition("/")
    found: dict[str, Any] = {}

    def ours() -> None:
        found["ours"] = folded(stream, log.history(stream))

    def theirs() -> None:
        found["theirs"] = things.repository.get(Thing.create_id(noun, name))

    reads = max(1, READS * EVENTS_EACH // len(history))
    our_ms, their_ms = alternate(
        partial(_took_ms, ours, reads), partial(_took_ms, theirs, reads), runs=scale.rounds
    )
    assert found["ours"][1] == found["theirs"].version == len(history)
    assert found["ours"][0].document.title == found["theirs"].facts["title"]
    return Figure(
        work=f"stream of {len(history):,} events, read and folded",
        unit="ms",
        ours=our_ms,
        peer="plain library: repository.get",
        theirs=their_ms,
        at_most=0.2,
    )


def _took_ms(work: Callable[[], None], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return 1000 * (time.perf_counter() - began) / times


def _saved(things: Things, history: list[Made]) -> None:
    noun, _, name = history[0].stream.partition("/")
    things.found(noun, name, list(parts(tuple(history))))
