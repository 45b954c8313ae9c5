"""Commands through HTTP, 64 clients at once, beside the plain library behind the same framework.

While a ledger is under load a live subscriber follows its feed; what it received is held against
the log afterwards.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Final

import msgspec
from benchmarks.databases import databases
from benchmarks.following import Following, leaves_of
from benchmarks.load import Measured, Run, place_of
from benchmarks.measure import Figure, Scale, Seen, limit
from benchmarks.places import Place
from benchmarks.processes import Program, running
from benchmarks.submissions import TOKENS, prepared

CLIENTS: Final = 64
P99_MS: Final = 20


class Served:
    """A server under load, in turns with the others."""

    def __init__(self, stack: ExitStack, load: Program, module: str, *arguments: str) -> None:
        self.program = stack.enter_context(running(module, *arguments))
        self.host, self.port = place_of(self.program.read())
        self._load = load
        self._runs: list[Measured] = []
        self._cpu_us: list[float] = []

    def run(self, name: str, scale: Scale) -> None:
        """Put the server under load once; every answer must be a success."""
        run = Run(
            name=name,
            host=self.host,
            port=self.port,
            tokens=TOKENS,
            connections=CLIENTS,
            warm_up_s=scale.warm_up_s,
            seconds=scale.seconds,
        )
        used_before = self.program.cpu_s()
        self._load.write(msgspec.json.encode(run).decode())
        measured = msgspec.json.decode(self._load.read(), type=Measured)
        assert not measured.refused, measured.first_refusal
        self._runs.append(measured)
        self._cpu_us.append(1e6 * (self.program.cpu_s() - used_before) / measured.requests)

    @property
    def rate(self) -> float:
        """Median of the answers per second."""
        return median(run.rate for run in self._runs)

    @property
    def p99_ms(self) -> float:
        """Median of the runs' 99th percentiles."""
        return median(run.p99_ms for run in self._runs)

    @property
    def requests(self) -> int:
        """All requests of all runs."""
        return sum(run.requests for run in self._runs)

    def __str__(self) -> str:
        """Tell the medians beside the rate."""
        p50 = median(run.p50_ms for run in self._runs)
        busy = median(run.busy for run in self._runs)
        return (
            f"p50 {p50:.1f} ms, p99 {self.p99_ms:.1f} ms, {median(self._cpu_us):.0f} us of the "
            f"server's processor a command, load generator {busy:.0%} of a core"
        )


class Followed(Served):
    """A ledger under load, and the subscriber that follows it."""

    def __init__(self, stack: ExitStack, load: Program, place: Place, folder: Path) -> None:
        prepared(place).close()
        super().__init__(stack, load, "ledger_server", str(place))
        self._place = place
        self._following = Following(stack, self.host, self.port, folder)

    def seen(self) -> Seen:
        """Let the subscriber come to the end, and hold what it has against the log."""
        leaves = leaves_of(self._place)
        self._following.reach(len(leaves))
        return self._following.seen(leaves)


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figures of this part."""
    with databases() as server, tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        load = stack.enter_context(running("load"))
        empty = Served(stack, load, "empty_server")
        ledgers, peers = {}, {}
        for database in ("SQLite", "PostgreSQL"):
            own = folder / database
            own.mkdir()
            if database == "SQLite":
                place = Place(kind="ledger", directory=str(own / "ledger"))
                peer_place = Place(kind="library", directory=str(own / "peer"))
            else:
                place, peer_place = server.new("ledger"), server.new("library")
            ledgers[database] = Followed(stack, load, place, own)
            peers[database] = Served(stack, load, "peer_server", str(peer_place))
        for number in range(scale.rounds):
            for served in (*ledgers.values(), *peers.values(), empty):
                served.run(f"r{number}", scale)
        for database, ledger in ledgers.items():
            yield from _figures(database, ledger, peers[database], empty)


def _figures(database: str, ledger: Followed, peer: Served, empty: Served) -> Iterator[Figure]:
    work = f"commands through HTTP on {database}, durable, {CLIENTS} clients"
    seen = ledger.seen()
    yield Figure(
        work=work,
        unit="commands/s",
        ours=ledger.rate,
        peer="an endpoint of FastAPI with a validated body that does nothing",
        theirs=empty.rate,
        at_least=0.5,
        seen=seen,
        detail=f"ours: {ledger}; empty endpoint: {empty}",
    )
    yield Figure(
        work=work,
        unit="commands/s",
        ours=ledger.rate,
        peer="plain library behind FastAPI: load, decide, save, a thread a request",
        theirs=peer.rate,
        at_least=6,
        seen=seen,
        detail=f"peer: {peer}",
    )
    yield limit(f"{work} (p99)", "ms", ledger.p99_ms, P99_MS)
