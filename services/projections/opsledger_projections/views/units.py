"""Organisation units (V22): one row per unit and stretch of days on which nothing about it changed.

A unit moves, changes its control mode or ends on a stated day, which may be recorded later or
ahead of time. Each field has on each day the value stated for the latest day until then, and of
several for one day the one recorded last.
"""

from typing import Any, Final

from opsledger_contracts.events.unit import (
    ControlModeSet,
    OrgUnitDissolved,
    OrgUnitRegistered,
)
from opsledger_projections.views.register import types_of
from opsledger_projections.views.view import (
    Changes,
    Close,
    Current,
    Fact,
    Lookups,
    Put,
    Row,
    View,
    provenance,
)

_STATUS: Final = {OrgUnitRegistered.TYPE: "active", OrgUnitDissolved.TYPE: "dissolved"}


def _changes(fact: Fact, current: Current) -> Changes:
    unit = fact.identifier
    rows = current.where("unit", unit)
    fields = dict(fact.fields)
    if fact.type in _STATUS:
        fields["status"] = _STATUS[fact.type]
    if isinstance(fact.event, ControlModeSet):
        fields["control_mode"] = fields.pop("mode")
    stated = [*(rows[0].body["stated"] if rows else ()), fields | provenance(fact)]
    days = sorted({statement["valid_from"] for statement in stated})
    segments = {
        f"{unit}:{day}": _segment(unit, day, day_to, stated)
        for day, day_to in zip(days, [*days[1:], ""], strict=True)
    }
    for row in rows:
        if row.key not in segments:
            yield Close(row.key)
    for segment in segments.values():
        yield Put(segment)


def _lookups(fact: Fact) -> Lookups:
    return (("unit", fact.identifier),)


def _segment(unit: str, day: str, day_to: str, stated: list[dict[str, Any]]) -> Row:
    body: dict[str, Any] = {}
    # Sorting is stable, so of several statements for one day the one recorded last is laid over.
    for statement in sorted(stated, key=lambda statement: statement["valid_from"]):
        if statement["valid_from"] <= day:
            body |= statement
    del body["recorded"]
    body |= {"id": unit, "valid_from": day, "stated": stated}
    return Row(
        key=f"{unit}:{day}",
        body=body,
        labels={
            "unit": unit,
            "parent": body.get("parent") or "",
            "type": body.get("type", ""),
            "status": body.get("status", ""),
        },
        valid_from=day,
        valid_to=day_to,
    )


UNITS: Final = View(
    name="units",
    code="V22",
    version=1,
    zh="组织单元",
    en="organisation units",
    labels=("unit", "parent", "type", "status"),
    indexed=("unit", "parent"),
    types=types_of("unit"),
    changes=_changes,
    looks_up=_lookups,
    dated=True,
)
