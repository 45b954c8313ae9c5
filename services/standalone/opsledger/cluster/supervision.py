"""Keeping the parts of a cluster running: started in order, restarted when they end, stopped."""

import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Final

from opsledger.cluster.errors import ClusterError, Stopped
from opsledger.cluster.parts import Part

WATCH_S: Final = 0.2
BACKOFF_FIRST_S: Final = 0.5
BACKOFF_MAX_S: Final = 15.0
STEADY_S: Final = 30.0
"""How long a part has to run until its next end is taken for the first one again."""

Say = Callable[[str], None]


class Supervisor:
    """Watches parts that run, in the order in which they were started."""

    def __init__(self, say: Say, stopping: Event, changed: Callable[[], None]) -> None:
        """`changed` is called when a part has another process than before."""
        self._say = say
        self._changed = changed
        self._stopping = stopping
        self._parts: list[Part] = []
        self._pauses: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._started: dict[str, float] = {}

    @property
    def parts(self) -> Sequence[Part]:
        """The parts that were started."""
        return self._parts

    def start(self, *parts: Part) -> None:
        """Start parts and watch them from now on; they are stopped before those started earlier.

        Raises:
            ClusterError: one does not become ready.
            Stopped: everything is to stop.

        """
        if self._stopping.is_set():
            raise Stopped
        for part in parts:
            self._parts.append(part)
            self._started[part.name] = time.monotonic()
            if not part.running():
                part.start()
        for part in parts:
            part.wait_ready()

    def watch(self) -> None:
        """Start parts again that ended, with growing pauses, until told to stop."""
        while not self._stopping.wait(WATCH_S):
            for part in self._parts:
                if not part.running() and not self._stopping.is_set():
                    self._revive(part)

    def stop(self) -> None:
        """Stop all parts, the last one started first."""
        for part in reversed(self._parts):
            part.stop()

    def _revive(self, part: Part) -> None:
        now = time.monotonic()
        due = self._due.get(part.name)
        if due is None:
            steady = now - self._started[part.name] > STEADY_S
            pause_s = BACKOFF_FIRST_S if steady else self._pauses.get(part.name, BACKOFF_FIRST_S)
            self._pauses[part.name] = min(2 * pause_s, BACKOFF_MAX_S)
            self._due[part.name] = now + pause_s
            self._say(f"{part.name} has ended, is started again in {pause_s:g} s; see {part.log}")
        elif now >= due:
            del self._due[part.name]
            self._started[part.name] = now
            try:
                part.start()
                self._changed()
                part.wait_ready()
            except ClusterError as error:
                self._say(str(error))
            else:
                self._say(f"{part.name} is back at {part.address}")
