"""Commands through HTTP, 64 clients at once, beside the plain library behind the same framework.

While the ledger is under load, a live subscriber follows its feed; what it received is held against
the log afterwards.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
from benchmarks.appender import Appended
from benchmarks.feed_check import RECORD, Received, compared
from benchmarks.load import Measured, Run, place_of
from benchmarks.measure import Figure, Scale
from benchmarks.processes import Program, running
from benchmarks.submissions import TOKENS, prepared

from opsledger_ledger.recording.sqlite_log import open_log

CLIENTS: Final = 64
PAGE: Final = 1_000


class Runs:
    """The runs of one contender."""

    def __init__(self) -> None:
        self._runs: list[Measured] = []
        self._cpu_us: list[float] = []

    def add(self, load: Program, server: Program, name: str, address: str, scale: Scale) -> None:
        """Put the server under load once."""
        host, port = place_of(address)
        run = Run(
            name=name,
            host=host,
            port=port,
            tokens=TOKENS,
            connections=CLIENTS,
            warm_up_s=scale.warm_up_s,
            seconds=scale.seconds,
        )
        used_before = server.cpu_s()
        load.write(msgspec.json.encode(run).decode())
        measured = msgspec.json.decode(load.read(), type=Measured)
        assert not measured.refused, measured.first_refusal
        self._runs.append(measured)
        self._cpu_us.append(1e6 * (server.cpu_s() - used_before) / measured.requests)

    @property
    def rate(self) -> float:
        """Median of the answers per second."""
        return median(run.rate for run in self._runs)

    def __str__(self) -> str:
        """Tell the medians beside the rate."""
        p50 = median(run.p50_ms for run in self._runs)
        p99 = median(run.p99_ms for run in self._runs)
        busy = median(run.busy for run in self._runs)
        return (
            f"p50 {p50:.1f} ms, p99 {p99:.1f} ms, {median(self._cpu_us):.0f} us of the server's "
            f"processor a command, load generator {busy:.0%} of a core"
        )


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figures of this part."""
    appended = _appended(scale)
    ledger, peer, empty = Runs(), Runs(), Runs()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "peer").mkdir()
        prepared(folder / "ledger").close()
        load = stack.enter_context(running("load"))
        with running("ledger_server", str(folder / "ledger")) as server, ExitStack() as beside:
            peer_server = beside.enter_context(running("peer_server", str(folder / "peer")))
            empty_server = beside.enter_context(running("empty_server"))
            address = server.read()
            peer_address, empty_address = peer_server.read(), empty_server.read()
            host, port = place_of(address)
            file = folder / "received"
            subscriber = beside.enter_context(
                running("subscriber", host, str(port), TOKENS[0], str(file))
            )
            assert subscriber.read() == "following"
            for number in range(scale.rounds):
                for runs, program, place in (
                    (ledger, server, address),
                    (peer, peer_server, peer_address),
                    (empty, empty_server, empty_address),
                ):
                    runs.add(load, program, f"r{number}", place, scale)
            subscriber.write(str(_last_position(folder / "ledger")))
            assert subscriber.read() == "written"
        received = _received(folder / "ledger", file)
    yield from _http_figures(ledger, peer, empty, appended)
    yield from _appending_figures(appended)
    yield Figure(
        work="events missed, doubled, disordered or altered at a live subscriber under this load",
        unit="events",
        ours=received.missed + received.doubled + received.disordered + received.altered,
        peer=f"events of the log: missed {received.missed}, doubled {received.doubled}",
        theirs=received.events,
        at_most=0,
    )


def _http_figures(ledger: Runs, peer: Runs, empty: Runs, appended: Appended) -> Iterator[Figure]:
    work = f"commands through HTTP, durable, {CLIENTS} clients"
    ours = ledger.rate
    yield Figure(
        work=work,
        unit="commands/s",
        ours=ours,
        peer="plain library: Application.save, FastAPI, a thread per request",
        theirs=peer.rate,
        at_least=5.0,
        detail=f"ours: {ledger}; peer: {peer}; empty endpoint: {empty}",
    )
    for name, rate in (
        ("an endpoint of FastAPI that does nothing (orientation)", empty.rate),
        ("limit: raw SQLite rows, a commit each (orientation)", appended.single),
        (f"limit: raw SQLite rows, {CLIENTS} a commit (orientation)", appended.grouped),
    ):
        yield Figure(work=work, unit="commands/s", ours=ours, peer=name, theirs=rate)


def _appending_figures(appended: Appended) -> Iterator[Figure]:
    work = f"commands without HTTP, durable, {CLIENTS} waiting"
    for name, rate in (
        (f"limit: raw SQLite rows, {CLIENTS} a commit (orientation)", appended.grouped),
        ("limit: raw SQLite rows, a commit each (orientation)", appended.single),
    ):
        yield Figure(
            work=work,
            unit="commands/s",
            ours=appended.ledger,
            peer=name,
            theirs=rate,
            detail=f"PRAGMA synchronous = {appended.synchronous} on both; "
            f"{appended.entry_bytes} bytes an entry",
        )


def _appended(scale: Scale) -> Appended:
    with running("appender", str(scale.rounds), str(scale.commands)) as program:
        return msgspec.json.decode(program.read(), type=Appended)


def _last_position(directory: Path) -> int:
    log = open_log(directory, writing=False, checking=False)
    try:
        return log.head().position
    finally:
        log.close()


def _received(directory: Path, file: Path) -> Received:
    """Compare what the subscriber wrote with the log, which nobody writes to any more."""
    log = open_log(directory, writing=False, checking=False)
    leaves: list[bytes] = []
    try:
        while page := log.entries(len(leaves), PAGE):
            leaves += [stored.leaf for stored in page]
    finally:
        log.close()
    return compared(RECORD.iter_unpack(file.read_bytes()), leaves)
