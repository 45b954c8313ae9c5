"""Memory of the ledger service: idle, and under load of 64 clients."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack

import msgspec
from benchmarks.commands import CLIENTS
from benchmarks.filled import filled
from benchmarks.load import Measured, Run, place_of
from benchmarks.measure import Figure, Scale, limit
from benchmarks.places import Place
from benchmarks.processes import running
from benchmarks.submissions import TOKENS

IDLE_MB = 130
LOADED_MB = 200

SETTLED_S = 2
"""After a start, until the copy of a process has ended that writes a snapshot."""


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figures of this part."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        place = Place(kind="ledger", directory=name)
        events = filled(place, scale.events)
        load = stack.enter_context(running("load"))
        server = stack.enter_context(running("ledger_server", str(place)))
        host, port = place_of(server.read())
        time.sleep(SETTLED_S)
        idle, parts = server.memory_mb(), server.memory_parts()
        run = Run(
            name="memory",
            host=host,
            port=port,
            tokens=TOKENS,
            connections=CLIENTS,
            warm_up_s=0,
            seconds=scale.seconds * scale.rounds,
        )
        load.write(msgspec.json.encode(run).decode())
        measured = msgspec.json.decode(load.read(), type=Measured)
        assert not measured.refused, measured.first_refusal
        loaded = server.memory_mb()
        beside = f"a ledger of {events:,} events on SQLite; "
        yield limit("memory of the ledger service, idle", "MB", idle, IDLE_MB, beside + parts)
        yield limit(
            f"memory of the ledger service after load by {CLIENTS} clients",
            "MB",
            loaded,
            LOADED_MB,
            f"{beside}{measured.requests:,} commands; {server.memory_parts()}",
        )
