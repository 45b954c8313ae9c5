"""What a ledger ten times as large costs: appending, reading, starting, rebuilding, and its disk.

Reads are measured twice: warm, with the files in the cache of the system, and from the disk.
"""

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import msgspec
import psycopg
from benchmarks.commands import CLIENTS
from benchmarks.compression import compressed
from benchmarks.databases import databases
from benchmarks.filled import streams_for
from benchmarks.ledgers import opened_log
from benchmarks.load import Measured, Run, place_of
from benchmarks.measure import Figure, Scale, limit
from benchmarks.mix import EVENTS_EACH, stream_name
from benchmarks.places import SCHEMA, Place
from benchmarks.processes import running
from benchmarks.runner import Runner, evenly
from benchmarks.shelf import Shelf, asked
from benchmarks.submissions import TOKENS

from opsledger_ledger.recording.connections import DATABASE_NAME
from opsledger_ledger.writing.snapshots import FILE_NAME as SNAPSHOT_NAME

TIMES: Final = 10
"""How many times as large the larger ledger is."""

APPEND: Final = 0.8
READ: Final = 1.25
LINEAR: Final = 1.25
OVERHEAD_BYTES: Final = 150
START_S: Final = 2
PAGE: Final = 1_000
LOOKS: Final = 10
"""Looks at letters that are timed as one."""

COLD_SHARE: Final = 4
"""Reads from the disk are fewer: what the first ones bring in serves those after them."""


class Ledger(NamedTuple):
    """A ledger of a size, and the tables of its views."""

    events: int
    place: Place
    tables: Place


class Sizes(NamedTuple):
    """Ledgers of two sizes on one database."""

    database: str
    small: Ledger
    large: Ledger
    shelf: Shelf

    @property
    def both(self) -> tuple[Ledger, Ledger]:
        """The small one, and the large one."""
        return self.small, self.large

    def figure(self, work: str, unit: str, took: tuple[float, float], **more: Any) -> Figure:
        """Hold what the large ledger took against the small one."""
        theirs, ours = took
        return Figure(
            work=f"{work}, on {self.database} at {self.large.events:,} events",
            unit=unit,
            ours=ours,
            peer=f"the same at {self.small.events:,} events",
            theirs=theirs,
            **more,
        )


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figures of this part."""
    with ExitStack() as stack:
        folder = scale.kept or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(databases(scale.kept and scale.kept / "server"))
        shelf = Shelf(folder, server)
        for database in ("SQLite", "PostgreSQL"):
            small, large = (
                Ledger(events, shelf.ledger(database, events), shelf.tables(database, events))
                for events in (scale.growth // TIMES, scale.growth)
            )
            sizes = Sizes(database, small, large, shelf)
            yield _disk(sizes)
            yield from _reads(sizes, scale)
            yield _appends(sizes, scale)
            yield _start(sizes, scale)
            if database == "SQLite":
                yield compressed(large.place)
                yield from _rebuilds(sizes)


Read = Callable[[], float]
"""Reads something at random; gives the milliseconds that it took."""


def _pages(stack: ExitStack, ledger: Ledger) -> Read:
    log = stack.enter_context(closing(opened_log(ledger.place, writing=False)))
    chosen = random.Random(1)
    positions = log.head().position - PAGE

    def read() -> float:
        after = chosen.randrange(positions)
        began = time.perf_counter()
        page = log.entries(after, PAGE)
        took = time.perf_counter() - began
        assert page[0].position == after + 1
        assert len(page) == PAGE
        return 1000 * took

    return read


def _streams(stack: ExitStack, ledger: Ledger) -> Read:
    log = stack.enter_context(closing(opened_log(ledger.place, writing=False)))
    chosen = random.Random(1)

    def read() -> float:
        stream = stream_name(chosen.randrange(streams_for(ledger.events)))
        began = time.perf_counter()
        entries = log.stream_entries(stream)
        took = time.perf_counter() - began
        assert len(entries) == EVENTS_EACH
        return 1000 * took

    return read


def _letters(stack: ExitStack, ledger: Ledger) -> Read:
    projector = stack.enter_context(running("projector", str(ledger.place), str(ledger.tables)))
    asked(projector, "catch up")

    def read() -> float:
        done = asked(projector, f"look {LOOKS}")
        return 1000 * done.seconds / done.events

    return read


def _reads(sizes: Sizes, scale: Scale) -> Iterator[Figure]:
    """Read from both ledgers in turns."""
    for work, opened in (
        (f"feed page of {PAGE:,}", _pages),
        (f"stream of {EVENTS_EACH} events", _streams),
        ("a letter as of any position", _letters),
    ):
        places = [ledger.tables if opened is _letters else ledger.place for ledger in sizes.both]
        for warm in (True, False):
            (sizes.shelf.warm if warm else sizes.shelf.cool)(*places)
            took: tuple[list[float], list[float]] = ([], [])
            with ExitStack() as stack:
                reads = [opened(stack, ledger) for ledger in sizes.both]
                for _ in range(scale.pages if warm else scale.pages // COLD_SHARE):
                    for read, times in zip(reads, took, strict=True):
                        times.append(read())
            yield sizes.figure(
                f"{work}{'' if warm else ', from the disk'}",
                "ms",
                (median(took[0]), median(took[1])),
                at_most=READ if warm else None,
            )


def _appends(sizes: Sizes, scale: Scale) -> Figure:
    """Append to streams that are there already, in turns."""
    copies = [sizes.shelf.copied(ledger.place) for ledger in sizes.both]
    with ExitStack() as stack:
        small, large = runners = [
            Runner(
                stack,
                "log",
                copy,
                events=1,
                streams=streams_for(ledger.events),
                commands=evenly(scale.commands),
                version_first=EVENTS_EACH + 1,
                mixed=False,
                after=position_of(copy),
            )
            for copy, ledger in zip(copies, sizes.both, strict=True)
        ]
        for _ in range(scale.rounds):
            for runner in runners:
                runner.run()
        figure = sizes.figure(
            "append without HTTP",
            "events/s",
            (small.rate, large.rate),
            at_least=APPEND,
            seen=large.seen(),
        )
    for copy in copies:
        sizes.shelf.drop(copy)
    return figure


def _start(sizes: Sizes, scale: Scale) -> Figure:
    """Start the service, kill it under load, and start it again."""
    copy = sizes.shelf.copied(sizes.large.place)
    with running("load") as load, tempfile.TemporaryDirectory() as folder:
        if not copy.directory:
            copy = msgspec.structs.replace(copy, snapshot_file=str(Path(folder) / SNAPSHOT_NAME))
        with running("ledger_server", str(copy)) as first:
            began = time.perf_counter()
            host, port = place_of(first.read())
            at_first_s = time.perf_counter() - began
            run = Run(
                name="before",
                host=host,
                port=port,
                tokens=TOKENS,
                connections=CLIENTS,
                warm_up_s=0,
                seconds=scale.seconds,
            )
            load.write(msgspec.json.encode(run).decode())
            measured = msgspec.json.decode(load.read(), type=Measured)
            assert not measured.refused, measured.first_refusal
            first.kill()
        began = time.perf_counter()
        with running("ledger_server", str(copy)) as second:
            second.read()
            took_s, busy_s = time.perf_counter() - began, second.cpu_s()
    sizes.shelf.drop(copy)
    return limit(
        f"start to ready after kill -9, on {sizes.database} at {sizes.large.events:,} events",
        "s",
        took_s,
        START_S,
        f"{busy_s:.1f} s of processor time; killed after {measured.requests:,} commands; the start "
        f"before, which folded the whole log, took {at_first_s:.1f} s",
    )


def _rebuilds(sizes: Sizes) -> Iterator[Figure]:
    """Rebuild all views; what that takes must grow with the events, and its memory must not."""
    done = []
    for ledger in sizes.both:
        with running("projector", str(ledger.place), str(ledger.tables)) as projector:
            asked(projector, "catch up")
            done.append(asked(projector, "rebuild"))
    small, large = done
    yield sizes.figure(
        "rebuild of all views, compared with the served ones, per million events",
        "s",
        (1_000_000 / small.rate, 1_000_000 / large.rate),
        at_most=LINEAR,
        detail=f"{large.events:,} events in {large.seconds:.0f} s, every view equal byte for byte",
    )
    yield sizes.figure(
        "memory of a rebuild at its peak", "MB", (small.peak_mb, large.peak_mb), at_most=LINEAR
    )


def _disk(sizes: Sizes) -> Figure:
    """Hold what the database takes against the entries alone; hardly one of it has an answer."""
    used, events, entry_bytes = _used(sizes.large.place)
    return limit(
        f"bytes of an event on disk beside its entry, on {sizes.database}",
        "bytes",
        (used - entry_bytes) / events,
        OVERHEAD_BYTES,
        f"log, index, leaves and tiles of {events:,} events, with entries of "
        f"{entry_bytes / events:.0f} bytes",
    )


def position_of(place: Place) -> int:
    """Tell the last position of a log."""
    with closing(opened_log(place, writing=False)) as log:
        return log.head().position


def _used(place: Place) -> tuple[int, int, int]:
    """Tell the bytes of a ledger, the number of its entries and the bytes of all of them."""
    if place.directory:
        # The write-ahead log is reused and does not grow with the events.
        file = place.folder / DATABASE_NAME
        with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as reader:
            counted = reader.execute("SELECT count(*), sum(length(entry)) FROM entries").fetchone()
        return (file.stat().st_size, *counted)
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute("SELECT set_config('search_path', %s, false)", (SCHEMA,))
        row = connection.execute(
            "SELECT (SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
            "WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'), "
            "count(*), sum(octet_length(entry)) FROM entries"
        ).fetchone()
    assert row is not None
    used, events, entry_bytes = map(int, row)
    return used, events, entry_bytes
