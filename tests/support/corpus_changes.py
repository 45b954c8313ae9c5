"""Counterfactuals of the golden corpus: changes of an assessment in every form that there is."""

from collections.abc import Callable
from fractions import Fraction
from typing import Final

import msgspec

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.replay import Override
from opsledger_contracts.rules.inputs import ScoringInputs
from support.corpus_clauses import MODES, YEAR_END, YEAR_START, Plain
from support.corpus_drawing import Draw
from support.corpus_inputs import RATERS, item_of, sources
from support.corpus_rulebooks import POINTS


def counterfactual(draw: Draw, inputs: ScoringInputs, rulebook: Rulebook) -> tuple[Override, ...]:
    """One or two changes of an assessment, of every form that there is."""
    changes = [draw.pick(_OVERRIDES)(draw, inputs, rulebook) for _ in range(draw.between(1, 2))]
    return tuple(Override(path=path, value=value) for path, value in changes)


def _json(value: Plain) -> str:
    return msgspec.json.encode(value).decode()


def _weight(draw: Draw, inputs: ScoringInputs, _rulebook: Rulebook) -> tuple[str, str]:
    item = draw.pick(inputs.items)
    return f"items.{item.item}.weight", item.weight if draw.chance(70) else "12.5"


def _stating(draw: Draw, inputs: ScoringInputs, field: str) -> str:
    """An item whose fact states the field; any item where none does."""
    stating = [row.item for row in inputs.items if hasattr(row.fact, field)]
    return draw.pick(stating or [row.item for row in inputs.items])


def _value(draw: Draw, inputs: ScoringInputs, _rulebook: Rulebook) -> tuple[str, str]:
    return f"items.{_stating(draw, inputs, 'value')}.value", draw.decimal(0, 100, 2)


def _evidence(draw: Draw, inputs: ScoringInputs, _rulebook: Rulebook) -> tuple[str, str]:
    day = draw.day(YEAR_START, YEAR_END)
    return f"items.{_stating(draw, inputs, 'evidence_date')}.evidence_date", day.isoformat()


def _parameter(draw: Draw, inputs: ScoringInputs, _rulebook: Rulebook) -> tuple[str, str]:
    item = draw.pick(inputs.items)
    name = draw.pick(sorted(item.params) or ["target"])
    return f"items.{item.item}.params.{name}", draw.pick(("2026-06-30", "77.5", "1"))


def _added(draw: Draw, _inputs: ScoringInputs, rulebook: Rulebook) -> tuple[str, str]:
    clause = draw.pick([row for row in rulebook.clauses if row.rule is not None])
    item = item_of(draw, 90, clause, Fraction(draw.between(1, 30)))
    name = item.pop("item")
    return f"items.{name}.added", _json(item)


def _gone(draw: Draw, inputs: ScoringInputs, _rulebook: Rulebook) -> tuple[str, str]:
    return f"items.{draw.pick(inputs.items).item}.deleted", "redistribute"


def _rating(draw: Draw, inputs: ScoringInputs, _rulebook: Rulebook) -> tuple[str, str]:
    survey = inputs.satisfaction
    raters = RATERS if survey is None else [row.rater for row in survey.ratings]
    return f"satisfaction.{draw.pick(raters or RATERS)}", draw.pick(("none", "9.5", "6,7.5,8"))


def _granted(draw: Draw, _inputs: ScoringInputs, _rulebook: Rulebook) -> tuple[str, str]:
    points = {"points": "1.5", "reason": "追加", "sources": sources("assessment", 1, 9)}
    noun = draw.pick(("bonus", "penalties"))
    if draw.chance(50):
        return f"{noun}.{draw.pick(POINTS)}.added", _json(points)
    return f"{noun}.{draw.pick(POINTS)}", draw.pick(("none", "2"))


def _treated(draw: Draw, inputs: ScoringInputs, rulebook: Rulebook) -> tuple[str, str]:
    names = [row.adjustment for row in inputs.adjustments]
    if not names:
        return _adjusted(draw, inputs, rulebook)
    treatment = draw.pick(("extend", "exclude", "retarget", "refuse", "none", "undo"))
    if treatment == "undo":
        return f"adjustments.{draw.pick(names)}.deleted", treatment
    return f"adjustments.{draw.pick(names)}.treatment", treatment


def _adjusted(draw: Draw, inputs: ScoringInputs, _rulebook: Rulebook) -> tuple[str, str]:
    row: Plain = {
        "kind": "force_majeure",
        "cause_class": "force_majeure",
        "treatment": draw.pick(("exclude", "refuse")),
        "items": [draw.pick(inputs.items).item],
        "requested_on": "2026-07-01",
        "sources": sources("adjustment", "NEW", 1),
    }
    return "adjustments.New-1.added", _json(row)


def _ruled(draw: Draw, _inputs: ScoringInputs, rulebook: Rulebook) -> tuple[str, str]:
    clause = draw.pick([row for row in rulebook.clauses if row.rule is not None])
    name = draw.pick(sorted(clause.params))
    value = draw.pick(MODES) if name == "mode" else draw.pick(("50", "0.02"))
    return f"clauses.{clause.clause}.params.{name}", value


_OVERRIDES: Final[tuple[Callable[[Draw, ScoringInputs, Rulebook], tuple[str, str]], ...]] = (
    _weight,
    _value,
    _evidence,
    _parameter,
    _added,
    _gone,
    _rating,
    _granted,
    _treated,
    _adjusted,
    _ruled,
)
