"""A live reader of any store: follows it while others write, then holds it against what it got.

Run as `python -m benchmarks.tail PLACE [AFTER]`, to begin after a position. Takes words in lines and
answers each: `follow` and `rest`, again and again; `compare COMMANDS EVENTS STREAMS` ends it with
what was seen, after it has required that exactly those commands of the mix are stored, or any if
COMMANDS is 0.
"""

import sys
import threading
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from typing import Final

import msgspec
from benchmarks.feed_check import compared
from benchmarks.measure import Seen
from benchmarks.mix import Mix
from benchmarks.places import Place
from benchmarks.stores import Event, Store, opened

PAUSE_S: Final = 0.005
"""Between two looks of which the first found nothing."""


class Tail:
    """A reader that goes by positions: asks for what is after the last one that it has."""

    def __init__(self, store: Store, after: int) -> None:
        self._store = store
        self._began_after = after
        self._received: list[tuple[int, bytes]] = []
        self._after = after
        self._resting = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    def follow(self) -> None:
        """Begin to follow."""
        self._resting.clear()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def rest(self) -> None:
        """Take what is there, and stop."""
        self._resting.set()
        assert self._thread is not None
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def compare(self, commands: int, events: int, streams: int) -> Seen:
        """Hold what was received against what is stored, and that against what was sent."""
        stored = list(everything(self._store, self._began_after))
        if commands:
            require_stored(stored, commands, events, streams)
        lasting = {event.position: _digest(event) for event in stored}
        return compared(self._received, lasting)

    def _run(self) -> None:
        try:
            while True:
                resting = self._resting.is_set()
                page = self._store.page(self._after)
                if page:
                    self._received += [(event.position, _digest(event)) for event in page]
                    self._after = page[-1].position
                elif resting:
                    return
                else:
                    self._resting.wait(PAUSE_S)
        except BaseException as failure:  # noqa: BLE001 - told to who waits.
            self._failure = failure


def everything(store: Store, after: int) -> Iterator[Event]:
    """Read a store from after a position to its last event."""
    while page := store.page(after):
        yield from page
        after = page[-1].position


def require_stored(stored: list[Event], commands: int, events: int, streams: int) -> None:
    """Require that a store holds the first commands of the mix, byte for byte, and no more."""
    wanted = {
        (made.stream, made.version): made.entry
        for command in islice(Mix(streams).commands(events), commands)
        for made in command
    }
    found = {(event.stream, event.version): event.content for event in stored}
    assert len(found) == len(stored), "an event is stored twice"
    assert found.keys() == wanted.keys(), f"{len(found)} are stored, not {len(wanted)}"
    for place, content in wanted.items():
        assert found[place] == content, f"{place} holds another event"


def _digest(event: Event) -> bytes:
    return sha256(event.content).digest()


def _main(place: Place, after: int = 0) -> None:
    tail = Tail(opened(place), after)
    for line in sys.stdin:
        match line.split():
            case ["follow"]:
                tail.follow()
                print("following", flush=True)
            case ["rest"]:
                tail.rest()
                print("resting", flush=True)
            case ["compare", commands, events, streams]:
                seen = tail.compare(int(commands), int(events), int(streams))
                print(msgspec.json.encode(seen).decode(), flush=True)
                return
            case _:
                raise ValueError(line)


if __name__ == "__main__":
    _main(Place.of(sys.argv[1]), *map(int, sys.argv[2:]))
