"""The state of an approval case: its chain, what was done along it, and how it was decided."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Literal, assert_never

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.matrix import Verb
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.case import (
    ApprovalCaseOpened,
    ApprovalGranted,
    ApprovalRatified,
    ApprovalRefused,
    CaseArchived,
    CaseFiled,
    CaseLapsed,
    CaseReturned,
    CaseWithdrawn,
    Channel,
    OutcomeFedBack,
    ParticipationRecorded,
    PlannedStep,
    ReviewGiven,
    SoDExceptionGranted,
    StepAssigned,
    StepEscalated,
)
from opsledger_ledger.domain.deciding import Noun, State
from opsledger_ledger.domain.deed import Deed, deed_of

GATES: tuple[Verb, ...] = ("review", "participate", "approve", "ratify")
"""Verbs that are taken one after the other on the way to the decision."""
DECIDING: tuple[Verb, ...] = ("approve", "ratify")
"""Verbs of which none may be open when the decision is final."""


class StepState(msgspec.Struct, kw_only=True):
    """One step of the chain as it stands."""

    seq: int
    verb: Verb
    title: str
    positions: tuple[str, ...]
    """Positions any of which may take it; after an escalation their superiors too."""
    sla_working_days: int | None
    assigned: bool = False
    due: date | None = None
    taken: bool = False


class CaseState(State):
    """An approval case as it stands."""

    NOUN: ClassVar[str] = "case"

    subject: str
    subject_hash: str
    matrix: str
    item: str
    initiator: str
    initiator_unit: str
    channel: Channel
    amount: str | None
    steps: list[StepState]
    status: Literal[
        "in_review",
        "in_approval",
        "ratifying",
        "returned",
        "approved",
        "filed",
        "archived",
        "refused",
        "withdrawn",
        "lapsed",
    ]
    decided: Literal["approved", "refused"] | None = None
    deeds: list[Deed] = msgspec.field(default_factory=list)
    exceptions: set[tuple[str, int]] = msgspec.field(default_factory=set)
    """Person and seq for which a separation of duties was lifted."""
    filed_with: set[str] = msgspec.field(default_factory=set)
    fed_back_to: set[str] = msgspec.field(default_factory=set)
    entries: list[str] = msgspec.field(default_factory=list)
    """Digests of the entries of the case, of which the package consists."""

    @property
    def open(self) -> bool:
        """Whether the case still waits for its decision."""
        return self.status in {"in_review", "in_approval", "ratifying", "returned"}

    def pending(self, verbs: tuple[Verb, ...] = GATES) -> list[StepState]:
        """List the steps of these verbs that are not taken yet, in the order of the chain."""
        return [step for step in self.steps if step.verb in verbs and not step.taken]

    @property
    def seq(self) -> int | None:
        """Place in the chain at which the case stands; None when nothing is left to take."""
        return min((step.seq for step in self.pending()), default=None)

    def positions_of(self, *verbs: Verb) -> frozenset[str]:
        """List the positions of all steps of these verbs."""
        return frozenset(
            position for step in self.steps if step.verb in verbs for position in step.positions
        )

    def step_for(self, seq: int, verb: Verb, position: str) -> StepState | None:
        """Find the step that an act of a position takes.

        Of several the one that names the position; a paper act of another position takes the first.
        """
        steps = [step for step in self.pending((verb,)) if step.seq == seq]
        return next((step for step in steps if position in step.positions), next(iter(steps), None))


CaseEvent = (
    ApprovalCaseOpened
    | StepAssigned
    | ReviewGiven
    | ParticipationRecorded
    | CaseReturned
    | ApprovalGranted
    | ApprovalRefused
    | ApprovalRatified
    | StepEscalated
    | SoDExceptionGranted
    | CaseFiled
    | OutcomeFedBack
    | CaseWithdrawn
    | CaseLapsed
    | CaseArchived
)


def evolve(state: CaseState | None, event: Event, envelope: Envelope) -> CaseState:
    """Fold one event of an approval case."""
    happened: CaseEvent = event  # type: ignore[assignment]
    if isinstance(happened, ApprovalCaseOpened):
        state = _opened(happened, envelope)
    assert state is not None, envelope.stream
    state.entries.append(digest(envelope))
    match happened:
        case ApprovalCaseOpened() | StepEscalated():
            pass
        case StepAssigned():
            _assign(state, happened)
        case ReviewGiven():
            _take(state, happened.seq, "review", happened.position, envelope)
        case ParticipationRecorded():
            _take(state, happened.seq, "participate", happened.position, envelope)
        case CaseReturned():
            state.status = "returned"
            for step in state.steps:
                step.taken = step.taken and step.seq < happened.to_seq
                step.assigned = step.taken
        case ApprovalGranted():
            _take(state, happened.seq, "approve", happened.position, envelope)
            _decide(state, final=happened.final)
        case ApprovalRatified():
            _take(state, happened.seq, "ratify", happened.position, envelope)
            _decide(state, final=happened.final)
        case ApprovalRefused():
            state.deeds.append(deed_of("approve", envelope))
            state.status = state.decided = "refused"
        case SoDExceptionGranted():
            state.exceptions.add((happened.person, happened.seq))
        case CaseFiled():
            state.filed_with.add(happened.recipient)
            state.status = "filed"
        case OutcomeFedBack():
            state.fed_back_to.add(happened.to)
        case CaseWithdrawn():
            state.status = "withdrawn"
        case CaseLapsed():
            state.status = "lapsed"
        case CaseArchived():
            state.status = "archived"
        case _:
            assert_never(happened)
    return state


def keys(state: CaseState) -> Iterator[tuple[str, str]]:
    """Find cases by their subject."""
    yield "case_by_subject", state.subject


CASE = Noun(state=CaseState, evolve=evolve, keys=keys)


def _opened(opened: ApprovalCaseOpened, envelope: Envelope) -> CaseState:
    state = CaseState(
        id=opened.case,
        subject=opened.subject,
        subject_hash=opened.subject_hash,
        matrix=opened.matrix,
        item=opened.item,
        initiator=opened.initiator,
        initiator_unit=opened.initiator_unit,
        channel=opened.channel,
        amount=opened.amount,
        steps=[_planned(step) for step in opened.steps],
        status="in_review",
        deeds=[deed_of("initiate", envelope)],
    )
    _stand(state)
    return state


def _planned(step: PlannedStep) -> StepState:
    return StepState(
        seq=step.seq,
        verb=step.verb,
        title=step.title,
        positions=step.positions,
        sla_working_days=step.sla_working_days,
        taken=step.verb == "initiate",
    )


def _assign(state: CaseState, assigned: StepAssigned) -> None:
    steps = [
        step
        for step in state.pending((assigned.verb,))
        if step.seq == assigned.seq and set(step.positions) <= set(assigned.positions)
    ]
    # Of parallel steps for the same positions, each is assigned once before any is assigned again.
    step = max(steps, key=lambda one: (len(one.positions), not one.assigned))
    step.positions = assigned.positions
    step.assigned = True
    step.due = assigned.due


def _take(state: CaseState, seq: int, verb: Verb, position: str, envelope: Envelope) -> None:
    state.deeds.append(deed_of(verb, envelope))
    step = state.step_for(seq, verb, position)
    assert step is not None, envelope.stream
    step.taken = True
    _stand(state)


def _decide(state: CaseState, *, final: bool) -> None:
    if final:
        state.status = state.decided = "approved"


def _stand(state: CaseState) -> None:
    verbs = {step.verb for step in state.pending() if step.seq == state.seq}
    if "ratify" in verbs:
        state.status = "ratifying"
    elif "approve" in verbs:
        state.status = "in_approval"
    else:
        state.status = "in_review"
