"""Letters as they stand (V02), their revisions in force with what each changed."""

from typing import Any, Final

import msgspec

from opsledger_contracts.events import letter as happened
from opsledger_contracts.fields import local_date
from opsledger_contracts.letters import LetterDocument, after, content_hash, item_changes
from opsledger_projections.views.register import provenance, recorded_fields, types_of
from opsledger_projections.views.view import Changes, Close, Current, Fact, Put, Row, View

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


def _content_after(body: dict[str, Any], fact: Fact) -> dict[str, Any]:
    """Give document and content hash after an event."""
    if isinstance(fact.event, happened.LetterDrafted):
        document = after(None, fact.event)
    elif item_changes(fact.event):
        document = after(msgspec.convert(body["document"], LetterDocument), fact.event)
    else:
        return {"document": body["document"], "content_hash": body["content_hash"]}
    assert document is not None, fact.envelope.stream
    return {
        "document": msgspec.to_builtins(document),
        "content_hash": content_hash(document),
    }


def _letter_changes(fact: Fact, current: Current) -> Changes:
    key = fact.identifier
    before = current.get(key)
    body: dict[str, Any] = dict(before.body) if before else {"id": key, "revision": 0}
    body |= _content_after(body, fact)
    body["status"] = LETTER_STATUS.get(fact.envelope.type, body.get("status"))
    if fact.envelope.type in _LISTS:
        field = _LISTS[fact.envelope.type]
        body[field] = [*body.get(field, ()), recorded_fields(fact) | provenance(fact)]
    if isinstance(fact.event, happened.LetterTookEffect | happened.LetterAmended):
        body["revision"] = fact.event.revision
        body["effective_from"] = fact.event.effective_from.isoformat()
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


LETTERS: Final = View(
    name="letters",
    code="V02",
    version=1,
    zh="目标责任书",
    en="target letters",
    labels=("unit", "period", "kind", "parent", "status"),
    indexed=("unit", "parent"),
    types=types_of("letter"),
    changes=_letter_changes,
)


def _revision_changes(fact: Fact, current: Current) -> Changes:
    letter = fact.identifier
    event = fact.event
    rows = current.where("letter", letter)
    latest = rows[-1] if rows else None
    before: dict[str, Any] = dict(latest.body) if latest else {"letter": letter, "revision": 0}
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
            "changes": recorded_fields(fact).get("changes", ()),
            "adjustment": getattr(event, "adjustment", None),
        }
        yield Put(
            _revision(body | provenance(fact) | _content_after(before, fact), effective_from, "")
        )
    elif latest is None or not before["revision"]:
        yield Put(_revision(before | _content_after(before, fact), "", ""))
    elif isinstance(event, happened.LetterTerminated):
        ended_on = local_date(fact.envelope.occurred_at).isoformat()
        yield Put(_revision(before, latest.valid_from, ended_on))


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
    version=1,
    zh="责任书版本",
    en="letter revisions",
    labels=("letter", "kind"),
    indexed=("letter",),
    types=types_of("letter"),
    changes=_revision_changes,
    dated=True,
)
