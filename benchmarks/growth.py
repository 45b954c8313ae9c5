"""What a ledger ten times as large costs: appending, reading, and the bytes of an event on disk."""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
import psycopg
from benchmarks.compression import compressed
from benchmarks.databases import databases
from benchmarks.filled import streams_for
from benchmarks.ledgers import SCHEMA, fill, made_ready, opened_log
from benchmarks.measure import Figure, Scale, limit
from benchmarks.mix import EVENTS_EACH, RECORDED_AT, Made, Mix
from benchmarks.places import Place
from benchmarks.processes import Program, running
from benchmarks.projector import Projected
from benchmarks.runner import Runner, evenly

TIMES: Final = 10
"""How many times as large the larger ledger is."""

APPEND: Final = 0.8
READ: Final = 1.25
OVERHEAD_BYTES: Final = 150
PAGE: Final = 1_000


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figures of this part."""
    sizes = (scale.growth // TIMES, scale.growth)
    with databases() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for database in ("SQLite", "PostgreSQL"):
            places = {
                size: Place(kind="ledger", directory=str(folder / str(size)))
                if database == "SQLite"
                else server.new("ledger")
                for size in sizes
            }
            entry_bytes = {size: _filled(place, size) for size, place in places.items()}
            yield _disk(database, places[scale.growth], entry_bytes[scale.growth])
            yield _pages(database, places, scale)
            if database == "SQLite":
                yield compressed(places[scale.growth])
                yield _looks(places, folder, scale)
            yield _appends(database, places, scale)


def _filled(place: Place, events: int) -> int:
    """Fill a log; gives the bytes of all entries."""
    made_ready(place)
    log = opened_log(place, writing=True)
    written = 0

    def counted() -> Iterator[Made]:
        nonlocal written
        for made in Mix(streams_for(events)).events():
            written += len(made.entry)
            yield made

    fill(log, counted(), RECORDED_AT)
    log.close()
    return written


def _named(work: str, database: str, scale: Scale) -> str:
    return f"{work} on {database} at {scale.growth:,} events"


def _appends(database: str, places: dict[int, Place], scale: Scale) -> Figure:
    """Append to streams that are there already, in turns."""
    with ExitStack() as stack:
        runners = [
            Runner(
                stack,
                "log",
                place,
                events=1,
                streams=streams_for(size),
                commands=evenly(scale.commands),
                version_first=EVENTS_EACH + 1,
                mixed=False,
                after=position_of(place),
            )
            for size, place in places.items()
        ]
        for _ in range(scale.rounds):
            for runner in runners:
                runner.run()
        small, large = runners
        return Figure(
            work=_named("append without HTTP", database, scale),
            unit="events/s",
            ours=large.rate,
            peer=f"the same at {scale.growth // TIMES:,} events",
            theirs=small.rate,
            at_least=APPEND,
            seen=large.seen(),
        )


def _pages(database: str, places: dict[int, Place], scale: Scale) -> Figure:
    """Read pages at random, in turns."""
    logs = {size: opened_log(place, writing=False) for size, place in places.items()}
    chosen = random.Random(1)
    took: dict[int, list[float]] = {size: [] for size in places}
    for _ in range(scale.pages):
        for size, log in logs.items():
            after = chosen.randrange(size - PAGE)
            began = time.perf_counter()
            page = log.entries(after, PAGE)
            took[size].append(1000 * (time.perf_counter() - began))
            assert page[0].position == after + 1
    for log in logs.values():
        log.close()
    small, large = (median(took[size]) for size in places)
    return Figure(
        work=_named(f"feed page of {PAGE:,}", database, scale),
        unit="ms",
        ours=large,
        peer=f"the same at {scale.growth // TIMES:,} events",
        theirs=small,
        at_most=READ,
    )


def _looks(places: dict[int, Place], folder: Path, scale: Scale) -> Figure:
    """Read letters as of positions in the tables of the read side, in turns."""
    with ExitStack() as stack:
        projectors = []
        for size, place in places.items():
            tables = Place(kind="views", directory=str(folder / f"views-{size}"))
            program = stack.enter_context(running("projector", str(place), str(tables)))
            _asked(program, "catch up")
            projectors.append(program)
        took: list[list[float]] = [[], []]
        for _ in range(scale.rounds):
            for number, program in enumerate(projectors):
                done = _asked(program, f"look {scale.looks}")
                took[number].append(1000 * done.seconds / done.events)
    small, large = map(median, took)
    return Figure(
        work=_named("a letter as of any position", "SQLite", scale),
        unit="ms",
        ours=large,
        peer=f"the same at {scale.growth // TIMES:,} events",
        theirs=small,
        at_most=READ,
    )


def _asked(program: Program, question: str) -> Projected:
    program.write(question)
    return msgspec.json.decode(program.read(), type=Projected)


def _disk(database: str, place: Place, entry_bytes: int) -> Figure:
    """Hold what the database takes against the entries alone; no event of it has an answer."""
    events = position_of(place)
    used = _used(place)
    overhead = (used - entry_bytes) / events
    return limit(
        f"bytes of an event on disk beside its entry, on {database}",
        "bytes",
        overhead,
        OVERHEAD_BYTES,
        f"log, index, leaves and tiles of {events:,} events, with entries of "
        f"{entry_bytes / events:.0f} bytes",
    )


def position_of(place: Place) -> int:
    """Tell the last position of a log."""
    log = opened_log(place, writing=False)
    try:
        return log.head().position
    finally:
        log.close()


def _used(place: Place) -> int:
    if place.directory:
        # The write-ahead log is reused and does not grow with the events.
        return (place.folder / "ledger.db").stat().st_size
    with psycopg.connect(place.url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
            "WHERE relnamespace = %s::regnamespace AND relkind = 'r'",
            (SCHEMA,),
        ).fetchone()
    assert row is not None
    return int(row[0])
