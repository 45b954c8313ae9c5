"""The state of a satisfaction survey (部门满意度调查): units rate another unit on a form."""

from collections.abc import Iterator
from typing import ClassVar, Literal, assert_never

import msgspec

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.survey import (
    DimensionRating,
    RatingSubmitted,
    SatisfactionComputed,
    SurveyClosed,
    SurveyOpened,
)
from opsledger_contracts.rules.inputs import RatingInput, SatisfactionInput, SourceReference
from opsledger_ledger.domain.deciding import (
    Noun,
    State,
)


class Ballot(msgspec.Struct, frozen=True, kw_only=True):
    """The ballot of one unit, with the version of the stream that recorded it."""

    token: str
    scores: tuple[DimensionRating, ...]
    version: int


class SurveyState(State):
    """A survey as it stands."""

    NOUN: ClassVar[str] = "survey"

    period: str
    ratee: str
    raters: tuple[str, ...]
    dimensions: tuple[str, ...]
    scale_max: str
    rulebook: str
    """Content hash of the rulebook that scores it."""
    ratings: dict[str, Ballot] = msgspec.field(default_factory=dict)
    """Ballots by rating unit, in the order in which they came."""
    status: Literal["open", "closed"] = "open"
    closed_version: int | None = None
    """Version of the stream that closed the survey."""
    score: str | None = None
    """Exact, on 100 points; None while it is open and where too few answered."""

    def as_input(self) -> SatisfactionInput:
        """Hand the ballots to the rules, each with the entry that it comes from.

        The survey as a whole cites the entry that closed it, or while it is open its first.
        """
        stream = f"{self.NOUN}/{self.id}"
        version = 1 if self.closed_version is None else self.closed_version
        return SatisfactionInput(
            survey=self.id,
            ratings=tuple(
                RatingInput(
                    rater=rater,
                    ratee=self.ratee,
                    values=tuple(rating.score for rating in ballot.scores),
                    sources=(SourceReference(stream=stream, version=ballot.version),),
                )
                for rater, ballot in self.ratings.items()
            ),
            sources=(SourceReference(stream=stream, version=version),),
        )


SurveyEvent = SurveyOpened | RatingSubmitted | SurveyClosed | SatisfactionComputed


def evolve(state: SurveyState | None, event: Event, envelope: Envelope) -> SurveyState:
    """Fold one event of a survey."""
    happened: SurveyEvent = event  # type: ignore[assignment]
    if isinstance(happened, SurveyOpened):
        return SurveyState(
            id=happened.survey,
            period=happened.period,
            ratee=happened.ratee,
            raters=happened.raters,
            dimensions=happened.dimensions,
            scale_max=happened.scale_max,
            rulebook=happened.rulebook,
        )
    assert state is not None, envelope.stream
    match happened:
        case RatingSubmitted():
            state.ratings[happened.rater] = Ballot(
                token=happened.ballot, scores=happened.scores, version=envelope.version
            )
        case SurveyClosed():
            state.status = "closed"
            state.closed_version = envelope.version
        case SatisfactionComputed():
            state.score = happened.score
        case _:
            assert_never(happened)
    return state


def keys(state: SurveyState) -> Iterator[tuple[str, str]]:
    """Find a survey by whom it rates and for when."""
    yield "survey_by_ratee", f"{state.ratee}:{state.period}"


SURVEY = Noun(state=SurveyState, evolve=evolve, keys=keys)
