"""Individual results (个人结果): organisation and individual score, combined and used.

The person is a pseudonym and the individual score is HR's; the ledger records it and does not judge
it (R146). What can be asked of a result stands in `result_using`.
"""

from collections.abc import Iterator
from typing import ClassVar, assert_never

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.result import (
    IndividualResultCombined,
    IndividualScoreReceived,
    InterviewHeld,
    ResultApplicationFlagged,
    ResultApplied,
    Use,
)
from opsledger_ledger.domain.deciding import Noun, State


class ResultState(State):
    """An individual result as it stands."""

    NOUN: ClassVar[str] = "result"

    person: str
    unit: str
    period: str
    score: str
    combined: IndividualResultCombined | None = None
    applied: tuple[ResultApplied, ...] = ()
    interviewed: bool = False

    def uses_of(self, assessment: str, score_version: int) -> tuple[Use, ...]:
        """List what a score version was used for, in order and each once."""
        return tuple(
            dict.fromkeys(
                row.use
                for row in self.applied
                if (row.assessment, row.score_version) == (assessment, score_version)
            )
        )


ResultEvent = (
    IndividualScoreReceived
    | IndividualResultCombined
    | ResultApplied
    | ResultApplicationFlagged
    | InterviewHeld
)


def evolve(state: ResultState | None, event: Event, envelope: Envelope) -> ResultState:
    """Fold one event of an individual result."""
    happened: ResultEvent = event  # type: ignore[assignment]
    if isinstance(happened, IndividualScoreReceived):
        return ResultState(
            id=happened.result,
            person=happened.person,
            unit=happened.unit,
            period=happened.period,
            score=happened.score,
        )
    assert state is not None, envelope.stream
    match happened:
        case IndividualResultCombined():
            state.combined = happened
        case ResultApplied():
            state.applied = (*state.applied, happened)
        case InterviewHeld():
            state.interviewed = True
        case ResultApplicationFlagged():
            pass
        case _:
            assert_never(happened)
    return state


def keys(state: ResultState) -> Iterator[tuple[str, str]]:
    """Find results by person, unit and period, and by the assessment that they rest on."""
    yield "result_by_person", f"{state.person}:{state.unit}:{state.period}"
    if state.combined is not None:
        yield "result_by_assessment", state.combined.assessment


RESULT = Noun(
    state=ResultState, evolve=evolve, keys=keys, rekeyed_by=frozenset((IndividualResultCombined,))
)
