"""Events of an approval case: one decision along one item of the authority matrix."""

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from opsledger_contracts.documents.matrix import Verb
from opsledger_contracts.event import Event
from opsledger_contracts.fields import (
    Count,
    DecimalText,
    Identifier,
    Sha256,
    StreamName,
    Text,
    Title,
)

Opinion = Annotated[
    Literal["agree", "agree_with_remarks", "disagree"],
    Meta(description="What a reviewer thinks of the subject."),
]
Channel = Annotated[
    Literal["online", "paper"],
    Meta(description="Whether the steps are taken here or were taken on paper."),
]
Sequence = Annotated[int, Meta(ge=0, le=99)]


class PlannedStep(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A step as the matrix asked for it when the case was opened."""

    seq: Sequence
    verb: Verb
    """What the position does in the step."""
    title: Title
    positions: tuple[Identifier, ...]
    """Positions any of which may take the step."""
    sla_working_days: Count | None = None


class ApprovalCaseOpened(Event, kw_only=True):
    """A case was opened on a subject with a content hash; the chain is fixed now (R037)."""

    TYPE: ClassVar[str] = "case.opened.v1"
    case: Identifier
    subject: StreamName
    subject_hash: Sha256
    matrix: Sha256
    item: Identifier
    initiator: Identifier
    initiator_unit: Identifier
    steps: tuple[PlannedStep, ...]
    amount: DecimalText | None = None
    """CNY."""
    bracket: Title | None = None
    channel: Channel = "online"


class StepAssigned(Event, kw_only=True):
    """A step became due; its limit was computed by working days (SR-20).

    After an escalation it is assigned again, then with the superiors among its positions.
    """

    TYPE: ClassVar[str] = "case.step_assigned.v1"
    seq: Sequence
    verb: Verb
    """What the position does in the step."""
    positions: tuple[Identifier, ...]
    due: date | None = None


class ReviewGiven(Event, kw_only=True):
    """A reviewer gave an opinion on the subject (R038)."""

    TYPE: ClassVar[str] = "case.review_given.v1"
    seq: Sequence
    position: Identifier
    opinion: Opinion
    subject_hash: Sha256
    comment: Text | None = None


class ParticipationRecorded(Event, kw_only=True):
    """A consulted unit's opinion was recorded; it does not bind (R039)."""

    TYPE: ClassVar[str] = "case.participation_recorded.v1"
    seq: Sequence
    position: Identifier
    opinion: Text


class CaseReturned(Event, kw_only=True):
    """The case went back to an earlier step; later steps are to be taken again."""

    TYPE: ClassVar[str] = "case.returned.v1"
    to_seq: Sequence


class ApprovalGranted(Event, kw_only=True):
    """The approver decided on exactly this content (R040)."""

    TYPE: ClassVar[str] = "case.approval_granted.v1"
    seq: Sequence
    position: Identifier
    subject_hash: Sha256
    final: bool
    """Whether all approve and ratify steps are now taken."""


class ApprovalRefused(Event, kw_only=True):
    """The approver said no."""

    TYPE: ClassVar[str] = "case.approval_refused.v1"
    seq: Sequence
    position: Identifier
    subject_hash: Sha256


class ApprovalRatified(Event, kw_only=True):
    """The ratifying body confirmed the approval (核准)."""

    TYPE: ClassVar[str] = "case.ratified.v1"
    seq: Sequence
    position: Identifier
    subject_hash: Sha256
    final: bool


class StepEscalated(Event, kw_only=True):
    """A step passed its limit and went to the superior position."""

    TYPE: ClassVar[str] = "case.step_escalated.v1"
    seq: Sequence
    due: date


class SoDExceptionGranted(Event, kw_only=True):
    """One act against a separation-of-duties pair was allowed, with a named second person."""

    TYPE: ClassVar[str] = "case.sod_exception_granted.v1"
    person: Identifier
    seq: Sequence
    second_person: Identifier


class CaseFiled(Event, kw_only=True):
    """A recipient was given the decision for the record (R041)."""

    TYPE: ClassVar[str] = "case.filed.v1"
    recipient: Identifier


class OutcomeFedBack(Event, kw_only=True):
    """The initiator received the outcome (R045)."""

    TYPE: ClassVar[str] = "case.outcome_fed_back.v1"
    to: Identifier
    result: Text


class CaseWithdrawn(Event, kw_only=True):
    """The initiator withdrew the case before the decision."""

    TYPE: ClassVar[str] = "case.withdrawn.v1"


class CaseLapsed(Event, kw_only=True):
    """The case ended without a decision, or its subject changed under it."""

    TYPE: ClassVar[str] = "case.lapsed.v1"


class CaseArchived(Event, kw_only=True):
    """The case is closed; the package hash is reproducible from its events (R042)."""

    TYPE: ClassVar[str] = "case.archived.v1"
    package_hash: Sha256
    """SHA-256 of the canonical list of the SHA-256 digests of all earlier entries of the case."""
