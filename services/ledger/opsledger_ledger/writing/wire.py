"""What the process that serves requests and the process that writes say to each other.

Frames over a socket between the two, each the length of what follows in four bytes and a message
in msgpack. Whoever reads trusts whoever writes: both are one program, and the socket has no name.
"""

import struct
from typing import Final

import msgspec

from opsledger_contracts.events.credential import Scope
from opsledger_contracts.fields import Evidence
from opsledger_ledger.domain.deciding import COMMANDS, Command
from opsledger_ledger.recording.log import Stored
from opsledger_ledger.writing.submission import (
    Outcome,
    Submission,
    Trace,
    from_said_form,
    said_form,
)
from opsledger_ledger.writing.writer import Committed

_LENGTH: Final = struct.Struct("!I")


class Open(msgspec.Struct, frozen=True, tag="open"):
    """Open the ledger now; the first thing that is said."""


class Opened(msgspec.Struct, frozen=True, tag="opened"):
    """The ledger is open."""

    position: int
    """Its last position."""
    first_key: tuple[str, str] | None
    """Identifier and secret of the first key, if the ledger was founded just now."""


class NotOpened(msgspec.Struct, frozen=True, tag="not-opened"):
    """The ledger could not be opened; the writing process ends."""

    error: str
    """Class of the error."""
    message: str


class Asked(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A submission under a number of its own."""

    number: int
    noun: str
    verb: str
    command: msgspec.Raw
    target: str
    person: str
    key: str
    fingerprint: bytes
    command_id: str
    correlation_id: str
    causation_id: str | None
    traceparent: str | None
    credential: str | None
    scopes: tuple[Scope, ...]
    position: str | None
    delegation: str | None
    occurred_at: str | None
    reason: str | None
    evidence: tuple[Evidence, ...]
    version_expected: int | None
    salt: bytes


class Answered(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The outcome of the submission of a number."""

    number: int
    answer: bytes
    """With everything that is said in it."""
    replayed: bool


class Grown(msgspec.Struct, frozen=True, array_like=True):
    """What became durable with one commit; see `Committed`."""

    position: int
    streams: tuple[str, ...]
    entries: tuple[tuple[int, str, int, str, bytes, bytes], ...]
    """Columns of each entry: position, stream, version, type, entry, leaf."""
    commands: int
    seconds: float
    teller: int


class Worked(msgspec.Struct, frozen=True, tag="worked"):
    """What came of some commands; what was committed is told before who asked for it."""

    commits: tuple[Grown, ...]
    answers: tuple[Answered, ...]
    failure: str | None = None
    """Why nothing more can be written, if the storage has failed."""


Reply = Opened | NotOpened | Worked

_encoder: Final = msgspec.msgpack.Encoder()
_asked_decoder: Final = msgspec.msgpack.Decoder(list[Asked])
_reply_decoder: Final[msgspec.msgpack.Decoder[Reply]] = msgspec.msgpack.Decoder(Reply)
_command_decoders: Final[dict[tuple[str, str], msgspec.msgpack.Decoder[Command]]] = {}


class Frames:
    """Cuts what comes from a socket into the frames that were sent."""

    def __init__(self) -> None:
        self._rest = b""

    def cut(self, received: bytes) -> list[bytes]:
        """Take in the next bytes; gives the content of each frame that is whole."""
        data = self._rest + received if self._rest else received
        frames = []
        begin = 0
        while len(data) - begin >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(data, begin)
            end = begin + _LENGTH.size + length
            if end > len(data):
                break
            frames.append(data[begin + _LENGTH.size : end])
            begin = end
        self._rest = data[begin:]
        return frames


def framed(message: object) -> bytes:
    """Write a message as a frame."""
    content = _encoder.encode(message)
    return _LENGTH.pack(len(content)) + content


def read_reply(content: bytes) -> Reply:
    """Read what the writing process says."""
    return _reply_decoder.decode(content)


def read_asked(content: bytes) -> list[Asked]:
    """Read what is asked of the writing process."""
    return _asked_decoder.decode(content)


def asked(number: int, submission: Submission) -> Asked:
    """Write a submission down."""
    trace = submission.trace
    return Asked(
        number=number,
        noun=submission.entry.noun,
        verb=submission.entry.verb,
        command=msgspec.Raw(_encoder.encode(submission.command)),
        target=submission.target,
        person=submission.person,
        key=submission.key,
        fingerprint=submission.fingerprint,
        command_id=submission.command_id,
        correlation_id=trace.correlation_id,
        causation_id=trace.causation_id,
        traceparent=trace.traceparent,
        credential=submission.credential,
        scopes=tuple(submission.scopes),
        position=submission.position,
        delegation=submission.delegation,
        occurred_at=submission.occurred_at,
        reason=submission.reason,
        evidence=submission.evidence,
        version_expected=submission.version_expected,
        salt=submission.salt,
    )


def submission_of(question: Asked) -> Submission:
    """Read a submission back."""
    name = question.noun, question.verb
    entry = COMMANDS[name]
    decoder = _command_decoders.get(name)
    if decoder is None:
        decoder = _command_decoders[name] = msgspec.msgpack.Decoder(entry.command)
    return Submission(
        entry=entry,
        command=decoder.decode(question.command),
        target=question.target,
        person=question.person,
        key=question.key,
        fingerprint=question.fingerprint,
        command_id=question.command_id,
        trace=Trace(
            correlation_id=question.correlation_id,
            causation_id=question.causation_id,
            traceparent=question.traceparent,
        ),
        credential=question.credential,
        scopes=frozenset(question.scopes),
        position=question.position,
        delegation=question.delegation,
        occurred_at=question.occurred_at,
        reason=question.reason,
        evidence=question.evidence,
        version_expected=question.version_expected,
        salt=question.salt,
    )


def answered(number: int, outcome: Outcome) -> Answered:
    """Write an outcome down."""
    return Answered(number, said_form(outcome.answer), outcome.replayed)


def outcome_of(answer: Answered) -> Outcome:
    """Read an outcome back."""
    return Outcome(from_said_form(answer.answer), answer.replayed)


def grown(commit: Committed) -> Grown:
    """Write a commit down."""
    return Grown(
        position=commit.position,
        streams=tuple(commit.streams),
        entries=tuple(msgspec.structs.astuple(stored) for stored in commit.entries),
        commands=commit.commands,
        seconds=commit.seconds,
        teller=commit.teller,
    )


def committed_of(commit: Grown) -> Committed:
    """Read a commit back."""
    return Committed(
        position=commit.position,
        streams=frozenset(commit.streams),
        entries=tuple(Stored(*columns) for columns in commit.entries),
        commands=commit.commands,
        seconds=commit.seconds,
        teller=commit.teller,
    )
