"""The decision state: what all streams amount to now, and as of any earlier position."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from opsledger_contracts.codec import Recorded
from opsledger_ledger.domain.deciding import S
from opsledger_ledger.domain.nouns import NOUN_RULES

STREAMS_MAX: Final = 20_000
"""Streams whose state is kept in memory; others are folded again when they are asked for."""


class Placed(NamedTuple):
    """A recorded event with its place in the ledger."""

    position: int
    recorded: Recorded


Load = Callable[[str], Iterable[Placed]]
"""Reads the events of a stream in order of version."""


class _Kept(NamedTuple):
    state: Any
    version: int


_NOTHING: Final = _Kept(None, 0)


class _Entry:
    """One identifier under one key of an index, from a position until a position."""

    __slots__ = ("identifier", "position_from", "position_to")

    def __init__(self, identifier: str, position_from: int) -> None:
        self.identifier = identifier
        self.position_from = position_from
        self.position_to: int | None = None

    def holds_at(self, position: int) -> bool:
        return self.position_from <= position and (
            self.position_to is None or position < self.position_to
        )


class LedgerWorld:
    """Current states and indexes, kept by folding every event once in order of position.

    States of streams are bounded in number and read again through `load`; indexes are complete and
    keep their past, so that `as_of` can look back.
    """

    def __init__(self, load: Load, streams_max: int = STREAMS_MAX) -> None:
        """Begin before the first event; `load` reads the events of a stream that is not kept."""
        self._load = load
        self._streams_max = streams_max
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._index: dict[tuple[str, str], list[_Entry]] = {}
        self._keys: dict[str, frozenset[tuple[str, str]]] = {}
        # Hashes are enough to know that a stream has no event: one too many costs a read of the
        # log, and none is ever taken out. Names would take several times the memory.
        self._begun: set[int] = set()
        self._position = 0
        self._position_settled = 0
        self._unsettled: dict[str, frozenset[tuple[str, str]]] = {}
        self._opened: list[list[_Entry]] = []
        self._closed: list[_Entry] = []

    def position(self) -> int:
        """Tell the position of the last event folded."""
        return self._position

    def unsettled(self, stream: str) -> bool:
        """Tell whether an event of the stream was folded that may still be undone."""
        return stream in self._unsettled

    def settle(self) -> None:
        """Take everything folded so far as durable; it cannot be undone any more."""
        self._position_settled = self._position
        self._unsettled.clear()
        self._opened.clear()
        self._closed.clear()

    def undo(self) -> None:
        """Go back to where `settle` was last called, as if nothing had been folded since."""
        for stream, keys_before in self._unsettled.items():
            # A state was changed in place, perhaps half; it is folded again from the log.
            self._kept.pop(stream, None)
            if keys_before:
                self._keys[stream] = keys_before
            else:
                self._keys.pop(stream, None)
        for entries in reversed(self._opened):
            entries.pop()
        for entry in self._closed:
            entry.position_to = None
        self._position = self._position_settled
        self.settle()

    def version(self, stream: str) -> int:
        """Tell the last version of a stream, 0 if it has no event."""
        return self._stream(stream).version

    def get(self, state: type[S], identifier: str) -> S | None:
        """Read the state of one thing, or None if it has no event."""
        found: S | None = self._stream(f"{state.NOUN}/{identifier}").state
        return found

    def find(self, index: str, key: str) -> tuple[str, ...]:
        """List the identifiers under a key of an index, in the order in which they came."""
        return tuple(
            entry.identifier
            for entry in self._index.get((index, key), ())
            if entry.position_to is None
        )

    def as_of(self, position: int) -> "PastWorld":
        """Look at the world as it was known at a position."""
        return PastWorld(self, min(position, self._position))

    def fold(self, placed: Placed) -> None:
        """Take in the next event; events come in order of position, each exactly once."""
        envelope, event = placed.recorded
        stream = envelope.stream
        noun = NOUN_RULES[stream.partition("/")[0]]
        self._unsettled.setdefault(stream, self._keys.get(stream, frozenset()))
        if envelope.version == 1:
            self._begun.add(hash(stream))
            kept = _NOTHING
        else:
            kept = self._stream(stream)
        state = noun.evolve(kept.state, event, envelope)
        self._keep(stream, _Kept(state, envelope.version))
        self._position = placed.position
        self._reindex(stream, state.id, frozenset(noun.keys(state)), placed.position)

    def found_at(self, index: str, key: str, position: int) -> tuple[str, ...]:
        """List what `find` would have listed at an earlier position."""
        return tuple(
            entry.identifier
            for entry in self._index.get((index, key), ())
            if entry.holds_at(position)
        )

    def folded_at(self, stream: str, position: int) -> tuple[Any, int]:
        """Fold a stream afresh up to a position; gives its state and version."""
        return folded(stream, self._load(stream), position)

    def _stream(self, stream: str) -> _Kept:
        kept = self._kept.get(stream)
        if kept is not None:
            self._kept.move_to_end(stream)
            return kept
        if hash(stream) not in self._begun:
            return _NOTHING
        kept = _Kept(*folded(stream, self._load(stream), self._position))
        self._keep(stream, kept)
        return kept

    def _keep(self, stream: str, kept: _Kept) -> None:
        self._kept[stream] = kept
        self._kept.move_to_end(stream)
        if len(self._kept) > self._streams_max:
            self._kept.popitem(last=False)

    def _reindex(
        self, stream: str, identifier: str, now: frozenset[tuple[str, str]], position: int
    ) -> None:
        before = self._keys.get(stream, frozenset())
        if now == before:
            return
        self._keys[stream] = now
        for key in before - now:
            for entry in self._index[key]:
                if entry.identifier == identifier and entry.position_to is None:
                    entry.position_to = position
                    self._closed.append(entry)
        for key in now - before:
            entries = self._index.setdefault(key, [])
            entries.append(_Entry(identifier, position))
            self._opened.append(entries)


class PastWorld:
    """The world as it was known at one position; states are folded on demand and kept here."""

    def __init__(self, world: LedgerWorld, position: int) -> None:
        """Look at `world` as of `position`."""
        self._world = world
        self._position = position
        self._folded: dict[str, tuple[Any, int]] = {}

    def position(self) -> int:
        """Tell the position of the look."""
        return self._position

    def version(self, stream: str) -> int:
        """Tell the version that the stream had."""
        return self._at(stream)[1]

    def get(self, state: type[S], identifier: str) -> S | None:
        """Read the state that one thing had, or None."""
        found: S | None = self._at(f"{state.NOUN}/{identifier}")[0]
        return found

    def find(self, index: str, key: str) -> tuple[str, ...]:
        """List the identifiers that stood under a key of an index."""
        return self._world.found_at(index, key, self._position)

    def as_of(self, position: int) -> "PastWorld":
        """Look further back."""
        return PastWorld(self._world, min(position, self._position))

    def _at(self, stream: str) -> tuple[Any, int]:
        if stream not in self._folded:
            self._folded[stream] = self._world.folded_at(stream, self._position)
        return self._folded[stream]


def folded(stream: str, events: Iterable[Placed], position: int | None = None) -> tuple[Any, int]:
    """Fold the events of a stream up to a position, or all; gives its state and version."""
    evolve = NOUN_RULES[stream.partition("/")[0]].evolve
    state = None
    version = 0
    for placed in events:
        if position is not None and placed.position > position:
            break
        envelope, event = placed.recorded
        state = evolve(state, event, envelope)
        version = envelope.version
    return state, version
