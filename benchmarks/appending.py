"""Appending without HTTP: 64 commands at once and one at a time, beside limits and peers.

Every contender is a process of its own and goes through the same commands of the same mix, in
turns with the others; beside each that has positions a live reader follows. What everybody holds at
the end must be what was sent, byte for byte.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from benchmarks.append_umadb import uma_server
from benchmarks.databases import Databases, databases
from benchmarks.hashing import share_of_hashing
from benchmarks.measure import Absent, Figure, Scale, Seen
from benchmarks.peer_messages import NotObtainable, fetched
from benchmarks.places import Place
from benchmarks.processes import ROOT
from benchmarks.runner import WAITING, Runner, evenly

CACHE: Final = ROOT / "build" / "benchmarks"


class Peer(NamedTuple):
    """Who stands beside the ledger, and what is promised against it."""

    name: str
    runner: Runner
    at_least: float | None


def on_sqlite(scale: Scale) -> Iterator[Figure | Absent]:
    """Measure and yield the figures of appending to SQLite."""
    for events in (1, 3):
        yield from _on_sqlite(scale, events)


def on_postgres(scale: Scale) -> Iterator[Figure | Absent]:
    """Measure and yield the figures of appending to PostgreSQL."""
    for events in (1, 3):
        yield from _on_postgres(scale, events)


def _on_sqlite(scale: Scale, events: int) -> Iterator[Figure | Absent]:
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folders = iter(range(1_000))

        def place(kind: str) -> Place:
            return Place(kind=kind, directory=str(Path(name) / str(next(folders))))

        start = partial(_start, stack, scale, events, place)
        disk = start("fdatasync", "file", 8, clients=1, read=False)
        peers = [*_everywhere(start, "SQLite", single=4, library=8)]
        yield from _contest("SQLite", scale, events, start, peers, disk)


def _on_postgres(scale: Scale, events: int) -> Iterator[Figure | Absent]:
    with databases() as server, tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        start = partial(_start, stack, scale, events, server.new)
        peers = [*_everywhere(start, "PostgreSQL", single=None, library=15)]
        functions = "plain library by its database functions, 32 clients: load, decide, save"
        runner = start("library", "library-functions", 8, clients=32)
        peers.append(Peer(functions, runner, None))
        insert = "plain INSERT by 32 connections of pgbench"
        peers.append(Peer(insert, start("unordered", "rows", 2, clients=32), 1.0))
        try:
            messages = _messages(server, fetched(CACHE))
        except NotObtainable as error:
            yield Absent(work="message-db, beside which we append", reason=str(error))
        else:
            start = partial(_start, stack, scale, events, messages)
            runner = start("message-db", "message-db", 8, clients=32)
            peers.append(Peer("message-db, 32 connections of pgbench", runner, None))
        start = partial(_start, stack, scale, events, server.new)
        if events == 1:
            url = stack.enter_context(uma_server(Path(name)))
            over_grpc = partial(
                _start, stack, scale, events, lambda kind: Place(kind=kind, url=url)
            )
            runner = over_grpc("umadb", "umadb", 4)
            peers.append(Peer(f"UmaDB over gRPC, {WAITING} clients", runner, 1.5))
        yield from _contest("PostgreSQL", scale, events, start, peers, None)


def _messages(server: Databases, sql: Path) -> Callable[[str], Place]:
    return lambda kind: msgspec.structs.replace(server.new(kind), key_file=str(sql))


def _start(
    stack: ExitStack,
    scale: Scale,
    events: int,
    place: Callable[[str], Place],
    name: str,
    kind: str,
    share: int = 1,
    **options: Any,
) -> Runner:
    """Start a contender; a slow one gets only a share of the commands."""
    return Runner(
        stack,
        name,
        place(kind),
        events=events,
        streams=scale.streams,
        commands=evenly(scale.commands // share),
        **options,
    )


def _everywhere(
    start: Callable[..., Runner], database: str, *, single: float | None, library: float
) -> Iterator[Peer]:
    """Start the limits and the peer that both databases have."""
    yield Peer(
        f"limit: the same rows, {WAITING} commands a transaction", start("rows", "rows"), 0.6
    )
    yield Peer(
        f"raw {database}: the same rows, one command a transaction",
        start("rows", "rows", 8, clients=1),
        single,
    )
    yield Peer(
        "plain library, 32 clients: load, decide, save",
        start("library", "library", 8, clients=32),
        library,
    )


def _contest(
    database: str,
    scale: Scale,
    events: int,
    start: Callable[..., Runner],
    peers: Sequence[Peer],
    disk: Runner | None,
) -> Iterator[Figure]:
    """Let everybody run in turns, and hold the ledger against each of the others."""
    log = start("log", "ledger")
    writer = start("writer", "ledger", 4, mixed=False)
    _, single, library, *_ = (peer.runner for peer in peers)
    for _ in range(scale.rounds):
        for runner in (log, writer, *(peer.runner for peer in peers)):
            runner.run()
        if disk is not None:
            disk.run()
        if events == 1:
            log.run_alone()
            library.run_alone()
    counted = "1 event" if events == 1 else f"{events} events"
    work = f"append without HTTP on {database}, {WAITING} commands of {counted}"
    seen = log.seen()
    for peer in peers:
        yield Figure(
            work=work,
            unit="events/s",
            ours=log.rate,
            peer=peer.name + ("" if peer.at_least else " (orientation)"),
            theirs=peer.runner.rate,
            at_least=peer.at_least,
            seen=seen,
            seen_of_peer=peer.runner.seen(),
        )
    yield Figure(
        work=f"{work}, decided by the rules as real commands",
        unit="events/s",
        ours=writer.rate,
        peer="plain library, 32 clients: load, decide, save (orientation)",
        theirs=library.rate,
        seen=writer.seen(),
        detail="queue, authority, decision, envelope and fold of each command included",
    )
    if events == 1:
        yield from _alone(database, log, single, library, disk, seen)
    yield share_of_hashing(scale, database, events, log.rate)


def _alone(
    database: str,
    log: Runner,
    single: Runner,
    library: Runner,
    disk: Runner | None,
    seen: Seen,
) -> Iterator[Figure]:
    beside: list[tuple[str, float | None, float]] = [
        (f"raw {database}: the same rows, one command a transaction", 0.6, single.rate),
        ("plain library, one client: load, decide, save", 1.0, library.rate_alone),
    ]
    if disk is not None:
        beside.append(("limit: raw fdatasync of one block (orientation)", None, disk.rate))
    for name, at_least, theirs in beside:
        yield Figure(
            work=f"one client, one event, durable, on {database}",
            unit="events/s",
            ours=log.rate_alone,
            peer=name,
            theirs=theirs,
            at_least=at_least,
            seen=seen,
        )
