"""Properties of item rules, composition and explanation."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.canonical import canonical
from opsledger_contracts.rules.distribution import quotas
from opsledger_contracts.rules.explanation import diff, leaves, render
from opsledger_contracts.rules.grades import grade_of, nearest_boundary
from opsledger_contracts.rules.inputs import (
    Explanation,
    ItemInput,
    PointsInput,
    ScoringInputs,
    SourceReference,
    ValueFact,
)
from opsledger_contracts.rules.numbers import decimal_text, quantise
from opsledger_contracts.rules.primitives import PRIMITIVES
from opsledger_contracts.rules.scoring import score
from support.scoring_examples import CORRECT, SOURCE, item_score, letter_inputs, rulebook, vectors

RULEBOOK = rulebook()
INPUTS = letter_inputs(CORRECT)
FILES = {
    vectors(name)["primitive"]: name
    for name in (
        "SR-01",
        "SR-01b",
        "SR-02",
        "SR-02b",
        "SR-03",
        "SR-03b",
        "SR-03c",
        "SR-06a",
        "SR-06b",
    )
}

cents = st.integers(min_value=-(10**7), max_value=10**7).map(
    lambda number: decimal_text(Fraction(number, 100), 2)
)


def test_every_monotonic_primitive_is_tried() -> None:
    """A primitive that declares a direction is held to it below."""
    declared = {name for name, row in PRIMITIVES.items() if row.direction != "none"}
    others = {
        "deduct_count@1",
        "deduct_count@2",
        "lateness@1",
        "coefficient_lateness@1",
        "binary@1",
        "scale@1",
    }
    assert declared == {*FILES, *others}


@pytest.mark.parametrize("name", list(FILES))
@given(data=st.data())
def test_a_measure_moves_in_its_declared_direction(name: str, data: st.DataObject) -> None:
    """A better actual value never scores less, under every set of golden parameters."""
    document = vectors(FILES[name])
    case = data.draw(st.sampled_from(document["cases"]))
    params = {**document["params"], **case.get("params", {})}
    one, other = sorted((data.draw(cents), data.draw(cents)), key=Fraction)
    low = item_score(name, params, {"kind": "value", "value": one})
    high = item_score(name, params, {"kind": "value", "value": other})
    if PRIMITIVES[name].direction == "increasing":
        assert low <= high
    else:
        assert low >= high


@given(
    level=st.sampled_from(["1", "2", "3"]),
    late=st.integers(min_value=-60, max_value=60),
    more=st.integers(min_value=0, max_value=60),
)
def test_later_never_scores_more(level: str, late: int, more: int) -> None:
    """One more day of lateness never helps."""
    document = vectors("SR-07")
    params = {**document["params"], "node_level": level}
    due = date(2026, 5, 29)
    scores = [
        item_score(
            "lateness@1",
            params,
            {"kind": "completion", "evidence_date": (due + timedelta(days=days)).isoformat()},
        )
        for days in (late, late + more)
    ]
    assert scores[0] >= scores[1]
    assert all(0 <= value <= 105 for value in scores)


@pytest.mark.parametrize(
    ("file", "due", "stated"),
    [
        ("SR-07b", date(2026, 3, 20), {}),
        ("SR-08", date(2026, 5, 29), {"quality": "met"}),
    ],
)
@given(data=st.data(), late=st.integers(-60, 60), more=st.integers(0, 60))
def test_a_task_done_later_never_scores_more(
    file: str, due: date, stated: dict[str, str], data: st.DataObject, late: int, more: int
) -> None:
    """One more day never helps a task, nor what is met or not met; undone is the least of all."""
    document = vectors(file)
    case = data.draw(st.sampled_from(document["cases"]))
    params = {**document["params"], **case.get("params", {})}
    facts: list[dict[str, Any]] = [
        {"kind": "completion", "evidence_date": (due + timedelta(days=days)).isoformat(), **stated}
        for days in (late, late + more)
    ]
    facts.append({"kind": "unfinished", "on": "2026-12-31"})
    scores = [item_score(document["primitive"], params, given) for given in facts]
    assert scores == sorted(scores, reverse=True)


@given(values=st.tuples(st.integers(0, 10000), st.integers(0, 10000)).map(sorted))
def test_a_better_judgement_scores_more(values: list[int]) -> None:
    """The value that an assessor chose is the score, whatever its grade."""
    document = vectors("SR-09")
    scores = []
    for number in values:
        value = Fraction(number, 100)
        grade = next(
            row["grade"]
            for row in document["params"]["grades"]
            if row["lo"] is None or value >= Fraction(row["lo"])
        )
        judged = {"kind": "judgement", "value": decimal_text(value, 2), "grade": grade}
        scores.append(item_score("scale@1", document["params"], judged))
    assert scores == [Fraction(number, 100) for number in values]


@given(
    counts=st.lists(st.integers(1, 20), max_size=8),
    same=st.sampled_from(["sum", "highest"]),
    names=st.sampled_from([1, 3]),
)
def test_one_more_defect_never_scores_more(counts: list[int], same: str, names: int) -> None:
    """Whether defects of one submission add up or not, each takes something or nothing."""
    document = vectors("SR-26")
    rows = [
        {
            "occurrence": f"P{number % names}",
            "category": "format_defect",
            "points": None,
            "count": count,
        }
        for number, count in enumerate(counts)
    ]
    scores = [
        item_score(
            "deduct_count@2",
            {**document["params"], "same_occurrence": same},
            {"kind": "occurrences", "occurrences": rows[:length]},
        )
        for length in range(len(rows) + 1)
    ]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] <= 10


@given(
    categories=st.lists(st.sampled_from(["minor_hazard", "stop_for_rectification"]), max_size=60)
)
def test_one_more_event_never_scores_more(categories: list[str]) -> None:
    """Each event takes something until nothing is left."""
    document = vectors("SR-05")
    rows = [
        {"occurrence": f"E{number}", "category": category, "points": None}
        for number, category in enumerate(categories)
    ]
    scores = [
        item_score(
            "deduct_count@1",
            document["params"],
            {"kind": "occurrences", "occurrences": rows[:count]},
        )
        for count in range(len(rows) + 1)
    ]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] >= 0


def _measured(place: int, value: str, weight: Fraction) -> ItemInput:
    number = place + 1
    source = (SourceReference(stream=f"measurement/M{number}", version=number),)
    return ItemInput(
        item=f"I{number:02}",
        title=f"指标 {number}",
        category="trial",
        level="key",
        weight=str(weight),
        clause="3.1",
        params={"target": "300"},
        fact=ValueFact(value=value, unit="-", sources=source),
        sources=source,
    )


@st.composite
def letters(draw: st.DrawFn) -> ScoringInputs:
    """Inputs with any number of proportional items, ratings, bonus and penalty points."""
    shares = draw(st.lists(st.integers(min_value=1, max_value=100), min_size=1, max_size=8))
    items = tuple(
        _measured(place, draw(cents), Fraction(100 * share, sum(shares)))
        for place, share in enumerate(shares)
    )
    assert INPUTS.satisfaction is not None
    count = draw(st.integers(min_value=0, max_value=7))
    points = st.integers(min_value=0, max_value=1000).map(
        lambda number: decimal_text(Fraction(number, 100), 2)
    )
    rows = {
        kind: tuple(
            PointsInput(clause="4.2", points=text, reason="试", sources=SOURCE)
            for text in draw(st.lists(points, max_size=3))
        )
        for kind in ("bonus", "penalties")
    }
    survey = msgspec.structs.replace(
        INPUTS.satisfaction, ratings=INPUTS.satisfaction.ratings[:count]
    )
    changes: dict[str, Any] = {"items": items, "satisfaction": survey, "adjustments": (), **rows}
    return msgspec.structs.replace(INPUTS, **changes)


def _nodes(tree: Explanation) -> Iterator[Explanation]:
    yield tree
    for child in tree.inputs:
        yield from _nodes(child)


@given(inputs=letters())
def test_the_root_of_the_tree_is_the_total(inputs: ScoringInputs) -> None:
    """Whatever was scored, the tree concludes with exactly that (R126)."""
    outcome = score(inputs, RULEBOOK)
    assert outcome.tree.exact == outcome.total_exact
    assert outcome.tree.rounded == outcome.total
    total = quantise(Fraction(outcome.total_exact), 2, "half_up")
    assert decimal_text(total, 2) == outcome.total
    assert grade_of(total, RULEBOOK.grades).grade == outcome.grade
    by_item = {node.path: node for node in _nodes(outcome.tree) if node.point == "item_score"}
    assert {row.item: row.exact for row in outcome.item_scores} == {
        name: node.exact for name, node in by_item.items()
    }
    assert all(leaf.sources for leaf in leaves(outcome.tree))


@given(inputs=letters())
def test_contributions_explain_the_total_before_the_clamp(inputs: ScoringInputs) -> None:
    """Items add up to the letter, components to the total unless its range cuts it."""
    outcome = score(inputs, RULEBOOK)
    letter = next(row for row in outcome.components if row.component == "letter")
    assert sum(Fraction(row.contribution) for row in outcome.item_scores) == Fraction(letter.exact)
    total = sum(Fraction(row.contribution) for row in outcome.components)
    assert max(Fraction(0), min(Fraction(120), total)) == Fraction(outcome.total_exact)


@given(inputs=letters(), data=st.data())
def test_the_order_of_items_does_not_move_the_score(
    inputs: ScoringInputs, data: st.DataObject
) -> None:
    """Items in another order give the same total to the last digit."""
    items = tuple(data.draw(st.permutations(inputs.items)))
    other = score(msgspec.structs.replace(inputs, items=items), RULEBOOK)
    same = score(inputs, RULEBOOK)
    assert (other.total_exact, other.total, other.grade) == (
        same.total_exact,
        same.total,
        same.grade,
    )
    assert diff(same.tree, other.tree) == ()


@given(inputs=letters())
def test_scoring_is_a_function_of_its_arguments(inputs: ScoringInputs) -> None:
    """Twice the same bytes, also from decoded copies of inputs and rulebook."""
    again = msgspec.json.decode(canonical(inputs), type=ScoringInputs)
    rules = msgspec.json.decode(canonical(RULEBOOK), type=type(RULEBOOK))
    assert canonical(score(inputs, RULEBOOK)) == canonical(score(again, rules))


@given(one=letters(), other=letters())
def test_trees_of_different_totals_differ(one: ScoringInputs, other: ScoringInputs) -> None:
    """A difference is found exactly where there is one, and read in both languages."""
    trees = [score(inputs, RULEBOOK).tree for inputs in (one, other)]
    found = diff(*trees)
    if trees[0].exact != trees[1].exact:
        assert found
    assert diff(trees[0], trees[0]) == ()
    for row in found:
        assert row.value_a != row.value_b
        assert row.zh
        assert row.en
    for language in ("zh", "en"):
        assert len(render(trees[0], language)) == sum(1 for _ in _nodes(trees[0]))


@given(number=st.integers(min_value=0, max_value=12000))
def test_every_total_has_one_grade_and_a_boundary(number: int) -> None:
    """Grades cover the range without gap, and the boundary really is one."""
    total = Fraction(number, 100)
    band = grade_of(total, RULEBOOK.grades)
    boundary = nearest_boundary(total, RULEBOOK.grades)
    assert boundary is not None
    beyond = (
        boundary.distance if boundary.side == "below" else -boundary.distance - Fraction(1, 100)
    )
    assert grade_of(total + beyond, RULEBOOK.grades).grade == boundary.neighbour != band.grade


@given(
    headcount=st.integers(min_value=5, max_value=5000),
    grade=st.sampled_from(["A", "B", "C", "D", "E"]),
)
def test_quotas_never_exceed_their_share(headcount: int, grade: str) -> None:
    """A floored quota is the largest whole number within its share."""
    row = next(row for row in RULEBOOK.distribution.rows if row.organisation_grade == grade)
    found = quotas(headcount, grade, RULEBOOK.distribution)
    for share, quota in zip(
        (*row.maxima, *row.minima), (*found.maxima, *found.minima), strict=True
    ):
        allowed = Fraction(share.share) * headcount
        assert quota.persons <= allowed < quota.persons + 1
