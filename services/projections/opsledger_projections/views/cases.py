"""Approval trail (V03): each case with its steps, what is due from whom, and every act in order."""

from typing import Any, Final

from opsledger_contracts.events import case as happened
from opsledger_projections.views.register import provenance, types_of, verb
from opsledger_projections.views.view import Changes, Current, Fact, Put, Row, View

_STATUS: Final = {
    happened.ApprovalCaseOpened.TYPE: "opened",
    happened.ReviewGiven.TYPE: "in_review",
    happened.CaseReturned.TYPE: "returned",
    happened.ApprovalGranted.TYPE: "in_approval",
    happened.ApprovalRefused.TYPE: "refused",
    happened.ApprovalRatified.TYPE: "ratifying",
    happened.CaseFiled.TYPE: "filed",
    happened.CaseWithdrawn.TYPE: "withdrawn",
    happened.CaseLapsed.TYPE: "lapsed",
    happened.CaseArchived.TYPE: "archived",
}


def _changes(fact: Fact, current: Current) -> Changes:
    key = fact.identifier
    before = current.get(key)
    body: dict[str, Any] = dict(before.body) if before else {"id": key}
    if isinstance(fact.event, happened.ApprovalCaseOpened):
        body |= fact.fields
    body["status"] = _STATUS.get(fact.envelope.type, body.get("status"))
    if getattr(fact.event, "final", False):
        body["status"] = "approved"
    if isinstance(fact.event, happened.StepAssigned):
        grown = {"assigned": fact.fields | provenance(fact)}
    else:
        grown = {"acts": {"act": verb(fact), "fields": _act_fields(fact)} | provenance(fact)}
    yield Put(
        Row(
            key=key,
            body=body,
            labels={
                "subject": body["subject"],
                "item": body["item"],
                "initiator": body["initiator"],
                "status": body["status"],
            },
        ),
        grown,
    )


def _act_fields(fact: Fact) -> dict[str, Any]:
    # What the opening says stands on the case itself; repeating it in its act would double the row.
    return {} if isinstance(fact.event, happened.ApprovalCaseOpened) else fact.fields


CASES: Final = View(
    name="cases",
    code="V03",
    version=2,
    zh="审批轨迹",
    en="approval trail",
    labels=("subject", "item", "initiator", "status"),
    indexed=("subject", "initiator"),
    types=types_of("case"),
    lists=frozenset(("acts", "assigned")),
    changes=_changes,
)
