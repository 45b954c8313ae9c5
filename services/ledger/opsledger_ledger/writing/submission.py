"""What a caller hands to the writer, and what comes back."""

from typing import Any, Final, NamedTuple

import msgspec

from opsledger_contracts.canonical import canonical
from opsledger_contracts.events.credential import Scope
from opsledger_contracts.fields import Evidence
from opsledger_contracts.problems.refusal import REFUSALS, Refusal
from opsledger_ledger.domain.deciding import Command, CommandEntry
from opsledger_ledger.recording.attributes import attributes
from opsledger_ledger.recording.log import LogDamaged, Reads


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """What a command belongs to and came from."""

    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """One command of a verified person, with the circumstances in which it is asked."""

    entry: CommandEntry
    command: Command
    target: str
    person: str
    key: str
    """Idempotency key, unique within the person."""
    fingerprint: bytes
    """Digest of everything that makes this another request."""
    command_id: str
    trace: Trace
    credential: str | None = None
    scopes: frozenset[Scope] = frozenset()
    position: str | None = None
    delegation: str | None = None
    occurred_at: str | None = None
    """None means the instant of recording."""
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()
    version_expected: int | None = None
    """Version of the asked stream on which the caller decided; 0 means that it has no event."""
    salt: bytes = b""

    @property
    def stream(self) -> str:
        """Stream of the asked thing."""
        return f"{self.entry.noun}/{self.target}"


class RecordedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an accepted command, as it stands in the ledger."""

    stream: str
    type: str
    position: int
    version: int
    leaf: str


class Accepted(msgspec.Struct, frozen=True, kw_only=True, tag_field="outcome", tag="recorded"):
    """All events of the command are in the ledger."""

    stream: str
    """Stream of the asked thing."""
    version: int
    """Its last version after the command."""
    positions: tuple[int, ...]
    events: tuple[RecordedEvent, ...]
    recorded_at: str


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag_field="outcome", tag="refused"):
    """A rule said no; nothing is in the ledger."""

    code: str
    facts: dict[str, Any]

    @classmethod
    def of(cls, refusal: Refusal) -> "Refused":
        """Keep what a refusal states."""
        return cls(code=refusal.code, facts=refusal.facts)

    def refusal(self) -> Refusal:
        """Give the refusal back, to be said in any language."""
        return REFUSALS[self.code](**self.facts)


Answer = Accepted | Refused

_answer_decoder: Final[msgspec.json.Decoder[Answer]] = msgspec.json.Decoder(Answer)


class Outcome(NamedTuple):
    """The answer to a submission, and whether it was given before under the same key."""

    answer: Answer
    replayed: bool = False


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is kept of an accepted command beside its key; all else is read in its entries."""

    stream: str
    version: int
    first: int
    """Position of its first entry; the others follow."""
    events: int


_encoder: Final = msgspec.json.Encoder()
_kept_decoder: Final = msgspec.json.Decoder(Kept)


def said_form(answer: Answer) -> bytes:
    """Write an answer down with everything that is said in it."""
    return canonical(answer)


def from_said_form(said: bytes) -> Answer:
    """Read an answer that was written down."""
    return _answer_decoder.decode(said)


def kept_form(answer: Answer) -> bytes:
    """Write an answer as it is kept beside its key."""
    if isinstance(answer, Accepted) and answer.positions:
        return kept(answer.stream, answer.version, answer.positions[0], len(answer.positions))
    return said_form(answer)


def kept(stream: str, version: int, first: int, events: int) -> bytes:
    """Write what is kept of an accepted command that has recorded events; see `Kept`."""
    return _encoder.encode(Kept(stream, version, first, events))


def from_kept_form(stored: bytes, reads: Reads) -> Answer:
    """Read an answer that was kept beside its key, and the entries that it stands for.

    Raises:
        LogDamaged: an entry is not there.
        RecordingError: the log cannot be read.

    """
    if not stored.startswith(b"["):
        return from_said_form(stored)
    found = _kept_decoder.decode(stored)
    entries = reads.entries(found.first - 1, found.events)
    positions = tuple(entry.position for entry in entries)
    if positions != tuple(range(found.first, found.first + found.events)):
        raise LogDamaged(f"an answer stands for entries from {found.first} on that are not there")
    return Accepted(
        stream=found.stream,
        version=found.version,
        positions=positions,
        events=tuple(
            RecordedEvent(
                stream=entry.stream,
                type=entry.type,
                position=entry.position,
                version=entry.version,
                leaf=entry.leaf.hex(),
            )
            for entry in entries
        ),
        recorded_at=attributes(entries[0].entry).recorded_at,
    )
