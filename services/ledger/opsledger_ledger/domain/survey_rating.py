"""Satisfaction surveys are opened, answered and closed (R130, R222).

A survey is opened under a rulebook, every invited unit hands in one ballot, nobody rates their own
unit, and closing computes the score by SR-11 of that rulebook, exactly.
"""

from typing import Annotated

from msgspec import Meta

from opsledger_contracts.events.letter import Period
from opsledger_contracts.events.survey import (
    DimensionRating,
    RatingSubmitted,
    SatisfactionComputed,
    SurveyClosed,
    SurveyOpened,
)
from opsledger_contracts.fields import Identifier, Sha256, Title
from opsledger_contracts.problems.documents import DocumentUnknown
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.survey import (
    AlreadyRated,
    BallotIncomplete,
    BallotTokenTaken,
    DimensionsInvalid,
    OwnUnitRated,
    RateeAmongRaters,
    RaterNotInvited,
    RaterRepeated,
    RatingOffScale,
    SurveyExists,
)
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_contracts.rules.satisfaction import SATISFACTION_RULES
from opsledger_ledger.domain.deciding import (
    Act,
    Command,
    Decided,
    Record,
    World,
    known,
)
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.identity import speaks_for
from opsledger_ledger.domain.survey import SURVEY, SurveyState
from opsledger_ledger.domain.unit import Unit


class OpenSurvey(Command, frozen=True, kw_only=True):
    """Open a survey: which units rate which unit, on which form, under which rulebook."""

    title: Title
    period: Period
    ratee: Identifier
    raters: Annotated[tuple[Identifier, ...], Meta(min_length=1)]
    form: Identifier
    dimensions: tuple[Identifier, ...]
    rulebook: Sha256
    """Content hash of the rulebook; the scale is the one that it states."""


@SURVEY.decides(
    "open",
    scope="writer",
    function="ops",
    creates=True,
    refuses=(
        UnknownReference,
        RateeAmongRaters,
        RaterRepeated,
        SurveyExists,
        DocumentUnknown,
        DimensionsInvalid,
    ),
)
def open_survey(command: OpenSurvey, _survey: None, act: Act, world: World) -> Decided:
    """Invite each unit once, never the rated one, on a form that the rulebook allows (SR-11).

    Too few raters are not refused: where too few ballots count, the share returns to the letter.
    """
    known(world, Unit, command.ratee, "ratee")
    _require_raters(command, world)
    for survey in world.find("survey_by_ratee", f"{command.ratee}:{command.period}"):
        raise SurveyExists(ratee=command.ratee, period=command.period, survey=survey)
    policy = documents.rulebook(world, command.rulebook).satisfaction
    dimensions = command.dimensions
    if not len(set(dimensions)) == len(dimensions) <= policy.dimensions_max or not dimensions:
        raise DimensionsInvalid(
            found=len(dimensions), limit=policy.dimensions_max, clause=policy.clause
        )
    yield Record(
        SurveyOpened(
            survey=act.target,
            title=command.title,
            period=command.period,
            ratee=command.ratee,
            raters=command.raters,
            form=command.form,
            dimensions=dimensions,
            scale_max=policy.scale_max,
            rulebook=command.rulebook,
        ),
        rulebook=command.rulebook,
    )


class SubmitRating(Command, frozen=True, kw_only=True):
    """Hand in the ballot of one's unit."""

    ballot: Sha256
    """Fresh token made by the rater, by which the ballot can be found again."""
    scores: tuple[DimensionRating, ...]


@SURVEY.decides(
    "rate",
    scope="writer",
    refuses=(
        OwnUnitRated,
        RaterNotInvited,
        WrongState,
        AlreadyRated,
        BallotTokenTaken,
        BallotIncomplete,
        RatingOffScale,
    ),
)
def rate(command: SubmitRating, survey: SurveyState, act: Act, world: World) -> Decided:
    """Take one complete ballot from each invited unit while the survey is open (R222)."""
    if speaks_for(act, world, survey.ratee):
        raise OwnUnitRated(person=act.person, ratee=survey.ratee)
    if act.unit is None or act.unit not in survey.raters:
        raise RaterNotInvited(rater=act.unit, survey=survey.id)
    _require_open(survey)
    if act.unit in survey.ratings:
        raise AlreadyRated(rater=act.unit, survey=survey.id)
    if any(ballot.token == command.ballot for ballot in survey.ratings.values()):
        raise BallotTokenTaken(survey=survey.id)
    rated = sorted(rating.dimension for rating in command.scores)
    if rated != sorted(survey.dimensions):
        raise BallotIncomplete(
            found=", ".join(rated) or "nothing", expected=", ".join(sorted(survey.dimensions))
        )
    for rating in command.scores:
        if not 0 <= parse_decimal(rating.score) <= parse_decimal(survey.scale_max):
            raise RatingOffScale(
                score=rating.score, dimension=rating.dimension, scale_max=survey.scale_max
            )
    yield RatingSubmitted(rater=act.unit, ballot=command.ballot, scores=command.scores)


class CloseSurvey(Command, frozen=True, kw_only=True):
    """Take no more ballots and compute the score."""


@SURVEY.decides("close", scope="writer", function="ops", refuses=(WrongState,))
def close(_command: CloseSurvey, survey: SurveyState, _act: Act, world: World) -> Decided:
    """Compute the score by the rule that the rulebook of the survey names (SR-11)."""
    _require_open(survey)
    policy = documents.rulebook(world, survey.rulebook).satisfaction
    computed = SATISFACTION_RULES[policy.rule](survey.as_input(), survey.ratee, policy)
    yield SurveyClosed(responses=len(survey.ratings))
    yield Record(
        SatisfactionComputed(
            responses=len(computed.ratings),
            ratings=tuple(shown(rating) for rating in computed.ratings.values()),
            trimmed=computed.trimmed,
            score=None if computed.score is None else shown(computed.score),
        ),
        rulebook=survey.rulebook,
        derived=True,
    )


def _require_raters(command: OpenSurvey, world: World) -> None:
    invited: set[str] = set()
    for rater in command.raters:
        known(world, Unit, rater, "raters")
        if rater == command.ratee:
            raise RateeAmongRaters(ratee=command.ratee)
        if rater in invited:
            raise RaterRepeated(rater=rater)
        invited.add(rater)


def _require_open(survey: SurveyState) -> None:
    if survey.status != "open":
        raise WrongState(noun="survey", id=survey.id, found=survey.status, expected="open")
