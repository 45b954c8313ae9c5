"""Item rules SR-01 to SR-09 and SR-26: golden vectors, fingerprints, what cannot be scored."""

import json
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


def test_a_fact_of_another_kind_is_not_scored() -> None:
    """A date is no measured value."""
    with pytest.raises(FactKindMismatch, match="scores a value, found a completion"):
        score_item(
            item(fact({"kind": "completion", "evidence_date": "2026-06-08"})),
            clause("proportional@1", vectors("SR-01")["params"]),
        )


def test_an_item_sets_only_what_the_clause_leaves_to_it() -> None:
    """A letter cannot bend a parameter that the rulebook fixes."""
    with pytest.raises(UnexpectedParameter, match="sets cap"):
        score_item(
            item(fact({"kind": "value", "value": "1"}), {"cap": "9"}),
            clause("proportional@1", vectors("SR-01")["params"]),
        )


def test_a_missing_parameter_is_named() -> None:
    """A target that neither clause nor item gives is not guessed."""
    params = {name: text for name, text in vectors("SR-01")["params"].items() if name != "target"}
    with pytest.raises(MissingParameter, match="parameter target"):
        score_item(item(fact({"kind": "value", "value": "1"})), clause("proportional@1", params))


@pytest.mark.parametrize("rule", ["proportional@9", "unheard_of@1", None])
def test_an_unknown_primitive_is_refused(rule: str | None) -> None:
    """A clause that scores nothing, or by a rule the engine lacks, scores no item."""
    with pytest.raises(UnknownPrimitive):
        primitive_of(clause(rule, {}))  # type: ignore[arg-type]


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
    rows: list[tuple[str, str, dict[str, Any], dict[str, Any], type[RuleError]]] = [
        ("target zero", "SR-01", {"target": "0"}, value, InvalidParameter),
        ("target not decimal", "SR-01", {"target": "1e5"}, value, InvalidParameter),
        ("points do not ascend", "SR-02", {"target": "160000"}, value, InvalidParameter),
        ("target below zero", "SR-03", {"target": "-5"}, value, InvalidParameter),
        ("step zero", "SR-03", {"step": "0"}, value, InvalidParameter),
        ("no mode", "SR-03", {"mode": "sometimes"}, value, InvalidParameter),
        ("no band", "SR-04", {"bands": bands}, value, OutsideBands),
        ("plan zero", "SR-06a", {"plan": "0"}, value, InvalidParameter),
        ("step below zero", "SR-06b", {"step": "-0.1"}, value, InvalidParameter),
        ("target zero, no cap", "SR-01b", {"target": "0"}, value, InvalidParameter),
        ("baseline zero", "SR-03b", {"baseline": "0"}, value, InvalidParameter),
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
    file: str, params: dict[str, Any], given: dict[str, Any], refusal: type[RuleError]
) -> None:
    """Parameters and facts that no score follows from name their item and clause."""
    document = vectors(file)
    with pytest.raises(refusal) as refused:
        item_score(document["primitive"], {**document["params"], **params}, given)
    assert refused.value.facts["item"] == "X01"
    assert refused.value.facts["clause"] == "9.9"
