"""Letters as they stand (V02), their revisions in force with what each changed.

A row of a letter names its items in their order; what they say stands on the board, and
`opsledger_projections.replay.letters` puts both together as of any position. So an event that
changes one item of a letter writes one item.
"""

from typing import Any, Final

from opsledger_contracts.events import letter as happened
from opsledger_contracts.fields import local_date
from opsledger_contracts.letters import LetterDocument
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

LETTER_STATUS: Final = {
    happened.LetterDrafted.TYPE: "drafted",
    happened.LetterSubmitted.TYPE: "submitted",
    happened.LetterReturned.TYPE: "returned",
    happened.LetterBalanced.TYPE: "balanced",
    happened.LetterApproved.TYPE: "approved",
    happened.LetterSigned.TYPE: "signed",
    happened.LetterTookEffect.TYPE: "in_force",
    happened.LetterAmended.TYPE: "in_force",
    happened.LetterPeriodEnded.TYPE: "period_ended",
    happened.LetterTerminated.TYPE: "terminated",
    happened.LetterWithdrawn.TYPE: "withdrawn",
    happened.LetterClosed.TYPE: "closed",
}
_LISTS: Final = {
    happened.LetterSigned.TYPE: "signatures",
    happened.SupportCommitmentGiven.TYPE: "commitments",
    happened.SupportCommitmentRefused.TYPE: "refused_commitments",
    happened.LetterReturned.TYPE: "returns",
    happened.LetterApproved.TYPE: "approvals",
}


_IN_FORCE: Final = frozenset((happened.LetterTookEffect.TYPE, happened.LetterAmended.TYPE))
_HEADER: Final = tuple(name for name in LetterDocument.__struct_fields__ if name != "items")


def item_changes(fact: Fact) -> list[dict[str, Any]]:
    """Tell which items an event of a letter changes, and how; none for most events.

    It is `opsledger_contracts.letters.item_changes` over JSON-like values.
    """
    fields = fact.fields
    match fact.type:
        case happened.LetterItemAdded.TYPE:
            return [_added(fields)]
        case happened.LetterItemRemoved.TYPE:
            return [_removed(fields)]
        case happened.LetterItemImposed.TYPE:
            return [_added(fields), *fields.get("changes", ())]
        case happened.LetterItemStruck.TYPE:
            return [_removed(fields), *fields.get("changes", ())]
        case happened.LetterBalanced.TYPE | happened.LetterAmended.TYPE:
            return list(fields.get("changes", ()))
        case _:
            return []


def _added(fields: dict[str, Any]) -> dict[str, Any]:
    return {"item": fields["item"]["item"], "added": fields["item"]}


def _removed(fields: dict[str, Any]) -> dict[str, Any]:
    return {"item": fields["item"], "removed": True}


def _letter_changes(fact: Fact, current: Current) -> Changes:
    key = fact.identifier
    before = current.get(key)
    body: dict[str, Any] = dict(before.body) if before else {"id": key, "revision": 0}
    if fact.type == happened.LetterDrafted.TYPE:
        header = {name: value for name, value in fact.fields.items() if name in _HEADER}
        body["document"] = header | {"items": []}
    elif changes := item_changes(fact):
        body["document"] = body["document"] | {"items": _codes(body["document"]["items"], changes)}
    body["status"] = LETTER_STATUS.get(fact.type, body.get("status"))
    if fact.type in _IN_FORCE:
        body |= {name: fact.fields[name] for name in ("revision", "effective_from")}
    document = body["document"]
    yield Put(
        Row(
            key=key,
            body=body,
            labels={
                "unit": document["responsible_unit"],
                "period": document["period"],
                "kind": document["kind"],
                "parent": document.get("parent") or "",
                "status": body["status"],
            },
        )
    )


def _codes(items: list[str], changes: list[dict[str, Any]]) -> list[str]:
    """Give the codes of the items after changes, in the order of the letter."""
    codes = dict.fromkeys(items)
    for change in changes:
        if change.get("removed"):
            del codes[change["item"]]
        else:
            codes[change["item"]] = None
    return list(codes)


LETTERS: Final = View(
    name="letters",
    code="V02",
    version=2,
    zh="目标责任书",
    en="target letters",
    labels=("unit", "period", "kind", "parent", "status"),
    indexed=("unit", "parent"),
    # What an item says stands on the board.
    types=types_of("letter") - {happened.LetterItemRevised.TYPE},
    lists=_LISTS,
    only_grows=frozenset(_LISTS) - frozenset(LETTER_STATUS),
    changes=_letter_changes,
)


def _revision_changes(fact: Fact, current: Current) -> Changes:
    letter = fact.identifier
    rows = current.where("letter", letter)
    latest = rows[-1] if rows else None
    if fact.type in _IN_FORCE:
        fields = fact.fields
        effective_from = fields["effective_from"]
        for row in rows:
            if not row.body["revision"]:
                yield Close(row.key)
            elif not row.valid_to or row.valid_to > effective_from:
                yield Put(_revision(row.body, row.valid_from, effective_from))
        body = {
            "letter": letter,
            "revision": fields["revision"],
            "effective_from": effective_from,
            "changes": fields.get("changes", ()),
            "adjustment": fields.get("adjustment"),
        }
        yield Put(_revision(body | provenance(fact), effective_from, ""))
    elif latest is None:
        yield Put(_revision({"letter": letter, "revision": 0}, "", ""))
    elif fact.type == happened.LetterTerminated.TYPE and latest.body["revision"]:
        ended_on = local_date(fact.envelope.occurred_at).isoformat()
        yield Put(_revision(latest.body, latest.valid_from, ended_on))


def _revision_lookups(fact: Fact) -> Lookups:
    return (("letter", fact.identifier), ("", f"{fact.identifier}:0000"))


def _revision(body: dict[str, Any], valid_from: str, valid_to: str) -> Row:
    return Row(
        key=f"{body['letter']}:{body['revision']:04d}",
        body=body,
        labels={
            "letter": body["letter"],
            "kind": "in_force" if body["revision"] else "draft",
        },
        valid_from=valid_from,
        valid_to=valid_to,
    )


LETTER_REVISIONS: Final = View(
    name="letter_revisions",
    code="V02",
    version=2,
    zh="责任书版本",
    en="letter revisions",
    labels=("letter", "kind"),
    indexed=("letter",),
    types=frozenset(
        (
            happened.LetterDrafted.TYPE,
            happened.LetterTookEffect.TYPE,
            happened.LetterAmended.TYPE,
            happened.LetterTerminated.TYPE,
        )
    ),
    changes=_revision_changes,
    looks_up=_revision_lookups,
    dated=True,
)
