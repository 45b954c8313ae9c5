"""The exact pieces of every item rule are the rule itself, and jumps are found by place and size."""

import random
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from opsledger_contracts.documents.rulebook import Clause
from opsledger_contracts.linting.curves import of_clause
from opsledger_contracts.linting.pieces import Line, Piece, Shape, Stairs
from opsledger_contracts.linting.shapes import REPRESENTATIVE, NotAnalysable, shapes
from opsledger_contracts.linting.units import DECLARED
from opsledger_contracts.rules.inputs import (
    CompletionFact,
    JudgementFact,
    Occurrence,
    OccurrencesFact,
    SourceReference,
    ValueFact,
)
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_contracts.rules.primitives import PRIMITIVES
from support import scoring_examples

SOURCES = (SourceReference(stream="measurement/M", version=1),)
DUE = date(2026, 5, 29)
STEPS = {
    "base": "100",
    "step": "0.03",
    "mode": "whole_step",
    "points_up": "5",
    "points_down": "4",
    "cap_up": "18",
    "cap_down": "41",
}
LEVELS = [
    {
        "level": "1",
        "first_days": 7,
        "first_points": "3",
        "later_points": "5",
        "zero_after": 30,
        "early_points": "0.5",
        "early_cap": "5",
    },
    {
        "level": "3",
        "first_days": 7,
        "first_points": "1",
        "later_points": "2",
        "zero_after": 30,
        "early_points": "0.5",
        "early_cap": "5",
    },
    {
        "level": "4",
        "first_days": 40,
        "first_points": "1",
        "later_points": "9",
        "zero_after": 30,
        "early_points": "0",
        "early_cap": "5",
    },
]
LOSS = {**STEPS, "target": "-300", "reduction_share": "0.5", "profit_share": "1"}
TERMS: list[tuple[str, dict[str, Any]]] = [
    ("proportional@1", {"target": "7", "floor": "0.1", "cap": "1.2", "scale": "100"}),
    ("proportional@2", {"target": "7", "floor": None, "cap": "1.2", "scale": "100"}),
    ("proportional@2", {"target": "7", "floor": "0.5", "cap": None, "scale": "100"}),
    (
        "piecewise_linear@1",
        {
            "threshold": "160",
            "target": "200",
            "stretch": "240",
            "threshold_score": "80",
            "target_score": "100",
            "stretch_score": "120",
            "below": "zero",
        },
    ),
    (
        "piecewise_linear@1",
        {
            "threshold": "160",
            "target": "200",
            "stretch": "240",
            "threshold_score": "80",
            "target_score": "100",
            "stretch_score": "120",
            "below": "min",
        },
    ),
    ("step@1", {"target": "12", **STEPS}),
    ("step@1", {"target": "12", **STEPS, "mode": "pro_rata"}),
    ("step@1", {"target": "12", **STEPS, "points_up": "-1", "mode": "pro_rata"}),
    ("step@1", {"target": "12", **STEPS, "points_up": "-1"}),
    (
        "band@1",
        {
            "bands": [
                {"lo": "90", "hi": None, "score": "110"},
                {"lo": "70.5", "hi": "90", "score": "70"},
                {"lo": None, "hi": "70.5", "score": "0"},
            ]
        },
    ),
    ("inverse_ratio@1", {"plan": "8", "base": "15", "floor": "0", "cap": "20"}),
    ("inverse_ratio@1", {"plan": "8", "base": "15", "floor": None, "cap": None}),
    *(
        (
            "inverse_step@1",
            {
                "target": "8",
                "base": "100",
                "step": "0.1",
                "mode": mode,
                "points_worse": "2",
                "points_better": "1",
                "cap_worse": None,
                "cap_better": "10",
            },
        )
        for mode in ("whole_step", "pro_rata")
    ),
    *(
        (
            "baseline_dependent_cap@1",
            {
                **{name: value for name, value in STEPS.items() if name != "cap_up"},
                "mode": mode,
                "target": "12",
                "baseline": "12",
                "caps_up": [{"shortfall": None, "included": False, "cap": "20"}],
            },
        )
        for mode in ("whole_step", "pro_rata")
    ),
    ("negative_target@1", LOSS),
    ("negative_target@1", {**LOSS, "mode": "pro_rata", "cap_up": "100"}),
    ("negative_target@1", {**LOSS, "reduction_share": "0"}),
    ("negative_target@1", {**LOSS, "profit_share": "0", "cap_up": "100"}),
    *(
        (
            "stepped_start@1",
            {
                "condition": condition,
                "included": included,
                "start": "70",
                "target": "90",
                "full": "10",
                "floor": "0",
                "cap": cap,
            },
        )
        for condition in ("80", "70", "60")
        for included in (True, False)
        for cap in ("12", None)
    ),
    (
        "scale@1",
        {
            "floor": "0",
            "cap": "100",
            "grades": [
                {
                    "grade": "only",
                    "lo": None,
                    "hi": None,
                    "title_zh": "合格",
                    "title_en": "pass",
                    "zh": "合格",
                    "en": "pass",
                }
            ],
        },
    ),
    *(
        (
            "lateness@1",
            {
                "due": str(DUE),
                "node_level": row["level"],
                "base": "100",
                "floor": "0",
                "levels": LEVELS,
            },
        )
        for row in LEVELS
    ),
    ("binary@1", {"due": str(DUE), "met_score": "100", "not_met_score": "30"}),
    *(
        (
            "coefficient_lateness@1",
            {
                "coefficient": "4",
                "due": str(DUE),
                "closes": closes,
                "per_day": "0.5",
                "per_day_of": of,
                "quality_min": "1",
                "quality_max": "10",
                "scale": "100",
            },
        )
        for of in ("points", "share")
        for closes in (str(DUE + timedelta(days=5)), str(DUE + timedelta(days=20)), str(DUE))
    ),
    *(
        (
            name,
            {
                "base": "100",
                "floor": "10",
                "categories": [{"category": "any", "points_min": "0", "points_max": "1000"}],
                **more,
            },
        )
        for name, more in (("deduct_count@1", {}), ("deduct_count@2", {"same_occurrence": "sum"}))
    ),
]


def clause(rule: str, params: dict[str, Any], *left: str, zh: str = "不足一档不计。") -> Clause:
    """A clause of a rule whose item brings the parameters `left`."""
    return msgspec.convert(
        {
            "clause": "9.1",
            "title_zh": "样例",
            "title_en": "example",
            "zh": zh,
            "en": "An example.",
            "principle": "样例",
            "rule": rule,
            "params": {name: value for name, value in params.items() if name not in left},
            "item_params": left,
        },
        Clause,
    )


def values(shape: Shape, pick: random.Random) -> list[Fraction]:
    """The places where pieces meet, places just beside them, and places anywhere."""
    if shape.axis.days:
        return [Fraction(day) for day in range(-60, 61)]
    edges = [piece.lo for piece in shape.pieces if piece.lo is not None]
    lowest = shape.pieces[0].lo
    highest = shape.pieces[-1].hi
    beside = [edge + Fraction(sign, 1000) for edge in edges for sign in (-1, 1)]
    around = edges or [Fraction(0)]
    anywhere = [
        pick.choice(around) + Fraction(pick.randint(-60_000, 60_000), 1000) for _ in range(60)
    ]
    return [
        value
        for value in (*edges, *beside, *anywhere)
        if (lowest is None or value >= lowest)
        and (highest is None or value <= highest)
        and (value * 10**12).denominator == 1
    ]


def piece_at(shape: Shape, value: Fraction) -> Piece:
    """The piece to which a value belongs."""
    found = shape.pieces[0]
    for piece in shape.pieces[1:]:
        assert piece.lo is not None
        if value > piece.lo or (value == piece.lo and piece.lo_held):
            found = piece
    return found


def fact(rule: str, value: Fraction) -> Any:
    """The fact that means a value on the axis of a rule."""
    kind = PRIMITIVES[rule].fact
    if kind is ValueFact:
        return ValueFact(value=shown(value), unit="万元", sources=SOURCES)
    if kind is JudgementFact:
        return JudgementFact(value=shown(value), grade="only", reason="依据", sources=SOURCES)
    if kind is OccurrencesFact:
        event = Occurrence(
            occurrence="E", category="any", points=shown(value), reason="依据", sources=SOURCES
        )
        return OccurrencesFact(occurrences=(event,), sources=SOURCES)
    return CompletionFact(
        evidence_date=DUE + timedelta(days=int(value)), quality="met", sources=SOURCES
    )


@pytest.mark.parametrize(("rule", "params"), TERMS)
def test_the_pieces_of_a_rule_score_as_the_rule_does(rule: str, params: dict[str, Any]) -> None:
    """SR-29: analysis looks at the very function that scores, to the last digit."""
    pick = random.Random(rule)
    parameters = msgspec.convert(params, PRIMITIVES[rule].parameters)
    found = list(shapes(clause(rule, params, *_open(rule, params)), _given(rule, params)))
    assert len(found) == 1
    compared = 0
    for value in values(found[0], pick):
        expected = PRIMITIVES[rule].compute(parameters, fact(rule, value))
        assert piece_at(found[0], value).run.value(value) == expected.exact, value
        compared += 1
    assert compared > 2


def _open(rule: str, params: dict[str, Any]) -> list[str]:
    """Parameters that must come from the item to be looked at as given."""
    return [
        name for name in ("due", "closes", "node_level") if name in params and rule in PRIMITIVES
    ]


def _given(rule: str, params: dict[str, Any]) -> dict[str, str]:
    return {name: params[name] for name in _open(rule, params)}


def test_every_item_rule_can_be_analysed_and_has_units() -> None:
    """A new rule is not in the registry without its pieces and the units of its parameters."""
    assert set(REPRESENTATIVE) == set(PRIMITIVES)
    assert set(DECLARED) == set(PRIMITIVES)
    assert {rule for rule, _ in TERMS} == set(PRIMITIVES)
    for name, primitive in PRIMITIVES.items():
        assert set(DECLARED[name]) == set(_numeric(primitive.parameters)), name


def _numeric(parameters: type[msgspec.Struct]) -> list[str]:
    """Numeric parameters of a rule, and columns of its tables."""
    names: list[str] = []
    for field in msgspec.inspect.type_info(parameters).fields:  # type: ignore[attr-defined]
        kind = field.type
        if isinstance(kind, msgspec.inspect.VarTupleType):
            row = kind.item_type
            names += [f"{field.name}.{column}" for column in _numeric(row.cls)]  # type: ignore[attr-defined]
        elif _is_number(kind):
            names.append(field.name)
    return names


def _is_number(kind: Any) -> bool:
    kinds = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    bare = [one.type if isinstance(one, msgspec.inspect.Metadata) else one for one in kinds]
    return any(
        isinstance(one, msgspec.inspect.IntType)
        or (isinstance(one, msgspec.inspect.StrType) and (one.pattern or "").startswith("^-?(0|"))
        for one in bare
    )


def _jumps(found: Clause) -> list[tuple[str, ...]]:
    return [
        (finding.code, finding.facts["at"], finding.facts["before"], finding.facts["after"])
        for finding in of_clause(found, "clauses[0]")
        if "at" in finding.facts and "before" in finding.facts
    ]


@pytest.mark.parametrize("level", ["1", "2", "3"])
def test_the_third_node_level_jumps_at_day_31(level: str) -> None:
    """SR-07: level 3 falls from 47 to 0 at day 31, levels 1 and 2 are at 0 before."""
    example = scoring_examples.rulebook().clause("3.8")
    levels = example.params["levels"]
    assert isinstance(levels, list)
    one = msgspec.structs.replace(
        example,
        params={**example.params, "levels": [row for row in levels if row["level"] == level]},
    )
    assert _jumps(one) == ([("RB-DISCONTINUITY", "31", "47", "0")] if level == "3" else [])


def test_below_the_threshold_lies_a_cliff() -> None:
    """SR-02: at the threshold the score jumps from 0 to 80; with `min` it does not."""
    terms = dict(TERMS[3][1])
    assert _jumps(clause("piecewise_linear@1", terms)) == [("RB-DISCONTINUITY", "160", "0", "80")]
    assert _jumps(clause("piecewise_linear@1", terms | {"below": "min"})) == []


F3 = {
    "condition": "80",
    "included": False,
    "start": "70",
    "target": "90",
    "full": "1",
    "floor": "0",
    "cap": None,
}


def test_a_jump_against_the_declared_direction_is_an_error() -> None:
    """A threshold that scores less than nothing makes the better result the worse one."""
    terms = dict(TERMS[3][1]) | {"threshold_score": "-5"}
    (found,) = (
        finding
        for finding in of_clause(clause("piecewise_linear@1", terms), "clauses[0]")
        if finding.code == "RB-NOT-MONOTONIC"
    )
    assert (found.severity, found.facts) == ("error", {})
    assert found.en.startswith("the jump at 160 goes against")
    assert found.zh.startswith("160 处的跳变与")


def test_a_table_of_one_band_has_no_jump() -> None:
    """Nothing to report where there is nothing to cross."""
    one = {"bands": [{"lo": None, "hi": None, "score": "1"}]}
    assert list(of_clause(clause("band@1", one), "clauses[0]")) == []


def test_condition_and_formula_of_a_public_letter_disagree() -> None:
    """F3: above 80 % the payment jumps from 0 to 0.5; at 80.0001 % it is 0.500005."""
    (finding,) = of_clause(clause("stepped_start@1", F3), "clauses[0]")
    assert (finding.code, finding.severity) == ("RB-CONDITION-FORMULA", "warning")
    assert finding.facts == {
        "at": "80",
        "before": "0",
        "after": "0.5",
        "near": "80.0001",
        "near_score": "0.500005",
    }
    assert not list(of_clause(clause("stepped_start@1", F3 | {"start": "80"}), "clauses[0]"))


def test_a_condition_that_is_enough_shows_the_jump_at_itself() -> None:
    """Where exactly the condition is enough, no place beside it needs to be shown."""
    (finding,) = of_clause(clause("stepped_start@1", F3 | {"included": True}), "clauses[0]")
    assert finding.facts == {"at": "80", "before": "0", "after": "0.5"}


UNSOUND: list[tuple[str, dict[str, Any]]] = [
    ("proportional@1", TERMS[0][1] | {"target": "0"}),
    ("proportional@1", TERMS[0][1] | {"cap": "many"}),
    ("step@1", {"target": "12", **STEPS, "step": "0"}),
    ("step@1", {"target": "12", **STEPS, "cap_up": "-1"}),
    ("piecewise_linear@1", TERMS[3][1] | {"stretch": "200"}),
    ("piecewise_linear@1", TERMS[3][1] | {"stretch": "190"}),
    ("stepped_start@1", F3 | {"start": "90"}),
    ("negative_target@1", LOSS | {"target": "0"}),
    (
        "band@1",
        {"bands": [{"lo": "9", "hi": None, "score": "1"}, {"lo": None, "hi": "8", "score": "0"}]},
    ),
]


@pytest.mark.parametrize(("rule", "params"), UNSOUND)
def test_parameters_that_make_no_sense_have_no_pieces(rule: str, params: dict[str, Any]) -> None:
    """Other checks say what is wrong with them; the analysis neither fails nor guesses."""
    assert shapes(clause(rule, params)) == ()


def test_a_clause_that_scores_nothing_has_no_pieces() -> None:
    """Text alone has no shape."""
    assert shapes(scoring_examples.rulebook().clause("1.1")) == ()


@pytest.mark.parametrize("left", [("stretch",), ("threshold", "target")])
def test_points_that_are_partly_of_the_item_cannot_be_analysed(left: tuple[str, ...]) -> None:
    """A representative for one of three points would say nothing about the other two."""
    with pytest.raises(NotAnalysable):
        shapes(clause("piecewise_linear@1", TERMS[3][1], *left))
    given = {name: TERMS[3][1][name] for name in left}
    assert len(shapes(clause("piecewise_linear@1", TERMS[3][1], *left), given)) == 1


def test_stairs_know_both_sides_of_a_step() -> None:
    """A step counts from exactly its full width on; just before it does not."""
    up = Stairs(
        origin=Fraction(0),
        base=Fraction(10),
        width=Fraction(3),
        rise=Fraction(2),
        limit=Fraction(5),
        ascending=True,
    )
    assert [up.towards(Fraction(3), side) for side in ("left", "right")] == [10, 12]
    assert up.value(Fraction(9)) == 15
    down = msgspec.structs.replace(up, ascending=False, rise=Fraction(-2))
    assert [down.towards(Fraction(-3), side) for side in ("left", "right")] == [8, 10]
    assert down.value(Fraction(-9)) == 5
    assert (up.trend, down.trend) == ("rising", "rising")
    assert parse_decimal("10") == up.base


def test_an_actual_of_a_given_target_is_shown_as_it_is() -> None:
    """The axis is in units of the target only while the target is the item's."""
    terms = TERMS[5][1]
    (own,) = shapes(clause("step@1", terms, "target"))
    (given,) = shapes(clause("step@1", terms, "target"), {"target": "12"})
    assert (own.axis.en, given.axis.en) == ("actual, in units of the target", "actual")
    (beside,) = shapes(clause("inverse_step@1", dict(TERMS[12][1]), "target"))
    assert beside.axis.en == "actual less the target"
    assert isinstance(Line.level(Fraction(1)), Line)
