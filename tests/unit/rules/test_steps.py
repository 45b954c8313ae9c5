"""The steps from items to grade: what their nodes say, list and refuse."""

from fractions import Fraction

import msgspec
import pytest

from opsledger_contracts.documents.rulebook import ScoringStep
from opsledger_contracts.rules.errors import InvalidRulebook
from opsledger_contracts.rules.inputs import Explanation, Outcome, RatingInput
from opsledger_contracts.rules.rounding import rounded_text
from opsledger_contracts.rules.run import order_stands
from opsledger_contracts.rules.scoring import score
from support.scoring_examples import CORRECT, PUBLISHED, SOURCE, letter_inputs, rulebook

RULEBOOK = rulebook()


def _node(tree: Explanation, path: str) -> Explanation:
    found: list[Explanation] = []
    open_nodes = [tree]
    while open_nodes:
        node = open_nodes.pop()
        found += [node] if node.path == path else []
        open_nodes += node.inputs
    assert len(found) == 1
    return found[0]


def _rated(count: int, *more: RatingInput) -> Outcome:
    inputs = letter_inputs(CORRECT)
    assert inputs.satisfaction is not None
    ratings = (*inputs.satisfaction.ratings[:count], *more)
    survey = msgspec.structs.replace(inputs.satisfaction, ratings=ratings)
    return score(msgspec.structs.replace(inputs, satisfaction=survey), RULEBOOK)


def test_a_rating_of_oneself_is_not_a_leaf() -> None:
    """The tree lists the ratings that count, and the unit's own is none of them (R130)."""
    subject = letter_inputs(CORRECT).subject
    own = RatingInput(rater=subject, ratee=subject, values=("10",), sources=SOURCE)
    survey = _node(_rated(4, own).tree, "survey")
    assert [leaf.path for leaf in survey.inputs] == [
        leaf.path for leaf in _node(_rated(4).tree, "survey").inputs
    ]


def test_a_mean_says_only_what_was_dropped() -> None:
    """Four ratings are not trimmed, and the sentence names none as dropped."""
    node = _node(_rated(4).tree, "survey")
    assert node.zh.startswith("满意度：4 份评分，平均 × ")
    assert node.en.startswith("satisfaction: mean of 4 ratings x ")


def test_too_few_ratings_keep_the_letter_in_the_tree() -> None:
    """The node that returns the share still holds the letter before its ratings."""
    node = _node(_rated(2).tree, "satisfaction")
    assert [row.op for row in node.inputs] == ["compose_letter.1", "rating", "rating"]


@pytest.mark.parametrize(("basis", "word"), [("rounded", "修约后总分"), ("exact", "未修约总分")])
def test_the_grade_says_which_total_it_compares(basis: str, word: str) -> None:
    """The rounded or the exact total, as the rulebook names it (R132)."""
    changed = msgspec.structs.replace(RULEBOOK.grades, basis=basis)
    outcome = score(letter_inputs(CORRECT), msgspec.structs.replace(RULEBOOK, grades=changed))
    assert _node(outcome.tree, "grade").zh.startswith(f"{word} ")


def test_full_marks_are_named_where_one_clause_has_its_own() -> None:
    """One item with full marks of its own is enough for the general wording."""
    items = letter_inputs(PUBLISHED).items
    clauses = tuple(
        msgspec.structs.replace(row, full="120") if row.clause == items[0].clause else row
        for row in RULEBOOK.clauses
    )
    assert len({item.clause for item in items}) > 1
    own = score(letter_inputs(PUBLISHED), msgspec.structs.replace(RULEBOOK, clauses=clauses))
    assert "÷ 满分 =" in _node(own.tree, "letter").zh
    plain = score(letter_inputs(PUBLISHED), RULEBOOK)
    assert "÷ 100 =" in _node(plain.tree, "letter").zh


@pytest.mark.parametrize("later", ["satisfaction", "bonus_penalty", "veto", "clamp"])
@pytest.mark.parametrize("early", ["gate", "coefficient"])
def test_what_works_on_items_comes_before_what_works_on_the_letter(
    early: ScoringStep, later: ScoringStep
) -> None:
    """Gate and coefficient stand before each of the later steps, never after it."""
    assert order_stands(("items", early, later, "round", "grade"))
    assert not order_stands(("items", later, early, "round", "grade"))


def test_a_missing_rounding_point_is_named_with_its_place() -> None:
    """The refusal names the rulebook, the path and the point."""
    rounding = msgspec.structs.replace(RULEBOOK.rounding, points=())
    bare = msgspec.structs.replace(RULEBOOK, rounding=rounding)
    with pytest.raises(InvalidRulebook) as refused:
        rounded_text(Fraction(1), "total", bare)
    assert refused.value.facts == {
        "rulebook": bare.name,
        "path": "rounding.points",
        "detail": "no total",
    }
