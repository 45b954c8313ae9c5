"""Work items: the execution of one item of a letter, from opening to verified completion."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Literal, assert_never

import msgspec

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.work_item import (
    CompletionClaimed,
    CompletionRejected,
    CompletionVerified,
    DeviationExplained,
    ForecastRevised,
    HandoverAccepted,
    HandoverDeclined,
    HandoverOffered,
    NodeInspected,
    ProgressReported,
    WorkItemCancelled,
    WorkItemOpened,
    WorkItemRescheduled,
    WorkItemResumed,
    WorkItemSuspended,
    WorkStarted,
)
from opsledger_contracts.problems.general import WrongState
from opsledger_ledger.domain.deciding import Noun, State

WorkItemStatus = Literal["planned", "in_progress", "claimed", "verified", "suspended", "cancelled"]


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Completion as claimed: by whom, and on the day that the evidence states."""

    person: str
    evidence_date: date


class WorkItemState(State):
    """A work item as it stands."""

    NOUN: ClassVar[str] = "work_item"

    letter: str
    item: str
    responsible: str
    responsible_person: str
    deliverables: tuple[str, ...]
    due: date | None
    status: WorkItemStatus = "planned"
    claim: Claim | None = None
    handover: HandoverOffered | None = None
    """Offer that is neither accepted nor declined."""
    explained: bool = False
    """Whether a cause was stated for a deviation."""
    actual_date: date | None = None
    quality: Literal["met", "not_met"] | None = None
    verifier: str | None = None
    verified_version: int | None = None
    """Version of the event that verified the completion; what a score refers to."""

    def require_status(self, *expected: WorkItemStatus) -> None:
        """Insist on one of the named states.

        Raises:
            WrongState: the work item is in another one.

        """
        if self.status not in expected:
            raise WrongState(
                noun="work item", id=self.id, found=self.status, expected=" or ".join(expected)
            )


WorkItemEvent = (
    WorkItemOpened
    | WorkStarted
    | ProgressReported
    | ForecastRevised
    | NodeInspected
    | DeviationExplained
    | CompletionClaimed
    | CompletionVerified
    | CompletionRejected
    | HandoverOffered
    | HandoverAccepted
    | HandoverDeclined
    | WorkItemSuspended
    | WorkItemResumed
    | WorkItemRescheduled
    | WorkItemCancelled
)


def evolve(state: WorkItemState | None, event: Event, envelope: Envelope) -> WorkItemState:
    """Fold one event of a work item."""
    happened: WorkItemEvent = event  # type: ignore[assignment]
    if isinstance(happened, WorkItemOpened):
        return WorkItemState(
            id=happened.work_item,
            letter=happened.letter,
            item=happened.item,
            responsible=happened.responsible,
            responsible_person=happened.responsible_person,
            deliverables=happened.deliverables,
            due=happened.due,
        )
    assert state is not None, envelope.stream
    match happened:
        case ProgressReported() | ForecastRevised() | NodeInspected():
            pass
        case WorkStarted() | CompletionRejected() | WorkItemResumed():
            state.status = "in_progress"
        case DeviationExplained():
            state.explained = True
        case CompletionClaimed():
            state.status = "claimed"
            state.claim = Claim(person=envelope.person, evidence_date=happened.evidence_date)
        case CompletionVerified():
            state.status = "verified"
            state.actual_date = happened.actual_date
            state.quality = happened.quality
            state.verifier = happened.verifier
            state.verified_version = envelope.version
        case HandoverOffered():
            state.handover = happened
        case HandoverAccepted():
            state.handover = None
            state.responsible = happened.unit
            state.responsible_person = happened.person
        case HandoverDeclined():
            state.handover = None
        case WorkItemSuspended():
            state.status = "suspended"
        case WorkItemRescheduled():
            state.due = happened.due
        case WorkItemCancelled():
            state.status = "cancelled"
        case _:
            assert_never(happened)
    return state


def keys(state: WorkItemState) -> Iterator[tuple[str, str]]:
    """Find work items by letter and by the item they execute."""
    yield "work_item_by_letter", state.letter
    if state.status != "cancelled":
        yield "work_item_by_item", f"{state.letter}:{state.item}"


WORK_ITEM = Noun(
    state=WorkItemState,
    evolve=evolve,
    keys=keys,
    rekeyed_by=frozenset(
        (
            WorkStarted,
            CompletionRejected,
            WorkItemResumed,
            CompletionClaimed,
            CompletionVerified,
            WorkItemSuspended,
            WorkItemCancelled,
        )
    ),
)
