"""The satisfaction survey and its share (SR-11)."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.rules.errors import (
    InvalidRulebook,
    RatingInvalid,
    RepeatedName,
    UnknownUnitType,
)
from opsledger_contracts.rules.inputs import RatingInput, SatisfactionInput
from opsledger_contracts.rules.numbers import exact
from opsledger_contracts.rules.satisfaction import satisfaction_share, share_of
from opsledger_contracts.rules.scoring import score
from support.released import Released
from support.scoring_examples import CORRECT, SOURCE, letter_inputs, rulebook, vectors

POLICY = rulebook().satisfaction


def _survey(*ratings: RatingInput) -> SatisfactionInput:
    return SatisfactionInput(survey="SAT", ratings=ratings, sources=SOURCE)


def _rating(rater: str, *values: str, ratee: str = "BJ") -> RatingInput:
    return RatingInput(rater=rater, ratee=ratee, values=values, sources=SOURCE)


@pytest.mark.parametrize("case", vectors("SR-11")["cases"], ids=lambda case: case["name"])
def test_a_survey_gives_its_golden_score(case: dict[str, Any]) -> None:
    """Ends are dropped from five ratings on, and fewer than three give no score (R130, R172)."""
    ratings = [_rating(f"unit-{n}", value) for n, value in enumerate(case["ratings"])]
    found = satisfaction_share(_survey(*ratings), "BJ", POLICY)
    assert found.trimmed is case["trimmed"]
    assert (None if found.score is None else exact(found.score)) == case["out"]


def test_a_self_rating_does_not_count() -> None:
    """Ten points for oneself change nothing."""
    others = [_rating("a", "8"), _rating("b", "8"), _rating("c", "8")]
    found = satisfaction_share(_survey(*others, _rating("BJ", "10")), "BJ", POLICY)
    assert found.score == 80
    assert "BJ" not in found.ratings


def test_dimensions_are_averaged_per_rater() -> None:
    """One rater with five dimensions weighs as much as one with one value."""
    survey = _survey(_rating("a", "9", "8", "7", "8", "8"), _rating("b", "8"), _rating("c", "8"))
    assert satisfaction_share(survey, "BJ", POLICY).score == 80


def test_no_survey_gives_no_score() -> None:
    """A survey that was not held has neither ratings nor score."""
    found = satisfaction_share(None, "BJ", POLICY)
    assert (found.ratings, found.trimmed, found.score) == ({}, False, None)


@pytest.mark.parametrize(
    ("rating", "detail"),
    [
        (_rating("a", "8", ratee="LG"), "rates LG, not BJ"),
        (_rating("a", "10.1"), "10.1 is not within 0 to 10"),
        (_rating("a", "-1"), "-1 is not within"),
        (_rating("a", "1", "1", "1", "1", "1", "1"), "6 dimensions, at most 5"),
    ],
)
def test_a_rating_off_the_form_cannot_be_counted(
    rating: RatingInput, detail: str, released: Released
) -> None:
    """Ratings of others, off the scale or with too many dimensions are refused by rater."""
    with pytest.raises(RatingInvalid, match=detail) as refused:
        satisfaction_share(_survey(rating), "BJ", POLICY)
    released(refused.value)


def test_a_unit_rates_once(released: Released) -> None:
    """Two ratings by one unit are an error, not a vote of weight two."""
    with pytest.raises(RepeatedName, match="a occurs twice") as refused:
        satisfaction_share(_survey(_rating("a", "8"), _rating("a", "9")), "BJ", POLICY)
    released(refused.value)


@pytest.mark.parametrize("value", ["0", "10"])
def test_both_ends_of_the_scale_can_be_given(value: str) -> None:
    """The scale includes its ends."""
    survey = _survey(*(_rating(name, value) for name in "abc"))
    assert satisfaction_share(survey, "BJ", POLICY).score == 10 * int(value)


def test_the_share_depends_on_the_type_of_unit(released: Released) -> None:
    """Subsidiaries carry 10 %, departments 40 %, and unknown types nothing."""
    assert exact(share_of(POLICY, "subsidiary")) == "1/10"
    assert exact(share_of(POLICY, "department")) == "2/5"
    with pytest.raises(UnknownUnitType, match="type committee") as refused:
        share_of(POLICY, "committee")
    released(refused.value)


def test_a_score_names_a_satisfaction_rule_of_the_engine(released: Released) -> None:
    """A rule of a newer engine stops the score, with its place in the rulebook."""
    document = rulebook()
    newer = msgspec.structs.replace(document.satisfaction, rule="satisfaction_share@9")
    with pytest.raises(InvalidRulebook) as refused:
        score(letter_inputs(CORRECT), msgspec.structs.replace(document, satisfaction=newer))
    released(refused.value)


def test_fewer_ratings_than_are_trimmed_all_count() -> None:
    """One low rating of four weighs in the mean; four are below the number from which ends drop."""
    ratings = [_rating("a", "10"), _rating("b", "10"), _rating("c", "10"), _rating("d", "2")]
    found = satisfaction_share(_survey(*ratings), "BJ", POLICY)
    assert (POLICY.trim_from, found.trimmed) == (5, False)
    assert found.score == 80
