"""Disputes (申诉) of a score: what is contested, who handles it, what was found and decided.

What can be asked of a dispute stands in the modules beside this one: filing and handling, deciding.
"""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Final, Literal, assert_never

import msgspec

from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.dispute import (
    DisputeAccepted,
    DisputeClosed,
    DisputeDecided,
    DisputeFiled,
    DisputeInadmissible,
    DisputeWithdrawn,
    FindingRecorded,
    HandlerRecused,
    HearingHeld,
    Outcome,
    Remedy,
    RemedyApplied,
    ReplayOrdered,
    SecondReviewRequested,
)
from opsledger_contracts.problems.general import WrongState
from opsledger_ledger.domain.deciding import Noun, State, World

DisputeStatus = Literal[
    "filed",
    "accepted",
    "inadmissible",
    "decided",
    "second_review",
    "remedied",
    "withdrawn",
    "closed",
]

OVER: Final[tuple[DisputeStatus, ...]] = ("inadmissible", "withdrawn", "closed")
"""Nothing is open any more."""
INVESTIGATED: Final[tuple[DisputeStatus, ...]] = ("accepted", "second_review")
"""Findings are made and a decision is awaited."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """A decision of one instance; `second_until` is the last day to ask for the second one."""

    instance: Literal[1, 2]
    outcome: Outcome
    remedy: Remedy
    second_until: date | None


class DisputeState(State):
    """A dispute as it stands."""

    NOUN: ClassVar[str] = "dispute"

    assessment: str
    score_version: int
    unit: str
    rulebook: str
    status: DisputeStatus = "filed"
    handler: str | None = None
    due: date | None = None
    replays: tuple[str, ...] = ()
    found_in: tuple[int, ...] = ()
    """Instance of each finding, in order."""
    decisions: tuple[Decision, ...] = ()

    @property
    def instance(self) -> Literal[1, 2]:
        """The instance that is dealing with the dispute, or dealt with it last."""
        if self.status == "second_review" or len(self.decisions) > 1:
            return 2
        return 1

    def require_status(self, *expected: DisputeStatus) -> None:
        """Insist on one of the named states.

        Raises:
            WrongState: the dispute is in another one.

        """
        if self.status not in expected:
            raise WrongState(
                noun=NOUNS[self.NOUN].en,
                id=self.id,
                found=self.status,
                expected=" or ".join(expected),
            )


DisputeEvent = (
    DisputeFiled
    | DisputeAccepted
    | DisputeInadmissible
    | HandlerRecused
    | ReplayOrdered
    | FindingRecorded
    | HearingHeld
    | DisputeDecided
    | SecondReviewRequested
    | RemedyApplied
    | DisputeWithdrawn
    | DisputeClosed
)


def evolve(state: DisputeState | None, event: Event, envelope: Envelope) -> DisputeState:
    """Fold one event of a dispute."""
    happened: DisputeEvent = event  # type: ignore[assignment]
    if isinstance(happened, DisputeFiled):
        return DisputeState(
            id=happened.dispute,
            assessment=happened.assessment,
            score_version=happened.score_version,
            unit=happened.unit,
            rulebook=happened.rulebook,
        )
    assert state is not None, envelope.stream
    match happened:
        case DisputeAccepted():
            state.status = "accepted"
            state.handler = happened.handler
            state.due = happened.due
        case DisputeInadmissible():
            state.status = "inadmissible"
        case HandlerRecused():
            state.handler = happened.successor
        case ReplayOrdered():
            state.replays = (*state.replays, happened.replay)
        case FindingRecorded():
            state.found_in = (*state.found_in, state.instance)
        case HearingHeld():
            pass
        case DisputeDecided():
            state.status = "decided"
            state.decisions = (
                *state.decisions,
                Decision(
                    instance=happened.instance,
                    outcome=happened.outcome,
                    remedy=happened.remedy,
                    second_until=happened.second_instance_until,
                ),
            )
        case SecondReviewRequested():
            state.status = "second_review"
            state.due = happened.due
        case RemedyApplied():
            state.status = "remedied"
        case DisputeWithdrawn():
            state.status = "withdrawn"
        case DisputeClosed():
            state.status = "closed"
        case _:
            assert_never(happened)
    return state


def keys(state: DisputeState) -> Iterator[tuple[str, str]]:
    """Find disputes by the assessment, and those of them that are open."""
    yield "dispute_by_assessment", state.assessment
    if state.status not in OVER:
        yield "open_dispute", "all"
        yield "open_dispute_by_assessment", state.assessment


DISPUTE = Noun(
    state=DisputeState,
    evolve=evolve,
    keys=keys,
    rekeyed_by=frozenset(
        (
            DisputeAccepted,
            DisputeInadmissible,
            DisputeDecided,
            SecondReviewRequested,
            RemedyApplied,
            DisputeWithdrawn,
            DisputeClosed,
        )
    ),
)


def open_dispute(world: World, assessment: str) -> str | None:
    """Name the first dispute of an assessment that is not over; None when there is none."""
    return next(iter(world.find("open_dispute_by_assessment", assessment)), None)
