"""The published rulebook, matrix, calendars and golden vectors, as tests read them."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.matrix import AuthorityMatrix
from opsledger_contracts.documents.rulebook import Clause, Rulebook
from opsledger_contracts.rules.errors import RuleError
from opsledger_contracts.rules.inputs import (
    CompletionFact,
    Fact,
    ItemInput,
    JudgementFact,
    OccurrencesFact,
    ScoringInputs,
    SourceReference,
    ValueFact,
)
from opsledger_contracts.rules.numbers import exact
from opsledger_contracts.rules.primitives import primitive_of, score_item

CONTRACTS: Final = Path(__file__).parents[2] / "contracts"
VECTORS: Final = CONTRACTS / "vectors" / "scores"
DOCUMENTS: Final = CONTRACTS / "examples" / "documents"
SOURCE: Final = (SourceReference(stream="letter/BJ-2026", version=1),)


def vectors(name: str) -> Any:
    """The golden vectors of one rule, such as ``SR-02``."""
    return json.loads((VECTORS / f"{name}.json").read_bytes())


def rulebook(name: str = "RB-2026.1") -> Rulebook:
    """An example rulebook by its cited name."""
    return msgspec.json.decode((DOCUMENTS / f"rulebook-{name}.json").read_bytes(), type=Rulebook)


def matrix() -> AuthorityMatrix:
    """The example authority matrix AM-2026.1."""
    content = (DOCUMENTS / "matrix-AM-2026.1.json").read_bytes()
    return msgspec.json.decode(content, type=AuthorityMatrix)


def calendar(name: str) -> Calendar:
    """An example calendar by its cited name, or ``weekdays``, which has no holiday."""
    if name == "weekdays":
        return msgspec.convert(vectors("SR-20")["calendars"]["weekdays"], Calendar)
    return msgspec.json.decode((DOCUMENTS / f"calendar-{name}.json").read_bytes(), type=Calendar)


def letter_inputs(place: int) -> ScoringInputs:
    """The inputs of one case of the worked letter of scenarios S1 and S2."""
    return msgspec.convert(vectors("letter-S1-S2")["cases"][place]["inputs"], ScoringInputs)


PUBLISHED: Final = 0
"""Case of the worked letter as published in S2: revision 1, 94.37."""
CORRECT: Final = 1
"""Case of the worked letter as it should be: revision 2, 96.26."""
BY_SCORING: Final = 2
"""Case in which scoring itself applies the extension to revision 1: 96.26."""


def fact(given: dict[str, Any]) -> Fact:
    """The fact of a vector, with unit, reason and source filled in."""
    source = msgspec.to_builtins(SOURCE)
    filled: dict[str, Any] = {**given, "sources": source}
    if given["kind"] == "value":
        filled["unit"] = "-"
    if given["kind"] == "judgement":
        filled["reason"] = "judged"
    if given["kind"] == "occurrences":
        filled["occurrences"] = [
            {**row, "reason": None if row["points"] is None else "judged", "sources": source}
            for row in given["occurrences"]
        ]
    read: Fact = msgspec.convert(filled, Fact)
    return read


def clause(primitive: str, params: dict[str, Any]) -> Clause:
    """A clause that fixes every parameter of a primitive."""
    return Clause(
        clause="9.9",
        title_zh="试",
        title_en="trial",
        zh="试",
        en="trial",
        principle="试",
        rule=primitive,
        params=params,
    )


def item(
    scored: Fact | None,
    params: dict[str, str] | None = None,
    name: str = "X01",
    weight: str = "100",
) -> ItemInput:
    """An item under clause 9.9."""
    return ItemInput(
        item=name,
        title="试",
        category="trial",
        level="key",
        weight=weight,
        clause="9.9",
        params=params or {},
        fact=scored,
        sources=SOURCE,
    )


def item_score(primitive: str, params: dict[str, Any], given: dict[str, Any]) -> Fraction:
    """The exact score of a vector."""
    return score_item(item(fact(given)), clause(primitive, params)).exact


def _probes(primitive: str, given: dict[str, Any]) -> list[dict[str, Any]]:
    """A grid of facts of the kind that a primitive scores, around those of its vectors."""
    found = primitive_of(clause(primitive, {}))
    kind = found.fact
    if kind is ValueFact:
        centre = Fraction(given["value"])
        steps = [centre * Fraction(n, 40) for n in range(-10, 121)]
        return [{"kind": "value", "value": _decimal(value)} for value in steps]
    if kind is CompletionFact:
        first = 3 if found.reads_quality else 4
        days = [f"2026-{month:02}-{day:02}" for month in range(first, 10) for day in range(1, 31)]
        stated: list[dict[str, str]] = [{}]
        if found.reads_quality:
            points = {"quality_points": "2", "quality_reason": "judged"}
            stated = [{}, {"quality": "met"}, {"quality": "not_met"}, points]
        return [
            {"kind": "completion", "evidence_date": day, **quality}
            for quality in stated
            for day in days
        ]
    if kind is JudgementFact:
        values = [_decimal(Fraction(number, 2)) for number in range(-10, 221)]
        stated = [{}, {"grade": given["grade"]}]
        return [
            {"kind": "judgement", "value": value, **grade} for grade in stated for value in values
        ]
    assert kind is OccurrencesFact
    rows = given["occurrences"]
    return [{"kind": "occurrences", "occurrences": rows[:count]} for count in range(len(rows) + 1)]


def _decimal(value: Fraction) -> str:
    scaled = value * 10**6
    whole = scaled.numerator // scaled.denominator
    text = f"{abs(whole) // 10**6}.{abs(whole) % 10**6:06}"
    return f"-{text}" if whole < 0 else text


def fingerprint(name: str) -> dict[str, Any]:
    """What may never change about a primitive: its parameters, its scores, its sentences.

    `behaviour` is a digest over the outcomes of every vector and of a grid of facts around it.
    """
    outcomes: list[list[str]] = []
    for path in sorted(VECTORS.glob("SR-*.json")):
        document = json.loads(path.read_bytes())
        if document.get("primitive") != name or "params" not in document:
            continue
        for case in document["cases"]:
            under = clause(name, {**document["params"], **case.get("params", {})})
            for probe in [case["in"], *_probes(name, case["in"])]:
                try:
                    working = score_item(item(fact(probe)), under)
                except RuleError as error:
                    outcomes.append([error.code, error.en, error.zh])
                else:
                    outcomes.append([exact(working.exact), working.zh, working.en])
    primitive = primitive_of(clause(name, {}))
    return {
        "rule": primitive.rule,
        "fact": str(primitive.fact.__struct_config__.tag),
        "direction": primitive.direction,
        "parameters": [row.name for row in msgspec.structs.fields(primitive.parameters)],
        "probes": len(outcomes),
        "behaviour": digest(outcomes),
    }
