"""Properties of exact numbers, weights and days."""

import decimal
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.documents.rulebook import RoundingMode
from opsledger_contracts.rules.days import due, is_working_day, working_days_between
from opsledger_contracts.rules.numbers import (
    decimal_text,
    exact,
    largest_remainder,
    parse_decimal,
    parse_rational,
    quantise,
    shown,
)
from opsledger_contracts.rules.weights import (
    displayed_weights,
    weights_rebase_add,
    weights_redistribute_delete,
)
from support.scoring_examples import calendar, rulebook

ORACLE: Final[dict[RoundingMode, str]] = {
    "half_up": decimal.ROUND_HALF_UP,
    "half_even": decimal.ROUND_HALF_EVEN,
    "floor": decimal.ROUND_FLOOR,
    "ceiling": decimal.ROUND_CEILING,
    "down": decimal.ROUND_DOWN,
}
CALENDARS = (calendar("CN-2026.1"), calendar("CN-2027.1"))
HUNDRED = Fraction(100)

decimals = st.decimals(
    min_value=-(10**9), max_value=10**9, places=6, allow_nan=False, allow_infinity=False
)
fractions = st.fractions(min_value=-1000, max_value=1000, max_denominator=10**6)
parts = st.lists(st.integers(min_value=1, max_value=10**6), min_size=2, max_size=12)
days = st.dates(min_value=date(2026, 2, 1), max_value=date(2027, 10, 31))


@pytest.mark.parametrize("mode", list(ORACLE))
@given(value=decimals, places=st.integers(min_value=0, max_value=6))
def test_rounding_agrees_with_decimal(
    mode: RoundingMode, value: decimal.Decimal, places: int
) -> None:
    """Every mode gives what the decimal module gives for the same text."""
    with decimal.localcontext(prec=60):
        expected = value.quantize(decimal.Decimal(1).scaleb(-places), rounding=ORACLE[mode])
    assert quantise(Fraction(value), places, mode) == Fraction(expected)


@given(value=fractions, places=st.integers(min_value=0, max_value=12))
def test_rounding_moves_by_half_a_unit_at_most(value: Fraction, places: int) -> None:
    """Half up is nearest, and rounding twice changes nothing."""
    rounded = quantise(value, places, "half_up")
    assert abs(rounded - value) <= Fraction(1, 2 * 10**places)
    assert quantise(rounded, places, "half_up") == rounded


@given(value=fractions)
def test_exact_text_is_read_back(value: Fraction) -> None:
    """Both texts of a rational name the same number."""
    assert parse_rational(exact(value)) == value
    assert parse_rational(shown(value)) == value


@given(value=decimals)
def test_decimal_text_is_read_back(value: decimal.Decimal) -> None:
    """A decimal written with its places is the same decimal."""
    text = decimal_text(Fraction(value), 6)
    assert parse_decimal(text) == Fraction(value)
    assert len(text.split(".")[1]) == 6


@given(values=st.permutations([Fraction(n, 7 * n + 3) for n in range(1, 9)]))
def test_sums_do_not_depend_on_their_order(values: list[Fraction]) -> None:
    """Exact addition is associative, which binary addition is not."""
    assert sum(values) == sum(Fraction(n, 7 * n + 3) for n in range(1, 9))


@given(given_parts=parts, places=st.integers(min_value=0, max_value=4))
def test_largest_remainder_totals_exactly(given_parts: list[int], places: int) -> None:
    """Displayed parts total the whole and each is within one unit of its exact value."""
    whole = sum(given_parts)
    values = [HUNDRED * part / whole for part in given_parts]
    rounded = largest_remainder(values, places, HUNDRED)
    assert sum(rounded) == HUNDRED
    for value, shown_value in zip(values, rounded, strict=True):
        assert abs(value - shown_value) < Fraction(1, 10**places)


@given(given_parts=parts, added=st.integers(min_value=1, max_value=99), data=st.data())
def test_weights_total_one_hundred_after_every_change(
    given_parts: list[int], added: int, data: st.DataObject
) -> None:
    """Adding and deleting keep the total and the proportions of the others exactly."""
    whole = sum(given_parts)
    weights = {f"I{n}": HUNDRED * part / whole for n, part in enumerate(given_parts)}
    more = weights_rebase_add(weights, "NEW", Fraction(added), HUNDRED)
    assert sum(more.values()) == HUNDRED
    assert more["I0"] * weights["I1"] == more["I1"] * weights["I0"]
    deleted = data.draw(st.sets(st.sampled_from(sorted(weights)), max_size=len(weights)))
    fewer = weights_redistribute_delete(more, deleted, HUNDRED, None)
    assert sum(fewer.values()) == HUNDRED
    assert fewer.keys() == more.keys() - deleted
    displayed = displayed_weights(fewer, rulebook().weights)
    assert sum(parse_decimal(text) for text in displayed.values()) == HUNDRED


@given(given_parts=parts, added=st.integers(min_value=1, max_value=99))
def test_deleting_what_was_added_restores_the_weights(given_parts: list[int], added: int) -> None:
    """The two rules undo each other without a trace of rounding."""
    whole = sum(given_parts)
    weights = {f"I{n}": HUNDRED * part / whole for n, part in enumerate(given_parts)}
    more = weights_rebase_add(weights, "NEW", Fraction(added), HUNDRED)
    assert weights_redistribute_delete(more, ["NEW"], HUNDRED, None) == weights


@given(anchor=days, offset=st.integers(min_value=-15, max_value=15))
def test_working_days_are_counted_as_they_were_added(anchor: date, offset: int) -> None:
    """A deadline of n working days lies n working days away, on a working day."""
    deadline = due(anchor, offset, "WD", "none", *CALENDARS).due
    if offset > 0:
        assert working_days_between(anchor, deadline, *CALENDARS) == offset
    if offset != 0:
        assert is_working_day(deadline, *CALENDARS)
    else:
        assert deadline == anchor


@given(anchor=days, offset=st.integers(min_value=-30, max_value=30))
def test_a_roll_ends_on_the_nearest_working_day_of_its_side(anchor: date, offset: int) -> None:
    """Rolling leaves a working day alone and never passes one."""
    fixed = due(anchor, offset, "CD", "none", *CALENDARS).due
    assert fixed == anchor + timedelta(days=offset)
    later = due(anchor, offset, "CD", "next", *CALENDARS).due
    earlier = due(anchor, offset, "CD", "previous", *CALENDARS).due
    assert earlier <= fixed <= later
    assert is_working_day(later, *CALENDARS)
    assert is_working_day(earlier, *CALENDARS)
    if is_working_day(fixed, *CALENDARS):
        assert earlier == fixed == later
    else:
        assert working_days_between(earlier, later, *CALENDARS) == 1
