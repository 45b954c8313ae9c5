"""Scenario S4: a monthly letter with an imposed and a deleted item, and a satisfaction survey."""

from fractions import Fraction
from typing import Any

import pytest

from opsledger.story.monthly import ASSESSMENT, DELETED, IMPOSED, LATE, LETTER, MONTHLY, SURVEY
from opsledger_contracts.rules.explanation import leaves, render
from opsledger_contracts.rules.inputs import Explanation
from opsledger_contracts.rules.numbers import parse_rational
from opsledger_contracts.rules.scoring import score
from opsledger_contracts.rules.weights import displayed_weights
from opsledger_ledger.domain.assessment import AssessmentState
from opsledger_ledger.domain.letter import LetterState
from support.later_stories import told
from support.scoring_examples import rulebook
from support.story_stage import StageStory

RULEBOOK = rulebook("RB-2026.2")


@pytest.fixture(scope="module")
def story() -> StageStory:
    """March of the design centre, from the cycle to the published score."""
    return told(*MONTHLY)


def _weights(story: StageStory, revision: int) -> dict[str, Fraction]:
    letter = story.stage.world.get(LetterState, LETTER)
    assert letter is not None
    found = letter.at_revision(revision)
    assert found is not None
    return {item.item: parse_rational(item.weight) for item in found.document.items}


def _scored(story: StageStory) -> dict[str, Any]:
    return story.data(f"assessment/{ASSESSMENT}", "assessment.score_calculated.v1")


def _tree(story: StageStory) -> Explanation:
    assessment = story.stage.world.get(AssessmentState, ASSESSMENT)
    assert assessment is not None
    assert assessment.inputs is not None
    return score(assessment.inputs, RULEBOOK).tree


def test_an_imposed_item_takes_its_weight_from_all_others(story: StageStory) -> None:
    """R116, SR-15: 30/25/20/15/10 become 27/22.5/18/13.5/9 beside the imposed 10, exactly."""
    assert list(_weights(story, 1).values()) == [30, 25, 20, 15, 10]
    assert _weights(story, 2) == {
        "A": 27,
        "B": Fraction("22.5"),
        "C": 18,
        "D": Fraction("13.5"),
        "E": 9,
        "F": 10,
    }


def test_the_group_imposes_with_the_record_of_the_consultation(story: StageStory) -> None:
    """R088: requested by the issuer for the cause `group_imposed`, approved, proof on record."""
    requested = story.data(f"adjustment/{IMPOSED}", "adjustment.requested.v1")
    assert (requested["kind"], requested["cause"]) == ("add", "group_imposed")
    assert requested["consultation"] == "GT-2026-03-DC"
    proof = story.data(f"adjustment/{IMPOSED}", "adjustment.evidence_submitted.v1")
    assert proof["description"] == "与设计中心的沟通记录"
    approved = story.data(f"adjustment/{IMPOSED}", "adjustment.approved.v1")
    assert (approved["case"], approved["treatment"]) == (f"C-{IMPOSED}", "reweight")


def test_a_deleted_item_leaves_its_weight_and_stays_in_the_history(story: StageStory) -> None:
    """R117, SR-15: 27/86.5 and so on, shown by the largest remainder so that they total 100."""
    weights = _weights(story, 3)
    assert weights["A"] == Fraction(2700) / Fraction("86.5")
    assert sum(weights.values()) == 100
    assert displayed_weights(weights, RULEBOOK.weights) == {
        "A": "31.21",
        "B": "26.01",
        "C": "20.81",
        "E": "10.41",
        "F": "11.56",
    }
    assert "D" in _weights(story, 2)
    requested = story.data(f"adjustment/{DELETED}", "adjustment.requested.v1")
    assert (requested["kind"], requested["cause"]) == ("delete", "external")


def test_a_change_of_its_own_on_the_due_date_is_refused(story: StageStory) -> None:
    """SR-15(2): the story met the refusal, and nothing of the request was recorded."""
    refused = [step for chapter in MONTHLY for step in chapter.steps() if step.refused]
    assert {(step.do.split("/")[1], step.refused) for step in refused} == {
        (LATE, "request_too_late"),
        (SURVEY, "own_unit_rated"),
    }
    assert story.version(f"adjustment/{LATE}") == 0


def test_seven_units_rate_and_nobody_rates_itself(story: StageStory) -> None:
    """R130, SR-11: without the highest and the lowest 8.6, so 86; the centre is not among them."""
    computed = story.data(f"survey/{SURVEY}", "survey.satisfaction_computed.v1")
    assert (computed["responses"], computed["trimmed"], computed["score"]) == (7, True, "86")
    opened = story.data(f"survey/{SURVEY}", "survey.opened.v1")
    assert "DC" not in opened["raters"]


def test_the_month_is_scored_to_the_digit(story: StageStory) -> None:
    """S4: 0.6 x 92.6590 + 0.4 x 86 = 89.9954 → 90.00, and the status is good."""
    scored = _scored(story)
    assert [row["score"] for row in scored["item_scores"]] == [
        "100.0000",
        "90.0000",
        "80.0000",
        "100.0000",
        "95.0000",
    ]
    components = {row["component"]: row["score"] for row in scored["components"]}
    assert (components["letter"], components["satisfaction"]) == ("92.6590", "86.0000")
    assert parse_rational(scored["total_exact"]) < 90
    assert (scored["total"], scored["operating_status"]) == ("90.00", "good")


def test_the_tree_says_that_the_band_compares_the_rounded_total(story: StageStory) -> None:
    """SR-24: the basis of the band is a parameter of the node, and is read in both languages."""
    tree = _tree(story)
    assert tree.params["basis"] == "rounded"
    assert "修约后" in render(tree, "zh")[0]
    assert "the rounded total" in render(tree, "en")[0]


def test_the_terms_of_the_adjusted_letter_are_explained(story: StageStory) -> None:
    """R115: both adjustments are inputs of the score and change no more than the weights."""
    assessment = story.stage.world.get(AssessmentState, ASSESSMENT)
    assert assessment is not None
    assert assessment.inputs is not None
    assert [
        (row.adjustment, row.cause_class, row.carried_by) for row in assessment.inputs.adjustments
    ] == [(IMPOSED, "group_imposed", 2), (DELETED, "external", 3)]
    cited = {source.stream for leaf in leaves(_tree(story)) for source in leaf.sources}
    assert f"survey/{SURVEY}" in cited
