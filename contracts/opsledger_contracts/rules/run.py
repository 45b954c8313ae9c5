"""One run over the steps from items to grade, and what every step of it needs."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final, TypeVar

import msgspec

from opsledger_contracts.documents.rulebook import RoundingPoint, Rulebook, ScoringStep
from opsledger_contracts.documents.section import Section
from opsledger_contracts.rules.errors import InvalidRulebook
from opsledger_contracts.rules.inputs import (
    AppliedVeto,
    Explanation,
    ItemInput,
    ItemScore,
    ScoringInputs,
)
from opsledger_contracts.rules.leaves import clause_of
from opsledger_contracts.rules.numbers import exact, parse_decimal, parse_rational
from opsledger_contracts.rules.rounding import rounded_text

_AFTER_ITEMS: Final[tuple[ScoringStep, ...]] = ("satisfaction", "bonus_penalty", "veto", "clamp")
_BEFORE_VETO: Final[tuple[ScoringStep, ...]] = ("satisfaction", "bonus_penalty")


class Run:
    """One run over the steps: the exact value so far, the tree that explains it, what was found."""

    def __init__(self, inputs: ScoringInputs, rulebook: Rulebook) -> None:
        self.inputs = inputs
        self.rulebook = rulebook
        self.value = Fraction(0)
        self.done: tuple[Explanation, ...] = ()
        """The node of the last step, which holds those before it; empty before the first."""
        self.item_scores: list[ItemScore] = []
        self.components: dict[str, tuple[Fraction, Fraction]] = {}
        """Exact value of each component, and what it contributes to the total."""
        self.letter_share = Fraction(1)
        """What counts of the letter, and with it of each item's contribution."""
        self.zeroed: frozenset[str] = frozenset()
        """Items that score 0 since the unit caused their deletion."""
        self.gate_closed = False
        self.vetoes: tuple[AppliedVeto, ...] = ()
        self.grade_cap: str | None = None
        self.total = ""
        self.grade = ""
        self.status = ""

    def advance(self, node: Explanation, value: Fraction) -> None:
        """Take the node of a step, which has the node so far among its inputs."""
        self.done = (node,)
        self.value = value

    def rounded(self, value: Fraction, point: RoundingPoint) -> str:
        """The value rounded at a named point of this rulebook."""
        return rounded_text(value, point, self.rulebook)

    def full(self, item: ItemInput) -> Fraction:
        """The score that means full marks under the item's clause.

        Raises:
            UnknownClause: the rulebook does not have it; a deleted item that scores 0 gets here so.

        """
        full = clause_of(self.rulebook, item.clause, f"item {item.item}").full
        return parse_decimal(self.rulebook.weights.total if full is msgspec.UNSET else full)

    def rescore(self, scores: Mapping[str, Fraction]) -> Fraction:
        """Replace the exact scores of items, and tell what the letter is with them."""
        items = {item.item: item for item in self.inputs.items}
        for place, row in enumerate(self.item_scores):
            if row.item in scores:
                value = scores[row.item]
                points = parse_rational(row.weight) * value / self.full(items[row.item])
                self.item_scores[place] = msgspec.structs.replace(
                    row,
                    exact=exact(value),
                    score=self.rounded(value, "item_score"),
                    contribution=exact(points),
                )
        letter = sum((parse_rational(row.contribution) for row in self.item_scores), Fraction(0))
        self.components["letter"] = (letter, self.letter_share * letter)
        return letter


def order_stands(steps: Sequence[ScoringStep]) -> bool:
    """Whether the steps can be done in this order.

    They begin with items, end with round and grade, after which only status may come, and do not
    repeat. Gate and coefficient work on items, so they come before what works on the letter; a veto
    comes after satisfaction and points, which could lift a total that it has capped.
    """
    tail = tuple(steps[:-1]) if steps[-1] == "status" else tuple(steps)
    return (
        steps[0] == "items"
        and tail[-2:] == ("round", "grade")
        and "status" not in tail
        and len(set(steps)) == len(steps)
        and all(_before(steps, step, _AFTER_ITEMS) for step in ("gate", "coefficient"))
        and all(_before(steps, step, ("veto",)) for step in _BEFORE_VETO)
    )


def _before(steps: Sequence[str], step: str, later: Sequence[str]) -> bool:
    """Whether a step, if it is there, comes before the later ones that are there."""
    return step not in steps or all(
        list(steps).index(step) < place for place, name in enumerate(steps) if name in later
    )


def sections(rulebook: Rulebook) -> dict[ScoringStep, Section | msgspec.UnsetType]:
    """The sections that steps of their own need, by step."""
    return {
        "gate": rulebook.gate,
        "coefficient": rulebook.difficulty,
        "veto": rulebook.veto,
        "status": rulebook.status,
    }


PolicyT = TypeVar("PolicyT")


def required(section: PolicyT | msgspec.UnsetType, path: str, rulebook: Rulebook) -> PolicyT:
    """The section at a path of the rulebook.

    Raises:
        InvalidRulebook: the rulebook does not have it.

    """
    if section is msgspec.UNSET:
        raise InvalidRulebook(rulebook=rulebook.name, path=path, detail="the section is missing")
    return section


RuleT = TypeVar("RuleT")


def rule_of(table: Mapping[str, RuleT], rule: str, path: str, rulebook: Rulebook) -> RuleT:
    """The function of a rule that the rulebook names at a path.

    Raises:
        InvalidRulebook: the engine has no such rule.

    """
    if rule not in table:
        raise InvalidRulebook(rulebook=rulebook.name, path=path, detail=f"no {rule}")
    return table[rule]


def op_of(primitive: str) -> str:
    """A primitive's name as an operation in the tree, e.g. ``step.1``."""
    return primitive.replace("@", ".")
