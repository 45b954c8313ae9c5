"""Adjustments of letters in force: how far a request has come and on what terms (SR-15, SR-16)."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Literal, assert_never

from opsledger_contracts.documents.rulebook import CauseClass, Treatment
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.adjustment import (
    AdjustmentApplied,
    AdjustmentApproved,
    AdjustmentLapsed,
    AdjustmentRefused,
    AdjustmentRequested,
    AdjustmentSubmitted,
    AdjustmentWithdrawn,
    EvidenceSubmitted,
    ForceMajeureNotified,
    ImpactAssessed,
)
from opsledger_contracts.events.letter import ItemChange
from opsledger_contracts.fields import local_date
from opsledger_contracts.problems.general import WrongState
from opsledger_contracts.rules.inputs import AdjustmentKind
from opsledger_ledger.domain.deciding import Noun, State
from opsledger_ledger.domain.deed import Deed, deed_of

AdjustmentStatus = Literal[
    "notified",
    "requested",
    "under_review",
    "approved",
    "applied",
    "refused",
    "lapsed",
    "withdrawn",
]


class AdjustmentState(State):
    """An adjustment as it stands.

    A stream may begin with the notice of force majeure or with the request; before the request,
    `letter_revision` is 0 and `requested_on` is None.
    """

    NOUN: ClassVar[str] = "adjustment"

    letter: str
    items: tuple[str, ...]
    kind: AdjustmentKind
    cause: CauseClass
    requester: Deed
    unit: str | None
    """Unit that asks."""
    status: AdjustmentStatus
    letter_revision: int = 0
    """Revision at the request."""
    rulebook: str | None = None
    calendar: str | None = None
    causing_unit: str | None = None
    requested_on: date | None = None
    event_class: str | None = None
    occurred_from: date | None = None
    occurred_to: date | None = None
    notified_on: date | None = None
    proof_on: date | None = None
    impact: ImpactAssessed | None = None
    treatment: Treatment | None = None
    clause: str | None = None
    changes: tuple[ItemChange, ...] = ()
    granted_days: int | None = None
    effective_from: date | None = None
    submitted_revision: int | None = None
    """Revision that the changes start from."""
    content_hash: str | None = None
    """What an approval binds to; None before the terms were submitted."""
    case: str | None = None
    approved_on: date | None = None
    applied_revision: int | None = None

    def require_status(self, *expected: AdjustmentStatus) -> None:
        """Insist on one of the named states.

        Raises:
            WrongState: the adjustment is in another one.

        """
        if self.status not in expected:
            raise WrongState(
                noun="adjustment", id=self.id, found=self.status, expected=" or ".join(expected)
            )


AdjustmentEvent = (
    AdjustmentRequested
    | ForceMajeureNotified
    | EvidenceSubmitted
    | ImpactAssessed
    | AdjustmentSubmitted
    | AdjustmentApproved
    | AdjustmentRefused
    | AdjustmentLapsed
    | AdjustmentWithdrawn
    | AdjustmentApplied
)


def evolve(state: AdjustmentState | None, event: Event, envelope: Envelope) -> AdjustmentState:
    """Fold one event of an adjustment."""
    happened: AdjustmentEvent = event  # type: ignore[assignment]
    if isinstance(happened, AdjustmentRequested | ForceMajeureNotified):
        state = state or _begun(happened, envelope)
    assert state is not None, envelope.stream
    match happened:
        case AdjustmentRequested():
            state.status = "requested"
            state.requester = deed_of("initiate", envelope)
            state.letter_revision = happened.letter_revision
            state.rulebook = happened.rulebook
            state.calendar = happened.calendar
            state.causing_unit = happened.causing_unit
            state.requested_on = local_date(envelope.recorded_at)
            state.event_class = happened.event_class
            state.occurred_from = happened.occurred_from
            state.occurred_to = happened.occurred_to
        case ForceMajeureNotified():
            state.event_class = happened.event_class
            state.occurred_from = happened.occurred_from
            state.notified_on = happened.notified_on
        case EvidenceSubmitted():
            state.proof_on = state.proof_on or happened.submitted_on
        case ImpactAssessed():
            state.impact = happened
        case AdjustmentSubmitted():
            state.status = "under_review"
            _set_terms(state, happened)
            state.submitted_revision = happened.letter_revision
            state.content_hash = happened.content_hash
        case AdjustmentApproved():
            state.status = "approved"
            state.case = happened.case
            _set_terms(state, happened)
            state.approved_on = local_date(envelope.recorded_at)
        case AdjustmentRefused():
            state.status = "refused"
            state.case = happened.case
        case AdjustmentLapsed():
            state.status = "lapsed"
        case AdjustmentWithdrawn():
            state.status = "withdrawn"
        case AdjustmentApplied():
            state.status = "applied"
            state.applied_revision = happened.letter_revision
        case _:
            assert_never(happened)
    return state


def keys(state: AdjustmentState) -> Iterator[tuple[str, str]]:
    """Find adjustments by their letter."""
    yield "adjustment_by_letter", state.letter


ADJUSTMENT = Noun(state=AdjustmentState, evolve=evolve, keys=keys)


def _begun(
    happened: AdjustmentRequested | ForceMajeureNotified, envelope: Envelope
) -> AdjustmentState:
    kind: AdjustmentKind = "force_majeure"
    cause: CauseClass = "force_majeure"
    if isinstance(happened, AdjustmentRequested):
        kind, cause = happened.kind, happened.cause
    return AdjustmentState(
        id=happened.adjustment,
        letter=happened.letter,
        items=happened.items,
        kind=kind,
        cause=cause,
        requester=deed_of("initiate", envelope),
        unit=envelope.unit,
        status="notified",
    )


def _set_terms(state: AdjustmentState, terms: AdjustmentSubmitted | AdjustmentApproved) -> None:
    state.treatment = terms.treatment
    state.clause = terms.clause
    state.changes = terms.changes
    state.granted_days = terms.granted_days
    state.effective_from = terms.effective_from
