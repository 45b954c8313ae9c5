"""What adjustments refuse: what comes late, unproved, or from somebody else."""

from datetime import date
from typing import Any

import pytest

from opsledger_contracts.events.letter import (
    FieldChange,
    LetterAmended,
    LetterItemRemoved,
    LetterItemRevised,
    LetterPeriodEnded,
)
from opsledger_contracts.events.work_item import (
    CompletionVerified,
)
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
from opsledger_ledger.domain.adjustment_deciding import (
    ApplyAdjustment,
    ApproveAdjustment,
    LapseAdjustment,
    RefuseAdjustment,
)
from opsledger_ledger.domain.adjustment_requesting import (
    NotifyAfterRequest,
    RequestAfterNotice,
    WithdrawAdjustment,
)
from support.adjustment_stages import (
    EVIDENCE,
    EXTEND,
    FLOOD,
    FORCE_MAJEURE,
    IMPACT,
    NOTICE,
    WHY,
    approved,
    asked,
    at,
    changed,
    claimed,
    granted,
    late_extension,
    notified,
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
    SCAN,
    by,
    in_force,
)
from support.deciding import Refused, Stage, refused_row, undeclared_and_untested
from support.planning import ITEMS, WRITTEN, decided, item, opened

LINGANG = by("lingang-head", "LG-1")


def on(month: int, day: int) -> dict[str, str]:
    """Act at ten in the morning of a day of 2026."""
    return {"now": at(month, day), "occurred_at": at(month, day)}


AFTER_NOTICE = RequestAfterNotice(requested_change="顺延")


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
    return refused_row(name, stage, command, refusal, {**who, **act}, target="A")


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
