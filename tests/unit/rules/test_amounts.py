"""Authority by amount: brackets and split cases (SR-22)."""

from datetime import date
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
from support.released import Released
from support.scoring_examples import vectors

VECTORS = vectors("SR-22")
STEP = Step(seq=1, verb="initiate", position=PositionRule(function="cost"), sla_working_days=1)
BRACKETS = tuple(Bracket(lo=lo, hi=hi, steps=(STEP,)) for lo, hi in VECTORS["brackets"])
WINDOW = VECTORS["window_days"]


@pytest.mark.parametrize(("amount", "place"), VECTORS["places"])
def test_an_amount_lies_in_one_half_open_bracket(amount: str, place: int) -> None:
    """500,000 already needs the steps of the second bracket (fixture F9)."""
    assert bracket_place(Fraction(amount), BRACKETS, "payment") == place


def test_an_amount_below_every_bracket_is_refused(released: Released) -> None:
    """A negative amount has no steps."""
    with pytest.raises(OutsideBands, match="-1 lies in no band") as refused:
        bracket_place(Fraction(-1), BRACKETS, "payment")
    released(refused.value)


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_related_cases_are_summed(case: dict[str, Any], released: Released) -> None:
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
    released(found)


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


def _case(name: str, day: int, **changes: Any) -> AmountCase:
    terms: dict[str, Any] = {
        "initiator": "u-1",
        "counterparty": "P-1",
        "subject": "S-1",
        "amount": "100",
        "opened_on": date(2026, 3, day),
    }
    return AmountCase(case=name, **(terms | changes))


def test_related_cases_stand_in_order_of_day_and_name() -> None:
    """Whoever reads them sees the same list, however the cases were found."""
    case = _case("C-1", 15)
    others = [_case("C-4", 20), _case("C-2", 20), _case("C-3", 1), case]
    found = related_cases(case, others, WINDOW)
    assert [row.case for row in found] == ["C-3", "C-2", "C-4"]
    check = split_check(case, others, BRACKETS, WINDOW, "budget")
    assert "关联 C-3, C-2, C-4，" in check.zh
    assert "with C-3, C-2, C-4 within" in check.en


@pytest.mark.parametrize(
    ("other", "count"),
    [
        ({"initiator": "u-1", "counterparty": "P-2", "subject": "S-2"}, 1),
        ({"initiator": "u-2", "counterparty": "P-1", "subject": "S-2"}, 1),
        ({"initiator": "u-2", "counterparty": "P-2", "subject": "S-1"}, 1),
        ({"initiator": "u-2", "counterparty": "P-2", "subject": "S-2"}, 0),
        ({"initiator": "u-2", "counterparty": None, "subject": None}, 0),
        ({"opened_on": date(2026, 2, 1)}, 1),
        ({"opened_on": date(2026, 1, 31)}, 0),
        ({"opened_on": date(2026, 4, 2)}, 1),
        ({"opened_on": date(2026, 4, 3)}, 0),
    ],
    ids=str,
)
def test_cases_are_related_by_who_with_whom_and_what(other: dict[str, Any], count: int) -> None:
    """One thing in common is enough, 30 days before or after."""
    case = _case("C-1", 3)
    assert len(related_cases(case, [_case("C-2", 3, **other)], WINDOW)) == count


def test_what_neither_case_has_is_not_in_common() -> None:
    """Two cases without counterparty and subject are not related by that."""
    bare = {"counterparty": None, "subject": None}
    case = _case("C-1", 3, **bare)
    assert related_cases(case, [_case("C-2", 3, initiator="u-2", **bare)], WINDOW) == ()
