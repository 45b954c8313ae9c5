"""The audit trail (R162): every event, who did it in which post and by what power, at both times.

The key is stream and version, so that the prefix `case/C-1:` gives the events of one case. A row
carries the letter to which its stream belongs, so that the trail of a letter includes its cases,
adjustments, work items, assessments, disputes, replays and results.
"""

from operator import attrgetter
from typing import Any, Final

from opsledger_contracts.catalogue import EVENTS
from opsledger_contracts.event import Event
from opsledger_contracts.events.adjustment import AdjustmentRequested, ForceMajeureNotified
from opsledger_contracts.events.assessment import AssessmentOpened
from opsledger_contracts.events.case import ApprovalCaseOpened
from opsledger_contracts.events.conflict import ConflictSubmitted
from opsledger_contracts.events.dispute import DisputeFiled
from opsledger_contracts.events.distribution import QuotaDerived
from opsledger_contracts.events.replay import ReplayRequested
from opsledger_contracts.events.result import (
    IndividualResultCombined,
    ResultApplicationFlagged,
    ResultApplied,
)
from opsledger_contracts.events.work_item import WorkItemOpened
from opsledger_projections.views.view import Changes, Current, Fact, Lookups, Put, Row, View

_ENVELOPE_FIELDS: Final = (
    "type",
    "version",
    "occurred_at",
    "recorded_at",
    "person",
    "acting_position",
    "unit",
    "on_behalf_of",
    "delegation",
    "authority_matrix",
    "authority_item",
    "authority_step",
    "rulebook",
    "calendar",
    "reason",
    "origin",
    "import_batch",
    "command_id",
    "correlation_id",
    "causation_id",
)

_attributes: Final = attrgetter(*_ENVELOPE_FIELDS)
_WITH_SECRET: Final = frozenset(
    name for name, event in EVENTS.items() if "secret_hash" in event.__struct_fields__
)


def _changes(fact: Fact, current: Current) -> Changes:
    envelope = fact.envelope
    yield Put(
        Row(
            key=_key(envelope.stream, envelope.version),
            body={
                "position": fact.position,
                "stream": envelope.stream,
                **{
                    name: value
                    for name, value in zip(_ENVELOPE_FIELDS, _attributes(envelope), strict=True)
                    if value is not None
                },
                "evidence": [
                    {"sha256": item.sha256, "media": item.media, "title": item.title}
                    for item in fact.event.evidence
                ],
                "data": _data(fact),
            },
            labels={
                "noun": envelope.stream.partition("/")[0],
                "letter": _letter(envelope.stream, fact.event, current),
                "person": envelope.person,
            },
        )
    )


def _data(fact: Fact) -> Any:
    """Give what the event says: as it was recorded, but for evidence and the digest of a secret."""
    if fact.event.evidence or fact.envelope.type in _WITH_SECRET:
        return {name: value for name, value in fact.fields.items() if name != "secret_hash"}
    return fact.envelope.data


def _key(stream: str, version: int) -> str:
    return f"{stream}:{version:09d}"


def _letter(stream: str, event: Event, current: Current) -> str:
    """Find the letter to which an event belongs, empty if to none."""
    noun, _, identifier = stream.partition("/")
    if noun == "letter":
        return identifier
    match event:
        case AdjustmentRequested() | ForceMajeureNotified() | AssessmentOpened() | WorkItemOpened():
            return event.letter
        case ApprovalCaseOpened():
            return _letter_of_stream(event.subject, current)
        case ConflictSubmitted():
            return _letter_of_stream(event.subject or "", current)
        case (
            DisputeFiled()
            | ReplayRequested()
            | QuotaDerived()
            | IndividualResultCombined()
            | ResultApplied()
            | ResultApplicationFlagged()
        ):
            return _letter_of_stream(f"assessment/{event.assessment}", current)
        case _:
            return _letter_of_stream(stream, current)


def _letter_of_stream(stream: str, current: Current) -> str:
    if stream.startswith("letter/"):
        return stream.partition("/")[2]
    first = current.get(_key(stream, 1))
    return first.labels["letter"] if first is not None else ""


def _lookups(fact: Fact) -> Lookups:
    stream = fact.envelope.stream
    if stream.startswith("letter/"):
        return ()
    match fact.event:
        case ApprovalCaseOpened() | ConflictSubmitted():
            of_subject = fact.event.subject or ""
            return (("", _key(of_subject, 1)),)
        case (
            DisputeFiled()
            | ReplayRequested()
            | QuotaDerived()
            | IndividualResultCombined()
            | ResultApplied()
            | ResultApplicationFlagged()
        ):
            return (("", _key(f"assessment/{fact.event.assessment}", 1)),)
        case _:
            return (("", _key(stream, 1)),)


TRAIL: Final = View(
    name="trail",
    code="V03",
    version=2,
    zh="审计轨迹",
    en="audit trail",
    labels=("noun", "letter", "person"),
    indexed=("letter", "person"),
    types=frozenset(EVENTS),
    changes=_changes,
    looks_up=_lookups,
    appends=True,
)
