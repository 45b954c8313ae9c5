"""What the shapes of all item rules are drawn with."""

from fractions import Fraction
from typing import Final

from opsledger_contracts.linting.pieces import Axis, Line, Piece, Stairs
from opsledger_contracts.rules.numbers import parse_decimal

EVERY_LEVEL: Final = "every"
"""Stands for each node level in turn."""

DAYS_LATE: Final = Axis(zh="延误天数", en="days late", days=True)
ACTUAL: Final = Axis(zh="实际值", en="actual")


class Unsound(Exception):
    """A step, a cap or the order of points makes no sense, which other checks report."""


class Terms:
    """Which terms are not known because the item brings them, and what is on the axis then."""

    def __init__(self, left_open: frozenset[str]) -> None:
        self._open = left_open

    def measured_in(self, term: str, zh: str, en: str) -> Axis:
        """The actual value, in units of a term that is not known."""
        if term in self._open:
            return Axis(zh=f"实际值（以{zh}为单位）", en=f"actual, in units of the {en}")
        return ACTUAL

    def taken_as(self, term: str, zh: str, en: str) -> Axis:
        """The actual value, among points that stand in for unknown ones."""
        if term in self._open:
            return Axis(zh=f"实际值（取{zh}）", en=f"actual (taking {en})")
        return ACTUAL

    def beside(self, term: str, zh: str, en: str) -> Axis:
        """The actual value, as distance from a term that is not known."""
        if term in self._open:
            return Axis(zh=f"实际值与{zh}之差", en=f"actual less the {en}")
        return ACTUAL


def piece(
    run: Line | Stairs,
    zh: str,
    en: str,
    *,
    lo: Fraction | None = None,
    hi: Fraction | None = None,
    held: bool = False,
) -> Piece:
    """One piece; `held` says that it owns its lower end."""
    return Piece(lo=lo, hi=hi, lo_held=held, run=run, zh=zh, en=en)


def optional(text: str | None) -> Fraction | None:
    """The exact value of a parameter that may be left open."""
    return None if text is None else parse_decimal(text)


def above_zero(text: str) -> Fraction:
    """The exact value of what a rule divides by.

    Raises:
        Unsound: it is not above zero.

    """
    value = parse_decimal(text)
    if value <= 0:
        raise Unsound
    return value
