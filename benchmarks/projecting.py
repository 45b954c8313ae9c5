"""The read side: catching up into tables, and rebuilding all of them.

One process reads a log of the event mix, folds it through all views and writes their tables. The
library's runner does the same with one view.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
from benchmarks.databases import Databases, databases
from benchmarks.filled import filled
from benchmarks.measure import Figure, Scale, floor, limit
from benchmarks.places import Place
from benchmarks.processes import running
from benchmarks.projector import Projected

CATCH_UP: Final = 60_000
"""Events per second that are promised."""

REBUILD_S: Final = 60
"""Seconds for a million events."""

PEER_STREAMS: Final = 120
"""Streams of 25 events that the library projects in a run; it takes a commit an event."""


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figures of this part."""
    with databases() as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ledger = Place(kind="ledger", directory=str(folder / "ledger"))
        filled(ledger, scale.events)
        caught: dict[str, list[Projected]] = {"SQLite": [], "PostgreSQL": []}
        rebuilt: dict[str, Projected] = {}
        theirs = []
        for number in range(scale.rounds):
            # The last round is the one whose tables are rebuilt.
            last = number == scale.rounds - 1
            for database, runs in caught.items():
                place = (
                    Place(kind="views", directory=str(folder / f"views-{number}"))
                    if database == "SQLite"
                    else server.new("views")
                )
                for done in _projected(ledger, place, rebuilding=last):
                    if done.name == "catch up":
                        runs.append(done.projected)
                    else:
                        rebuilt[database] = done.projected
            theirs.append(_peer(server, scale))
    for database, runs in caught.items():
        yield from _figures(database, runs, rebuilt[database], median(theirs))


def _figures(
    database: str, runs: list[Projected], rebuilt: Projected, theirs: float
) -> Iterator[Figure]:
    work = f"projection catch-up into tables of all views on {database}, one process"
    rate = median(run.rate for run in runs)
    cpu_rate = median(run.events / run.cpu_s for run in runs)
    detail = (
        f"{runs[0].events:,} events; {cpu_rate:,.0f} events in a second of processor time; "
        f"peak memory {max(run.peak_mb for run in runs):.0f} MB"
    )
    yield floor(work, "events/s", rate, CATCH_UP, detail=detail)
    yield Figure(
        work=work,
        unit="events/s",
        ours=rate,
        peer="the library's ProjectionRunner on PostgreSQL, one view",
        theirs=theirs,
        at_least=40,
    )
    yield limit(
        f"rebuild of all views on {database}, compared with the served ones, per million events",
        "s",
        rebuilt.seconds * 1_000_000 / rebuilt.events,
        REBUILD_S,
        f"{rebuilt.events:,} events in {rebuilt.seconds:.1f} s, every view equal byte for byte; "
        f"peak memory {rebuilt.peak_mb:.0f} MB",
    )


class Done(msgspec.Struct, frozen=True):
    """One step of a projector."""

    name: str
    projected: Projected


def _projected(ledger: Place, tables: Place, *, rebuilding: bool) -> Iterator[Done]:
    with running("projector", str(ledger), str(tables)) as projector:
        for step in ("catch up", "rebuild") if rebuilding else ("catch up",):
            projector.write(step)
            yield Done(step, msgspec.json.decode(projector.read(), type=Projected))


def _peer(server: Databases, scale: Scale) -> float:
    streams = min(PEER_STREAMS, scale.streams // 8)
    with running("peer_projection", str(server.new("library")), str(streams)) as peer:
        return msgspec.json.decode(peer.read(), type=Projected).rate
