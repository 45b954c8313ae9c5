"""Where a score lands when one thing in it is another: the steps of the rules from items to grade.

The items are scored once; whatever is asked after that only goes through the later steps, which
are those of the rulebook and no copy of them.
"""

import copy
from collections.abc import Mapping
from fractions import Fraction

import msgspec

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.rules.adjustments import apply_adjustments
from opsledger_contracts.rules.inputs import ItemInput, ScoringInputs
from opsledger_contracts.rules.numbers import parse_decimal, parse_rational, quantise
from opsledger_contracts.rules.run import Run
from opsledger_contracts.rules.steps import STEPS


class Landing(msgspec.Struct, frozen=True, kw_only=True):
    """A total before rounding, as published, and its grade."""

    value: Fraction
    total: str
    grade: str


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """The exact total from which a grade's band is reached once the total is rounded.

    `included` says whether exactly this total reaches it.
    """

    value: Fraction
    included: bool


class Composition:
    """A scored assessment of which single item scores, ratings or points can be replaced."""

    def __init__(self, inputs: ScoringInputs, rulebook: Rulebook) -> None:
        self.rulebook = rulebook
        self._scored = Run(apply_adjustments(inputs, rulebook), rulebook)
        STEPS["items"](self._scored)
        self.now = self.landing({})
        """Where the assessment lands as it is."""

    @property
    def items(self) -> tuple[ItemInput, ...]:
        """The items that are scored by their facts."""
        inputs = self._scored.inputs
        return tuple(item for item in inputs.items if item.item not in self._scored.zeroed)

    @property
    def inputs(self) -> ScoringInputs:
        """The inputs with all adjustments applied."""
        return self._scored.inputs

    def score(self, item: str) -> Fraction:
        """The exact score of an item as it is."""
        row = next(row for row in self._scored.item_scores if row.item == item)
        return parse_rational(row.exact)

    def landing(
        self, scores: Mapping[str, Fraction], inputs: ScoringInputs | None = None
    ) -> Landing:
        """Where it lands with these item scores, and with other ratings or points."""
        run = copy.copy(self._scored)
        run.item_scores = list(run.item_scores)
        run.components = dict(run.components)
        if inputs is not None:
            run.inputs = inputs
        (node,) = run.done
        run.advance(node, run.rescore(scores))
        for step in self.rulebook.order.steps[1:]:
            STEPS[step](run)
        return Landing(value=run.value, total=run.total, grade=run.grade)


def edges(rulebook: Rulebook) -> tuple[Edge, ...]:
    """Every edge between two grades, as an exact total."""
    policy = rulebook.grades
    return tuple(
        _edge(parse_decimal(band.lo), rulebook) for band in policy.bands if band.lo is not None
    )


def _edge(low: Fraction, rulebook: Rulebook) -> Edge:
    if rulebook.grades.basis == "exact":
        return Edge(value=low, included=True)
    point = next(row for row in rulebook.rounding.points if row.point == "total")
    unit = Fraction(1, 10**point.places)
    reached = quantise(low, point.places, "ceiling")
    match point.mode:
        case "half_up" | "half_even":
            value = reached - unit / 2
        case "ceiling":
            value = reached - unit
        case "down" if reached <= 0:
            value = reached - unit
        case _:
            value = reached
    return Edge(value=value, included=quantise(value, point.places, point.mode) >= low)
