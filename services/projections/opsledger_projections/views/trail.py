"""The audit trail (R162): every event, who did it in which post and by what power, at both times.

The key is stream and version, so that the prefix `case/C-1:` gives the events of one case. A row
carries the letter to which its stream belongs, so that the trail of a letter includes its cases,
adjustments, work items, assessments, disputes, replays and results. What it stores is the entry
itself; what readers see of it is made when they read.
"""

from operator import attrgetter
from typing import Any, Final

from opsledger_contracts.catalogue import EVENTS
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
from opsledger_projections.views.view import Appended, Current, Fact, Lookups, View

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

_LETTER: Final = "letter/"
_NAME_LETTER: Final = frozenset(
    event.TYPE
    for event in (AdjustmentRequested, ForceMajeureNotified, AssessmentOpened, WorkItemOpened)
)
"""Events that name the letter to which their stream belongs."""
_NAME_SUBJECT: Final = frozenset((ApprovalCaseOpened.TYPE, ConflictSubmitted.TYPE))
"""Events that name a stream to whose letter theirs belongs, or none."""
_NAME_ASSESSMENT: Final = frozenset(
    event.TYPE
    for event in (
        DisputeFiled,
        ReplayRequested,
        QuotaDerived,
        IndividualResultCombined,
        ResultApplied,
        ResultApplicationFlagged,
    )
)
"""Events that name an assessment to whose letter their stream belongs."""


def _appended(fact: Fact, current: Current) -> Appended:
    stream = fact.stream
    noun, _, identifier = stream.partition("/")
    version = fact.version
    if noun == "letter":
        return Appended(f"{stream}:{version:09d}", False, (noun, identifier, fact.person))
    letter = _letter(fact, current)
    return Appended(f"{stream}:{version:09d}", version == 1, (noun, letter, fact.person))


def _letter(fact: Fact, current: Current) -> str:
    """Find the letter to which an event of another stream belongs, empty if to none."""
    if fact.type in _NAME_LETTER:
        letter: str = fact.fields["letter"]
        return letter
    stream = _related(fact)
    if stream.startswith(_LETTER):
        return stream.removeprefix(_LETTER)
    first = current.get(_first(stream))
    return first.labels["letter"] if first is not None else ""


def _related(fact: Fact) -> str:
    """Name the stream to whose letter an event belongs."""
    if fact.type in _NAME_SUBJECT:
        return fact.fields.get("subject") or ""
    if fact.type in _NAME_ASSESSMENT:
        return f"assessment/{fact.fields['assessment']}"
    return fact.stream


def _lookups(fact: Fact) -> Lookups:
    if fact.stream.startswith(_LETTER) or fact.type in _NAME_LETTER:
        return ()
    stream = _related(fact)
    return () if stream.startswith(_LETTER) else (("", _first(stream)),)


def _first(stream: str) -> str:
    return f"{stream}:{1:09d}"


def _shown(fact: Fact) -> dict[str, Any]:
    envelope = fact.envelope
    attributes = zip(_ENVELOPE_FIELDS, _attributes(envelope), strict=True)
    return {
        "position": fact.position,
        "stream": fact.stream,
        **{name: value for name, value in attributes if value is not None},
        "evidence": [
            {"sha256": item.sha256, "media": item.media, "title": item.title}
            for item in fact.event.evidence
        ],
        # The digest of a secret is nobody's business.
        "data": {name: value for name, value in fact.fields.items() if name != "secret_hash"},
    }


TRAIL: Final = View(
    name="trail",
    code="V03",
    version=3,
    zh="审计轨迹",
    en="audit trail",
    labels=("noun", "letter", "person"),
    indexed=("letter", "person"),
    types=frozenset(EVENTS),
    appends=_appended,
    shown=_shown,
    looks_up=_lookups,
    undivided_percent=30,
)
