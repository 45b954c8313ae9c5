"""Work items: opened, started, tracked, handed over, claimed by evidence, verified by others."""

from datetime import date
from functools import partial
from typing import Any

import pytest

from opsledger_contracts.events.letter import (
    LetterApproved,
    LetterItemRemoved,
    LetterTerminated,
    LetterTookEffect,
)
from opsledger_contracts.events.work_item import (
    CompletionClaimed,
    CompletionRejected,
    CompletionVerified,
    DeviationExplained,
    ForecastRevised,
    HandoverAccepted,
    HandoverDeclined,
    HandoverOffered,
    NodeInspected,
    ProgressReported,
    WorkItemCancelled,
    WorkItemOpened,
    WorkItemRescheduled,
    WorkItemResumed,
    WorkItemSuspended,
    WorkStarted,
)
from opsledger_contracts.fields import Evidence
from opsledger_contracts.problems.general import (
    FunctionMissing,
    ReasonMissing,
    UnknownReference,
    WrongState,
)
from opsledger_contracts.problems.letter import ItemUnknown
from opsledger_contracts.problems.work_item import (
    DeliverablesMissing,
    DeviationUnexplained,
    EvidenceAfterClaim,
    ForecastMissing,
    HandoverPending,
    HandoverToItself,
    InspectedInFuture,
    ItemStillPromised,
    LetterNotInEffect,
    NoHandoverOffered,
    NotResponsible,
    NotTheRecipient,
    VerifierIsResponsible,
    WorkItemExists,
)
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.work_item import WorkItemState
from opsledger_ledger.domain.work_item_completion import (
    AcceptHandover,
    ClaimCompletion,
    DeclineHandover,
    OfferHandover,
    RejectCompletion,
    VerifyCompletion,
)
from opsledger_ledger.domain.work_item_progress import (
    CancelWorkItem,
    ExplainDeviation,
    InspectNode,
    OpenWorkItem,
    ReportProgress,
    ResumeWorkItem,
    ReviseForecast,
    StartWork,
    SuspendWorkItem,
)
from support.deciding import Refused, Stage, refused_row, undeclared_and_untested
from support.organisation import employ
from support.planning import (
    ENGINEERING,
    MARKETING,
    OPS,
    UNIT,
    WRITTEN,
    planned,
)

WHY = {"reason": "停工令"}
DUE = date(2026, 5, 29)
OPEN = OpenWorkItem(letter="BJ-2026", item="N01", milestones=("布展",))
OPENED = WorkItemOpened(
    work_item="W-N01",
    letter="BJ-2026",
    item="N01",
    responsible="BJ",
    responsible_person="binjiang-president",
    completion_standard="以财务中心确认的数据为准",
    deliverables=("验收记录",),
    start=date(2026, 1, 5),
    due=DUE,
    milestones=("布展",),
)
STARTED = WorkStarted()
PAPER = Evidence(sha256="a" * 64, media="application/pdf", title="验收记录")
CLAIM = ClaimCompletion(evidence_date=date(2026, 5, 28), deliverables=(PAPER,))
CLAIMED = CompletionClaimed(evidence_date=date(2026, 5, 28), deliverables=(PAPER,))
LATE = CompletionClaimed(evidence_date=date(2026, 5, 30), deliverables=(PAPER,))
VERIFIED = CompletionVerified(actual_date=date(2026, 5, 28), quality="met", verifier="ops-head")
VERIFY = VerifyCompletion(quality="met")
REJECT = RejectCompletion(defects=("绿化未完成",))
REJECTED = CompletionRejected(defects=("绿化未完成",))
OFFER = OfferHandover(to="ENG", to_person="engineering-head", scope="收尾", standard="验收通过")
OFFERED = HandoverOffered(to="ENG", to_person="engineering-head", scope="收尾", standard="验收通过")
BEHIND = ReportProgress(percent=40, planned_percent=60, note="雨季影响")
EXPLAIN = ExplainDeviation(cause="external", text="雨季延误")
EXPLAINED = DeviationExplained(cause="external", text="雨季延误")
SUSPENDED = WorkItemSuspended()
INSPECT = InspectNode(inspected_on=date(2026, 5, 20), finding="现场已封顶")


def in_force(effective_from: date = date(2026, 1, 12)) -> Stage:
    """The letter of scenario S1 in force from a day on."""
    return planned().given(
        "letter/BJ-2026", *WRITTEN, LetterTookEffect(effective_from=effective_from, revision=1)
    )


def opened(*events: Any) -> Stage:
    """The work on N01, with what followed; done by the president of 滨江公司."""
    return in_force().given("work_item/W-N01", OPENED, *events, person="binjiang-president")


def elsewhere(
    item: str, unit: str, work_item: str = "W-N01", person: str = "binjiang-president"
) -> WorkItemOpened:
    """Work opened on an item by a unit, with no date and no deliverable."""
    return WorkItemOpened(
        work_item=work_item,
        letter="BJ-2026",
        item=item,
        responsible=unit,
        responsible_person=person,
        completion_standard="完成",
        deliverables=(),
    )


def ops_is_responsible() -> Stage:
    """Work that the planning-and-operations department does itself, claimed."""
    own = elsewhere("N01", "OPS", person="ops-officer")
    return in_force().given("work_item/W-N01", own, STARTED, CLAIMED, person="ops-officer")


row = partial(refused_row, target="W-N01")


REFUSED = [
    row("letter unknown", planned(), OPEN, UnknownReference, UNIT),
    row(
        "letter not in force",
        planned().given(
            "letter/BJ-2026", *WRITTEN, LetterApproved(case="K", content_hash="a" * 64)
        ),
        OPEN,
        LetterNotInEffect,
        UNIT,
    ),
    row(
        "no such item",
        in_force(),
        OpenWorkItem(letter="BJ-2026", item="N99"),
        ItemUnknown,
        UNIT,
    ),
    row("by another unit", in_force(), OPEN, NotResponsible, MARKETING),
    row(
        "executed already",
        in_force().given("work_item/W-0", elsewhere("N01", "BJ", work_item="W-0")),
        OPEN,
        WorkItemExists,
        UNIT,
    ),
    row("twice", opened(STARTED), StartWork(), WrongState, UNIT),
    row("by another unit", opened(), StartWork(), NotResponsible, MARKETING),
    row(
        "before the letter takes effect",
        in_force(date(2026, 7, 1)).given("work_item/W-N01", OPENED),
        StartWork(),
        LetterNotInEffect,
        UNIT,
    ),
    row(
        "after the letter was terminated",
        opened().given("letter/BJ-2026", LetterTerminated()),
        StartWork(),
        LetterNotInEffect,
        UNIT,
    ),
    row("not started", opened(), BEHIND, WrongState, UNIT),
    row("by another unit", opened(STARTED), BEHIND, NotResponsible, MARKETING),
    row("behind the plan", opened(STARTED), BEHIND, ForecastMissing, UNIT),
    row(
        "verified",
        opened(STARTED, CLAIMED, VERIFIED),
        ReviseForecast(forecast=date(2026, 7, 1)),
        WrongState,
        UNIT,
    ),
    row(
        "by another unit",
        opened(STARTED),
        ReviseForecast(forecast=date(2026, 7, 1)),
        NotResponsible,
        MARKETING,
    ),
    row("verified", opened(STARTED, CLAIMED, VERIFIED), INSPECT, WrongState, OPS),
    row(
        "tomorrow",
        opened(STARTED),
        InspectNode(inspected_on=date(2026, 6, 2), finding="现场已封顶"),
        InspectedInFuture,
        OPS,
    ),
    row("not started", opened(), EXPLAIN, WrongState, UNIT),
    row("by another unit", opened(STARTED), EXPLAIN, NotResponsible, MARKETING),
    row("not started", opened(), SuspendWorkItem(), WrongState, UNIT | WHY),
    row("by another unit", opened(STARTED), SuspendWorkItem(), NotResponsible, MARKETING | WHY),
    row("no reason", opened(STARTED), SuspendWorkItem(), ReasonMissing, UNIT),
    row("not suspended", opened(STARTED), ResumeWorkItem(), WrongState, UNIT),
    row(
        "by another unit",
        opened(STARTED, SUSPENDED),
        ResumeWorkItem(),
        NotResponsible,
        MARKETING,
    ),
    row("verified", opened(STARTED, CLAIMED, VERIFIED), CancelWorkItem(), WrongState, OPS | WHY),
    row("no reason", opened(STARTED), CancelWorkItem(), ReasonMissing, OPS),
    row("item in force", opened(STARTED), CancelWorkItem(), ItemStillPromised, OPS | WHY),
    row("not started", opened(), CLAIM, WrongState, UNIT),
    row("by another unit", opened(STARTED), CLAIM, NotResponsible, MARKETING),
    row(
        "evidence of tomorrow",
        opened(STARTED),
        ClaimCompletion(evidence_date=date(2026, 6, 2), deliverables=(PAPER,)),
        EvidenceAfterClaim,
        UNIT,
    ),
    row(
        "another deliverable",
        opened(STARTED),
        ClaimCompletion(
            evidence_date=date(2026, 5, 28),
            deliverables=(Evidence(sha256="a" * 64, media="application/pdf", title="照片"),),
        ),
        DeliverablesMissing,
        UNIT,
    ),
    row("not claimed", opened(STARTED), VERIFY, WrongState, OPS),
    row(
        "by another person of the responsible unit",
        ops_is_responsible(),
        VERIFY,
        VerifierIsResponsible,
        OPS,
    ),
    row("late without a cause", opened(STARTED, LATE), VERIFY, DeviationUnexplained, OPS),
    row("not claimed", opened(STARTED), REJECT, WrongState, OPS),
    row(
        "by the claimant in another position",
        employ(opened(STARTED), "OPS-3", "OPS", "wanderer", ("ops",)).given(
            "work_item/W-N01", CLAIMED, person="wanderer"
        ),
        REJECT,
        VerifierIsResponsible,
        {"person": "wanderer"},
    ),
    row("claimed", opened(STARTED, CLAIMED), OFFER, WrongState, UNIT),
    row("by another unit", opened(STARTED), OFFER, NotResponsible, MARKETING),
    row(
        "recipient unknown",
        opened(STARTED),
        OfferHandover(to="ENG", to_person="nobody", scope="收尾", standard="验收通过"),
        UnknownReference,
        UNIT,
    ),
    row(
        "to itself",
        opened(STARTED),
        OfferHandover(to="BJ", to_person="binjiang-head", scope="收尾", standard="验收通过"),
        HandoverToItself,
        UNIT,
    ),
    row("twice", opened(STARTED, OFFERED), OFFER, HandoverPending, UNIT),
    row("claimed", opened(STARTED, OFFERED, CLAIMED), AcceptHandover(), WrongState, ENGINEERING),
    row("not offered", opened(STARTED), AcceptHandover(), NoHandoverOffered, ENGINEERING),
    row("by another unit", opened(OFFERED), AcceptHandover(), NotTheRecipient, MARKETING),
    row("not offered", opened(STARTED), DeclineHandover(), NoHandoverOffered, ENGINEERING | WHY),
    row("by another unit", opened(OFFERED), DeclineHandover(), NotTheRecipient, MARKETING | WHY),
    row("no reason", opened(OFFERED), DeclineHandover(), ReasonMissing, ENGINEERING),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_work_items_refuse_what_would_break_them(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    refused.check()


def test_every_declared_refusal_of_work_items_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("work_item", REFUSED) == (set(), set())


@pytest.mark.parametrize(
    "command",
    [INSPECT, VERIFY, REJECT, CancelWorkItem()],
    ids=lambda command: type(command).__name__,
)
def test_only_planning_and_operations_inspects_and_verifies(command: Command) -> None:
    """R024, R071: inspection, verification and cancelling belong to the function ops."""
    with pytest.raises(FunctionMissing):
        opened(STARTED, CLAIMED).decide(command, "W-N01", **UNIT)


def state(stage: Stage) -> WorkItemState:
    """The work item as it stands."""
    found = stage.world.get(WorkItemState, "W-N01")
    assert found is not None
    return found


def test_a_work_item_takes_its_terms_from_the_letter_in_force() -> None:
    """R003, R044, R066: owner, standard, deliverables and dates are those of the letter's item."""
    there = in_force()
    assert there.do(OPEN, "W-N01", **UNIT) == [OPENED]
    assert there.world.find("work_item_by_item", "BJ-2026:N01") == ("W-N01",)
    assert there.world.find("work_item_by_letter", "BJ-2026") == ("W-N01",)


def test_work_starts_after_its_letter_took_effect() -> None:
    """R044: the executor begins once the approval is in effect."""
    there = opened()
    assert there.do(StartWork(), "W-N01", **UNIT) == [STARTED]


def test_progress_behind_the_plan_comes_with_a_forecast() -> None:
    """R078, R096: known, controlled, predictable; on plan no forecast is asked for."""
    there = opened(STARTED)
    behind = ReportProgress(
        percent=40, planned_percent=60, note="雨季影响", forecast=date(2026, 6, 8)
    )
    assert there.do(behind, "W-N01", **UNIT) == [
        ProgressReported(percent=40, planned_percent=60, note="雨季影响", forecast=date(2026, 6, 8))
    ]
    on_plan = ReportProgress(percent=60, planned_percent=60, note="正常")
    assert there.do(on_plan, "W-N01", **UNIT) == [
        ProgressReported(percent=60, planned_percent=60, note="正常")
    ]


def test_a_forecast_moves_no_due_date() -> None:
    """R067, R078: only an adjustment moves what counts."""
    there = opened(STARTED)
    assert there.do(ReviseForecast(forecast=date(2026, 6, 8)), "W-N01", **UNIT) == [
        ForecastRevised(forecast=date(2026, 6, 8))
    ]
    assert state(there).due == DUE


def test_a_node_is_inspected_on_the_spot() -> None:
    """R071: the finding of the inspection is on record with its day."""
    assert opened(STARTED).do(INSPECT, "W-N01", **OPS) == [
        NodeInspected(inspected_on=date(2026, 5, 20), finding="现场已封顶")
    ]


def test_completion_is_claimed_by_dated_evidence() -> None:
    """R134, SR-07: the day that counts is that of the evidence, not that of the report."""
    there = opened(STARTED)
    assert there.do(CLAIM, "W-N01", **UNIT) == [CLAIMED]
    assert there.do(VERIFY, "W-N01", **OPS) == [VERIFIED]
    verified = state(there)
    assert (verified.status, verified.actual_date, verified.quality, verified.verifier) == (
        "verified",
        date(2026, 5, 28),
        "met",
        "ops-head",
    )
    assert verified.verified_version == there.world.version("work_item/W-N01")


def test_a_late_completion_is_verified_after_its_cause_was_stated() -> None:
    """R077, R098: the loop from plan to cause is closed before the item is."""
    there = opened(STARTED, LATE)
    assert there.do(EXPLAIN, "W-N01", **UNIT) == [EXPLAINED]
    assert there.do(VERIFY, "W-N01", **OPS) == [
        CompletionVerified(actual_date=date(2026, 5, 30), quality="met", verifier="ops-head")
    ]


def test_an_extension_makes_a_late_day_timely() -> None:
    """R118, SR-20: an applied adjustment moves the due date, and lateness counts from there."""
    moved = WorkItemRescheduled(adjustment="ADJ-1", due_before=DUE, due=date(2026, 6, 3))
    there = opened(STARTED, moved, LATE)
    assert state(there).due == date(2026, 6, 3)
    assert len(there.do(VERIFY, "W-N01", **OPS)) == 1


def test_work_without_a_due_date_is_never_late() -> None:
    """R066: a value item has no date by which it could be late."""
    there = in_force().given("work_item/W-N01", elsewhere("I02", "BJ"), STARTED, LATE)
    assert len(there.do(VERIFY, "W-N01", **OPS)) == 1


def test_a_rejected_completion_goes_on() -> None:
    """R133: the defects are named and the work is in progress again, to be claimed anew."""
    there = opened(STARTED, CLAIMED)
    assert there.do(REJECT, "W-N01", **OPS) == [REJECTED]
    assert there.do(CLAIM, "W-N01", **UNIT) == [CLAIMED]


def test_nobody_verifies_the_work_they_answer_for() -> None:
    """R024: the responsible person verifies nothing, whatever position they act in."""
    there = employ(opened(STARTED, CLAIMED), "OPS-4", "OPS", "binjiang-president", ("ops",))
    with pytest.raises(VerifierIsResponsible):
        there.decide(VERIFY, "W-N01", person="binjiang-president", position="OPS-4")


def test_responsibility_moves_by_acceptance_only() -> None:
    """R047: an offer changes nothing, the acceptance changes owner and person."""
    there = opened(STARTED)
    assert there.do(OFFER, "W-N01", **UNIT) == [OFFERED]
    assert state(there).responsible == "BJ"
    assert there.do(AcceptHandover(), "W-N01", **ENGINEERING) == [
        HandoverAccepted(unit="ENG", person="engineering-head")
    ]
    moved = state(there)
    assert (moved.responsible, moved.responsible_person, moved.handover) == (
        "ENG",
        "engineering-head",
        None,
    )


def test_a_declined_handover_leaves_responsibility() -> None:
    """R047: who declines gives a reason; another offer may follow."""
    there = opened(STARTED, OFFERED)
    assert there.do(DeclineHandover(), "W-N01", **ENGINEERING, **WHY) == [HandoverDeclined()]
    assert state(there).responsible == "BJ"
    assert there.do(OFFER, "W-N01", **UNIT) == [OFFERED]


def test_work_is_suspended_and_resumed() -> None:
    """R096: a stop has a reason, and the due date goes on to count."""
    there = opened(STARTED)
    assert there.do(SuspendWorkItem(), "W-N01", **UNIT, **WHY) == [SUSPENDED]
    assert state(there).status == "suspended"
    assert there.do(ResumeWorkItem(), "W-N01", **UNIT) == [WorkItemResumed()]
    assert (state(there).status, state(there).due) == ("in_progress", DUE)


@pytest.mark.parametrize(
    "ended", [LetterItemRemoved(item="N01"), LetterTerminated()], ids=["item gone", "letter ended"]
)
def test_work_is_cancelled_when_its_letter_no_longer_asks_for_it(ended: Any) -> None:
    """R044: cancelled work makes room for another work item on the same item."""
    there = opened(STARTED).given("letter/BJ-2026", ended)
    assert there.do(CancelWorkItem(), "W-N01", **OPS, **WHY) == [WorkItemCancelled()]
    assert there.world.find("work_item_by_item", "BJ-2026:N01") == ()
