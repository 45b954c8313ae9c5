"""What a counterfactual changes: items, facts, ratings, points, adjustments, clauses (R158).

Single values go by `opsledger_contracts.replaying.overridden`; this adds what changes the set of
things that are scored, and the rules by which they are. A value is plain text, or JSON where the
thing is more than one value. Paths:

- `items.<item>.added` = an item (the fields of `ItemInput` but its name; `weight` is what it gets,
  the other weights are rebased by the rulebook's rule), `items.<item>.deleted` = `redistribute`
- `items.<item>.fact` = a fact with its kind
- `satisfaction.<rater>` = rating, or ratings per dimension separated by commas, or `none`
- `bonus.<clause>`, `penalties.<clause>` = points, or `none`
- `adjustments.<adjustment>.added` = an adjustment (the fields of `AdjustmentInput` but its name),
  `adjustments.<adjustment>.deleted` = `undo`, which takes back its changes of terms
- `clauses.<clause>.params.<parameter>` = text, or JSON for a table, a number or null
"""

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Final, TypeVar

import msgspec

from opsledger_contracts.documents.rulebook import Clause, Rulebook
from opsledger_contracts.events.replay import Override
from opsledger_contracts.problems.replay import OverrideUnknown
from opsledger_contracts.replaying import overridden
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

_NAMED: Final = (
    ("item", re.compile(r"items\.(?P<name>[^.]+)\.(?P<verb>added|deleted|fact)")),
    ("rating", re.compile(r"satisfaction\.(?P<name>.+)")),
    ("points", re.compile(r"(?P<verb>bonus|penalties)\.(?P<name>.+)")),
    ("adjustment", re.compile(r"adjustments\.(?P<name>.+)\.(?P<verb>added|deleted)")),
    ("clause", re.compile(r"clauses\.(?P<name>.+)\.params\.(?P<verb>[a-z][a-z0-9_]*)")),
)
_GONE: Final = "none"
_DELETED: Final = "redistribute"
_UNDONE: Final = "undo"

_Scene = tuple[ScoringInputs, Rulebook]
T = TypeVar("T")


def as_if(inputs: ScoringInputs, rulebook: Rulebook, overrides: tuple[Override, ...]) -> _Scene:
    """Change inputs and rulebook by overrides in their order.

    Raises:
        OverrideUnknown: a path leads to nothing, or the value does not have the shape it needs.
        RuleError: weights or a treatment cannot be changed so in these inputs.

    """
    scene = (inputs, rulebook)
    for override in overrides:
        scene = _changed(scene, override)
    return scene


def _changed(scene: _Scene, override: Override) -> _Scene:
    inputs, rulebook = scene
    for noun, pattern in _NAMED:
        found = pattern.fullmatch(override.path)
        if found is not None:
            groups = found.groupdict()
            return _CHANGES[noun](scene, override, groups["name"], groups.get("verb") or "")
    return overridden(inputs, (override,)), rulebook


def _item(scene: _Scene, override: Override, name: str, verb: str) -> _Scene:
    inputs, rulebook = scene
    present = {item.item: item for item in inputs.items}
    if (verb == "added") == (name in present):
        raise _unknown(override, f"item {name} is {'there' if name in present else 'not there'}")
    if verb == "fact":
        fact = _read(override, Fact)
        changed = msgspec.structs.replace(present[name], fact=fact)
        items = tuple(changed if row.item == name else row for row in inputs.items)
        return msgspec.structs.replace(inputs, items=items), rulebook
    weights = {item.item: parse_rational(item.weight) for item in inputs.items}
    total = parse_decimal(rulebook.weights.total)
    if verb == "added":
        added = _read(override, ItemInput, item=name)
        rule = ADD_RULES[rulebook.adjustment.add_rule]
        weights = rule(weights, name, parse_rational(added.weight), total)
        return _weighted(inputs, (*inputs.items, added), weights), rulebook
    if override.value != _DELETED:
        raise _unknown(override, f"a deletion is {_DELETED}")
    categories = {item.item: item.category for item in inputs.items}
    weights = DELETE_RULES[rulebook.adjustment.delete_rule](
        weights,
        (name,),
        total,
        categories if rulebook.adjustment.redistribution == "same_category" else None,
    )
    kept = tuple(item for item in inputs.items if item.item != name)
    return _weighted(inputs, kept, weights), rulebook


def _weighted(
    inputs: ScoringInputs, items: tuple[ItemInput, ...], weights: Mapping[str, Fraction]
) -> ScoringInputs:
    return msgspec.structs.replace(
        inputs,
        items=tuple(
            msgspec.structs.replace(item, weight=exact(weights[item.item])) for item in items
        ),
    )


def _rating(scene: _Scene, override: Override, name: str, _verb: str) -> _Scene:
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


def _points(scene: _Scene, override: Override, name: str, verb: str) -> _Scene:
    inputs, rulebook = scene
    given: tuple[PointsInput, ...] = getattr(inputs, verb)
    found = [row for row in given if row.clause == name]
    if len(found) != 1:
        raise _unknown(override, f"{len(found)} entries have points under clause {name}")
    rows = [row for row in given if row.clause != name]
    if override.value != _GONE:
        plain = msgspec.to_builtins(found[0]) | {"points": override.value}
        rows.insert(given.index(found[0]), _converted(override, plain, PointsInput))
    return msgspec.structs.replace(inputs, **{verb: tuple(rows)}), rulebook


def _adjustment(scene: _Scene, override: Override, name: str, verb: str) -> _Scene:
    inputs, rulebook = scene
    listed = {row.adjustment for row in inputs.adjustments}
    if verb == "added":
        if name in listed:
            raise _unknown(override, f"adjustment {name} is there")
        added = _read(override, AdjustmentInput, adjustment=name)
        rows = (*inputs.adjustments, added)
        return msgspec.structs.replace(inputs, adjustments=rows), rulebook
    if override.value != _UNDONE:
        raise _unknown(override, f"a deletion is {_UNDONE}")
    undone = with_treatment(inputs, name, "none")
    rows = tuple(row for row in undone.adjustments if row.adjustment != name)
    return msgspec.structs.replace(undone, adjustments=rows), rulebook


def _clause(scene: _Scene, override: Override, name: str, verb: str) -> _Scene:
    inputs, rulebook = scene
    clauses = {clause.clause: clause for clause in rulebook.clauses}
    if name not in clauses or verb not in clauses[name].params:
        raise _unknown(override, f"clause {name} of {rulebook.name} fixes no {verb}")
    plain = msgspec.to_builtins(clauses[name])
    plain["params"] = {**plain["params"], verb: _parameter(override, plain["params"][verb])}
    clauses[name] = _converted(override, plain, Clause)
    return inputs, msgspec.structs.replace(rulebook, clauses=tuple(clauses.values()))


def _parameter(override: Override, before: object) -> object:
    """The new value: text stays text unless it is the word null, all else is read as JSON."""
    if isinstance(before, str) and override.value != "null":
        return override.value
    return _json(override, override.value)


_CHANGES: Final[Mapping[str, Callable[[_Scene, Override, str, str], _Scene]]] = {
    "item": _item,
    "rating": _rating,
    "points": _points,
    "adjustment": _adjustment,
    "clause": _clause,
}


def _read(override: Override, kind: Any, **named: str) -> Any:
    plain = _json(override, override.value)
    return _converted(override, plain | named if isinstance(plain, dict) else plain, kind)


def _json(override: Override, text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise _unknown(override, str(error)) from error


def _converted(override: Override, plain: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(plain, kind)
    except msgspec.ValidationError as error:
        raise _unknown(override, str(error)) from error


def _unknown(override: Override, detail: str) -> OverrideUnknown:
    return OverrideUnknown(path=override.path, value=override.value, detail=detail)
