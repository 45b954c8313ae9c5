"""Adjustments of letters in force: limits, proof, treatment, approval, the amended letter."""

from datetime import date
from typing import Any

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
    LetterItemRemoved,
    LetterItemRevised,
    LetterPeriodEnded,
)
from opsledger_contracts.events.work_item import (
    CompletionVerified,
    WorkItemOpened,
    WorkItemRescheduled,
)
from opsledger_contracts.letters import amend, content_hash
from opsledger_contracts.problems.adjustment import (
    AdjustmentUnbalanced,
    CaseNotRefused,
    CauseNotFitting,
    EventClassUnknown,
    EventDatesInvalid,
    ExtensionTooLate,
    LetterMoved,
    NoLimitPassed,
    NotAdmissible,
    NoticeTooLate,
    NotTheRequester,
    ProofTooLate,
    ProofWithoutEvidence,
    RequestTooLate,
    TermsNotFitting,
    TreatmentNotAllowed,
)
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar
from opsledger_contracts.problems.general import (
    FieldInvalid,
    ReasonMissing,
    UnknownReference,
    WrongState,
)
from opsledger_contracts.problems.letter import (
    ConsultationMissing,
    ItemRepeated,
    ItemUnknown,
    LetterNotAcceptable,
    NotALetterParty,
)
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_ledger.domain.adjustment import AdjustmentState
from opsledger_ledger.domain.adjustment_deciding import (
    ApplyAdjustment,
    ApproveAdjustment,
    LapseAdjustment,
    RefuseAdjustment,
    SubmitAdjustment,
)
from opsledger_ledger.domain.adjustment_requesting import (
    AssessImpact,
    NotifyAfterRequest,
    NotifyForceMajeure,
    RequestAdjustment,
    RequestAfterNotice,
    SubmitEvidence,
    WithdrawAdjustment,
)
from opsledger_ledger.domain.adjustment_terms import ItemTerms, Proposal, changes_of
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.work_item import WorkItemState
from support.authority import (
    HEAD,
    OPS,
    OPS_2,
    SCAN,
    by,
    in_force,
)
from support.deciding import Refused, Stage, undeclared_and_untested
from support.planning import ITEMS, WRITTEN, decided, item, opened

LINGANG = by("lingang-head", "LG-1")
WHY = {"reason": "不符合条件"}


def at(month: int, day: int) -> str:
    """Ten in the morning of a day of 2026, group time."""
    return f"2026-{month:02d}-{day:02d}T02:00:00.000000Z"


def on(month: int, day: int) -> dict[str, str]:
    """Act at ten in the morning of a day of 2026."""
    return {"now": at(month, day), "occurred_at": at(month, day)}


FLOOD: dict[str, Any] = {"event_class": "natural_disaster", "occurred_from": date(2026, 5, 18)}
NOTICE = NotifyForceMajeure(letter="BJ-2026", items=("N01",), **FLOOD)
IMPACT = AssessImpact(
    critical_path_days=5, method="关键线路分析", mitigation="排水、抢工,已减少损失"
)
AFTER_NOTICE = RequestAfterNotice(requested_change="顺延")
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


def letter(stage: Stage) -> LetterState:
    """The letter as it stands."""
    found = stage.world.get(LetterState, "BJ-2026")
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


def early() -> Stage:
    """A letter with a node that was due in a year that no calendar covers."""
    change = FieldChange(field="due", before="2026-06-30", after="2024-06-28")
    return in_force().given("letter/BJ-2026", LetterItemRevised(item="N02", changes=(change,)))


def at_year_end(stage: Stage, command: Any) -> Stage:
    """The stage after a command of the unit on the last day of the year, of the same day."""
    stage.do(command, "A", at=at(12, 31), **HEAD)
    return stage


NEW_YEAR = {"event_class": "natural_disaster", "occurred_from": date(2026, 12, 31)}


def requested_at_year_end() -> Stage:
    """A request for an event so late that its limits lie beyond the calendars."""
    command = request("force_majeure", "force_majeure", **NEW_YEAR)
    return at_year_end(in_force(), command)


def refused(
    name: str, stage: Stage, command: Any, refusal: type, who: Any = HEAD, **act: Any
) -> Refused:
    """One row of the table, on the adjustment A."""
    return Refused(
        id=f"{type(command).__name__}, {name}",
        stage=stage,
        command=command,
        target="A",
        refusal=refusal,
        act={**who, **act},
    )


def changed(command: Any, **changes: Any) -> Any:
    """The command with some fields changed."""
    return msgspec.structs.replace(command, **changes)


def not_in_force() -> Stage:
    """A letter that is only a draft."""
    stage = in_force()
    stage.given("letter/DRAFT", changed(WRITTEN[0], letter="DRAFT"))
    return stage


def removed() -> Stage:
    """A request for an item that is no longer in the letter."""
    return asked().given("letter/BJ-2026", LetterItemRemoved(item="N02"))


def verified() -> Stage:
    """An approval by somebody who verified the work."""
    stage = submitted()
    stage.given(
        "work_item/N01",
        CompletionVerified(actual_date=date(2026, 6, 2), quality="met", verifier="P-1"),
    )
    return granted(stage)


def late_extension() -> Stage:
    """An approved extension of an item that became due in the meantime."""
    return granted(proposed(submit("extend", granted_days=3)))


REQUEST = [
    refused("letter unknown", in_force(), request(letter="NO"), UnknownReference),
    refused(
        "causing unit unknown",
        in_force(),
        request(cause="other_department", causing_unit="NO"),
        UnknownReference,
    ),
    refused("letter not in force", not_in_force(), request(letter="DRAFT"), WrongState),
    refused("not a party", in_force(), request(), NotALetterParty, LINGANG),
    refused("item unknown", in_force(), request(items=("N09",)), ItemUnknown),
    refused("item there", in_force(), request("add", items=("N02",)), ItemRepeated),
    refused("kind without cause", in_force(), request("force_majeure"), CauseNotFitting),
    refused("cause without kind", in_force(), request(cause="force_majeure"), CauseNotFitting),
    refused(
        "no class of event", in_force(), changed(FORCE_MAJEURE, event_class=None), CauseNotFitting
    ),
    refused(
        "no day of event", in_force(), changed(FORCE_MAJEURE, occurred_from=None), CauseNotFitting
    ),
    refused("no causing unit", in_force(), request(cause="other_department"), CauseNotFitting),
    refused(
        "no consultation",
        in_force(),
        request(cause="group_imposed"),
        CauseNotFitting,
        evidence=SCAN,
    ),
    refused(
        "consultation of nobody",
        in_force(),
        request(consultation="GT-1"),
        CauseNotFitting,
        evidence=SCAN,
    ),
    refused(
        "no record of the consultation",
        in_force(),
        request(cause="group_imposed", consultation="GT-1"),
        ConsultationMissing,
    ),
    refused(
        "class unknown",
        in_force(),
        changed(FORCE_MAJEURE, event_class="bad_luck"),
        EventClassUnknown,
    ),
    refused(
        "event to come",
        in_force(),
        changed(FORCE_MAJEURE, occurred_from=date(2026, 6, 2)),
        EventDatesInvalid,
    ),
    refused(
        "event ends before it begins",
        in_force(),
        changed(FORCE_MAJEURE, occurred_to=date(2026, 5, 17)),
        EventDatesInvalid,
    ),
    refused("no calendar", early(), request(), DayNotInCalendar),
    refused("one day late", in_force(), request(), RequestTooLate, **on(6, 26)),
]

NOTICES = [
    refused("letter unknown", in_force(), changed(NOTICE, letter="NO"), UnknownReference),
    refused("letter not in force", not_in_force(), changed(NOTICE, letter="DRAFT"), WrongState),
    refused("not a party", in_force(), NOTICE, NotALetterParty, LINGANG, **on(5, 20)),
    refused("item unknown", in_force(), changed(NOTICE, items=("N09",)), ItemUnknown),
    refused("class unknown", in_force(), changed(NOTICE, event_class="no"), EventClassUnknown),
    refused("event to come", in_force(), NOTICE, EventDatesInvalid, **on(5, 17)),
    refused("no calendar", in_force(), changed(NOTICE, **NEW_YEAR), DayNotInCalendar, **on(12, 31)),
    refused("one day late", in_force(), NOTICE, NoticeTooLate, **on(5, 22)),
    refused("only notified", notified(), NotifyAfterRequest(), WrongState),
    refused("another unit", claimed(), NotifyAfterRequest(), NotTheRequester, LINGANG),
    refused("notified before", claimed(), NotifyAfterRequest(), CauseNotFitting),
    refused("no event", asked(), NotifyAfterRequest(), CauseNotFitting),
    refused(
        "no calendar",
        requested_at_year_end(),
        NotifyAfterRequest(),
        DayNotInCalendar,
        **on(12, 31),
    ),
    refused(
        "one day late",
        asked("force_majeure", "force_majeure", items=("N01",), **FLOOD),
        NotifyAfterRequest(),
        NoticeTooLate,
        **on(5, 22),
    ),
    refused("requested", claimed(), AFTER_NOTICE, WrongState),
    refused(
        "another unit",
        notified(),
        RequestAfterNotice(requested_change="-"),
        NotTheRequester,
        LINGANG,
    ),
    refused(
        "event ends before it begins",
        notified(),
        RequestAfterNotice(requested_change="-", occurred_to=date(2026, 5, 1)),
        EventDatesInvalid,
    ),
]

SHOWING = [
    refused("submitted", submitted(), EVIDENCE, WrongState, evidence=SCAN),
    refused("another unit", claimed(), EVIDENCE, NotTheRequester, LINGANG, evidence=SCAN),
    refused("without a document", claimed(), EVIDENCE, ProofWithoutEvidence),
    refused(
        "no calendar",
        requested_at_year_end(),
        EVIDENCE,
        DayNotInCalendar,
        evidence=SCAN,
        **on(12, 31),
    ),
    refused("one day late", claimed(), EVIDENCE, ProofTooLate, evidence=SCAN, **on(6, 2)),
    refused("only notified", notified(), IMPACT, WrongState, OPS),
    refused("the requester", claimed(), IMPACT, SeparationOfDuties),
    refused("approved", approved(), WithdrawAdjustment(), WrongState),
    refused("another unit", claimed(), WithdrawAdjustment(), NotTheRequester, LINGANG),
]

SUBMITTING = [
    refused("only notified", notified(), EXTEND, WrongState),
    refused("another unit", shown(), EXTEND, NotTheRequester, LINGANG),
    refused("no calendar", requested_at_year_end(), EXTEND, DayNotInCalendar, **on(12, 31)),
    refused("nothing shown", claimed(), EXTEND, NotAdmissible),
    refused("not the treatment", asked(), submit("exclude"), TreatmentNotAllowed),
    refused("refusal as treatment", shown(), submit("refuse"), TreatmentNotAllowed),
    refused("no days", asked(), submit("extend"), TermsNotFitting),
    refused(
        "days without extension",
        asked("delete"),
        submit("exclude", granted_days=3),
        TermsNotFitting,
    ),
    refused("no added item", asked("add", items=("F01",)), submit("reweight"), TermsNotFitting),
    refused("no terms", asked("retarget", items=("I01",)), submit("retarget"), TermsNotFitting),
    refused("more days than shown", shown(), changed(EXTEND, granted_days=6), TermsNotFitting),
    refused(
        "no due date", asked(items=("I01",)), submit("extend", granted_days=3), TermsNotFitting
    ),
    refused(
        "another item added",
        asked("add", items=("F01",)),
        submit("reweight", added=(item("F02", "10", "3.1", target="1", unit="%"),)),
        TermsNotFitting,
    ),
    refused(
        "an item not asked for",
        asked("retarget", items=("I01",)),
        submit("retarget", terms=terms("I02", target="1")),
        TermsNotFitting,
    ),
    refused(
        "a field of another kind",
        asked("retarget", items=("I02",)),
        submit("retarget", terms=terms("I02", weight="1")),
        TermsNotFitting,
    ),
    refused("item gone", removed(), submit("extend", granted_days=3), ItemUnknown),
    refused(
        "no number",
        asked("retarget", items=("I02",)),
        submit("retarget", terms=terms("I02", target="much")),
        FieldInvalid,
    ),
    refused(
        "unit unknown",
        asked("transfer"),
        submit("none", terms=terms("N02", responsible="NO")),
        UnknownReference,
    ),
    refused(
        "no target left",
        asked("retarget", items=("I02",)),
        submit("retarget", terms=terms("I02", target=None)),
        LetterNotAcceptable,
    ),
    refused(
        "weights of 101",
        asked("reweight", items=("I01",)),
        submit("reweight", terms=terms("I01", weight="21")),
        AdjustmentUnbalanced,
    ),
    refused(
        "an item of everything",
        asked("add", items=("F01",)),
        submit("reweight", added=(item("F01", "100", "3.1", target="1", unit="%"),)),
        AdjustmentUnbalanced,
    ),
    refused(
        "every item deleted",
        asked("delete", items=tuple(one.item for one in ITEMS)),
        submit("exclude"),
        AdjustmentUnbalanced,
    ),
]

DECIDING = [
    refused("not submitted", shown(), ApproveAdjustment(case="K"), WrongState),
    refused("case unknown", submitted(), ApproveAdjustment(case="K"), UnknownReference),
    refused(
        "case undecided",
        opened(submitted(), "K", "adjustment/A", state(submitted()).content_hash or ""),
        ApproveAdjustment(case="K"),
        CaseNotApproved,
    ),
    refused(
        "other terms",
        decided(submitted(), "K", "adjustment/A", "0" * 64),
        ApproveAdjustment(case="K"),
        ApprovedOtherContent,
    ),
    refused(
        "other item",
        decided(
            submitted(),
            "K",
            "adjustment/A",
            state(submitted()).content_hash or "",
            item="budget-adjustment",
        ),
        ApproveAdjustment(case="K"),
        ApprovedUnderOtherItem,
    ),
    refused("by the verifier", verified(), ApproveAdjustment(case="K"), SeparationOfDuties),
    refused(
        "on the due day",
        late_extension(),
        ApproveAdjustment(case="K"),
        ExtensionTooLate,
        **on(6, 30),
    ),
    refused("approved", approved(), RefuseAdjustment(), WrongState, OPS, **WHY),
    refused("no why", claimed(), RefuseAdjustment(), ReasonMissing, OPS),
    refused("case unknown", claimed(), RefuseAdjustment(case="K"), UnknownReference, OPS, **WHY),
    refused(
        "case approved",
        granted(submitted()),
        RefuseAdjustment(case="K"),
        CaseNotRefused,
        OPS,
        **WHY,
    ),
    refused("approved", approved(), LapseAdjustment(), WrongState, OPS),
    refused(
        "no calendar",
        requested_at_year_end(),
        LapseAdjustment(),
        DayNotInCalendar,
        OPS,
        **on(12, 31),
    ),
    refused("in time", claimed(), LapseAdjustment(), NoLimitPassed, OPS, **on(6, 1)),
    refused("not approved", submitted(), ApplyAdjustment(), WrongState, OPS),
    refused(
        "letter over",
        approved().given("letter/BJ-2026", LetterPeriodEnded()),
        ApplyAdjustment(),
        WrongState,
        OPS,
    ),
    refused(
        "letter amended meanwhile",
        approved().given(
            "letter/BJ-2026",
            LetterAmended(
                adjustment="B",
                revision=2,
                changes=(),
                effective_from=date(2026, 6, 4),
                content_hash="0" * 64,
            ),
        ),
        ApplyAdjustment(),
        LetterMoved,
        OPS,
    ),
]

REFUSED = [*REQUEST, *NOTICES, *SHOWING, *SUBMITTING, *DECIDING]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_adjustments_refuse_what_comes_late_or_unproved(row: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    row.check()


def test_every_declared_refusal_of_adjustments_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("adjustment", REFUSED) == (set(), set())


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
