"""Rounding at the points that a rulebook names (SR-24)."""

from fractions import Fraction

from opsledger_contracts.documents.rulebook import RoundingPoint, Rulebook
from opsledger_contracts.rules.errors import InvalidRulebook
from opsledger_contracts.rules.numbers import decimal_text, quantise


def rounded_text(value: Fraction, point: RoundingPoint, rulebook: Rulebook) -> str:
    """The decimal text of a value rounded as the rulebook says for a named point.

    Raises:
        InvalidRulebook: the rulebook does not name the point.

    """
    for row in rulebook.rounding.points:
        if row.point == point:
            return decimal_text(quantise(value, row.places, row.mode), row.places)
    raise InvalidRulebook(rulebook=rulebook.name, path="rounding.points", detail=f"no {point}")
