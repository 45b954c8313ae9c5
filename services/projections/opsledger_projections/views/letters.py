"""Letters as they stand (V02), their revisions in force with what each changed.

A row of a letter names its items in their order; what they say stands on the board, and
`opsledger_projections.replay.letters` puts both together as of any position. So an event that
changes one item of a letter writes one item.
"""

from typing import Any, Final

from opsledger_contracts.events import letter as happened
from opsledger_contracts.events.letter import ItemChange
from opsledger_contracts.fields import local_date
from opsledger_contracts.letters import LetterDocument, item_changes
from opsledger_projections.views.register import provenance, types_of
from opsledger_projections.views.view import Changes, Close, Current, Fact, Lookups, Put, Row, View

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


_HEADER: Final = tuple(name for name in LetterDocument.__struct_fields__ if name != "items")


def _letter_changes(fact: Fact, current: Current) -> Changes:
    key = fact.identifier
    event = fact.event
    before = current.get(key)
    body: dict[str, Any] = dict(before.body) if before else {"id": key, "revision": 0}
    if isinstance(event, happened.LetterDrafted):
        header = {name: value for name, value in fact.fields.items() if name in _HEADER}
        body["document"] = header | {"items": []}
    elif changes := item_changes(event):
        body["document"] = body["document"] | {"items": _codes(body["document"]["items"], changes)}
    body["status"] = LETTER_STATUS.get(fact.envelope.type, body.get("status"))
    grown = {}
    if fact.envelope.type in _LISTS:
        grown[_LISTS[fact.envelope.type]] = fact.fields | provenance(fact)
    if isinstance(event, happened.LetterTookEffect | happened.LetterAmended):
        body["revision"] = event.revision
        body["effective_from"] = event.effective_from.isoformat()
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
        ),
        grown,
    )


def _codes(items: list[str], changes: tuple[ItemChange, ...]) -> list[str]:
    """Give the codes of the items after changes, in the order of the letter."""
    codes = dict.fromkeys(items)
    for change in changes:
        if change.removed:
            del codes[change.item]
        else:
            codes[change.item] = None
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
    lists=frozenset(_LISTS.values()),
    changes=_letter_changes,
)


def _revision_changes(fact: Fact, current: Current) -> Changes:
    letter = fact.identifier
    event = fact.event
    rows = current.where("letter", letter)
    latest = rows[-1] if rows else None
    if isinstance(event, happened.LetterTookEffect | happened.LetterAmended):
        effective_from = event.effective_from.isoformat()
        for row in rows:
            if not row.body["revision"]:
                yield Close(row.key)
            elif not row.valid_to or row.valid_to > effective_from:
                yield Put(_revision(row.body, row.valid_from, effective_from))
        body = {
            "letter": letter,
            "revision": event.revision,
            "effective_from": effective_from,
            "changes": fact.fields.get("changes", ()),
            "adjustment": getattr(event, "adjustment", None),
        }
        yield Put(_revision(body | provenance(fact), effective_from, ""))
    elif latest is None:
        yield Put(_revision({"letter": letter, "revision": 0}, "", ""))
    elif isinstance(event, happened.LetterTerminated) and latest.body["revision"]:
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
    looked_up=frozenset(("letter",)),
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
