"""Events of a work item: the execution of one item of a letter."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from opsledger_contracts.documents.rulebook import CauseClass
from opsledger_contracts.event import Event
from opsledger_contracts.fields import Evidence, Identifier, Text, Title

Percent = Annotated[int, Meta(ge=0, le=100)]


class WorkItemOpened(Event, kw_only=True):
    """Execution of a letter's item was opened, with the terms on which it will be accepted."""

    TYPE: ClassVar[str] = "work_item.opened.v1"
    work_item: Identifier
    letter: Identifier
    item: Identifier
    responsible: Identifier
    responsible_person: Identifier
    completion_standard: Text
    deliverables: tuple[Title, ...]
    start: date | None = None
    due: date | None = None
    milestones: tuple[Title, ...] = ()
    depends_on: tuple[Identifier, ...] = ()


class WorkStarted(Event, kw_only=True):
    """Work began; before approval took effect this is refused (R044)."""

    TYPE: ClassVar[str] = "work_item.started.v1"


class ProgressReported(Event, kw_only=True):
    """The responsible unit reported progress (R096)."""

    TYPE: ClassVar[str] = "work_item.progress_reported.v1"
    percent: Percent
    planned_percent: Percent
    note: Text
    forecast: date | None = None


class ForecastRevised(Event, kw_only=True):
    """The expected day of completion moved; the due date did not (R078)."""

    TYPE: ClassVar[str] = "work_item.forecast_revised.v1"
    forecast: date


class NodeInspected(Event, kw_only=True):
    """The planning-and-operations department inspected the node on the spot (R071)."""

    TYPE: ClassVar[str] = "work_item.inspected.v1"
    inspected_on: date
    finding: Text


class DeviationExplained(Event, kw_only=True):
    """A deviation was explained by a class of cause, without naming a person (R098)."""

    TYPE: ClassVar[str] = "work_item.deviation_explained.v1"
    cause: CauseClass
    """Class of cause of the rulebook."""
    text: Text


class CompletionClaimed(Event, kw_only=True):
    """The responsible unit claims completion by dated evidence (R134)."""

    TYPE: ClassVar[str] = "work_item.completion_claimed.v1"
    evidence_date: date
    deliverables: tuple[Evidence, ...]


class CompletionVerified(Event, kw_only=True):
    """Another unit verified time and quality; the actual date is that of the evidence (R133)."""

    TYPE: ClassVar[str] = "work_item.completion_verified.v1"
    actual_date: date
    quality: Literal["met", "not_met"]
    """Whether the completion standard is met."""
    verifier: Identifier


class CompletionRejected(Event, kw_only=True):
    """Verification found defects; work goes on."""

    TYPE: ClassVar[str] = "work_item.completion_rejected.v1"
    defects: tuple[Text, ...]


class HandoverOffered(Event, kw_only=True):
    """The responsible unit offered the work to another (R047)."""

    TYPE: ClassVar[str] = "work_item.handover_offered.v1"
    to: Identifier
    to_person: Identifier
    scope: Text
    standard: Text


class HandoverAccepted(Event, kw_only=True):
    """Responsibility moved, by the acceptance and not before (R047)."""

    TYPE: ClassVar[str] = "work_item.handover_accepted.v1"
    unit: Identifier
    person: Identifier


class HandoverDeclined(Event, kw_only=True):
    """The other unit declined; responsibility stays (R047)."""

    TYPE: ClassVar[str] = "work_item.handover_declined.v1"


class WorkItemSuspended(Event, kw_only=True):
    """Work stopped for the time being."""

    TYPE: ClassVar[str] = "work_item.suspended.v1"


class WorkItemResumed(Event, kw_only=True):
    """Work went on."""

    TYPE: ClassVar[str] = "work_item.resumed.v1"


class WorkItemRescheduled(Event, kw_only=True):
    """An applied adjustment moved the due date."""

    TYPE: ClassVar[str] = "work_item.rescheduled.v1"
    adjustment: Identifier
    due_before: date
    due: date


class WorkItemCancelled(Event, kw_only=True):
    """The work is not to be done any more."""

    TYPE: ClassVar[str] = "work_item.cancelled.v1"
