"""What a counterfactual changes: terms, facts, ratings, points, items, adjustments, clauses (R158).

Both sides, and every study that asks what would have been, change inputs and rulebook with this one
function. A value is plain text, or JSON where the thing is more than one value. Paths:

- `items.<item>.weight`, `items.<item>.params.<parameter>` = the term
- `items.<item>.value`, `items.<item>.evidence_date` = what the fact says; `items.<item>.fact` = a
  fact with its kind
- `items.<item>.added` = an item (the fields of `ItemInput` but its name; `weight` is what it gets,
  the other weights are rebased by the rulebook's rule), `items.<item>.deleted` = `redistribute`
- `satisfaction.<rater>` = rating, or ratings per dimension separated by commas, or `none`
- `bonus.<clause>`, `penalties.<clause>` = points, or `none`; `bonus.<clause>.added`,
  `penalties.<clause>.added` = further points (the fields of `PointsInput` but its clause)
- `adjustments.<adjustment>.treatment` = a treatment, `adjustments.<adjustment>.added` = an
  adjustment (the fields of `AdjustmentInput` but its name), `adjustments.<adjustment>.deleted` =
  `undo`, which takes back its changes of terms
- `clauses.<clause>.params.<parameter>` = text, or JSON for a table, a number or null
"""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final, TypeVar, cast, get_args

import msgspec

from opsledger_contracts.documents.rulebook import Clause, Rulebook, Treatment
from opsledger_contracts.events.replay import Override
from opsledger_contracts.problems.replay import OverrideUnknown
from opsledger_contracts.rules.adjustments import with_treatment
from opsledger_contracts.rules.inputs import (
    AdjustmentInput,
    Fact,
    ItemInput,
    PointsInput,
    RatingInput,
    ScoringInputs,
)
from opsledger_contracts.rules.numbers import exact, parse_decimal, parse_rational
from opsledger_contracts.rules.weights import ADD_RULES, DELETE_RULES

_GONE: Final = "none"
_DELETED: Final = "redistribute"
_UNDONE: Final = "undo"

Scene = tuple[ScoringInputs, Rulebook]
"""What a score follows from."""
T = TypeVar("T")


def as_if(inputs: ScoringInputs, rulebook: Rulebook, overrides: tuple[Override, ...]) -> Scene:
    """Change inputs and rulebook by overrides in their order.

    Raises:
        OverrideUnknown: a path leads to nothing, or the value does not have the shape it needs.
        RuleError: weights or a treatment cannot be changed so in these inputs.

    """
    scene = (inputs, rulebook)
    for override in overrides:
        scene = _changed(scene, override)
    return scene


def _changed(scene: Scene, override: Override) -> Scene:
    for pattern, change in _CHANGES:
        found = pattern.fullmatch(override.path)
        if found is not None:
            return change(scene, override, found["name"], found["what"])
    raise _unknown(override, "there is no such path")


def _term(scene: Scene, override: Override, name: str, what: str) -> Scene:
    inputs, rulebook = scene
    item = _present(inputs, override, name)
    plain: dict[str, Any] = msgspec.to_builtins(item)
    field = what.removeprefix("params.")
    holder = plain if what == "weight" else plain["params"] if field != what else plain["fact"]
    if field not in (holder or {}):
        raise _unknown(override, f"item {name} has no {field}")
    holder[field] = override.value
    return _with_item(inputs, _converted(override, plain, ItemInput)), rulebook


def _fact(scene: Scene, override: Override, name: str, _what: str) -> Scene:
    inputs, rulebook = scene
    item = _present(inputs, override, name)
    changed = msgspec.structs.replace(item, fact=_read(override, Fact))
    return _with_item(inputs, changed), rulebook


def _present(inputs: ScoringInputs, override: Override, name: str) -> ItemInput:
    for item in inputs.items:
        if item.item == name:
            return item
    raise _unknown(override, f"there is no item {name}")


def _with_item(inputs: ScoringInputs, changed: ItemInput) -> ScoringInputs:
    items = tuple(changed if row.item == changed.item else row for row in inputs.items)
    return msgspec.structs.replace(inputs, items=items)


def _added_item(scene: Scene, override: Override, name: str, _what: str) -> Scene:
    inputs, rulebook = scene
    weights = _weights(inputs)
    if name in weights:
        raise _unknown(override, f"item {name} is there")
    added = _read(override, ItemInput, item=name)
    rule = ADD_RULES[rulebook.adjustment.add_rule]
    total = parse_decimal(rulebook.weights.total)
    rebased = rule(weights, name, parse_rational(added.weight), total)
    return _weighted(inputs, (*inputs.items, added), rebased), rulebook


def _deleted_item(scene: Scene, override: Override, name: str, _what: str) -> Scene:
    inputs, rulebook = scene
    _present(inputs, override, name)
    if override.value != _DELETED:
        raise _unknown(override, f"a deletion is {_DELETED}")
    categories = {item.item: item.category for item in inputs.items}
    policy = rulebook.adjustment
    rebased = DELETE_RULES[policy.delete_rule](
        _weights(inputs),
        (name,),
        parse_decimal(rulebook.weights.total),
        categories if policy.redistribution == "same_category" else None,
    )
    kept = tuple(item for item in inputs.items if item.item != name)
    return _weighted(inputs, kept, rebased), rulebook


def _weights(inputs: ScoringInputs) -> dict[str, Fraction]:
    return {item.item: parse_rational(item.weight) for item in inputs.items}


def _weighted(
    inputs: ScoringInputs, items: tuple[ItemInput, ...], weights: Mapping[str, Fraction]
) -> ScoringInputs:
    return msgspec.structs.replace(
        inputs,
        items=tuple(
            msgspec.structs.replace(item, weight=exact(weights[item.item])) for item in items
        ),
    )


def _rating(scene: Scene, override: Override, name: str, _what: str) -> Scene:
    inputs, rulebook = scene
    survey = inputs.satisfaction
    rated = {} if survey is None else {row.rater: row for row in survey.ratings}
    if survey is None or name not in rated:
        raise _unknown(override, f"{name} did not rate")
    if override.value == _GONE:
        del rated[name]
    else:
        plain = msgspec.to_builtins(rated[name]) | {"values": override.value.split(",")}
        rated[name] = _converted(override, plain, RatingInput)
    survey = msgspec.structs.replace(survey, ratings=tuple(rated.values()))
    return msgspec.structs.replace(inputs, satisfaction=survey), rulebook


def _points(scene: Scene, override: Override, name: str, what: str) -> Scene:
    inputs, rulebook = scene
    given: tuple[PointsInput, ...] = getattr(inputs, what)
    found = [row for row in given if row.clause == name]
    if len(found) != 1:
        raise _unknown(override, f"{len(found)} entries have points under clause {name}")
    rows = [row for row in given if row.clause != name]
    if override.value != _GONE:
        plain = msgspec.to_builtins(found[0]) | {"points": override.value}
        rows.insert(given.index(found[0]), _converted(override, plain, PointsInput))
    return msgspec.structs.replace(inputs, **{what: tuple(rows)}), rulebook


def _added_points(scene: Scene, override: Override, name: str, what: str) -> Scene:
    inputs, rulebook = scene
    rows = (*getattr(inputs, what), _read(override, PointsInput, clause=name))
    return msgspec.structs.replace(inputs, **{what: rows}), rulebook


def _treatment(scene: Scene, override: Override, name: str, _what: str) -> Scene:
    inputs, rulebook = scene
    treatment: Treatment
    for treatment in get_args(Treatment):
        if override.value == treatment:
            return with_treatment(inputs, name, treatment), rulebook
    raise _unknown(override, f"a treatment is one of {', '.join(get_args(Treatment))}")


def _added_adjustment(scene: Scene, override: Override, name: str, _what: str) -> Scene:
    inputs, rulebook = scene
    if name in {row.adjustment for row in inputs.adjustments}:
        raise _unknown(override, f"adjustment {name} is there")
    rows = (*inputs.adjustments, _read(override, AdjustmentInput, adjustment=name))
    return msgspec.structs.replace(inputs, adjustments=rows), rulebook


def _deleted_adjustment(scene: Scene, override: Override, name: str, _what: str) -> Scene:
    inputs, rulebook = scene
    if override.value != _UNDONE:
        raise _unknown(override, f"a deletion is {_UNDONE}")
    undone = with_treatment(inputs, name, "none")
    rows = tuple(row for row in undone.adjustments if row.adjustment != name)
    return msgspec.structs.replace(undone, adjustments=rows), rulebook


def _clause(scene: Scene, override: Override, name: str, what: str) -> Scene:
    inputs, rulebook = scene
    clauses = {clause.clause: clause for clause in rulebook.clauses}
    if name not in clauses or what not in clauses[name].params:
        raise _unknown(override, f"clause {name} of {rulebook.name} fixes no {what}")
    plain = msgspec.to_builtins(clauses[name])
    plain["params"] = {**plain["params"], what: _parameter(override, plain["params"][what])}
    clauses[name] = _converted(override, plain, Clause)
    return inputs, msgspec.structs.replace(rulebook, clauses=tuple(clauses.values()))


def _parameter(override: Override, before: object) -> object:
    """The new value: text stays text unless it is the word null, all else is read as JSON."""
    if isinstance(before, str) and override.value != "null":
        return override.value
    return _json(override)


_Change = Callable[[Scene, Override, str, str], Scene]
_CHANGES: Final[tuple[tuple[re.Pattern[str], _Change], ...]] = tuple(
    (re.compile(pattern), change)
    for pattern, change in (
        (
            r"items\.(?P<name>.+)\.(?P<what>weight|value|evidence_date|params\.[a-z0-9_]+)",
            _term,
        ),
        (r"items\.(?P<name>.+)\.(?P<what>fact)", _fact),
        (r"items\.(?P<name>.+)\.(?P<what>added)", _added_item),
        (r"items\.(?P<name>.+)\.(?P<what>deleted)", _deleted_item),
        (r"(?P<what>satisfaction)\.(?P<name>.+)", _rating),
        (r"(?P<what>bonus|penalties)\.(?P<name>.+)\.added", _added_points),
        (r"(?P<what>bonus|penalties)\.(?P<name>.+)", _points),
        (r"adjustments\.(?P<name>.+)\.(?P<what>treatment)", _treatment),
        (r"adjustments\.(?P<name>.+)\.(?P<what>added)", _added_adjustment),
        (r"adjustments\.(?P<name>.+)\.(?P<what>deleted)", _deleted_adjustment),
        (r"clauses\.(?P<name>.+)\.params\.(?P<what>[a-z][a-z0-9_]*)", _clause),
    )
)
"""What each form of path changes; the first that fits counts."""


def _read(override: Override, kind: Any, **named: str) -> Any:
    plain = _json(override)
    if isinstance(plain, dict):
        plain = cast("dict[str, Any]", plain) | named
    return _converted(override, plain, kind)


def _json(override: Override) -> Any:
    try:
        return msgspec.json.decode(override.value)
    except msgspec.DecodeError as error:
        raise _unknown(override, str(error)) from error


def _converted(override: Override, plain: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise _unknown(override, str(error)) from error


def _unknown(override: Override, detail: str) -> OverrideUnknown:
    return OverrideUnknown(path=override.path, value=override.value, detail=detail)
