"""Authority by amount: brackets and split cases (SR-22)."""

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.documents.matrix import Bracket, PositionRule, Step
from opsledger_contracts.rules.amounts import (
    AmountCase,
    bracket_place,
    related_cases,
    split_check,
)
from opsledger_contracts.rules.errors import OutsideBands
from support.scoring_examples import vectors

VECTORS = vectors("SR-22")
STEP = Step(seq=1, verb="initiate", position=PositionRule(function="cost"), sla_working_days=1)
BRACKETS = tuple(Bracket(lo=lo, hi=hi, steps=(STEP,)) for lo, hi in VECTORS["brackets"])
WINDOW = VECTORS["window_days"]


@pytest.mark.parametrize(("amount", "place"), VECTORS["places"])
def test_an_amount_lies_in_one_half_open_bracket(amount: str, place: int) -> None:
    """500,000 already needs the steps of the second bracket (fixture F9)."""
    assert bracket_place(Fraction(amount), BRACKETS, "payment") == place


def test_an_amount_below_every_bracket_is_refused() -> None:
    """A negative amount has no steps."""
    with pytest.raises(OutsideBands, match="-1 lies in no band"):
        bracket_place(Fraction(-1), BRACKETS, "payment")


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_related_cases_are_summed(case: dict[str, Any]) -> None:
    """Same initiator, counterparty or item within 30 days: together they may need more."""
    found = split_check(
        msgspec.convert(case["case"], AmountCase),
        msgspec.convert(case["others"], tuple[AmountCase, ...]),
        BRACKETS,
        WINDOW,
        "budget",
    )
    assert list(found.related) == case["related"]
    for name in ("total", "bracket", "bracket_of_total", "suspected"):
        assert getattr(found, name) == case[name]
    assert ("疑似拆分" in found.zh) == ("split suspected" in found.en) == case["suspected"]


@given(
    amounts=st.lists(st.integers(1, 3_000_000), min_size=2, max_size=6),
    days=st.lists(st.integers(1, 28), min_size=6, max_size=6),
)
def test_being_related_is_mutual(amounts: list[int], days: list[int]) -> None:
    """If one case is summed with another, so is the other with it, to the same total."""
    cases = [
        msgspec.convert(
            {
                "case": f"C-{place}",
                "initiator": f"u-{place % 2}",
                "counterparty": None,
                "subject": None,
                "amount": str(amount),
                "opened_on": f"2026-03-{days[place]:02}",
            },
            AmountCase,
        )
        for place, amount in enumerate(amounts)
    ]
    for case in cases:
        for other in related_cases(case, cases, WINDOW):
            assert case in related_cases(other, cases, WINDOW)
            checks = [split_check(row, cases, BRACKETS, WINDOW, "b") for row in (case, other)]
            assert checks[0].total == checks[1].total
            assert checks[0].suspected == checks[1].suspected
