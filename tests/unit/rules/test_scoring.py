"""From inputs to total and grade: the worked letter of S1 and S2, and every step (SR-12, SR-24)."""

from fractions import Fraction
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import canonical, digest
from opsledger_contracts.documents.rulebook import Clause, Rulebook, ScoringStep
from opsledger_contracts.rules.errors import (
    InvalidRulebook,
    MissingFact,
    UnknownClause,
    WeightsInvalid,
)
from opsledger_contracts.rules.inputs import (
    JudgementFact,
    OccurrencesFact,
    Outcome,
    PointsInput,
    ScoringInputs,
)
from opsledger_contracts.rules.rounding import rounded_text
from opsledger_contracts.rules.scoring import carried, score
from support.scoring_examples import (
    CORRECT,
    PUBLISHED,
    SOURCE,
    fact,
    letter_inputs,
    rulebook,
    vectors,
)

RULEBOOK = rulebook()
CASES = vectors("letter-S1-S2")["cases"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_worked_letter_comes_out_to_the_digit(case: dict[str, Any]) -> None:
    """Scenarios S1 and S2: every item score, component, total and grade (R126, R128, R131)."""
    outcome = score(msgspec.convert(case["inputs"], ScoringInputs), RULEBOOK)
    assert {row.item: row.score for row in outcome.item_scores} == case["item_scores"]
    assert {row.component: row.score for row in outcome.components} == case["components"]
    assert outcome.total_exact == case["total_exact"]
    assert outcome.total == case["total"]
    assert outcome.grade == case["grade"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_worked_letter_has_its_digests(case: dict[str, Any]) -> None:
    """Inputs, result and tree are bit-identical with the released ones (R157)."""
    outcome = score(msgspec.convert(case["inputs"], ScoringInputs), RULEBOOK)
    assert outcome.inputs_digest == case["inputs_digest"]
    assert outcome.result_digest == case["result_digest"]
    assert outcome.tree_digest == case["tree_digest"]


def test_digests_cover_what_they_say() -> None:
    """The tree digest is the tree's; the result digest covers all but the tree and the digests."""
    outcome = score(letter_inputs(CORRECT), RULEBOOK)
    assert outcome.tree_digest == digest(outcome.tree)
    assert outcome.rulebook_hash == digest(RULEBOOK)
    rest = msgspec.to_builtins(outcome)
    for name in ("tree", "tree_digest", "result_digest"):
        del rest[name]
    assert outcome.result_digest == digest(rest)


def test_an_outcome_survives_the_wire() -> None:
    """Outcome and tree decode from their canonical bytes to the same value."""
    outcome = score(letter_inputs(CORRECT), RULEBOOK)
    assert msgspec.json.decode(canonical(outcome), type=Outcome) == outcome


def test_contributions_add_up_to_the_total() -> None:
    """Items add up to the letter, components to the total."""
    outcome = score(letter_inputs(CORRECT), RULEBOOK)
    letter = sum(Fraction(row.contribution) for row in outcome.item_scores)
    assert letter == Fraction("97.4")
    assert sum(Fraction(row.contribution) for row in outcome.components) == Fraction("96.26")


def test_an_item_without_fact_stops_the_score() -> None:
    """The refusal names the item and what is missing."""
    inputs = letter_inputs(CORRECT)
    bare = msgspec.structs.replace(inputs.items[4], fact=None)
    items = (*inputs.items[:4], bare, *inputs.items[5:])
    with pytest.raises(MissingFact, match=r"item N01 has no recorded fact; its clause 3\.8"):
        score(msgspec.structs.replace(inputs, items=items), RULEBOOK)


def test_weights_must_total_one_hundred() -> None:
    """A letter of 99 is not scored."""
    inputs = letter_inputs(CORRECT)
    light = msgspec.structs.replace(inputs.items[0], weight="19")
    with pytest.raises(WeightsInvalid, match="expected 100, found 99"):
        score(msgspec.structs.replace(inputs, items=(light, *inputs.items[1:])), RULEBOOK)


def test_an_item_names_a_clause_of_the_rulebook() -> None:
    """A clause that is not there is named with the item."""
    inputs = letter_inputs(CORRECT)
    lost = msgspec.structs.replace(inputs.items[0], clause="3.99")
    with pytest.raises(UnknownClause, match=r"item I01 names clause 3.99, which rulebook RB-2026"):
        score(msgspec.structs.replace(inputs, items=(lost, *inputs.items[1:])), RULEBOOK)


def _points(points: str, clause: str = "4.2") -> PointsInput:
    return PointsInput(clause=clause, points=points, reason="试", sources=SOURCE)


@pytest.mark.parametrize(
    ("bonus", "penalties", "total"),
    [
        (["1.5"], [], "97.76"),
        (["3", "4"], [], "101.26"),
        ([], ["2.25"], "94.01"),
        ([], ["7", "8"], "86.26"),
        (["1"], ["1"], "96.26"),
    ],
    ids=["bonus", "bonus capped at 5", "penalty", "penalty capped at 10", "both"],
)
def test_bonus_and_penalty_stand_outside_the_hundred(
    bonus: list[str], penalties: list[str], total: str
) -> None:
    """Points are added and taken after satisfaction, each within its cap (R127)."""
    inputs = msgspec.structs.replace(
        letter_inputs(CORRECT),
        bonus=tuple(_points(text) for text in bonus),
        penalties=tuple(_points(text) for text in penalties),
    )
    outcome = score(inputs, RULEBOOK)
    assert outcome.total == total
    assert sum(Fraction(row.contribution) for row in outcome.components) == Fraction(total)


def test_points_need_a_clause_of_the_rulebook() -> None:
    """Nobody gets points under a clause that is not there."""
    inputs = msgspec.structs.replace(letter_inputs(CORRECT), bonus=(_points("1", "4.99"),))
    with pytest.raises(UnknownClause, match=r"bonus names clause 4\.99"):
        score(inputs, RULEBOOK)


def test_the_total_is_clamped() -> None:
    """A range below the total caps it, and the grade follows."""
    limits = msgspec.structs.replace(RULEBOOK.total_range, cap="90")
    outcome = score(letter_inputs(CORRECT), msgspec.structs.replace(RULEBOOK, total_range=limits))
    assert (outcome.total, outcome.grade) == ("90.00", "B")


def test_too_few_ratings_return_the_share_to_the_letter() -> None:
    """With two ratings the organisation score is the letter, and the tree says so (R130)."""
    inputs = letter_inputs(CORRECT)
    assert inputs.satisfaction is not None
    two = msgspec.structs.replace(inputs.satisfaction, ratings=inputs.satisfaction.ratings[:2])
    outcome = score(msgspec.structs.replace(inputs, satisfaction=two), RULEBOOK)
    assert outcome.total == "97.40"
    assert [row.component for row in outcome.components] == ["letter"]


def test_few_ratings_are_not_trimmed() -> None:
    """Four ratings count as they are."""
    inputs = letter_inputs(CORRECT)
    assert inputs.satisfaction is not None
    four = msgspec.structs.replace(inputs.satisfaction, ratings=inputs.satisfaction.ratings[:4])
    outcome = score(msgspec.structs.replace(inputs, satisfaction=four), RULEBOOK)
    assert outcome.components[1].score == "87.5000"


def test_the_next_level_carries_what_the_rulebook_says() -> None:
    """By default the published figure is carried; a rulebook may carry the exact one (R144)."""
    inputs = msgspec.structs.replace(letter_inputs(CORRECT), bonus=(_points("0.001"),))
    outcome = score(inputs, RULEBOOK)
    assert carried(outcome, RULEBOOK) == Fraction("96.26")
    rounding = msgspec.structs.replace(RULEBOOK.rounding, carry="exact")
    exactly = msgspec.structs.replace(RULEBOOK, rounding=rounding)
    assert carried(outcome, exactly) == Fraction("96.261")


def test_the_grade_compares_the_value_the_rulebook_names() -> None:
    """At 94.995 the rounded total is an A, the exact one a B (R132)."""
    penalties = (_points("1.265"),)
    inputs = msgspec.structs.replace(letter_inputs(CORRECT), penalties=penalties)
    outcome = score(inputs, RULEBOOK)
    assert (outcome.total_exact, outcome.total, outcome.grade) == ("18999/200", "95.00", "A")
    grades = msgspec.structs.replace(RULEBOOK.grades, basis="exact")
    assert score(inputs, msgspec.structs.replace(RULEBOOK, grades=grades)).grade == "B"


def _ordered(*steps: ScoringStep) -> Rulebook:
    order = msgspec.structs.replace(RULEBOOK.order, steps=steps)
    return msgspec.structs.replace(RULEBOOK, order=order)


def test_the_order_of_operations_is_data() -> None:
    """Bonus before satisfaction is diluted by the share."""
    inputs = msgspec.structs.replace(letter_inputs(CORRECT), bonus=(_points("5"),))
    after = score(inputs, RULEBOOK)
    before = score(
        inputs, _ordered("items", "bonus_penalty", "satisfaction", "clamp", "round", "grade")
    )
    assert (after.total, before.total) == ("101.26", "100.76")
    assert sum(Fraction(row.contribution) for row in before.components) == Fraction("100.76")


@pytest.mark.parametrize(
    "steps",
    [
        ("items",),
        ("round", "grade"),
        ("items", "round"),
        ("items", "grade", "round"),
        ("items", "clamp", "clamp", "round", "grade"),
    ],
    ids=str,
)
def test_a_rulebook_without_a_needed_step_gives_no_score(steps: tuple[ScoringStep, ...]) -> None:
    """Items come first, rounding before the grade, and nothing is done twice."""
    with pytest.raises(InvalidRulebook, match=r"order\.steps"):
        score(letter_inputs(CORRECT), _ordered(*steps))


def test_a_rounding_point_must_be_named() -> None:
    """No number of places stands in code."""
    rounding = msgspec.structs.replace(RULEBOOK.rounding, points=())
    bare = msgspec.structs.replace(RULEBOOK, rounding=rounding)
    with pytest.raises(InvalidRulebook, match="no total"):
        rounded_text(Fraction(1), "total", bare)


def test_an_unknown_satisfaction_rule_gives_no_score() -> None:
    """A rulebook of a newer engine is refused, not guessed."""
    policy = msgspec.structs.replace(RULEBOOK.satisfaction, rule="satisfaction_share@9")
    with pytest.raises(InvalidRulebook, match="no satisfaction_share@9"):
        score(letter_inputs(CORRECT), msgspec.structs.replace(RULEBOOK, satisfaction=policy))


def test_the_order_of_ratings_does_not_matter() -> None:
    """The same ratings in another order give the same total and the same tree."""
    inputs = letter_inputs(PUBLISHED)
    assert inputs.satisfaction is not None
    reversed_survey = msgspec.structs.replace(
        inputs.satisfaction, ratings=inputs.satisfaction.ratings[::-1]
    )
    other = msgspec.structs.replace(inputs, satisfaction=reversed_survey)
    assert score(other, RULEBOOK).tree_digest == score(inputs, RULEBOOK).tree_digest


def test_events_of_a_period_are_scored_and_cited() -> None:
    """Item by SR-05: each event is cited with the entry that recorded it."""
    inputs = letter_inputs(CORRECT)
    vector = vectors("SR-05")["cases"][2]["in"]
    events = fact(vector)
    assert isinstance(events, OccurrencesFact)
    safety = msgspec.structs.replace(inputs.items[0], clause="3.5", params={}, fact=events)
    outcome = score(msgspec.structs.replace(inputs, items=(safety, *inputs.items[1:])), RULEBOOK)
    assert outcome.item_scores[0].score == "92.5000"


def test_a_quiet_period_is_a_fact_too() -> None:
    """No event is recorded as such and scores in full."""
    inputs = letter_inputs(CORRECT)
    quiet = OccurrencesFact(occurrences=(), sources=SOURCE)
    safety = msgspec.structs.replace(inputs.items[0], clause="3.5", params={}, fact=quiet)
    outcome = score(msgspec.structs.replace(inputs, items=(safety, *inputs.items[1:])), RULEBOOK)
    assert outcome.item_scores[0].score == "100.0000"


def test_no_primitive_of_this_engine_scores_a_judgement() -> None:
    """A judgement where a value is expected is refused with both kinds."""
    judged = JudgementFact(value="95", reason="试", sources=SOURCE)
    inputs = letter_inputs(CORRECT)
    item = msgspec.structs.replace(inputs.items[0], fact=judged)
    with pytest.raises(Exception, match="scores a value, found a judgement"):
        score(msgspec.structs.replace(inputs, items=(item, *inputs.items[1:])), RULEBOOK)


def test_a_clause_is_found_by_its_number() -> None:
    """The rulebook hands out its clauses by name and knows no others."""
    found: Clause = RULEBOOK.clause("3.8")
    assert found.rule == "lateness@1"
    with pytest.raises(KeyError):
        RULEBOOK.clause("3.99")
