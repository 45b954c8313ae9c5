"""From a command sent to the event received by a subscriber, at 100 commands a second."""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Final

import msgspec
from benchmarks.databases import databases
from benchmarks.load import Run, place_of
from benchmarks.measure import Figure, Scale, limit
from benchmarks.places import Place
from benchmarks.probe import Probe, Probed
from benchmarks.processes import Program, running
from benchmarks.submissions import TOKENS, prepared

RATE: Final = 100
P50_MS: Final = 3
P99_MS: Final = 10
BUSY: Final = 16
SUBSCRIBERS: Final = 20


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figures of this part."""
    with databases() as server, tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        load = stack.enter_context(running("load"))
        for database, place in (
            ("SQLite", Place(kind="ledger", directory=name)),
            ("PostgreSQL", server.new("ledger")),
        ):
            prepared(place).close()
            with running("ledger_server", str(place)) as ledger:
                yield from _figures(database, ledger.read(), load, scale)


def _figures(database: str, address: str, load: Program, scale: Scale) -> Iterator[Figure]:
    work = f"command sent to event received on {database}, {RATE} commands/s"
    host, port = place_of(address)
    for name, beside, busy, subscribers in (
        ("busy", f"{BUSY} busy connections", BUSY, 1),
        ("many", f"{SUBSCRIBERS} subscribers", 0, SUBSCRIBERS),
    ):
        with running("probe", host, str(port)) as prober:
            probe = Probe(
                name=name,
                rate=RATE,
                commands=round(RATE * scale.seconds * 2),
                subscribers=subscribers,
            )
            prober.write(msgspec.json.encode(probe).decode())
            assert prober.read() == "ready"
            if busy:
                load.write(_run(name, host, port, busy, scale))
            prober.write("")
            probed = msgspec.json.decode(prober.read(), type=Probed)
            if busy:
                load.read()
        detail = f"p50 {probed.p50_ms:.2f}, p99 {probed.p99_ms:.2f}, most {probed.most_ms:.1f} ms"
        for share, ours, most in (
            ("p50", probed.p50_ms, P50_MS),
            ("p99", probed.p99_ms, P99_MS),
        ):
            figure = limit(f"{work}, with {beside} ({share})", "ms", ours, most, detail)
            yield replace(figure, seen=probed.seen)


def _run(name: str, host: str, port: int, connections: int, scale: Scale) -> str:
    run = Run(
        name=f"beside-{name}",
        host=host,
        port=port,
        tokens=TOKENS,
        connections=connections,
        warm_up_s=0,
        # Longer than the probe, so that no part of it is measured in peace.
        seconds=scale.seconds * 2 + 1,
    )
    return msgspec.json.encode(run).decode()
