"""What shape each item rule gives the score: its exact pieces for a clause's parameters.

Terms that a letter item brings are taken as given, or else as representative ones that lose nothing:
proportional rules do not change when target and actual are measured in units of the target, steps
from a target do not change when both are moved, and a table of node levels is looked at level by
level.
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec

from opsledger_contracts.documents.rulebook import Clause
from opsledger_contracts.linting import shapes_of_days, shapes_of_steps, shapes_of_values
from opsledger_contracts.linting.drawing import EVERY_LEVEL, Terms, Unsound
from opsledger_contracts.linting.pieces import Shape
from opsledger_contracts.rules.primitives import PRIMITIVES

_DAY: Final = "2000-01-01"
"""Any day: only distances from it matter."""

_POINTS: Final = ("threshold", "target", "stretch")

REPRESENTATIVE: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "proportional@1": {"target": "1"},
        "proportional@2": {"target": "1"},
        "piecewise_linear@1": {"threshold": "1", "target": "2", "stretch": "3"},
        "step@1": {"target": "1"},
        "band@1": {},
        "deduct_count@1": {},
        "deduct_count@2": {},
        "inverse_ratio@1": {"plan": "1"},
        "inverse_step@1": {"target": "0"},
        "lateness@1": {"due": _DAY, "node_level": EVERY_LEVEL},
        "baseline_dependent_cap@1": {"target": "1", "baseline": "1"},
        "negative_target@1": {"target": "-1"},
        "stepped_start@1": {},
        "binary@1": {"due": _DAY},
        "scale@1": {},
        "coefficient_lateness@1": {"coefficient": "1", "due": _DAY, "closes": _DAY},
    }
)
"""Terms to look at a rule with when the letter item brings them."""

_SHAPES: Final[Mapping[str, Callable[[Any, Terms], Iterator[Shape]]]] = MappingProxyType(
    {
        "proportional@1": shapes_of_values.proportional,
        "proportional@2": shapes_of_values.proportional,
        "piecewise_linear@1": shapes_of_values.piecewise_linear,
        "step@1": shapes_of_steps.step,
        "band@1": shapes_of_values.band,
        "deduct_count@1": shapes_of_values.deduction,
        "deduct_count@2": shapes_of_values.deduction,
        "inverse_ratio@1": shapes_of_values.inverse_ratio,
        "inverse_step@1": shapes_of_steps.inverse_step,
        "lateness@1": shapes_of_days.lateness,
        "baseline_dependent_cap@1": shapes_of_steps.baseline,
        "negative_target@1": shapes_of_steps.negative_target,
        "stepped_start@1": shapes_of_values.stepped_start,
        "binary@1": shapes_of_days.binary,
        "scale@1": shapes_of_values.scale,
        "coefficient_lateness@1": shapes_of_days.coefficient,
    }
)


class NotAnalysable(Exception):
    """The pieces depend on terms that the clause leaves to the item, named by the message."""


def shapes(clause: Clause, given: Mapping[str, str] | None = None) -> tuple[Shape, ...]:
    """The shapes of a scoring clause, one per case; `given` are the terms of an item.

    Empty when the clause scores nothing or its parameters are not sound, which other checks report.

    Raises:
        NotAnalysable: a term without a representative is left to the item and not given.

    """
    rule = clause.rule
    if rule is None or rule not in _SHAPES:
        return ()
    terms = dict(given or {})
    _require_terms(clause, rule, terms)
    for name in clause.item_params:
        terms.setdefault(name, REPRESENTATIVE[rule][name])
    try:
        parameters = msgspec.convert({**clause.params, **terms}, PRIMITIVES[rule].parameters)
        open_terms = frozenset(clause.item_params) - frozenset(given or {})
        return tuple(_SHAPES[rule](parameters, Terms(open_terms)))
    except (msgspec.ValidationError, ZeroDivisionError, Unsound):
        return ()


def _require_terms(clause: Clause, rule: str, given: Mapping[str, str]) -> None:
    """Every term is known, given or represented; points of one rule are represented together.

    Raises:
        NotAnalysable: otherwise.

    """
    missing = [name for name in clause.item_params if name not in given]
    for name in missing:
        if name not in REPRESENTATIVE[rule]:
            raise NotAnalysable(name)
    points = [name for name in missing if name in _POINTS]
    if rule == "piecewise_linear@1" and 0 < len(points) < len(_POINTS):
        raise NotAnalysable(", ".join(points))
