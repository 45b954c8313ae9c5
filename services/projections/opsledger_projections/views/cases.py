"""Approval trail (V03): each case with its steps, what is due from whom, and every act in order."""

from typing import Any, Final

from opsledger_contracts.events import case as happened
from opsledger_projections.views.register import types_of, verb
from opsledger_projections.views.view import Changes, Current, Fact, Put, Row, View, provenance

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
    if fact.type == happened.ApprovalCaseOpened.TYPE:
        body |= fact.fields
    body["status"] = _STATUS.get(fact.type, body.get("status"))
    if fact.fields.get("final", False):
        body["status"] = "approved"
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
        )
    )


def _element(fact: Fact) -> dict[str, Any]:
    if fact.type == happened.StepAssigned.TYPE:
        return fact.fields | provenance(fact)
    # What the opening says stands on the case itself; repeating it in its act would double the row.
    fields = {} if fact.type == happened.ApprovalCaseOpened.TYPE else fact.fields
    return {"act": verb(fact), "fields": fields} | provenance(fact)


CASES: Final = View(
    name="cases",
    code="V03",
    version=2,
    zh="审批轨迹",
    en="approval trail",
    labels=("subject", "item", "initiator", "status"),
    indexed=("subject", "initiator"),
    types=types_of("case"),
    lists={
        type_name: "assigned" if type_name == happened.StepAssigned.TYPE else "acts"
        for type_name in types_of("case")
    },
    element=_element,
    only_grows=frozenset((happened.StepAssigned.TYPE,)),
    changes=_changes,
)
