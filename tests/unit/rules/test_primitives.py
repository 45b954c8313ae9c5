"""Item rules SR-01 to SR-09 and SR-26: golden vectors, fingerprints, what cannot be scored."""

import json
from fractions import Fraction
from typing import Any

import pytest

from opsledger_contracts.rules.errors import (
    FactKindMismatch,
    InvalidParameter,
    MissingFact,
    MissingParameter,
    OutsideBands,
    RuleError,
    UnexpectedParameter,
    UnknownPrimitive,
)
from opsledger_contracts.rules.numbers import exact
from opsledger_contracts.rules.primitives import PRIMITIVES, primitive_of, score_item
from support.released import Released
from support.scoring_examples import (
    VECTORS,
    clause,
    fact,
    fingerprint,
    item,
    item_score,
    vectors,
)

FILES = (
    "SR-01",
    "SR-01b",
    "SR-02",
    "SR-02b",
    "SR-03",
    "SR-03b",
    "SR-03c",
    "SR-04",
    "SR-05",
    "SR-06a",
    "SR-06b",
    "SR-07",
    "SR-07b",
    "SR-08",
    "SR-09",
    "SR-26",
)


def _cases() -> list[Any]:
    return [
        pytest.param(document, case, id=f"{name} {case['name']}")
        for name in FILES
        for document in (vectors(name),)
        for case in document["cases"]
    ]


@pytest.mark.parametrize(("document", "case"), _cases())
def test_a_golden_vector_comes_out_exactly(document: dict[str, Any], case: dict[str, Any]) -> None:
    """Every worked number of the rules is reproduced as an exact rational (R128)."""
    params = {**document["params"], **case.get("params", {})}
    assert exact(item_score(document["primitive"], params, case["in"])) == case["out"]


def test_every_primitive_has_golden_vectors_under_its_rule() -> None:
    """No primitive enters the registry without vectors."""
    assert {vectors(name)["primitive"]: vectors(name)["rule"] for name in FILES} == {
        name: primitive.rule for name, primitive in PRIMITIVES.items()
    }


@pytest.mark.parametrize("name", list(PRIMITIVES))
def test_a_primitive_never_changes_silently(name: str) -> None:
    """Parameters, scores and sentences of a released primitive are those of its fingerprint.

    New semantics are a new version beside the old one; the committed fingerprint is not edited.
    """
    released = json.loads((VECTORS / "primitives.json").read_bytes())
    assert fingerprint(name) == released[name]


def test_no_released_primitive_disappears() -> None:
    """A rulebook that names a released primitive can be replayed for ever."""
    released = json.loads((VECTORS / "primitives.json").read_bytes())
    assert released.keys() == PRIMITIVES.keys()


def test_an_item_without_fact_is_not_scored() -> None:
    """What is missing is named with its item and clause."""
    with pytest.raises(MissingFact) as refused:
        score_item(item(None), clause("proportional@1", vectors("SR-01")["params"]))
    assert refused.value.facts == {"item": "X01", "clause": "9.9"}
    assert "X01" in refused.value.zh


def test_a_fact_of_another_kind_is_not_scored(released: Released) -> None:
    """A date is no measured value."""
    with pytest.raises(FactKindMismatch, match="scores a value, found a completion") as refused:
        score_item(
            item(fact({"kind": "completion", "evidence_date": "2026-06-08"})),
            clause("proportional@1", vectors("SR-01")["params"]),
        )
    released(refused.value)


def test_an_item_sets_only_what_the_clause_leaves_to_it(released: Released) -> None:
    """A letter cannot bend a parameter that the rulebook fixes."""
    with pytest.raises(UnexpectedParameter, match="sets cap") as refused:
        score_item(
            item(fact({"kind": "value", "value": "1"}), {"cap": "9"}),
            clause("proportional@1", vectors("SR-01")["params"]),
        )
    released(refused.value)


def test_a_missing_parameter_is_named(released: Released) -> None:
    """A target that neither clause nor item gives is not guessed."""
    params = {name: text for name, text in vectors("SR-01")["params"].items() if name != "target"}
    with pytest.raises(MissingParameter, match="parameter target") as refused:
        score_item(item(fact({"kind": "value", "value": "1"})), clause("proportional@1", params))
    released(refused.value)


@pytest.mark.parametrize("rule", ["proportional@9", "unheard_of@1", None])
def test_an_unknown_primitive_is_refused(rule: str | None, released: Released) -> None:
    """A clause that scores nothing, or by a rule the engine lacks, scores no item."""
    with pytest.raises(UnknownPrimitive) as refused:
        primitive_of(clause(rule, {}))  # type: ignore[arg-type]
    released(refused.value)


def _cap(shortfall: str | None) -> dict[str, Any]:
    return {"shortfall": shortfall, "included": False, "cap": "5"}


def _judged(value: str, grade: str) -> dict[str, str]:
    return {"kind": "judgement", "value": value, "grade": grade}


def _task(**stated: str) -> dict[str, str]:
    return {"kind": "completion", "evidence_date": "2026-03-20", **stated}


def _impossible() -> list[Any]:
    value = {"kind": "value", "value": "1"}
    bands = [{"lo": "5", "hi": None, "score": "1"}]
    hazard = {"occurrence": "E1", "category": "minor_hazard", "points": None}
    late_caps = [_cap("0.1"), _cap(None)]
    rows: list[tuple[str, str, dict[str, Any], dict[str, Any], type[RuleError]]] = [
        ("target zero", "SR-01", {"target": "0"}, value, InvalidParameter),
        ("target not decimal", "SR-01", {"target": "1e5"}, value, InvalidParameter),
        ("points do not ascend", "SR-02", {"target": "160000"}, value, InvalidParameter),
        (
            "target at the stretch",
            "SR-02",
            {"stretch": vectors("SR-02")["params"]["target"]},
            value,
            InvalidParameter,
        ),
        ("target below zero", "SR-03", {"target": "-5"}, value, InvalidParameter),
        ("step zero", "SR-03", {"step": "0"}, value, InvalidParameter),
        ("no mode", "SR-03", {"mode": "sometimes"}, value, InvalidParameter),
        ("no band", "SR-04", {"bands": bands}, value, OutsideBands),
        ("plan zero", "SR-06a", {"plan": "0"}, value, InvalidParameter),
        ("step below zero", "SR-06b", {"step": "-0.1"}, value, InvalidParameter),
        ("target zero, no cap", "SR-01b", {"target": "0"}, value, InvalidParameter),
        ("baseline zero", "SR-03b", {"baseline": "0"}, value, InvalidParameter),
        ("target zero over a baseline", "SR-03b", {"target": "0"}, value, InvalidParameter),
        ("step zero over a baseline", "SR-03b", {"step": "0"}, value, InvalidParameter),
        ("no first cap", "SR-03b", {"caps_up": late_caps}, value, InvalidParameter),
        ("step zero of a loss", "SR-03c", {"step": "0"}, value, InvalidParameter),
        (
            "the first cap has a shortfall",
            "SR-03b",
            {"caps_up": [_cap("0")]},
            value,
            InvalidParameter,
        ),
        (
            "caps do not ascend",
            "SR-03b",
            {"caps_up": [_cap(None), _cap("0.5"), _cap("0.2")]},
            value,
            InvalidParameter,
        ),
        (
            "a second cap without a shortfall",
            "SR-03b",
            {"caps_up": [_cap(None), _cap(None)]},
            value,
            InvalidParameter,
        ),
        ("a loss of nothing", "SR-03c", {"target": "0"}, value, InvalidParameter),
        ("start on target", "SR-02b", {"start": "24221"}, value, InvalidParameter),
        (
            "quality not said",
            "SR-08",
            {},
            {"kind": "completion", "evidence_date": "2026-05-20"},
            InvalidParameter,
        ),
        (
            "quality said to a rule that does not read it",
            "SR-07",
            {},
            {"kind": "completion", "evidence_date": "2026-05-20", "quality": "met"},
            InvalidParameter,
        ),
        ("above the scale", "SR-09", {}, _judged("100.01", "excellent"), InvalidParameter),
        ("below the scale", "SR-09", {}, _judged("-1", "failed"), InvalidParameter),
        ("another grade", "SR-09", {}, _judged("89.99", "excellent"), InvalidParameter),
        ("no grade", "SR-09", {}, {"kind": "judgement", "value": "95"}, InvalidParameter),
        (
            "a gap in the scale",
            "SR-09",
            {"grades": vectors("SR-09")["params"]["grades"][:2]},
            _judged("70", "fair"),
            OutsideBands,
        ),
        (
            "a count where every event counts once",
            "SR-05",
            {},
            {"kind": "occurrences", "occurrences": [{**hazard, "count": 2}]},
            InvalidParameter,
        ),
        ("coefficient zero", "SR-07b", {"coefficient": "0"}, _task(), InvalidParameter),
        (
            "points for quality without reason",
            "SR-07b",
            {},
            _task(quality_points="1"),
            InvalidParameter,
        ),
        (
            "points for quality outside the range",
            "SR-07b",
            {},
            _task(quality_points="11", quality_reason="返工"),
            InvalidParameter,
        ),
        (
            "no such level",
            "SR-07",
            {"node_level": "4"},
            {"kind": "completion", "evidence_date": "2026-06-08"},
            InvalidParameter,
        ),
        (
            "no such category",
            "SR-05",
            {},
            {"kind": "occurrences", "occurrences": [{**hazard, "category": "storm"}]},
            InvalidParameter,
        ),
        (
            "points not chosen",
            "SR-05",
            {},
            {"kind": "occurrences", "occurrences": [{**hazard, "category": "minor_injury"}]},
            InvalidParameter,
        ),
        (
            "points outside the range",
            "SR-05",
            {},
            {
                "kind": "occurrences",
                "occurrences": [{**hazard, "category": "minor_injury", "points": "11"}],
            },
            InvalidParameter,
        ),
    ]
    return [pytest.param(*row[1:], id=row[0]) for row in rows]


@pytest.mark.parametrize(("file", "params", "given", "refusal"), _impossible())
def test_the_impossible_is_refused_with_item_and_clause(
    file: str,
    params: dict[str, Any],
    given: dict[str, Any],
    refusal: type[RuleError],
    released: Released,
) -> None:
    """Parameters and facts that no score follows from name their item and clause."""
    document = vectors(file)
    with pytest.raises(refusal) as refused:
        item_score(document["primitive"], {**document["params"], **params}, given)
    assert refused.value.facts["item"] == "X01"
    assert refused.value.facts["clause"] == "9.9"
    released(refused.value)


LIMITS = {"base": "30", "points_up": "2", "points_down": "3", "cap_down": "50"}
OPEN_CAPS = [{"shortfall": None, "included": False, "cap": "50"}]


@pytest.mark.parametrize(
    ("file", "params", "value", "score"),
    [
        ("SR-03b", {"caps_up": OPEN_CAPS}, "110", 36),
        ("SR-03b", {"caps_up": OPEN_CAPS}, "90", 21),
        ("SR-03c", {"cap_up": "50"}, "-900", 32),
        ("SR-03c", {"cap_up": "50"}, "-1100", 21),
        ("SR-03c", {"cap_up": "50", "target": "-0.5"}, "-0.5", 30),
    ],
)
def test_up_and_down_have_points_of_their_own(
    file: str, params: dict[str, Any], value: str, score: int
) -> None:
    """Two points for each step above the target, three for each below, and the smallest loss."""
    document = vectors(file)
    given = {"kind": "value", "value": value}
    found = item_score(document["primitive"], {**document["params"], **LIMITS, **params}, given)
    assert found == score


def _events(*points: str | None) -> dict[str, Any]:
    rows = [
        {"occurrence": f"E{place}", "category": "chosen", "points": text}
        for place, text in enumerate(points)
    ]
    return {"kind": "occurrences", "occurrences": rows}


@pytest.mark.parametrize(
    ("points", "score"), [("-2", 100), ("0.5", Fraction("99.5")), ("10", 90)], ids=str
)
def test_both_ends_of_a_range_of_points_may_be_chosen(points: str, score: Fraction) -> None:
    """The range includes its ends; an event never adds points, and less than one counts."""
    category = {"category": "chosen", "points_min": "-2", "points_max": "10"}
    params = {**vectors("SR-05")["params"], "categories": [category]}
    assert item_score("deduct_count@1", params, _events(points)) == score


@pytest.mark.parametrize(
    ("stated", "score"),
    [
        ({"evidence_date": "2026-03-31"}, Fraction(1, 11)),
        ({"evidence_date": "2026-04-01"}, 0),
        ({"quality_points": "1", "quality_reason": "返工"}, Fraction(19, 20)),
        ({"quality_points": "10", "quality_reason": "返工"}, Fraction(1, 2)),
    ],
    ids=["the closing day", "the day after", "least for quality", "most for quality"],
)
def test_the_ends_of_a_task_still_count(stated: dict[str, str], score: Fraction) -> None:
    """Evidence of the closing day is in time to close, and both ends of the range are allowed."""
    params = {**vectors("SR-07b")["params"], "coefficient": "20"}
    if score == Fraction(1, 11):
        params |= {"coefficient": "12.1", "per_day": "1"}
    assert item_score("coefficient_lateness@1", params, _task(**stated)) == score


def test_a_scale_with_a_bounded_top_names_nothing_above_it() -> None:
    """A rulebook that is not validated may close its best grade; the worst is not above it."""
    grades = [dict(row) for row in vectors("SR-09")["params"]["grades"]]
    grades[0]["hi"] = "101"
    params = {**vectors("SR-09")["params"], "grades": grades}
    found = score_item(item(fact(_judged("95", "excellent"))), clause("scale@1", params))
    assert "below" not in found.en
    assert "差" not in found.zh


def test_a_scale_with_an_open_second_grade_has_nothing_to_reach() -> None:
    """Where a grade has no upper edge, no distance to a better one is told."""
    grades = [dict(row) for row in vectors("SR-09")["params"]["grades"]]
    grades[1]["hi"] = None
    params = {**vectors("SR-09")["params"], "grades": grades}
    found = score_item(item(fact(_judged("85", "good"))), clause("scale@1", params))
    assert found.exact == 85
    assert "below" not in found.en


def test_what_lies_in_no_band_is_said_by_the_rule_itself() -> None:
    """The violation states the value, whoever catches it."""
    for file, given in (
        ("SR-04", {"kind": "value", "value": "1"}),
        ("SR-09", _judged("70", "fair")),
    ):
        document = vectors(file)
        name = "bands" if file == "SR-04" else "grades"
        params = {**document["params"], name: document["params"][name][:1]}
        with pytest.raises(OutsideBands) as refused:
            item_score(document["primitive"], params, given)
        assert str(refused.value.__cause__).startswith(f"{given['value']} lies in no ")


@pytest.mark.parametrize(("value", "score"), [("110", 36), ("90", 21)])
def test_a_step_up_and_a_step_down_have_points_of_their_own(value: str, score: int) -> None:
    """Three steps of two points above the target, three of three points below it (SR-03)."""
    given = {"kind": "value", "value": value}
    params = {**vectors("SR-03")["params"], **LIMITS, "cap_up": "50"}
    params |= {"target": "100", "step": "0.03", "mode": "whole_step"}
    assert item_score("step@1", params, given) == score
