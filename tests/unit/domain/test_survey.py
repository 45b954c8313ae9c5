"""Satisfaction surveys: one ballot a unit, none of one's own, scored by SR-11 (R130, R222)."""

from hashlib import sha256
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.survey import (
    DimensionRating,
    RatingSubmitted,
    SatisfactionComputed,
    SurveyClosed,
    SurveyOpened,
)
from opsledger_contracts.events.unit import OrgUnitRegistered
from opsledger_contracts.problems.documents import DocumentUnknown
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.refusal import Refusal
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
from opsledger_contracts.rules.inputs import SourceReference
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.survey import SurveyState
from opsledger_ledger.domain.survey_rating import CloseSurvey, OpenSurvey, SubmitRating
from support import scoring_examples
from support.deciding import Refused, Stage, undeclared_and_untested
from support.organisation import FOUNDED, employ, regulated

RULEBOOK = digest(scoring_examples.rulebook())
RATERS = ("FIN", "MKT", "BJ", "LG", "OPS")
OPEN = OpenSurvey(
    title="工程中心满意度",
    period="2026-Q1",
    ratee="ENG",
    raters=RATERS,
    form="F-1",
    dimensions=("response", "quality"),
    rulebook=RULEBOOK,
)
OPENED = SurveyOpened(
    survey="V-1",
    title="工程中心满意度",
    period="2026-Q1",
    ratee="ENG",
    raters=RATERS,
    form="F-1",
    dimensions=("response", "quality"),
    scale_max="10",
    rulebook=RULEBOOK,
)
OPS = {"person": "ops-head"}
MARKETING = {"person": "marketing-head"}


def token(number: int) -> str:
    """A ballot token as a rater makes it."""
    return sha256(f"ballot {number}".encode()).hexdigest()


def ballot(number: int, response: str = "9", quality: str = "8") -> SubmitRating:
    """A complete ballot on the two dimensions."""
    return SubmitRating(
        ballot=token(number),
        scores=(
            DimensionRating(dimension="response", score=response),
            DimensionRating(dimension="quality", score=quality),
        ),
    )


def opened(*events: Any) -> Stage:
    """A survey about the engineering centre, and what followed."""
    return regulated().given("survey/V-1", OPENED, *events)


def rated() -> Stage:
    """The same with the ballot of the marketing centre."""
    return opened(RatingSubmitted(rater="MKT", ballot=token(1), scores=ballot(1).scores))


def closed() -> Stage:
    """The same after closing."""
    return opened(SurveyClosed(responses=0))


def two_posts() -> Stage:
    """A person who holds posts in the marketing centre and in the rated unit."""
    stage = employ(opened(), "MKT-9", "MKT", "two-posts")
    return employ(stage, "ENG-9", "ENG", "two-posts")


def row(name: str, stage: Stage, command: Command, refusal: type[Refusal], **act: Any) -> Refused:
    """One refusal of an act on the survey."""
    target = "V-2" if name == "second survey" else "V-1"
    return Refused(id=name, stage=stage, command=command, target=target, refusal=refusal, act=act)


def changed(**changes: Any) -> OpenSurvey:
    """The opening with other terms."""
    return msgspec.structs.replace(OPEN, **changes)


def one_dimension() -> SubmitRating:
    """A ballot that leaves a dimension out."""
    return msgspec.structs.replace(ballot(2), scores=ballot(2).scores[:1])


REFUSED = [
    row("ratee unknown", regulated(), changed(ratee="NO"), UnknownReference, **OPS),
    row("rater unknown", regulated(), changed(raters=("BJ", "NO")), UnknownReference, **OPS),
    row("ratee invited", regulated(), changed(raters=("BJ", "ENG")), RateeAmongRaters, **OPS),
    row("rater twice", regulated(), changed(raters=("BJ", "BJ")), RaterRepeated, **OPS),
    row("second survey", opened(), OPEN, SurveyExists, **OPS),
    row("rulebook unknown", regulated(), changed(rulebook="0" * 64), DocumentUnknown, **OPS),
    row("no dimension", regulated(), changed(dimensions=()), DimensionsInvalid, **OPS),
    row("dimension twice", regulated(), changed(dimensions=("a", "a")), DimensionsInvalid, **OPS),
    row(
        "six dimensions",
        regulated(),
        changed(dimensions=("a", "b", "c", "d", "e", "f")),
        DimensionsInvalid,
        **OPS,
    ),
    row("own unit", opened(), ballot(2), OwnUnitRated, person="engineering-head"),
    row(
        "own unit from another post",
        two_posts(),
        ballot(2),
        OwnUnitRated,
        person="two-posts",
        position="MKT-9",
    ),
    row("not invited", opened(), ballot(2), RaterNotInvited, person="president"),
    row("after closing", closed(), ballot(2), WrongState, **MARKETING),
    row("second ballot", rated(), ballot(2), AlreadyRated, **MARKETING),
    row("token of another", rated(), ballot(1), BallotTokenTaken, person="finance-head"),
    row("dimension left out", opened(), one_dimension(), BallotIncomplete, **MARKETING),
    row("above the scale", opened(), ballot(2, "10.01"), RatingOffScale, **MARKETING),
    row("below the scale", opened(), ballot(2, "9", "-0.5"), RatingOffScale, **MARKETING),
    row("closed twice", closed(), CloseSurvey(), WrongState, **OPS),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_surveys_refuse_ballots_that_should_not_count(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind (R222)."""
    refused.check()


def test_every_declared_refusal_of_surveys_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("survey", REFUSED) == (set(), set())


def test_a_survey_takes_its_scale_from_the_rulebook() -> None:
    """R222: the entry states form, raters, scale and the rulebook that they come from."""
    there = regulated()
    [record] = there.decide(OPEN, "V-1", **OPS)
    assert (record.event, record.rulebook) == (OPENED, RULEBOOK)
    there.do(OPEN, "V-1", **OPS)
    assert there.world.find("survey_by_ratee", "ENG:2026-Q1") == ("V-1",)


def test_a_unit_hands_in_a_ballot_under_its_token() -> None:
    """R222: the ballot can be found again by its token; both ends of the scale count."""
    there = opened()
    assert there.do(ballot(1, "10", "0"), "V-1", **MARKETING) == [
        RatingSubmitted(rater="MKT", ballot=token(1), scores=ballot(1, "10", "0").scores)
    ]
    survey = there.world.get(SurveyState, "V-1")
    assert survey is not None
    assert survey.ratings["MKT"].token == token(1)


def scored(*ratings: str) -> Stage:
    """A survey on one dimension, rated by as many subsidiaries as there are ratings, and closed."""
    stage = regulated()
    raters = tuple(f"S{number}" for number in range(7))
    for rater in raters:
        stage.given(
            f"unit/{rater}",
            OrgUnitRegistered(unit=rater, type="subsidiary", name=rater, valid_from=FOUNDED),
        )
        employ(stage, f"{rater}-1", rater, f"head-{rater}")
    stage.do(changed(raters=raters, dimensions=("overall",)), "V-1", **OPS)
    for number, (rater, rating) in enumerate(zip(raters, ratings, strict=False)):
        scores = (DimensionRating(dimension="overall", score=rating),)
        command = SubmitRating(ballot=token(number), scores=scores)
        stage.do(command, "V-1", person=f"head-{rater}")
    return stage


def test_closing_computes_the_trimmed_mean_of_the_rulebook() -> None:
    """R130, SR-11: seven raters 9.0 … 9.0 give 8.6, so 86; highest and lowest are dropped."""
    there = scored("9.0", "8.5", "8.0", "9.5", "6.0", "8.5", "9.0")
    survey_closed, computed = there.decide(CloseSurvey(), "V-1", **OPS)
    assert survey_closed.event == SurveyClosed(responses=7)
    assert computed.event == SatisfactionComputed(
        responses=7,
        ratings=("9", "8.5", "8", "9.5", "6", "8.5", "9"),
        trimmed=True,
        score="86",
    )
    assert (computed.rulebook, computed.derived) == (RULEBOOK, True)
    there.do(CloseSurvey(), "V-1", **OPS)
    survey = there.world.get(SurveyState, "V-1")
    assert survey is not None
    assert (survey.status, survey.score, survey.closed_version) == ("closed", "86", 9)


def test_a_score_is_exact_even_where_no_decimal_is() -> None:
    """SR-24: three raters 9, 9, 8 give 260/3, not a rounded number."""
    events = scored("9", "9", "8").do(CloseSurvey(), "V-1", **OPS)
    assert events[1] == SatisfactionComputed(
        responses=3, ratings=("9", "9", "8"), trimmed=False, score="260/3"
    )


def test_too_few_ballots_give_no_score() -> None:
    """R222, SR-11: below three ratings the share returns to the letter."""
    events = scored("9", "8").do(CloseSurvey(), "V-1", **OPS)
    assert events[1] == SatisfactionComputed(
        responses=2, ratings=("9", "8"), trimmed=False, score=None
    )


def test_the_rules_get_every_ballot_with_the_entry_it_comes_from() -> None:
    """R126: a score leads back to the ballots; the survey cites the entry that closed it."""
    there = rated()
    survey = there.world.get(SurveyState, "V-1")
    assert survey is not None
    assert survey.as_input().sources == (SourceReference(stream="survey/V-1", version=1),)
    there.do(CloseSurvey(), "V-1", **OPS)
    closed_survey = there.world.get(SurveyState, "V-1")
    assert closed_survey is not None
    handed = closed_survey.as_input()
    assert handed.sources == (SourceReference(stream="survey/V-1", version=3),)
    [rating] = handed.ratings
    assert (rating.rater, rating.ratee, rating.values) == ("MKT", "ENG", ("9", "8"))
    assert rating.sources == (SourceReference(stream="survey/V-1", version=2),)
