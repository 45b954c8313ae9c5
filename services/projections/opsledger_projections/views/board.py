"""The current-plan board (V01): every item of every letter, its terms and how work on it stands."""

from typing import Any, Final

import msgspec

from opsledger_contracts.events import letter as happened
from opsledger_contracts.events import work_item as work
from opsledger_contracts.events.letter import LetterItem
from opsledger_projections.views.letters import LETTER_STATUS, item_changes
from opsledger_projections.views.register import types_of
from opsledger_projections.views.view import (
    Amend,
    Changes,
    Close,
    Current,
    Fact,
    Lookups,
    Put,
    Row,
    View,
)

_WORK_TYPES: Final = types_of("work_item")
_ITEM_TYPES: Final = frozenset(
    event.TYPE
    for event in (
        happened.LetterItemAdded,
        happened.LetterItemRevised,
        happened.LetterItemRemoved,
        happened.LetterItemImposed,
        happened.LetterItemStruck,
    )
)
_WORK_STATUS: Final = {
    work.WorkItemOpened.TYPE: "planned",
    work.WorkStarted.TYPE: "in_progress",
    work.CompletionClaimed.TYPE: "claimed",
    work.CompletionVerified.TYPE: "verified",
    work.CompletionRejected.TYPE: "in_progress",
    work.WorkItemSuspended.TYPE: "suspended",
    work.WorkItemResumed.TYPE: "in_progress",
    work.WorkItemCancelled.TYPE: "cancelled",
}
_DEFAULTS: Final = msgspec.json.decode(
    msgspec.json.encode(
        {
            field.name: field.default_factory()
            if field.default_factory is not msgspec.NODEFAULT
            else None
            if field.default is msgspec.NODEFAULT
            else field.default
            for field in msgspec.structs.fields(LetterItem)
        }
    )
)
"""What a field of an item says where it is absent; null for those that never are."""
_PROGRESS_FIELDS: Final = (
    "percent",
    "planned_percent",
    "forecast",
    "evidence_date",
    "actual_date",
    "quality",
    "due",
)


def _changes(fact: Fact, current: Current) -> Changes:
    if fact.type == happened.LetterItemRevised.TYPE:
        return _item_revised(fact, current)
    if fact.type in _WORK_TYPES:
        return _work_changes(fact, current)
    return _letter_changes(fact, current)


def _item_revised(fact: Fact, current: Current) -> Changes:
    """Lay the fields over the item: what happens to items most often, as briefly as can be."""
    fields = fact.fields
    key = f"{fact.identifier}:{fields['item']}"
    body = current.body(key)
    assert body is not None, key
    before = body["terms"]
    terms = body["terms"] = _revised(before, fields["changes"])
    if terms["level"] == before["level"]:
        return (Amend(key, body),)
    row = current.get(key)
    assert row is not None, key
    return (Put(Row(key=key, body=body, labels=row.labels | {"level": terms["level"]})),)


def _revised(terms: dict[str, Any], changes: list[dict[str, Any]]) -> dict[str, Any]:
    """Give terms after changes of their fields; what a field says by default is left out."""
    terms = dict(terms)
    for change in changes:
        name, after = change["field"], change["to"]
        if after == _DEFAULTS[name]:
            terms.pop(name, None)
        else:
            terms[name] = after
    return terms


def _letter_changes(fact: Fact, current: Current) -> Changes:
    letter = fact.identifier
    if fact.type == happened.LetterDrafted.TYPE:
        yield Put(_header(letter, fact.fields | {"letter_status": "drafted"}))
        return
    header = current.get(letter)
    assert header is not None, letter
    status = LETTER_STATUS.get(fact.type, header.body["letter_status"])
    touched = set()
    for change in item_changes(fact):
        touched.add(change["item"])
        key = f"{letter}:{change['item']}"
        if change.get("removed"):
            yield Close(key)
            continue
        before = current.get(key)
        body: dict[str, Any] = dict(before.body) if before else {"letter": letter}
        terms = change.get("added") or _revised(body["terms"], change["changes"])
        yield Put(_item(header, body | {"terms": terms, "letter_status": status}))
    if status != header.body["letter_status"]:
        for row in current.where("letter", letter):
            if row.key == letter:
                yield Put(_header(letter, row.body | {"letter_status": status}))
            elif row.body["terms"]["item"] not in touched:
                yield Put(_item(header, row.body | {"letter_status": status}))


def _work_changes(fact: Fact, current: Current) -> Changes:
    fields = fact.fields
    if fact.type == work.WorkItemOpened.TYPE:
        row = current.get(f"{fields['letter']}:{fields['item']}")
    else:
        row = next(iter(current.where("work_item", fact.identifier)), None)
    if row is None:
        return  # The item was taken out of the letter; its work has a register of its own.
    body = row.body | {"work_item": fact.identifier}
    if fact.type in _WORK_STATUS:
        body["status"] = _WORK_STATUS[fact.type]
    body |= {name: fields[name] for name in _PROGRESS_FIELDS if fields.get(name) is not None}
    labels = row.labels | {"status": body["status"], "work_item": fact.identifier}
    yield Put(Row(key=row.key, body=body, labels=labels))


def _lookups(fact: Fact) -> Lookups:
    fields = fact.fields
    letter = fact.identifier
    if fact.type == happened.LetterItemRevised.TYPE:
        return (("", f"{letter}:{fields['item']}"),)
    if fact.type == work.WorkItemOpened.TYPE:
        return (("", f"{fields['letter']}:{fields['item']}"),)
    if fact.type in _WORK_TYPES:
        return (("work_item", letter),)
    items = (("", f"{letter}:{change['item']}") for change in item_changes(fact))
    rows = (("letter", letter),) if fact.type in LETTER_STATUS else ()
    return (("", letter), *items, *rows)


def _header(letter: str, body: dict[str, Any]) -> Row:
    return Row(
        key=letter,
        body=body,
        labels={
            "kind": "letter",
            "letter": letter,
            "unit": body["responsible_unit"],
            "period": body["period"],
            "level": "",
            "status": body["letter_status"],
            "work_item": "",
        },
    )


def _item(header: Row, body: dict[str, Any]) -> Row:
    body = {"status": "planned"} | body
    return Row(
        key=f"{header.key}:{body['terms']['item']}",
        body=body,
        labels=header.labels
        | {
            "kind": "item",
            "level": body["terms"]["level"],
            "status": body["status"],
            "work_item": body.get("work_item", ""),
        },
    )


PLAN_BOARD: Final = View(
    name="plan_board",
    code="V01",
    version=1,
    zh="现行计划看板",
    en="current-plan board",
    labels=("kind", "letter", "unit", "period", "level", "status", "work_item"),
    indexed=("letter", "work_item", "unit"),
    types=frozenset(LETTER_STATUS) | _ITEM_TYPES | _WORK_TYPES,
    changes=_changes,
    looks_up=_lookups,
    undivided_percent=40,
)
