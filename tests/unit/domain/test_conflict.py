"""Conflict cases: submit, mediate, settle or rule, within the days of the rulebook (R218, R219)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.conflict import (
    ConflictClosed,
    ConflictEscalated,
    ConflictRuled,
    ConflictSubmitted,
    MediationSettled,
    MediationStarted,
)
from opsledger_contracts.problems.conflict import (
    NotYetOverdue,
    PartiesInvalid,
    PartyToConflict,
    StrangerToConflict,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar, DutyUnknown
from opsledger_contracts.problems.documents import NoneInForce
from opsledger_contracts.problems.general import (
    FunctionMissing,
    ReasonMissing,
    UnknownReference,
    WrongState,
)
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.conflict import (
    CloseConflict,
    ConflictState,
    EscalateConflict,
    RuleConflict,
    SettleConflict,
    StartMediation,
    SubmitConflict,
)
from opsledger_ledger.domain.deciding import Command
from support import scoring_examples
from support.deciding import Refused, Stage, undeclared_and_untested
from support.organisation import employ, organisation, regulated

CALENDAR = digest(scoring_examples.calendar("CN-2026.1"))
SUBMIT = SubmitConflict(parties=("BJ", "ENG"), category="support", matter="示范区机电配合")
SUBMITTED = ConflictSubmitted(
    conflict="Q-1",
    parties=("BJ", "ENG"),
    category="support",
    matter="示范区机电配合",
    due=date(2026, 6, 4),
    calendar=CALENDAR,
)
MEDIATING = MediationStarted(mediator="ops-head")
SETTLE = SettleConflict(settlement="工程中心 05-10 前完成")
ESCALATE = EscalateConflict(to="副总裁")
RULE = RuleConflict(ruling="工程中心承担")
OPS = {"person": "ops-head"}
PARTY = {"person": "binjiang-head"}
MANAGER = {"person": "vice-president"}
WHY = {"reason": "协调未果"}
DAY_AFTER = "2026-06-05T02:00:00.000000Z"


def submitted(*events: Any) -> Stage:
    """A conflict between 滨江公司 and the engineering centre, and what followed."""
    return regulated().given("conflict/Q-1", SUBMITTED, *events)


def escalated() -> Stage:
    """The same conflict before management."""
    return submitted(MEDIATING, ConflictEscalated(to="副总裁"))


def of_both(stage: Stage, function: str) -> Stage:
    """Add a person who carries a function at headquarters and works for a party as well."""
    employ(stage, "HX-9", "HX", "two-posts", (function,))
    return employ(stage, "BJ-9", "BJ", "two-posts")


def row(name: str, stage: Stage, command: Command, refusal: type[Refusal], **act: Any) -> Refused:
    """One refusal of an act on the conflict."""
    return Refused(id=name, stage=stage, command=command, target="Q-1", refusal=refusal, act=act)


def without_duty() -> Stage:
    """The organisation under a rulebook whose timetable says nothing about conflicts."""
    return regulated(msgspec.structs.replace(scoring_examples.rulebook(), timetable=()))


TWO_POSTS = {"person": "two-posts", "position": "HX-9"}
END_OF_YEAR = "2026-12-30T02:00:00.000000Z"
REFUSED = [
    row(
        "party unknown",
        regulated(),
        msgspec.structs.replace(SUBMIT, parties=("BJ", "NO")),
        UnknownReference,
        **PARTY,
    ),
    row(
        "one party",
        regulated(),
        msgspec.structs.replace(SUBMIT, parties=("BJ",)),
        PartiesInvalid,
        **PARTY,
    ),
    row(
        "party named twice",
        regulated(),
        msgspec.structs.replace(SUBMIT, parties=("BJ", "BJ", "ENG")),
        PartiesInvalid,
        **PARTY,
    ),
    row(
        "subject unknown",
        regulated(),
        msgspec.structs.replace(SUBMIT, subject="letter/NO"),
        UnknownReference,
        **PARTY,
    ),
    row("no rulebook", organisation(), SUBMIT, NoneInForce, **PARTY),
    row("no such duty", without_duty(), SUBMIT, DutyUnknown, **PARTY),
    row("calendar ends", regulated(), SUBMIT, DayNotInCalendar, **PARTY, at=END_OF_YEAR),
    row("mediated twice", submitted(MEDIATING), StartMediation(), WrongState, **OPS),
    row(
        "mediator of a party",
        of_both(submitted(), "ops"),
        StartMediation(),
        PartyToConflict,
        **TWO_POSTS,
    ),
    row("settled before mediation", submitted(), SETTLE, WrongState, **OPS),
    row(
        "settled by one of a party",
        of_both(submitted(MEDIATING), "ops"),
        SETTLE,
        PartyToConflict,
        **TWO_POSTS,
    ),
    row("escalated twice", escalated(), ESCALATE, WrongState, **OPS, **WHY),
    row("escalated without reason", submitted(), ESCALATE, ReasonMissing, **OPS),
    row(
        "escalated by a stranger",
        submitted(),
        ESCALATE,
        StrangerToConflict,
        person="lingang-head",
        **WHY,
    ),
    row("escalated by a party too soon", submitted(), ESCALATE, NotYetOverdue, **PARTY, **WHY),
    row("ruled before escalation", submitted(MEDIATING), RULE, WrongState, **MANAGER),
    row("ruled by operations", escalated(), RULE, FunctionMissing, **OPS),
    row(
        "ruled by one of a party",
        of_both(escalated(), "president"),
        RULE,
        PartyToConflict,
        **TWO_POSTS,
    ),
    row("closed unsolved", submitted(MEDIATING), CloseConflict(), WrongState, **OPS),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_conflicts_refuse_partial_or_premature_acts(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind (R218)."""
    refused.check()


def test_every_declared_refusal_of_conflicts_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("conflict", REFUSED) == (set(), set())


def test_a_solution_is_due_three_working_days_after_submission() -> None:
    """R219: Friday's conflict is due on Wednesday; rulebook and calendar are on the entry."""
    there = regulated()
    [record] = there.decide(SUBMIT, "Q-1", **PARTY, at=DAY_AFTER)
    assert record.event == msgspec.structs.replace(SUBMITTED, due=date(2026, 6, 10))
    assert record.rulebook == digest(scoring_examples.rulebook())
    assert record.calendar == CALENDAR


def test_a_conflict_is_found_by_its_parties_and_its_subject() -> None:
    """The thing in dispute is one that the ledger knows."""
    there = regulated()
    there.do(msgspec.structs.replace(SUBMIT, subject="unit/BJ"), "Q-1", **PARTY)
    assert there.world.find("conflict_by_party", "ENG") == ("Q-1",)
    assert there.world.find("conflict_by_subject", "unit/BJ") == ("Q-1",)


def test_operations_mediates_and_the_parties_settle() -> None:
    """R218: submitted, mediated, settled, closed."""
    there = submitted()
    assert there.do(StartMediation(), "Q-1", **OPS) == [MEDIATING]
    assert there.do(SETTLE, "Q-1", **OPS) == [MediationSettled(settlement="工程中心 05-10 前完成")]
    assert there.do(CloseConflict(), "Q-1", **OPS) == [ConflictClosed()]
    conflict = there.world.get(ConflictState, "Q-1")
    assert conflict is not None
    assert (conflict.status, conflict.mediator) == ("closed", "ops-head")


@pytest.mark.parametrize("manager", ["president", "vice-president"])
def test_management_rules_on_what_was_escalated(manager: str) -> None:
    """R218: operations escalates without waiting for the due day, and management rules."""
    there = submitted(MEDIATING)
    assert there.do(ESCALATE, "Q-1", **OPS, **WHY) == [ConflictEscalated(to="副总裁")]
    assert there.do(RULE, "Q-1", person=manager) == [ConflictRuled(ruling="工程中心承担")]
    assert there.do(CloseConflict(), "Q-1", **OPS) == [ConflictClosed()]


def test_a_party_escalates_once_the_time_has_run_out() -> None:
    """R219: on the due day there is still time, on the next there is not."""
    there = submitted()
    with pytest.raises(NotYetOverdue):
        there.decide(ESCALATE, "Q-1", **PARTY, **WHY, at="2026-06-04T02:00:00.000000Z")
    assert there.do(ESCALATE, "Q-1", **PARTY, **WHY, at=DAY_AFTER) == [
        ConflictEscalated(to="副总裁")
    ]
