"""The current-plan board (V01): every item of every letter, its terms and how work on it stands."""

from datetime import date
from typing import Any, Final

import msgspec

from opsledger_contracts.events import letter as happened
from opsledger_contracts.events import work_item as work
from opsledger_contracts.letters import item_changes, revised
from opsledger_projections.views.letters import LETTER_STATUS
from opsledger_projections.views.register import types_of
from opsledger_projections.views.view import Changes, Close, Current, Fact, Lookups, Put, Row, View

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
    if fact.envelope.type in _WORK_TYPES:
        yield from _work_changes(fact, current)
        return
    letter = fact.identifier
    if isinstance(fact.event, happened.LetterDrafted):
        yield Put(_header(letter, fact.fields | {"letter_status": "drafted"}))
        return
    header = current.get(letter)
    assert header is not None, letter
    status = LETTER_STATUS.get(fact.envelope.type, header.body["letter_status"])
    for change in item_changes(fact.event):
        key = f"{letter}:{change.item}"
        if change.removed:
            yield Close(key)
            continue
        before = current.get(key)
        body: dict[str, Any] = dict(before.body) if before else {"letter": letter}
        item = change.added or revised(dict(body["terms"]), change.changes)
        body |= {"terms": msgspec.to_builtins(item), "letter_status": status}
        yield Put(_item(header, body))
    if status != header.body["letter_status"]:
        touched = frozenset(change.item for change in item_changes(fact.event))
        for row in current.where("letter", letter):
            if row.key == letter:
                yield Put(_header(letter, row.body | {"letter_status": status}))
            elif row.body["terms"]["item"] not in touched:
                yield Put(_item(header, row.body | {"letter_status": status}))


def _work_changes(fact: Fact, current: Current) -> Changes:
    event = fact.event
    if isinstance(event, work.WorkItemOpened):
        row = current.get(f"{event.letter}:{event.item}")
    else:
        row = next(iter(current.where("work_item", fact.identifier)), None)
    if row is None:
        return  # The item was taken out of the letter; its work has a register of its own.
    body = row.body | {"work_item": fact.identifier}
    if fact.envelope.type in _WORK_STATUS:
        body["status"] = _WORK_STATUS[fact.envelope.type]
    for field in _PROGRESS_FIELDS:
        value = getattr(event, field, None)
        if value is not None:
            body[field] = value.isoformat() if isinstance(value, date) else value
    labels = row.labels | {"status": body["status"], "work_item": fact.identifier}
    yield Put(Row(key=row.key, body=body, labels=labels))


def _lookups(fact: Fact) -> Lookups:
    event = fact.event
    if isinstance(event, work.WorkItemOpened):
        return (("", f"{event.letter}:{event.item}"),)
    key = fact.identifier
    if fact.envelope.type in _WORK_TYPES:
        return (("work_item", key),)
    items = (("", f"{key}:{change.item}") for change in item_changes(event))
    rows = (("letter", key),) if fact.envelope.type in LETTER_STATUS else ()
    return (("", key), *items, *rows)


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
    looked_up=frozenset(("letter", "work_item")),
    types=frozenset(LETTER_STATUS) | _ITEM_TYPES | _WORK_TYPES,
    changes=_changes,
    looks_up=_lookups,
)
