"""The table of float traps of SR-24: the exact engine is right where binary floats are wrong."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from opsledger_contracts.rules.distribution import quotas
from opsledger_contracts.rules.grades import grade_of
from opsledger_contracts.rules.numbers import decimal_text, parse_decimal, quantise, whole_steps
from support.scoring_examples import rulebook, vectors


def _traps(kind: str) -> list[Any]:
    return [
        pytest.param(row, id=row["name"])
        for row in vectors("SR-24")["traps"]
        if row["kind"] == kind
    ]


@pytest.mark.parametrize("trap", _traps("round"))
def test_a_rounded_total_keeps_its_grade(trap: dict[str, Any]) -> None:
    """Half-up rounding of the exact total gives the better grade that the float loses (R132)."""
    in_floats = sum(float(share) * float(value) for share, value in trap["terms"])
    assert f"{round(in_floats, trap['places']):.2f}" == trap["float"]
    value = sum(
        (parse_decimal(share) * parse_decimal(value) for share, value in trap["terms"]),
        Fraction(0),
    )
    total = quantise(value, trap["places"], "half_up")
    assert decimal_text(total, trap["places"]) == trap["out"]
    bands = rulebook().grades
    assert grade_of(total, bands).grade == trap["grade"]
    assert grade_of(Fraction(trap["float"]), bands).grade == trap["grade_float"]


@pytest.mark.parametrize("trap", _traps("steps"))
def test_whole_steps_are_counted_exactly(trap: dict[str, Any]) -> None:
    """No deduction is lost to a quotient just below a whole number."""
    in_floats = (float(trap["minuend"]) - float(trap["subtrahend"])) / float(trap["step"])
    assert math.floor(in_floats) == trap["float"]
    distance = parse_decimal(trap["minuend"]) - parse_decimal(trap["subtrahend"])
    assert whole_steps(distance, parse_decimal(trap["step"])) == trap["out"]


@pytest.mark.parametrize("trap", _traps("quota"))
def test_quotas_lose_no_person(trap: dict[str, Any]) -> None:
    """A share of a headcount is floored from its exact value (R145)."""
    assert math.floor(float(trap["share"]) * trap["headcount"]) == trap["float"]
    policy = rulebook().distribution
    row = policy.rows[0]
    share = row.maxima[0]
    changed = type(policy)(
        **{
            **{name: getattr(policy, name) for name in policy.__struct_fields__},
            "rows": (
                type(row)(
                    organisation_grade="A",
                    maxima=(type(share)(grades=("A",), share=trap["share"]),),
                    minima=(),
                ),
            ),
        }
    )
    assert quotas(trap["headcount"], "A", changed).maxima[0].persons == trap["out"]


@pytest.mark.parametrize("trap", _traps("sum"))
def test_weights_total_exactly_one(trap: dict[str, Any]) -> None:
    """Weights are summed as decimals, so ten tenths are one."""
    in_floats = 0.0
    for term in trap["terms"]:
        in_floats += float(term)
    assert str(in_floats) == trap["float"]
    assert sum((parse_decimal(term) for term in trap["terms"]), Fraction(0)) == Decimal(trap["out"])
