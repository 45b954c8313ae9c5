"""The decision state: what all streams amount to now, and as of any earlier position."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import Any, Final, NamedTuple

import msgspec

from opsledger_contracts.codec import Recorded, decode_envelope, recorded_event
from opsledger_ledger.domain.commitments import Commitments
from opsledger_ledger.domain.deciding import S
from opsledger_ledger.domain.nouns import NOUN_RULES
from opsledger_ledger.writing.begun import BegunStreams
from opsledger_ledger.writing.index import Index, IndexSnapshot, Place

KEPT_EVENTS_MAX: Final = 50_000
"""Events that the streams whose states are kept may have in all; others are folded again.

Measured on letters of 25 items: a state takes about 1.4 KB for each event.
"""

EVENTS_OF_ANY: Final = 4
"""Events that every kept stream counts beside its own: even a short letter takes 5 KB."""

LONG_EVENTS: Final = 200
"""Events of one stream after which its state is written down, to be folded from there."""

WRITTEN_BYTES_MAX: Final = 32 * 1024 * 1024
"""What states that are written down may take; of those beyond, the oldest are forgotten."""


def _written(part: Commitments) -> bytes:
    return part.written()


def _read(kind: type[Commitments], written: bytes) -> Commitments:
    return kind(written)


_encoder: Final = msgspec.msgpack.Encoder(enc_hook=_written)


class Placed(NamedTuple):
    """A recorded event with its place in the ledger."""

    position: int
    recorded: Recorded


Load = Callable[[str, int], Iterable[tuple[int, bytes]]]
"""Reads positions and entries of a stream after a version, in order of version."""


class _Kept(NamedTuple):
    state: Any
    version: int
    places: tuple[Place, ...]
    """Where the thing is found."""


_NOTHING: Final = _Kept(None, 0, ())


class LongStream(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What a stream of many events amounts to, written down so that it need not be folded."""

    version: int
    state: bytes


class WorldSnapshot(msgspec.Struct, array_like=True, frozen=True):
    """All that a world knows and cannot read again stream by stream."""

    position: int
    begun: bytes
    """Which streams have events."""
    index: IndexSnapshot
    long: dict[str, LongStream]


class LedgerWorld:
    """Current states and indexes, kept by folding every event once in order of position.

    States of streams are bounded in number and read again through `load`; the index is complete and
    keeps its past, so that `as_of` can look back.
    """

    def __init__(
        self,
        load: Load,
        kept_events_max: int = KEPT_EVENTS_MAX,
        written_bytes_max: int = WRITTEN_BYTES_MAX,
    ) -> None:
        """Begin before the first event; `load` reads the entries of a stream that is not kept."""
        self._load = load
        self._kept_events_max = kept_events_max
        self._written_bytes_max = written_bytes_max
        self._kept_events = 0
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._index = Index()
        self._begun = BegunStreams()
        self._long: OrderedDict[str, LongStream] = OrderedDict()
        self._long_bytes = 0
        self._position = 0
        self._position_settled = 0
        self._unsettled: set[str] = set()

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
        self._index.settle()

    def undo(self) -> None:
        """Go back to where `settle` was last called, as if nothing had been folded since."""
        for stream in self._unsettled:
            # A state was changed in place, perhaps half; it is folded again from the log.
            self._kept_events -= _counted(self._kept.pop(stream, None))
        self._index.undo()
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
        return self._index.find((index, key))

    def as_of(self, position: int) -> "PastWorld":
        """Look at the world as it was known at a position."""
        return PastWorld(self, min(position, self._position))

    def passes_over(self, stream: str, version: int, event_type: str) -> bool:
        """Tell whether the next event, of such a type, changes nothing that is known here.

        Nobody has asked for the state of its stream for long, and where it is found stays as it is.
        """
        return not (version == 1 or stream in self._kept or event_type in _rekeying(stream))

    def pass_over(self, stream: str, position: int) -> None:
        """Take the next event as known."""
        self._unsettled.add(stream)
        self._position = position

    def fold(self, placed: Placed) -> None:
        """Take in the next event; events come in order of position, each exactly once."""
        envelope, event = placed.recorded
        stream = envelope.stream
        if self.passes_over(stream, envelope.version, envelope.type):
            self.pass_over(stream, placed.position)
            return
        self._unsettled.add(stream)
        noun = NOUN_RULES[stream.partition("/")[0]]
        rekeyed = envelope.version == 1 or type(event) in noun.rekeyed_by
        if envelope.version == 1:
            self._begun.add(stream)
            kept = _NOTHING
        else:
            kept = self._stream(stream)
        state = noun.evolve(kept.state, event, envelope)
        places = tuple(noun.keys(state)) if rekeyed else kept.places
        self._keep(stream, _Kept(state, envelope.version, places))
        self._position = placed.position
        if rekeyed:
            self._index.move(state.id, kept.places, places, placed.position)

    def found_at(self, index: str, key: str, position: int) -> tuple[str, ...]:
        """List what `find` would have listed at an earlier position."""
        return self._index.found_at((index, key), position)

    def folded_at(self, stream: str, position: int) -> tuple[Any, int]:
        """Fold a stream afresh up to a position; gives its state and version."""
        return folded(stream, self._load(stream, 0), position)

    def _stream(self, stream: str) -> _Kept:
        kept = self._kept.get(stream)
        if kept is not None:
            self._kept.move_to_end(stream)
            return kept
        if stream not in self._begun:
            return _NOTHING
        state, version = self._folded(stream)
        noun = NOUN_RULES[stream.partition("/")[0]]
        kept = _Kept(state, version, tuple(noun.keys(state)) if version else ())
        self._keep(stream, kept)
        return kept

    def _folded(self, stream: str) -> tuple[Any, int]:
        """Fold a stream, from where it was written down if it was."""
        written = self._long.get(stream)
        if written is None:
            return folded(stream, self._load(stream, 0), self._position)
        state = _decoder(stream).decode(written.state)
        return folded(
            stream,
            self._load(stream, written.version),
            self._position,
            before=(state, written.version),
        )

    def _keep(self, stream: str, kept: _Kept) -> None:
        self._kept_events += _counted(kept) - _counted(self._kept.get(stream))
        self._kept[stream] = kept
        self._kept.move_to_end(stream)
        while self._kept_events > self._kept_events_max and len(self._kept) > 1:
            gone, state = self._kept.popitem(last=False)
            self._kept_events -= _counted(state)
            self._write_down(gone, state)

    def _write_down(self, stream: str, kept: _Kept) -> None:
        """Write a stream down that is long and has grown long since it was."""
        written = self._long.get(stream)
        grown = kept.version - (written.version if written is not None else 0)
        # A state that may still be undone is none to come back to.
        if grown >= LONG_EVENTS and stream not in self._unsettled:
            # A number that is too long for the form leaves the stream to be folded.
            with suppress(OverflowError):
                self._put_long(stream, LongStream(kept.version, _encoder.encode(kept.state)))

    def _put_long(self, stream: str, written: LongStream) -> None:
        before = self._long.pop(stream, None)
        self._long_bytes += len(written.state) - (0 if before is None else len(before.state))
        self._long[stream] = written
        while self._long_bytes > self._written_bytes_max:
            _, gone = self._long.popitem(last=False)
            self._long_bytes -= len(gone.state)

    def snapshot(self) -> WorldSnapshot:
        """Write down everything; when all that was folded is durable."""
        for stream, kept in self._kept.items():
            self._write_down(stream, kept)
        return WorldSnapshot(
            position=self._position,
            begun=self._begun.written(),
            index=self._index.snapshot(),
            long=self._long,
        )

    def restore(self, snapshot: WorldSnapshot) -> None:
        """Begin where a snapshot was taken; before anything is folded."""
        self._begun.read(snapshot.begun)
        self._index.restore(snapshot.index)
        for stream, written in snapshot.long.items():
            self._put_long(stream, written)
        self._position = self._position_settled = snapshot.position


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


def folded(
    stream: str,
    entries: Iterable[tuple[int, bytes]],
    position: int | None = None,
    before: tuple[Any, int] = (None, 0),
) -> tuple[Any, int]:
    """Fold the entries of a stream up to a position, or all; gives its state and version.

    `before` is the state and version that earlier entries have led to already.
    """
    evolve = NOUN_RULES[stream.partition("/")[0]].evolve
    state, version = before
    for found, entry in entries:
        if position is not None and found > position:
            break
        envelope = decode_envelope(entry)
        state = evolve(state, recorded_event(envelope), envelope)
        version = envelope.version
    return state, version


def _rekeying(stream: str) -> frozenset[str]:
    """Name the types of events that may change where the thing of a stream is found."""
    return _rekeying_of(stream.partition("/")[0])


@cache
def _rekeying_of(noun: str) -> frozenset[str]:
    return frozenset(event.TYPE for event in NOUN_RULES[noun].rekeyed_by)


def _counted(kept: _Kept | None) -> int:
    """Tell how many events a kept stream counts for."""
    return 0 if kept is None else EVENTS_OF_ANY + kept.version


@cache
def _decoder_of(noun: str) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(NOUN_RULES[noun].state, dec_hook=_read)


def _decoder(stream: str) -> msgspec.msgpack.Decoder[Any]:
    return _decoder_of(stream.partition("/")[0])
