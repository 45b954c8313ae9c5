"""Whoever appends without HTTP, as a process of its own that runs when it is told to.

Run as `python -m benchmarks.contender NAME PLACE EVENTS STREAMS [VERSION]`: every command has that
many events, and the mix that many streams, which have all events before VERSION already. Says
`ready`; then each line says `COMMANDS CLIENTS`: the next commands of the mix by so many clients at
once. It is answered by a line with `Done`.
"""

import sys
import time
from collections.abc import Callable
from importlib import import_module
from itertools import islice
from typing import Final, Protocol

import msgspec
from benchmarks.mix import Command, Mix
from benchmarks.places import Place

from opsledger_ledger.bootstrap.garbage import tune_garbage_collector


class Contender(Protocol):
    """Appends commands."""

    def prepare(self, commands: list[Command], clients: int) -> None:
        """Take the next commands and make of them what is to be sent; not timed."""

    def run(self) -> float | None:
        """Have the prepared commands recorded durably; back when all are.

        This is what is timed; seconds are given by who has measured them better from inside.
        """


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one run."""

    events: int
    seconds: float
    cpu_s: float
    """Processor time of the contender's own process, its threads included."""

    @property
    def rate(self) -> float:
        """Events per second."""
        return self.events / self.seconds


CONTENDERS: Final = {
    "log": "append_ledger:Appending",
    "writer": "append_ledger:Deciding",
    "rows": "append_rows:open_rows",
    "fdatasync": "append_file:Syncing",
    "library": "append_library:Saving",
    "unordered": "append_pgbench:Unordered",
    "message-db": "append_pgbench:Messages",
    "umadb": "append_umadb:Calling",
}
"""Module and maker of each; only what is measured is imported."""


def _made(name: str, place: Place, events: int) -> Contender:
    module, _, maker = CONTENDERS[name].partition(":")
    make: Callable[[Place, int], Contender] = getattr(import_module(f"benchmarks.{module}"), maker)
    return make(place, events)


def _main(name: str, place: Place, events: int, streams: int, version: int = 1) -> None:
    contender = _made(name, place, events)
    mix = Mix(streams).commands(events, version)
    tune_garbage_collector()
    print("ready", flush=True)
    for line in sys.stdin:
        count, clients = map(int, line.split())
        commands = list(islice(mix, count))
        assert len(commands) == count, "the mix has too few streams for this run"
        contender.prepare(commands, clients)
        began, cpu_before = time.perf_counter(), time.process_time()
        measured_s = contender.run()
        passed_s = time.perf_counter() - began
        done = Done(
            events=count * events,
            seconds=measured_s or passed_s,
            cpu_s=time.process_time() - cpu_before,
        )
        print(msgspec.json.encode(done).decode(), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], Place.of(sys.argv[2]), *map(int, sys.argv[3:]))
