"""Exact numbers: parsing, writing, rounding, sharing out (SR-24)."""

from fractions import Fraction

import pytest

from opsledger_contracts.documents.rulebook import RoundingMode
from opsledger_contracts.rules.errors import InvalidNumber, WeightsInvalid
from opsledger_contracts.rules.numbers import (
    clamp,
    decimal_text,
    exact,
    largest_remainder,
    mean,
    parse_decimal,
    parse_rational,
    quantise,
    ratio,
    shown,
    trimmed_mean,
    weighted_mean,
    whole_steps,
)
from support.scoring_examples import vectors


@pytest.mark.parametrize(
    "text", ["", "1e3", "+1", " 1", "1 ", "01", ".5", "5.", "NaN", "1/2", "1_000", "--1", "１"]
)
def test_only_plain_decimal_text_is_a_decimal(text: str) -> None:
    """Exponents, signs, blanks, leading zeros, other digits and words are no decimals."""
    with pytest.raises(InvalidNumber, match="exact number"):
        parse_decimal(text)


NINES = "9" * 1000


@pytest.mark.parametrize(
    ("longest", "too_long"),
    [
        ("9" * 18, "9" * 19),
        ("-" + "9" * 18, "-" + "9" * 19),
        ("0." + "1" * 12, "0." + "1" * 13),
        (f"{NINES}/7", f"9{NINES}/7"),
        (f"1/{NINES}", f"1/9{NINES}"),
    ],
    ids=["digits", "negative", "places", "numerator", "denominator"],
)
def test_a_number_has_so_many_digits_and_no_more(longest: str, too_long: str) -> None:
    """The bounds on length are exact, and what is refused is stated."""
    assert parse_rational(longest) == Fraction(longest)
    with pytest.raises(InvalidNumber) as refused:
        parse_rational(too_long)
    assert refused.value.facts == {"text": too_long}


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-0", 0), ("97.40", Fraction(487, 5)), ("-0.000000000001", Fraction(-1, 10**12))],
)
def test_a_decimal_has_its_exact_value(text: str, value: Fraction) -> None:
    """Decimal text is read without any binary detour."""
    assert parse_decimal(text) == value


def test_a_rational_is_a_decimal_or_a_quotient() -> None:
    """Both forms of exact text are read, and nothing else."""
    assert parse_rational("540/173") == Fraction(540, 173)
    assert parse_rational("22.5") == Fraction(45, 2)
    for text in ("1/0", "1/02", "1.5/2", "1/-2"):
        with pytest.raises(InvalidNumber):
            parse_rational(text)


@pytest.mark.parametrize(
    ("value", "canonical", "people"),
    [
        (Fraction(97), "97", "97"),
        (Fraction(-487, 5), "-487/5", "-97.4"),
        (Fraction(540, 173), "540/173", "540/173"),
        (Fraction(100), "100", "100"),
        (Fraction(0), "0", "0"),
        (Fraction(1, 10**12), "1/1000000000000", "0.000000000001"),
        (Fraction(1, 10**13), "1/10000000000000", "1/10000000000000"),
        (Fraction(21, 2), "21/2", "10.5"),
    ],
)
def test_a_number_has_one_canonical_and_one_readable_text(
    value: Fraction, canonical: str, people: str
) -> None:
    """Canonical text is in lowest terms; people see a decimal where one is exact."""
    assert exact(value) == canonical
    assert shown(value) == people


@pytest.mark.parametrize(
    "row",
    vectors("SR-24")["rounding"],
    ids=lambda row: f"{row['value']} at {row['places']} {row['mode']}",
)
def test_every_rounding_mode_gives_its_golden_value(row: dict[str, str]) -> None:
    """Ties and signs go where the mode says, 四舍五入 away from zero."""
    places = int(row["places"])
    rounded = quantise(parse_decimal(row["value"]), places, row["mode"])  # type: ignore[arg-type]
    assert decimal_text(rounded, places) == row["out"]


@pytest.mark.parametrize("mode", ["half_up", "half_even", "floor", "ceiling", "down"])
@pytest.mark.parametrize("value", [-2, -1, 0, 1, 2])
def test_what_is_exact_already_is_not_rounded(value: int, mode: RoundingMode) -> None:
    """A whole value stays, whatever the mode and the sign."""
    assert quantise(Fraction(value), 0, mode) == value
    assert quantise(Fraction(value, 100), 2, mode) == Fraction(value, 100)


def test_decimal_text_never_hides_a_digit() -> None:
    """A value that needs more places is refused, not cut."""
    assert decimal_text(Fraction(5), 0) == "5"
    assert decimal_text(Fraction(-1, 4), 4) == "-0.2500"
    with pytest.raises(InvalidNumber, match=r"^1/3 is not an exact number"):
        decimal_text(Fraction(1, 3), 4)
    with pytest.raises(InvalidNumber, match=r"^1/100000 is not"):
        decimal_text(Fraction(1, 10**5), 4)


def test_ratio_and_clamp() -> None:
    """A quotient is exact, division by zero is refused, and a clamp holds both ends."""
    assert ratio(Fraction(1), Fraction(3)) == Fraction(1, 3)
    with pytest.raises(InvalidNumber, match=r"^1/0 is not an exact number$"):
        ratio(Fraction(1), Fraction(0))
    assert [clamp(Fraction(value), Fraction(0), Fraction(2)) for value in (-1, 1, 3)] == [0, 1, 2]


def test_exactly_n_steps_count_n() -> None:
    """Whole steps are counted exactly at their edges."""
    assert whole_steps(Fraction(2, 10), Fraction(1, 10)) == 2
    assert whole_steps(Fraction(19, 100), Fraction(1, 10)) == 1


def test_largest_remainder_gives_missing_units_to_the_largest_remainders() -> None:
    """Equal remainders are served in order, and the total is exact."""
    third = Fraction(100, 3)
    assert largest_remainder((third, third, third), 2, Fraction(100)) == (
        Fraction("33.34"),
        Fraction("33.33"),
        Fraction("33.33"),
    )


def test_largest_remainder_refuses_a_wrong_total() -> None:
    """Values must total the total, and the total must be writable at the places."""
    with pytest.raises(WeightsInvalid, match="expected 100, found 99"):
        largest_remainder((Fraction(99),), 2, Fraction(100))
    with pytest.raises(WeightsInvalid, match=r"^weights: expected 2 dp, found 1/3$"):
        largest_remainder((Fraction(1, 3),), 2, Fraction(1, 3))


def test_means() -> None:
    """Plain, trimmed and weighted means are exact; an empty one is refused."""
    assert mean([Fraction(1), Fraction(2)]) == Fraction(3, 2)
    assert trimmed_mean([Fraction(9), Fraction(1), Fraction(2)], 1) == 2
    assert weighted_mean([(Fraction(90), Fraction(1)), (Fraction(60), Fraction(2))]) == 70
    with pytest.raises(InvalidNumber):
        mean([])
    with pytest.raises(InvalidNumber):
        trimmed_mean([Fraction(1), Fraction(2)], 1)
    with pytest.raises(InvalidNumber):
        weighted_mean([])
