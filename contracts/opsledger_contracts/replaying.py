"""A score computed again: inputs with single values replaced, and where a replay leaves the record.

Both sides replay with these functions; only what they replay from is their own.
"""

import re
from typing import Any, Final, NamedTuple, get_args

import msgspec

from opsledger_contracts.documents.rulebook import Treatment
from opsledger_contracts.events.assessment import ScoreCalculated
from opsledger_contracts.events.replay import Override
from opsledger_contracts.problems.replay import OverrideUnknown
from opsledger_contracts.rules.adjustments import with_treatment
from opsledger_contracts.rules.inputs import ItemInput, Outcome, ScoringInputs

_TREATMENT: Final = re.compile(r"adjustments\.(?P<adjustment>.+)\.treatment")
_ITEM: Final = re.compile(
    r"items\.(?P<item>.+?)\."
    r"(?:(?P<field>weight|value|evidence_date)|params\.(?P<parameter>[a-z0-9_]+))"
)
_FIGURES: Final = (
    "total",
    "grade",
    "total_exact",
    "inputs_digest",
    "result_digest",
    "tree_digest",
)


class Divergence(NamedTuple):
    """The first figure in which a replay is not what was recorded."""

    field: str
    item: str | None
    """Item of the letter concerned; None for figures of the whole."""
    recorded: str
    replayed: str


def divergence(run: ScoreCalculated, replayed: Outcome) -> Divergence | None:
    """Compare a recorded run with its replay, figure by figure; None when it is bit-identical."""
    found = {row.item: row for row in replayed.item_scores}
    for row in run.item_scores:
        if row != found.get(row.item):
            other = found.get(row.item)
            return Divergence("item_score", row.item, row.exact, other.exact if other else "none")
    for name in _FIGURES:
        recorded, computed = getattr(run, name), getattr(replayed, name)
        if recorded != computed:
            return Divergence(name, None, recorded, computed)
    return None


def overridden(inputs: ScoringInputs, overrides: tuple[Override, ...]) -> ScoringInputs:
    """Replace values in their order; the paths are those that `Override` describes (R158).

    Raises:
        OverrideUnknown: a path leads to nothing, or the value does not have the shape it needs.
        RuleError: a treatment cannot be replaced in these inputs.

    """
    for override in overrides:
        inputs = _replaced(inputs, override)
    return inputs


def _replaced(inputs: ScoringInputs, override: Override) -> ScoringInputs:
    treatment = _TREATMENT.fullmatch(override.path)
    if treatment is not None:
        return with_treatment(inputs, treatment["adjustment"], _treatment_of(override))
    found = _ITEM.fullmatch(override.path)
    if found is None:
        raise _unknown(override, "there is no such path")
    item = next((item for item in inputs.items if item.item == found["item"]), None)
    if item is None:
        raise _unknown(override, f"there is no item {found['item']}")
    changed = _item_with(item, found["field"], found["parameter"], override)
    return msgspec.structs.replace(
        inputs, items=tuple(changed if row is item else row for row in inputs.items)
    )


def _treatment_of(override: Override) -> Treatment:
    for treatment in get_args(Treatment):
        if override.value == treatment:
            return treatment  # type: ignore[no-any-return]
    raise _unknown(override, f"a treatment is one of {', '.join(get_args(Treatment))}")


def _item_with(
    item: ItemInput, field: str | None, parameter: str | None, override: Override
) -> ItemInput:
    plain: dict[str, Any] = msgspec.to_builtins(item)
    holder = plain if field == "weight" else plain["fact"] if field else plain["params"]
    name = field or parameter or ""
    if name not in (holder or {}):
        raise _unknown(override, f"item {item.item} has no {name}")
    holder[name] = override.value
    try:
        return msgspec.convert(plain, ItemInput)
    except msgspec.ValidationError as error:
        raise _unknown(override, str(error)) from error


def _unknown(override: Override, detail: str) -> OverrideUnknown:
    return OverrideUnknown(path=override.path, value=override.value, detail=detail)
