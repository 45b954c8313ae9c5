"""Everything the writer knows of the ledger while it decides: world, chains, last recorded time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import msgspec

from opsledger_contracts.codec import Recorded, decode_envelope, decode_recorded
from opsledger_ledger.recording.log import Batch, Log, Reads
from opsledger_ledger.writing.envelopes import Envelopes, EventIds, StreamTails
from opsledger_ledger.writing.world import LedgerWorld, Placed, WorldSnapshot

CATCH_UP_ENTRIES: Final = 1_000
CATCH_UP_BYTES: Final = 8 * 1024 * 1024


class StateSnapshot(msgspec.Struct, array_like=True, frozen=True):
    """All that the deciding state knows after the events up to a position."""

    recorded_at: str
    latest_id: tuple[int, int, int]
    world: WorldSnapshot


class DecidingState:
    """The folded ledger, kept by one thread; what is not durable yet can be undone."""

    def __init__(self, log: Log, source: str, policy_hash: str) -> None:
        self._log = log
        self._batch: Batch | None = None
        self._ids = EventIds()
        self._recorded_at = ""
        self._recorded_at_settled = ""
        self._streams: set[str] = set()
        self.world = LedgerWorld(self._load)
        self._tails = StreamTails(self._read_leaf)
        self.envelopes = Envelopes(source, policy_hash, self.world.version, self._tails, self._ids)

    @property
    def position(self) -> int:
        """The position of the last event folded."""
        return self.world.position()

    @property
    def recorded_at(self) -> str:
        """The recorded time of the last event folded; "" before the first."""
        return self._recorded_at

    @contextmanager
    def in_batch(self, batch: Batch) -> Iterator[None]:
        """Read streams that the batch has appended to through the batch."""
        self._batch = batch
        try:
            yield
        finally:
            self._batch = None

    def catch_up(self, reads: Reads, position: int) -> frozenset[str]:
        """Fold what is in the log after the last event folded, up to a position.

        Outside a batch it is durable, and the streams that have new events are named.
        """
        streams: set[str] = set()
        while self.position < position:
            limit = min(CATCH_UP_ENTRIES, position - self.position)
            page = reads.entries(self.position, limit, CATCH_UP_BYTES)
            for stored in page:
                if self.world.passes_over(stored.stream, stored.version, stored.type):
                    self.world.pass_over(stored.stream, stored.position)
                    self._follow(stored.stream, stored.version, stored.leaf)
                else:
                    self.fold(stored.position, decode_recorded(stored.entry), stored.leaf)
            # Times do not go back in a ledger, and ids ascend.
            last = decode_envelope(page[-1].entry)
            self._recorded_at = last.recorded_at
            self._ids.follow(last.id)
            if self._batch is None:
                streams |= self.settle()
        return frozenset(streams)

    def fold(self, position: int, recorded: Recorded, leaf: bytes) -> None:
        """Take in the next event."""
        envelope = recorded.envelope
        self.world.fold(Placed(position, recorded))
        self._recorded_at = envelope.recorded_at
        self._follow(envelope.stream, envelope.version, leaf)

    def _follow(self, stream: str, version: int, leaf: bytes) -> None:
        """Know the last event of a stream."""
        self._tails.put(stream, version, leaf)
        self._streams.add(stream)

    def settle(self) -> frozenset[str]:
        """Take everything folded as durable; names the streams that have new events."""
        streams = frozenset(self._streams)
        self._streams.clear()
        self._recorded_at_settled = self._recorded_at
        self.world.settle()
        return streams

    def undo(self) -> None:
        """Forget everything since the last `settle`."""
        self._streams.clear()
        self._recorded_at = self._recorded_at_settled
        self.world.undo()
        self._tails.clear()

    def snapshot(self) -> StateSnapshot:
        """Write down everything; when all that was folded is durable."""
        return StateSnapshot(self._recorded_at, self._ids.latest(), self.world.snapshot())

    def restore(self, snapshot: StateSnapshot) -> None:
        """Begin where a snapshot was taken; before anything is folded."""
        self._recorded_at = self._recorded_at_settled = snapshot.recorded_at
        self._ids.resume(snapshot.latest_id)
        self.world.restore(snapshot.world)

    def _reads(self, stream: str) -> Reads:
        # Only what this batch has appended needs the batch, whose reads force its rows out early;
        # the head is locked, so that committed data is current for every other stream.
        if self._batch is not None and self.world.unsettled(stream):
            return self._batch
        return self._log

    def _load(self, stream: str, after: int) -> Sequence[tuple[int, bytes]]:
        return self._reads(stream).history(stream, after)

    def _read_leaf(self, stream: str, version: int) -> bytes:
        return self._reads(stream).stream_entries(stream, version - 1, 1)[0].leaf
