"""Stages of the tests of adjustments: an item of a letter in force, and a flood."""

from datetime import date
from typing import Any

import msgspec

from opsledger_contracts.events.work_item import (
    WorkItemOpened,
)
from opsledger_ledger.domain.adjustment import AdjustmentState
from opsledger_ledger.domain.adjustment_deciding import (
    ApproveAdjustment,
    SubmitAdjustment,
)
from opsledger_ledger.domain.adjustment_requesting import (
    AssessImpact,
    NotifyForceMajeure,
    RequestAdjustment,
    RequestAfterNotice,
    SubmitEvidence,
)
from opsledger_ledger.domain.adjustment_terms import ItemTerms
from support.authority import (
    HEAD,
    OPS,
    SCAN,
    in_force,
)
from support.deciding import Stage
from support.planning import decided

WHY = {"reason": "不符合条件"}


def at(month: int, day: int) -> str:
    """Ten in the morning of a day of 2026, group time."""
    return f"2026-{month:02d}-{day:02d}T02:00:00.000000Z"


FLOOD: dict[str, Any] = {"event_class": "natural_disaster", "occurred_from": date(2026, 5, 18)}
NOTICE = NotifyForceMajeure(letter="BJ-2026", items=("N01",), **FLOOD)
IMPACT = AssessImpact(
    critical_path_days=5, method="关键线路分析", mitigation="排水、抢工,已减少损失"
)
EVIDENCE = SubmitEvidence(description="气象证明与停工记录")
EXTEND = SubmitAdjustment(treatment="extend", granted_days=5, effective_from=date(2026, 6, 4))


def request(kind: Any = "reschedule", cause: Any = "external", **more: Any) -> RequestAdjustment:
    """Ask for a change of node N02, due 2026-06-30, unless said otherwise."""
    filled: dict[str, Any] = {"letter": "BJ-2026", "items": ("N02",), "requested_change": "变更"}
    return RequestAdjustment(**(filled | {"kind": kind, "cause": cause} | more))


FORCE_MAJEURE = request("force_majeure", "force_majeure", items=("N01",), **FLOOD)


def notified() -> Stage:
    """The letter of S1 in force, and the notice of the flood on 05-20."""
    stage = in_force()
    stage.given(
        "work_item/N01",
        WorkItemOpened(
            work_item="N01",
            letter="BJ-2026",
            item="N01",
            responsible="BJ",
            responsible_person="binjiang-president",
            completion_standard="开放",
            deliverables=(),
            due=date(2026, 5, 29),
        ),
    )
    stage.do(NOTICE, "A", at=at(5, 20), **HEAD)
    return stage


def claimed() -> Stage:
    """The same after the request on 05-21."""
    stage = notified()
    stage.do(
        RequestAfterNotice(requested_change="顺延五天", occurred_to=date(2026, 5, 22)),
        "A",
        at=at(5, 21),
        **HEAD,
    )
    return stage


def shown() -> Stage:
    """The same after proof on 06-01 and the assessment of the impact."""
    stage = claimed()
    stage.do(EVIDENCE, "A", at=at(6, 1), evidence=SCAN, **HEAD)
    stage.do(IMPACT, "A", at=at(6, 2), **OPS)
    return stage


def submitted(command: SubmitAdjustment = EXTEND) -> Stage:
    """The same after the terms were submitted on 06-03."""
    stage = shown()
    stage.do(command, "A", at=at(6, 3), **HEAD)
    return stage


def state(stage: Stage) -> AdjustmentState:
    """The adjustment as it stands."""
    found = stage.world.get(AdjustmentState, "A")
    assert found is not None
    return found


def granted(stage: Stage) -> Stage:
    """The same after the case K approved the terms."""
    return decided(stage, "K", "adjustment/A", state(stage).content_hash or "")


def approved() -> Stage:
    """The same after the approval was recorded on 06-04."""
    stage = granted(submitted())
    stage.do(ApproveAdjustment(case="K"), "A", at=at(6, 4), **HEAD)
    return stage


def asked(*args: Any, **more: Any) -> Stage:
    """The letter of S1 in force and a request that is no force majeure."""
    stage = in_force()
    stage.do(request(*args, **more), "A", at=at(5, 20), evidence=SCAN, **HEAD)
    return stage


def proposed(command: SubmitAdjustment, *args: Any, **more: Any) -> Stage:
    """The same after its terms were submitted."""
    stage = asked(*args, **more)
    stage.do(command, "A", at=at(5, 21), **HEAD)
    return stage


def submit(treatment: Any, **more: Any) -> SubmitAdjustment:
    """Submit terms under a treatment."""
    return SubmitAdjustment(treatment=treatment, effective_from=date(2026, 6, 1), **more)


def terms(code: str, **values: Any) -> tuple[ItemTerms, ...]:
    """New values of one item."""
    return (ItemTerms(item=code, values=values),)


def changed(command: Any, **changes: Any) -> Any:
    """The command with some fields changed."""
    return msgspec.structs.replace(command, **changes)


def late_extension() -> Stage:
    """An approved extension of an item that became due in the meantime."""
    return granted(proposed(submit("extend", granted_days=3)))
