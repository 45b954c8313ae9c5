"""Exact numbers: rationals in, rounding only where a rulebook names a point (SR-24).

Texts are decimals (``97.40``) or rationals in lowest terms (``540/173``). Binary floating point is
never involved.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Final, assert_never

from opsledger_contracts.documents.rulebook import RoundingMode
from opsledger_contracts.rules.errors import InvalidNumber, WeightsInvalid

_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?", re.ASCII)
_RATIONAL: Final = re.compile(r"-?(0|[1-9][0-9]{0,999})/[1-9][0-9]{0,999}", re.ASCII)


# The parameters of a rulebook are read again for every item and every assessment.
@lru_cache(maxsize=4096)
def parse_decimal(text: str) -> Fraction:
    """The exact value of decimal text: at most 18 digits before and 12 after the point.

    Raises:
        InvalidNumber: the text has an exponent, a plus sign, blanks, leading zeros or no digit.

    """
    if _DECIMAL.fullmatch(text) is None:
        raise InvalidNumber(text=text)
    return Fraction(text)


# The same for weights and contributions.
@lru_cache(maxsize=4096)
def parse_rational(text: str) -> Fraction:
    """The exact value of decimal text or of ``numerator/denominator``.

    Raises:
        InvalidNumber: the text is neither.

    """
    if _RATIONAL.fullmatch(text) is not None:
        return Fraction(text)
    return parse_decimal(text)


def exact(value: Fraction) -> str:
    """The one canonical text of a rational: an integer, or lowest terms ``n/d``."""
    return str(value)


def shown(value: Fraction) -> str:
    """A rational for people: a decimal where one of at most 12 places is exact, else ``n/d``."""
    if 10**12 % value.denominator:
        return exact(value)
    return decimal_text(value, 12).rstrip("0").rstrip(".")


def quantise(value: Fraction, places: int, mode: RoundingMode) -> Fraction:
    """The value rounded to `places` decimals.

    ``half_up`` is 四舍五入: a tie goes away from zero. ``half_even`` takes a tie to the even
    neighbour, ``floor`` and ``ceiling`` go down and up the number line, ``down`` goes towards
    zero.
    """
    scale = 10**places
    lower, rest = divmod(value.numerator * scale, value.denominator)
    return Fraction(lower + _goes_up(lower, 2 * rest, value.denominator, mode), scale)


def _goes_up(lower: int, rest: int, half: int, mode: RoundingMode) -> bool:
    """Whether `lower` and a rest rounds to ``lower + 1``; `half` is as much as half of one."""
    match mode:
        case "floor":
            return False
        case "ceiling":
            return rest > 0
        case "down":
            return rest > 0 and lower < 0
        case "half_up":
            return rest > half or (rest == half and lower >= 0)
        case "half_even":
            return rest > half or (rest == half and lower % 2 == 1)
        case _:
            assert_never(mode)


def decimal_text(value: Fraction, places: int) -> str:
    """Decimal text of a value that is exact at `places` decimals, with all of them written.

    Raises:
        InvalidNumber: the value needs more places.

    """
    scale = 10**places
    if scale % value.denominator:
        raise InvalidNumber(text=exact(value))
    scaled = value.numerator * (scale // value.denominator)
    digits = str(abs(scaled)).rjust(places + 1, "0")
    sign = "-" if scaled < 0 else ""
    if places == 0:
        return sign + digits
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def ratio(numerator: Fraction, denominator: Fraction) -> Fraction:
    """The quotient of two exact values.

    Raises:
        InvalidNumber: the denominator is zero.

    """
    if denominator == 0:
        raise InvalidNumber(text=f"{exact(numerator)}/0")
    return numerator / denominator


def clamp(value: Fraction, floor: Fraction, cap: Fraction) -> Fraction:
    """The value, but not below `floor` and not above `cap`."""
    return max(floor, min(cap, value))


def whole_steps(distance: Fraction, step: Fraction) -> int:
    """How many whole steps fit into a distance; a distance of exactly n steps counts n."""
    quotient = distance / step
    return quotient.numerator // quotient.denominator


def largest_remainder(
    values: Sequence[Fraction], places: int, total: Fraction
) -> tuple[Fraction, ...]:
    """Values rounded to `places` decimals that total exactly `total`, in the same order.

    Every value is floored; the units that are missing go to the largest remainders, earlier values
    first where remainders are equal.

    Raises:
        WeightsInvalid: the values do not total `total`, or `total` is not exact at `places`.

    """
    if sum(values, Fraction(0)) != total:
        raise WeightsInvalid(expected=shown(total), found=shown(sum(values, Fraction(0))))
    if quantise(total, places, "floor") != total:
        raise WeightsInvalid(expected=f"{places} dp", found=shown(total))
    floors = [quantise(value, places, "floor") for value in values]
    unit = Fraction(1, 10**places)
    missing = (total - sum(floors, Fraction(0))) / unit
    order = sorted(range(len(values)), key=lambda place: floors[place] - values[place])
    raised = set(order[: int(missing)])
    return tuple(floor + unit if place in raised else floor for place, floor in enumerate(floors))


def mean(values: Sequence[Fraction]) -> Fraction:
    """The arithmetic mean.

    Raises:
        InvalidNumber: there is no value.

    """
    return ratio(sum(values, Fraction(0)), Fraction(len(values)))


def trimmed_mean(values: Sequence[Fraction], each_end: int) -> Fraction:
    """The mean without the `each_end` lowest and the `each_end` highest values.

    Raises:
        InvalidNumber: nothing is left.

    """
    ordered = sorted(values)
    return mean(ordered[each_end : len(ordered) - each_end])


def weighted_mean(pairs: Sequence[tuple[Fraction, Fraction]]) -> Fraction:
    """The mean of ``(value, weight)`` pairs by their weights.

    Raises:
        InvalidNumber: the weights total zero.

    """
    weights = sum((weight for _, weight in pairs), Fraction(0))
    return ratio(sum((value * weight for value, weight in pairs), Fraction(0)), weights)
