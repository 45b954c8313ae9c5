"""Adjustments of letters in force: limits, proof, treatment, approval, the amended letter."""

from datetime import date

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.adjustment import (
    AdjustmentApplied,
    AdjustmentApproved,
    AdjustmentLapsed,
    AdjustmentRefused,
    AdjustmentRequested,
    AdjustmentSubmitted,
    AdjustmentTerms,
    AdjustmentWithdrawn,
    EvidenceSubmitted,
    ForceMajeureNotified,
    ImpactAssessed,
)
from opsledger_contracts.events.case import ApprovalRefused
from opsledger_contracts.events.letter import (
    FieldChange,
    ItemChange,
    LetterAmended,
)
from opsledger_contracts.events.work_item import (
    WorkItemRescheduled,
)
from opsledger_contracts.letters import amend, content_hash
from opsledger_contracts.problems.adjustment import (
    CaseNotRefused,
    NoLimitPassed,
)
from opsledger_ledger.domain.adjustment_deciding import (
    ApplyAdjustment,
    ApproveAdjustment,
    LapseAdjustment,
    RefuseAdjustment,
)
from opsledger_ledger.domain.adjustment_requesting import (
    NotifyAfterRequest,
    WithdrawAdjustment,
)
from opsledger_ledger.domain.adjustment_terms import Proposal, changes_of
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.work_item import WorkItemState
from support.adjustment_stages import (
    EVIDENCE,
    EXTEND,
    FLOOD,
    FORCE_MAJEURE,
    WHY,
    approved,
    asked,
    at,
    changed,
    claimed,
    granted,
    late_extension,
    notified,
    proposed,
    request,
    shown,
    state,
    submit,
    submitted,
    terms,
)
from support.authority import (
    HEAD,
    OPS,
    OPS_2,
    SCAN,
    in_force,
)
from support.deciding import Stage
from support.planning import item, opened


def letter(stage: Stage) -> LetterState:
    """The letter as it stands."""
    found = stage.world.get(LetterState, "BJ-2026")
    assert found is not None
    return found


def test_force_majeure_of_scenario_two_moves_the_due_date_by_the_granted_days() -> None:
    """S2, R118, SR-16: flood 05-18, notice 05-20, request 05-21, proof 06-01, due now 06-03."""
    stage = approved()
    assert stage.events("adjustment/A") == [
        ForceMajeureNotified(
            adjustment="A",
            letter="BJ-2026",
            items=("N01",),
            notified_on=date(2026, 5, 20),
            limit=date(2026, 5, 21),
            **FLOOD,
        ),
        AdjustmentRequested(
            adjustment="A",
            letter="BJ-2026",
            letter_revision=1,
            items=("N01",),
            kind="force_majeure",
            cause="force_majeure",
            requested_change="顺延五天",
            rulebook=letter(stage).document.rulebook,
            calendar=letter(stage).document.calendar,
            occurred_to=date(2026, 5, 22),
            **FLOOD,
        ),
        EvidenceSubmitted(
            submitted_on=date(2026, 6, 1), description="气象证明与停工记录", limit=date(2026, 6, 1)
        ),
        ImpactAssessed(
            critical_path_days=5,
            method="关键线路分析",
            mitigation="排水、抢工,已减少损失",
            assessor="ops-head",
        ),
        AdjustmentSubmitted(
            letter_revision=1,
            treatment="extend",
            clause="6.2",
            changes=MOVED,
            effective_from=date(2026, 6, 4),
            content_hash=digest(TERMS),
            granted_days=5,
        ),
        AdjustmentApproved(
            case="K",
            treatment="extend",
            clause="6.2",
            changes=MOVED,
            effective_from=date(2026, 6, 4),
            granted_days=5,
        ),
    ]
    amended = amend(letter(stage).document, MOVED)
    assert stage.do(ApplyAdjustment(), "A", **OPS) == [
        AdjustmentApplied(letter="BJ-2026", letter_revision=2),
        LetterAmended(
            adjustment="A",
            revision=2,
            changes=MOVED,
            effective_from=date(2026, 6, 4),
            content_hash=content_hash(amended),
        ),
        WorkItemRescheduled(adjustment="A", due_before=date(2026, 5, 29), due=date(2026, 6, 3)),
    ]
    assert letter(stage).document == amended
    work_item = stage.world.get(WorkItemState, "N01")
    assert work_item is not None
    assert work_item.due == date(2026, 6, 3)
    assert (state(stage).status, state(stage).applied_revision) == ("applied", 2)
    assert stage.world.find("adjustment_by_letter", "BJ-2026") == ("A",)


MOVED = (
    ItemChange(
        item="N01",
        changes=(FieldChange(field="due", before="2026-05-29", after="2026-06-03"),),
    ),
)
TERMS = AdjustmentTerms(
    adjustment="A",
    letter="BJ-2026",
    letter_revision=1,
    treatment="extend",
    clause="6.2",
    changes=MOVED,
    effective_from=date(2026, 6, 4),
    granted_days=5,
)


def test_fewer_days_than_shown_are_a_grant_in_part() -> None:
    """R118: what was granted and what was shown stay apart."""
    stage = granted(submitted(changed(EXTEND, granted_days=3)))
    events = stage.do(ApproveAdjustment(case="K"), "A", at=at(6, 4), **HEAD)
    assert isinstance(events[0], AdjustmentApproved)
    assert events[0].partly


def test_the_request_may_come_before_the_notice() -> None:
    """SR-16: the order of the two is free, each has its own limit."""
    stage = in_force()
    stage.do(FORCE_MAJEURE, "A", at=at(5, 19), **HEAD)
    assert stage.do(NotifyAfterRequest(), "A", at=at(5, 21), **HEAD) == [
        ForceMajeureNotified(
            adjustment="A",
            letter="BJ-2026",
            items=("N01",),
            notified_on=date(2026, 5, 21),
            limit=date(2026, 5, 21),
            **FLOOD,
        )
    ]
    assert state(stage).status == "requested"


def test_a_request_is_in_time_on_its_last_day() -> None:
    """SR-15(2): three working days before the due date of 06-30, which is 06-25."""
    stage = in_force()
    events = stage.do(request(), "A", at=at(6, 25), **HEAD)
    assert isinstance(events[0], AdjustmentRequested)
    assert state(stage).requested_on == date(2026, 6, 25)


def test_force_majeure_may_be_requested_late() -> None:
    """SR-15(2): the one cause for which the limit of requests does not hold."""
    stage = in_force()
    stage.do(FORCE_MAJEURE, "A", at=at(6, 20), **HEAD)
    assert state(stage).requested_on == date(2026, 6, 20)


def test_items_without_a_due_date_have_no_limit_of_requests() -> None:
    """A change of a target can be asked for while the letter is in force."""
    stage = asked("retarget", "other_department", items=("I02",), causing_unit="MKT")
    assert state(stage).causing_unit == "MKT"


def test_excluded_weight_is_redistributed_exactly() -> None:
    """R117, SR-15(3): the 10 of N01 go to the others in proportion, as rationals that total 100."""
    stage = submitted(submit("exclude"))
    changes = state(stage).changes
    assert changes[0] == ItemChange(item="N01", removed=True)
    weights = {change.item: change.changes[0].after for change in changes[1:]}
    assert weights["I01"] == "200/9"
    assert weights["N03"] == "80/9"
    granted(stage).do(ApproveAdjustment(case="K"), "A", at=at(6, 4), **HEAD)
    events = stage.do(ApplyAdjustment(), "A", **OPS)
    assert [type(event) for event in events] == [AdjustmentApplied, LetterAmended]
    assert letter(stage).document.item("N01") is None


def test_redistribution_inside_the_category_if_the_rulebook_says_so() -> None:
    """SR-15(3): the option leaves other categories alone."""
    stage = asked("delete", items=("N02",))
    regulation = letter(stage).document.rulebook
    rulebook = documents.rulebook(stage.world, regulation)
    inside = msgspec.structs.replace(
        rulebook,
        adjustment=msgspec.structs.replace(rulebook.adjustment, redistribution="same_category"),
    )
    document = letter(stage).document
    other = msgspec.structs.replace(document.items[0], category="finance")
    document = msgspec.structs.replace(document, items=(other, *document.items[1:]))
    changes = changes_of(state(stage), Proposal(treatment="exclude"), document, inside, stage.world)
    weights = {change.item: change.changes[0].after for change in changes[1:]}
    assert weights["I01"] == "20"
    assert weights["I02"] == "120/7"


def test_only_a_moved_due_date_reschedules_the_work() -> None:
    """A new baseline leaves the work item where it was."""
    stage = submitted(submit("retarget", terms=terms("N01", baseline="0")))
    granted(stage).do(ApproveAdjustment(case="K"), "A", at=at(6, 4), **HEAD)
    events = stage.do(ApplyAdjustment(), "A", **OPS)
    assert [type(event) for event in events] == [AdjustmentApplied, LetterAmended]


def test_an_added_item_rebases_the_others_exactly() -> None:
    """R116, SR-15(3): the new item takes 10, all others nine tenths of what they had."""
    new = item("F01", "10", "3.1", target="100", unit="%")
    imposed = {"items": ("F01",), "consultation": "GT-1"}
    stage = proposed(submit("reweight", added=(new,)), "add", "group_imposed", **imposed)
    (requested,) = [
        event for event in stage.events("adjustment/A") if isinstance(event, AdjustmentRequested)
    ]
    assert (requested.cause, requested.consultation) == ("group_imposed", "GT-1")
    changes = state(stage).changes
    assert changes[-1] == ItemChange(item="F01", added=new)
    assert [change.changes[0].after for change in changes[:2]] == ["18", "27/2"]
    assert state(stage).clause == "6.1"


def test_a_new_target_is_recorded_with_the_old_one() -> None:
    """R115: what changes is stated field by field, and nothing else changes."""
    stage = proposed(
        submit("retarget", terms=terms("I02", target="140000")), "retarget", items=("I02",)
    )
    assert state(stage).changes == (
        ItemChange(
            item="I02", changes=(FieldChange(field="target", before="145000", after="140000"),)
        ),
    )


def test_an_extension_is_valid_if_granted_before_the_due_date() -> None:
    """SR-20: on the day before it counts, on the day itself no more."""
    events = late_extension().do(ApproveAdjustment(case="K"), "A", at=at(6, 29), **HEAD)
    assert isinstance(events[0], AdjustmentApproved)
    assert not events[0].partly


def test_a_change_that_is_no_extension_has_no_due_date_to_meet() -> None:
    """SR-20 is about extensions only."""
    stage = granted(
        proposed(submit("none", terms=terms("N02", responsible="LG")), "transfer", "self")
    )
    stage.do(ApproveAdjustment(case="K"), "A", at=at(7, 15), **HEAD)
    assert len(stage.do(ApplyAdjustment(), "A", **OPS_2)) == 2


def test_an_adjustment_is_refused_with_or_without_a_case() -> None:
    """SR-15(2): the original terms stand."""
    assert claimed().do(RefuseAdjustment(), "A", **OPS, **WHY) == [AdjustmentRefused()]
    stage = submitted()
    content = state(stage).content_hash or ""
    opened(stage, "K", "adjustment/A", content).given(
        "case/K", ApprovalRefused(seq=1, position="HX-P", subject_hash=content)
    )
    assert stage.do(RefuseAdjustment(case="K"), "A", **OPS, **WHY) == [AdjustmentRefused(case="K")]
    assert state(stage).status == "refused"


def test_a_case_on_something_else_refuses_nothing_here() -> None:
    """A no to one change is none to another."""
    stage = opened(submitted(), "K", "adjustment/B", "0" * 64).given(
        "case/K", ApprovalRefused(seq=1, position="HX-P", subject_hash="0" * 64)
    )
    with pytest.raises(CaseNotRefused):
        stage.decide(RefuseAdjustment(case="K"), "A", **OPS, **WHY)


@pytest.mark.parametrize(
    ("stage", "day", "limit"),
    [
        (notified(), (6, 2), "proof 2026-06-01"),
        (
            asked("force_majeure", "force_majeure", items=("N01",), **FLOOD),
            (5, 22),
            "notice 2026-05-21",
        ),
        (asked(), (6, 30), "due N02 2026-06-30"),
    ],
    ids=["proof", "notice", "due date"],
)
def test_an_adjustment_lapses_by_the_limit_that_passed(
    stage: Stage, day: tuple[int, int], limit: str
) -> None:
    """SR-16, SR-20: the event names the limit; the original terms stand."""
    assert stage.do(LapseAdjustment(), "A", at=at(*day), **OPS) == [AdjustmentLapsed(limit=limit)]
    assert state(stage).status == "lapsed"


def test_a_fully_shown_force_majeure_does_not_lapse() -> None:
    """Its own due date does not end it, since it may be granted late."""
    with pytest.raises(NoLimitPassed):
        shown().decide(LapseAdjustment(), "A", at=at(7, 1), **OPS)


def test_the_requesting_unit_withdraws() -> None:
    """The original terms stand."""
    stage = claimed()
    assert stage.do(WithdrawAdjustment(), "A", **HEAD) == [AdjustmentWithdrawn()]
    assert state(stage).status == "withdrawn"


def test_evidence_without_an_event_has_no_limit() -> None:
    """SR-16 limits the proof of force majeure; other proof is taken while it can be reviewed."""
    stage = asked()
    events = stage.do(EVIDENCE, "A", at=at(6, 20), evidence=SCAN, **HEAD)
    assert events == [
        EvidenceSubmitted(submitted_on=date(2026, 6, 20), description="气象证明与停工记录")
    ]
