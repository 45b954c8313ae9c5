"""One contender that appends, in a process of its own, with the live reader beside it."""

from contextlib import ExitStack
from statistics import median
from typing import Final

import msgspec
from benchmarks.contender import Done
from benchmarks.measure import Seen
from benchmarks.places import Place
from benchmarks.processes import Program, running

WAITING: Final = 64
"""Commands that wait for the writer, which is what one commit of it takes."""

SINGLE: Final = 16
"""One-at-a-time runs have this many times fewer commands."""


class Runner:
    """One contender in its process, with the live reader beside it."""

    def __init__(
        self,
        stack: ExitStack,
        name: str,
        place: Place,
        *,
        events: int,
        streams: int,
        commands: int,
        clients: int = WAITING,
        read: bool = True,
        mixed: bool = True,
        version_first: int = 1,
        after: int = 0,
    ) -> None:
        """`mixed` is false where other events than the first of the mix are stored.

        The reader begins after the position `after`.
        """
        arguments = (name, str(place), str(events), str(streams), str(version_first))
        self._program = stack.enter_context(running("contender", *arguments))
        assert self._program.read() == "ready"
        self._tail: Program | None = None
        if read:
            self._tail = stack.enter_context(running("tail", str(place), str(after)))
        self._events, self._streams = events, streams
        self._commands, self._clients, self._mixed = commands, clients, mixed
        self._sent = 0
        self.done: list[Done] = []
        self.alone: list[Done] = []

    def run(self) -> None:
        """Run once with all clients."""
        self.done.append(self._run(self._commands, self._clients))

    def run_alone(self) -> None:
        """Run once with a single client."""
        self.alone.append(self._run(max(WAITING, self._commands // SINGLE), 1))

    def _run(self, commands: int, clients: int) -> Done:
        if self._tail is not None:
            self._tail.write("follow")
            assert self._tail.read() == "following"
        self._program.write(f"{commands} {clients}")
        done = msgspec.json.decode(self._program.read(), type=Done)
        if self._tail is not None:
            self._tail.write("rest")
            assert self._tail.read() == "resting"
        self._sent += commands
        return done

    def seen(self) -> Seen:
        """End the reader; what is stored must be what was sent."""
        assert self._tail is not None
        commands = self._sent if self._mixed else 0
        self._tail.write(f"compare {commands} {self._events} {self._streams}")
        return msgspec.json.decode(self._tail.read(), type=Seen)

    @property
    def rate(self) -> float:
        """Median of the events per second."""
        return median(done.rate for done in self.done)

    @property
    def rate_alone(self) -> float:
        """Median of the events per second of a single client."""
        return median(done.rate for done in self.alone)


def evenly(commands: int) -> int:
    """Give a number of commands that goes evenly to all clients of anybody."""
    return max(1, commands // WAITING) * WAITING
