"""The check of an import file: every line by itself, in its stream, and what the whole amounts to.

Nothing is written, and no ledger is needed. A file that passes begins streams of its own, and every
event folds into a state, so that no program that folds the ledger can stumble over it later.
"""

from array import array
from collections import Counter, OrderedDict
from collections.abc import Callable
from decimal import Context, Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Final, get_args

import msgspec

from opsledger_contracts.catalogue import EVENTS
from opsledger_contracts.documents.import_file import (
    ControlTotal,
    ImportLine,
    ImportManifest,
    TypeCount,
)
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.fields import DecimalText
from opsledger_ledger.domain.nouns import NOUN_RULES
from opsledger_ledger.writing.import_reading import (
    LineCode,
    LineRefused,
    RawLine,
    lines,
    opened,
    read,
    read_again,
)

STATES_MAX: Final = 5_000
"""Streams whose state is kept in memory; others are folded again from the file."""

FINDINGS_MAX: Final = 100
"""Findings that are kept; more are only counted."""

REPORT_LINES: Final = 4_096
"""Lines between two reports of how far a file has been read."""

_DECIMAL_PATTERN: Final[str] = get_args(DecimalText)[1].pattern

_SUMS: Final = Context(prec=60)
"""Exact for the sums of some 10^40 numbers of the longest form."""

Progressed = Callable[[int], None]
"""Told how many bytes of the file have been read."""


class LineFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One line that cannot be imported: where, why, and in words."""

    line: int
    """Lines count from 1."""
    field: str
    """Path of the field in the line, empty for the line as a whole."""
    code: LineCode
    en: str
    zh: str


class Checked(msgspec.Struct, kw_only=True):
    """What the check of a file has told."""

    manifest: ImportManifest | None = None
    """What the file amounts to; None if any line cannot be imported, or if there is none."""
    findings: list[LineFinding] = msgspec.field(default_factory=list)
    defects: int = 0
    """Number of findings, also of those beyond the kept ones."""
    begun: dict[str, int] = msgspec.field(default_factory=dict)
    """The streams of the file, each with the line that begins it."""
    delegations: dict[str, int] = msgspec.field(default_factory=dict)
    """Delegations that lines cite, each with the first such line."""


class _Stream:
    """A stream of the file as far as it was read."""

    __slots__ = ("broken", "offsets")

    def __init__(self) -> None:
        self.offsets = array("Q")
        self.broken = False


def checked(path: Path, now: str, progressed: Progressed = lambda _read: None) -> Checked:
    """Check a whole file; what occurred after `now` has not happened yet.

    Raises:
        OSError: the file cannot be read.

    """
    with opened(path) as file, opened(path) as again:
        return _Check(again, now).run(file, progressed)


class _Check:
    def __init__(self, again: BinaryIO, now: str) -> None:
        self._again = again
        self._now = now
        self._streams: dict[str, _Stream] = {}
        self._states: OrderedDict[str, Any] = OrderedDict()
        self._counts: Counter[str] = Counter()
        self._totals: dict[tuple[str, str], Decimal] = {}
        self._from = now
        self._to = ""
        self._told = Checked()

    def run(self, file: BinaryIO, progressed: Progressed) -> Checked:
        source = sha256()
        raw = RawLine(0, 0, b"")
        for raw in lines(file):
            source.update(raw.content)
            try:
                self._take(raw)
            except LineRefused as refused:
                self._find(raw.number, refused)
            if raw.number % REPORT_LINES == 0:
                progressed(raw.offset)
        progressed(raw.offset + len(raw.content))
        if raw.number and not self._told.defects:
            self._told.manifest = self._manifest(source.hexdigest(), raw)
        return self._told

    def _take(self, raw: RawLine) -> None:
        line, event = read(raw.content)
        if line.occurred_at > self._now:
            raise LineRefused("occurred_in_future", "occurred_at", self._now)
        stream = self._streams.get(line.stream)
        if stream is None:
            stream = self._streams[line.stream] = _Stream()
            self._told.begun[line.stream] = raw.number
        expected = len(stream.offsets) + 1
        # What follows a line that was refused is not judged by what is missing.
        if stream.broken:
            return
        if line.version != expected:
            stream.broken = True
            raise LineRefused("version_gap", "version", expected)
        self._fold(line, event, stream)
        stream.offsets.append(raw.offset)
        self._count(line, event, raw.number)

    def _fold(self, line: ImportLine, event: Event, stream: _Stream) -> None:
        noun = NOUN_RULES[line.stream.partition("/")[0]]
        kept = self._states.pop(line.stream, None)
        try:
            if kept is None and stream.offsets:
                kept = self._folded(stream)
            state = noun.evolve(kept, event, self._envelope(line))
            # The indexes of a ledger are made of these; they must not fail there either.
            tuple(noun.keys(state))
        except Exception as error:
            stream.broken = True
            detail = f"{type(error).__name__}: {error}".removesuffix(": ")
            raise LineRefused("state_broken", "data", detail) from error
        name = line.stream.partition("/")[2]
        if state.id != name:
            stream.broken = True
            raise LineRefused("stream_of_other_name", "data", f"{state.id}, {name}")
        self._states[line.stream] = state
        if len(self._states) > STATES_MAX:
            self._states.popitem(last=False)

    def _folded(self, stream: _Stream) -> Any:
        """Fold again what the file says of a stream up to here."""
        state = None
        for offset in stream.offsets:
            self._again.seek(offset)
            line, event = read_again(self._again.readline())
            state = NOUN_RULES[line.stream.partition("/")[0]].evolve(
                state, event, self._envelope(line)
            )
        return state

    def _envelope(self, line: ImportLine) -> Envelope:
        """Give the envelope as it will be, but for what only the ledger can say."""
        return Envelope(
            specversion="1.0",
            id="00000000-0000-7000-8000-000000000000",
            source="urn:opsledger:check",
            type=line.type,
            stream=line.stream,
            occurred_at=line.occurred_at,
            recorded_at=self._now,
            version=line.version,
            schema="",
            command_id="",
            correlation_id="",
            policy_hash="",
            person=line.person,
            acting_position=line.position,
            unit=line.unit,
            on_behalf_of=line.on_behalf_of,
            delegation=line.delegation,
            rulebook=line.rulebook,
            calendar=line.calendar,
            reason=line.reason,
            origin="import",
            data=line.data,
        )

    def _count(self, line: ImportLine, event: Event, number: int) -> None:
        self._counts[line.type] += 1
        for field in _decimal_fields(line.type):
            text = getattr(event, field)
            if text is not None:
                place = (line.type, field)
                before = self._totals.get(place, Decimal(0))
                self._totals[place] = _SUMS.add(before, Decimal(text))
        self._from = min(self._from, line.occurred_at)
        self._to = max(self._to, line.occurred_at)
        if line.delegation is not None:
            self._told.delegations.setdefault(line.delegation, number)

    def _find(self, line: int, refused: LineRefused) -> None:
        self._told.defects += 1
        if len(self._told.findings) < FINDINGS_MAX:
            self._told.findings.append(
                LineFinding(
                    line=line,
                    field=refused.field,
                    code=refused.code,
                    en=refused.sentence("en"),
                    zh=refused.sentence("zh"),
                )
            )

    def _manifest(self, source: str, last: RawLine) -> ImportManifest:
        return ImportManifest(
            source=source,
            size=last.offset + len(last.content),
            events=last.number,
            streams=len(self._streams),
            occurred_from=self._from,
            occurred_to=self._to,
            counts=tuple(
                TypeCount(type=name, events=events) for name, events in sorted(self._counts.items())
            ),
            totals=tuple(
                ControlTotal(type=name, field=field, total=f"{total:f}")
                for (name, field), total in sorted(self._totals.items())
            ),
        )


@cache
def _decimal_fields(type_name: str) -> tuple[str, ...]:
    """Name the fields of an event type that hold one decimal number."""
    described = msgspec.inspect.type_info(EVENTS[type_name])
    assert isinstance(described, msgspec.inspect.StructType)
    return tuple(field.name for field in described.fields if _is_decimal(field.type))


def _is_decimal(described: msgspec.inspect.Type) -> bool:
    match described:
        case msgspec.inspect.Metadata():
            return _is_decimal(described.type)
        case msgspec.inspect.UnionType():
            return any(_is_decimal(part) for part in described.types)
        case msgspec.inspect.StrType():
            return described.pattern == _DECIMAL_PATTERN
        case _:
            return False
