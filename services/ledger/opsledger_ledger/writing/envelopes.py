"""From decided records to entries: the envelope of every event, encoded once."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from opsledger_contracts.canonical import canonical
from opsledger_contracts.codec import ENTRY_BYTES_MAX, Recorded, decode
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.evidence.merkle import leaf_hash
from opsledger_contracts.problems.general import EntryTooLarge
from opsledger_ledger.domain.deciding import Act, Record
from opsledger_ledger.recording.log import NewEntry
from opsledger_ledger.writing.randomness import RandomBytes
from opsledger_ledger.writing.submission import Trace

SYSTEM: Final = "system"
"""The person of an event that the ledger concludes by itself."""

SCHEMA_PREFIX: Final = "urn:opsledger:schema:"

TAILS_MAX: Final = 20_000
"""Streams whose last leaf is kept in memory; others are read from the log."""

_TAIL_BITS: Final = 74
_TAIL_LIMIT: Final = 1 << _TAIL_BITS
_LOW_BITS: Final = 62


class EventIds:
    """UUIDv7 identifiers (RFC 9562, section 5.7) that ascend within the ledger.

    The 74 bits behind the milliseconds start at a random number and grow by random steps within a
    millisecond, so that ids ascend even while the clock stands still.
    """

    def __init__(self, random_bits: Callable[[int], int] | None = None) -> None:
        """`random_bits` gives a number of that many random bits; the system's if absent."""
        self._random_bits = random_bits or RandomBytes().bits
        self._milliseconds = 0
        self._tail = 0

    def follow(self, identifier: str) -> None:
        """Let all further ids come after one that the ledger already has."""
        number = int(identifier.replace("-", ""), 16)
        milliseconds = number >> 80
        tail = ((number >> 64) & 0xFFF) << _LOW_BITS | (number & ((1 << _LOW_BITS) - 1))
        self._milliseconds, self._tail = max((self._milliseconds, self._tail), (milliseconds, tail))

    def latest(self) -> tuple[int, int, int]:
        """Tell after what all further ids come: milliseconds, and the 12 and 62 bits after them."""
        return self._milliseconds, self._tail >> _LOW_BITS, self._tail & ((1 << _LOW_BITS) - 1)

    def resume(self, latest: tuple[int, int, int]) -> None:
        """Let all further ids come after what `latest` has told."""
        milliseconds, high, low = latest
        reached = milliseconds, high << _LOW_BITS | low
        self._milliseconds, self._tail = max((self._milliseconds, self._tail), reached)

    def next(self, recorded_at: str) -> str:
        """Make the next id, of an instant or of the last id's if that is later."""
        milliseconds = int(datetime.fromisoformat(recorded_at).timestamp() * 1000)
        if milliseconds > self._milliseconds:
            self._milliseconds = milliseconds
            # The highest bit is left free, so that the steps have room.
            self._tail = self._random_bits(_TAIL_BITS - 1)
        else:
            self._tail += 1 + self._random_bits(32)
            if self._tail >= _TAIL_LIMIT:
                self._milliseconds += 1
                self._tail -= _TAIL_LIMIT
        number = (
            self._milliseconds << 80
            | 7 << 76
            | self._tail >> _LOW_BITS << 64
            | 2 << 62
            | self._tail & ((1 << _LOW_BITS) - 1)
        )
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class StreamTails:
    """The last leaf of each stream, for `prev` of its next event; bounded, read again on demand."""

    def __init__(self, read: Callable[[str, int], bytes], tails_max: int = TAILS_MAX) -> None:
        """`read` gives the leaf of a stream's version from the log."""
        self._read = read
        self._tails_max = tails_max
        self._tails: OrderedDict[str, tuple[int, bytes]] = OrderedDict()

    def leaf(self, stream: str, version: int) -> bytes:
        """Tell the leaf of the event at a version of a stream."""
        kept = self._tails.get(stream)
        if kept is not None and kept[0] == version:
            return kept[1]
        return self._read(stream, version)

    def put(self, stream: str, version: int, leaf: bytes) -> None:
        """Keep the leaf of a stream's last event."""
        self._tails[stream] = (version, leaf)
        self._tails.move_to_end(stream)
        if len(self._tails) > self._tails_max:
            self._tails.popitem(last=False)

    def clear(self) -> None:
        """Forget all, after a commit that failed."""
        self._tails.clear()


class Enveloped(NamedTuple):
    """One event ready to be appended, and what a reader will make of its bytes."""

    new: NewEntry
    recorded: Recorded


class Envelopes:
    """Puts events into envelopes under the name and the access policy of one ledger."""

    def __init__(
        self,
        source: str,
        policy_hash: str,
        version: Callable[[str], int],
        tails: StreamTails,
        ids: EventIds,
    ) -> None:
        """`version` tells the last version of a stream."""
        self._source = source
        self._policy_hash = policy_hash
        self._version = version
        self._tails = tails
        self._ids = ids

    def encode(self, act: Act, records: Sequence[Record], trace: Trace) -> list[Enveloped]:
        """Encode all events of a command, each once, as the next of their streams.

        The bytes are read back before anything is appended: an event that nobody could read again
        never gets into the log.

        Raises:
            EntryTooLarge: an event would take more than 64 KiB.

        """
        encoded: list[Enveloped] = []
        last: dict[str, tuple[int, bytes]] = {}
        for number, record in enumerate(records):
            stream = record.stream
            if stream is None:
                raise ValueError(f"{record.event.TYPE} was decided without its stream")
            previous: str | None
            if stream in last:
                version_before, entry_before = last[stream]
                previous = leaf_hash(entry_before).hex()
            else:
                version_before = self._version(stream)
                leaf = self._tails.leaf(stream, version_before) if version_before else None
                previous = None if leaf is None else leaf.hex()
            event = record.event
            if number == 0 and act.evidence and not event.evidence:
                event = msgspec.structs.replace(event, evidence=act.evidence)
            envelope = self._envelope(
                act,
                record,
                trace,
                stream=stream,
                version=version_before + 1,
                previous=previous,
                data=canonical(event),
            )
            entry = canonical(envelope)
            if len(entry) > ENTRY_BYTES_MAX:
                raise EntryTooLarge(type=event.TYPE, found=len(entry), limit=ENTRY_BYTES_MAX)
            last[stream] = (envelope.version, entry)
            new = NewEntry(stream, envelope.version, event.TYPE, entry)
            encoded.append(Enveloped(new, decode(entry)))
        return encoded

    def _envelope(
        self,
        act: Act,
        record: Record,
        trace: Trace,
        *,
        stream: str,
        version: int,
        previous: str | None,
        data: bytes,
    ) -> Envelope:
        authority = record.authority
        own = not record.derived
        return Envelope(
            specversion="1.0",
            id=self._ids.next(act.now),
            source=self._source,
            type=record.event.TYPE,
            stream=stream,
            occurred_at=act.occurred_at,
            recorded_at=act.now,
            version=version,
            schema=f"{SCHEMA_PREFIX}{record.event.TYPE}",
            command_id=act.command_id,
            correlation_id=trace.correlation_id,
            causation_id=trace.causation_id,
            traceparent=trace.traceparent,
            person=act.person if own else SYSTEM,
            acting_position=act.position if own else None,
            unit=act.unit if own else None,
            on_behalf_of=act.on_behalf_of if own else None,
            delegation=act.delegation if own else None,
            authority_matrix=authority.matrix if authority else None,
            authority_item=authority.item if authority else None,
            authority_step=authority.step if authority else None,
            policy_hash=self._policy_hash,
            rulebook=record.rulebook,
            calendar=record.calendar,
            previous_leaf=previous,
            reason=act.reason if own else None,
            data=msgspec.Raw(data),
        )
