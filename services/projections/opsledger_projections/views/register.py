"""Registers: views that are the plain fold of one noun's streams, declared as data.

A register has one row per thing. Each event of the thing's stream lays its fields over the row;
events that recur (clauses, findings, ballots) are appended to a list instead; some events set the
status.
"""

from collections.abc import Mapping
from typing import Any

from opsledger_contracts.catalogue import EVENTS
from opsledger_contracts.event import Event
from opsledger_contracts.fields import local_date
from opsledger_projections.views.view import Changes, Current, Fact, Put, Row, View


def register(
    noun: str,
    *,
    name: str,
    code: str,
    version: int = 1,
    zh: str,
    en: str,
    labels: tuple[str, ...] = (),
    statuses: Mapping[type[Event], str],
    lists: Mapping[type[Event], str] | None = None,
    days: tuple[str, str] | None = None,
    ended_by: type[Event] | None = None,
) -> View:
    """Declare a register.

    Args:
        noun: whose streams are folded.
        name: name of the view.
        code: code of the view in the requirements.
        version: counts up with every change of what the same events give.
        zh: title in Chinese.
        en: title in English.
        labels: fields of the row by which rows are selected; `status` is always one.
        statuses: which events set which status; the first event of a stream must be one of them.
        lists: which events are appended to which list instead of being laid over the row.
        days: fields of the first day on which the row holds in the business and of the first day on
            which it does not; None if it holds without days.
        ended_by: event with which it holds no longer, from the local date of its occurrence on.

    """
    status_of = {event.TYPE: status for event, status in statuses.items()}
    list_of = {event.TYPE: field for event, field in (lists or {}).items()}
    all_labels = (*labels, "status")

    def changes(fact: Fact, current: Current) -> Changes:
        key = fact.identifier
        before = current.get(key)
        body: dict[str, Any] = dict(before.body) if before else {"id": key}
        type_name = fact.type
        if type_name not in list_of:
            body |= fact.fields
            body["recorded"] = body.get("recorded", {}) | {verb(fact): fact.recording}
        body["status"] = status_of.get(type_name, body.get("status"))
        if days is not None and ended_by is not None and type_name == ended_by.TYPE:
            ended_on = local_date(fact.envelope.occurred_at).isoformat()
            body[days[1]] = min(body.get(days[1]) or ended_on, ended_on)
        valid_from, valid_to = (body.get(day) or "" for day in days) if days else ("", "")
        yield Put(
            Row(
                key=key,
                body=body,
                labels={label: str(body.get(label) or "") for label in all_labels},
                valid_from=valid_from,
                valid_to=valid_to,
            )
        )

    return View(
        name=name,
        code=code,
        version=version,
        zh=zh,
        en=en,
        labels=all_labels,
        indexed=labels,
        types=types_of(noun),
        lists=list_of,
        only_grows=frozenset(list_of) - {*status_of, ended_by.TYPE if ended_by else ""},
        changes=changes,
        dated=days is not None,
    )


def types_of(noun: str) -> frozenset[str]:
    """Name every event type of a noun."""
    return frozenset(type_name for type_name in EVENTS if type_name.startswith(f"{noun}."))


def verb(fact: Fact) -> str:
    """Name what happened without noun and version: `letter.signed.v1` is `signed`."""
    return fact.type.split(".")[1]
