"""What approval cases refuse: what is out of order, beyond a power, or in one hand."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.events.letter import FieldChange, LetterItemRevised
from opsledger_contracts.problems.case import (
    AmountMissing,
    AmountOutsideBrackets,
    DecidesOtherContent,
    MatrixItemUnknown,
    NobodyForStep,
    NotOverdue,
    NotTheInitiator,
    NotYourStep,
    OutcomeOutstanding,
    OutOfOrder,
    PaperWithoutScan,
    RecipientNotNamed,
    ReturnsNotBack,
    SecondPersonInvolved,
    StepNotOpen,
    SubjectChanged,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar
from opsledger_contracts.problems.documents import NoneInForce
from opsledger_contracts.problems.general import (
    ReasonMissing,
    UnknownReference,
    WrongState,
)
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_ledger.domain.case_closing import (
    ArchiveCase,
    EscalateStep,
    FeedBackOutcome,
    FileCase,
    GrantSoDException,
    LapseCase,
    WithdrawCase,
)
from opsledger_ledger.domain.case_deciding import (
    ReturnCase,
)
from opsledger_ledger.domain.letter import LetterState
from support.authority import (
    AUDIT,
    BOARD,
    COMMITTEE,
    COST,
    FINANCE,
    HEAD,
    MARKETING,
    OPS,
    PRESIDENT,
    authorised,
    by,
    in_force,
    step,
)
from support.case_stages import (
    END_OF_CALENDARS,
    HEARD,
    OTHER,
    RATIFY,
    REFUSE,
    WHY,
    approve,
    borrowed,
    case,
    consulting,
    lent,
    on_paper,
    opening,
    review,
    special,
)
from support.deciding import Refused, Stage, refused_row, undeclared_and_untested
from support.organisation import regulated


def outdated(upto: int = 0) -> Stage:
    """A case on the letter of scenario S1, which was changed when so many steps were taken."""
    stage = case(upto, content=LETTER_HASH, subject="letter/BJ-2026")
    change = FieldChange(field="target", before="145000", after="1")
    return stage.given("letter/BJ-2026", LetterItemRevised(item="I02", changes=(change,)))


def content_of_letter() -> str:
    """The content of the letter of scenario S1."""
    letter = in_force().world.get(LetterState, "BJ-2026")
    assert letter is not None
    return letter.content_hash


LETTER_HASH = content_of_letter()


def closed() -> Stage:
    """A case that was decided, filed, fed back and archived."""
    stage = case(6)
    stage.do(FileCase(recipient="FIN-1"), "K", **FINANCE)
    stage.do(FeedBackOutcome(to="BJ-GM", result="已批准"), "K", **FINANCE)
    stage.do(ArchiveCase(), "K", **FINANCE)
    return stage


def refused(
    name: str, stage: Stage, command: Any, refusal: type, who: Any = HEAD, **act: Any
) -> Refused:
    """One row of the table, on the case K."""
    return refused_row(name, stage, command, refusal, {**who, **act}, target="K")


LAST_DAY = {"now": END_OF_CALENDARS, "occurred_at": END_OF_CALENDARS}
"""On the last day that a calendar covers, so that no limit can be computed any more."""

OPENING = [
    refused("subject unknown", authorised(), opening(subject="letter/NO"), UnknownReference),
    refused("unit unknown", authorised(), opening(affected_units=("NO",)), UnknownReference),
    refused("paper without scan", authorised(), opening(channel="paper"), PaperWithoutScan),
    refused("other content", in_force(), opening(subject="letter/BJ-2026"), SubjectChanged),
    refused("no matrix", regulated(), opening(), NoneInForce, by("binjiang-head", "BJ-1")),
    refused("item unknown", authorised(), opening(item="no"), MatrixItemUnknown),
    refused("no amount", authorised(), opening(item="budget-adjustment"), AmountMissing),
    refused(
        "negative amount",
        authorised(),
        opening(item="budget-adjustment", amount="-0.01"),
        AmountOutsideBrackets,
    ),
    refused("headless unit", authorised(), opening(affected_units=("LG",)), NobodyForStep),
    refused(
        "no unit that could review",
        special(
            step(1, "initiate", function="ops"),
            step(2, "review", head_of="affected_units"),
            step(3, "approve", function="president"),
        ),
        opening(item="special"),
        NobodyForStep,
        OPS,
    ),
    refused("another", authorised(), opening(responsible_unit="BJ"), NotTheInitiator, OPS),
    refused("no calendar", authorised(), opening(), DayNotInCalendar, **LAST_DAY),
]

REVIEW = [
    refused("archived", closed(), review(2), WrongState, OPS),
    refused("paper without scan", on_paper(), review(2), PaperWithoutScan, OPS),
    refused("no such step", case(), review(9), StepNotOpen, OPS),
    refused("taken before", case(1), review(2), StepNotOpen, OPS),
    refused("skipping one", case(), review(3), OutOfOrder, COST),
    refused("another", case(), review(2), NotYourStep, COST),
    refused("the initiator", consulting(), review(2), SeparationOfDuties, by("ops-head", "FIN-X")),
    refused("no calendar", case(), review(2), DayNotInCalendar, OPS, **LAST_DAY),
    refused("other content", case(), review(2, subject_hash=OTHER), DecidesOtherContent, OPS),
    refused("changed letter", outdated(), review(2, subject_hash=LETTER_HASH), SubjectChanged, OPS),
    refused("no why", case(), review(2, opinion="disagree"), ReasonMissing, OPS),
]

PARTICIPATE = [
    refused("archived", closed(), HEARD, WrongState, MARKETING),
    refused("paper without scan", consulting(channel="paper"), HEARD, PaperWithoutScan, MARKETING),
    refused("no such step", case(), HEARD, StepNotOpen, MARKETING),
    refused("before the review", consulting(), HEARD, OutOfOrder, MARKETING),
    refused("another", consulting(1), HEARD, NotYourStep, FINANCE),
    refused("the initiator", consulting(1), HEARD, SeparationOfDuties, by("ops-head", "MKT-X")),
    refused("no calendar", consulting(1), HEARD, DayNotInCalendar, MARKETING, **LAST_DAY),
]

RETURN = [
    refused("archived", closed(), ReturnCase(to_seq=2), WrongState, BOARD, **WHY),
    refused("no why", case(3), ReturnCase(to_seq=2), ReasonMissing, COMMITTEE),
    refused("not at turn", case(3), ReturnCase(to_seq=2), NotYourStep, PRESIDENT, **WHY),
    refused("forward", case(3), ReturnCase(to_seq=6), ReturnsNotBack, COMMITTEE, **WHY),
    refused("to itself", case(3), ReturnCase(to_seq=5), ReturnsNotBack, COMMITTEE, **WHY),
    refused("to the opening", case(3), ReturnCase(to_seq=1), ReturnsNotBack, COMMITTEE, **WHY),
    refused(
        "no calendar",
        case(3),
        ReturnCase(to_seq=2),
        DayNotInCalendar,
        COMMITTEE,
        **WHY,
        **LAST_DAY,
    ),
]


def binding(command: Any, upto: int, who: dict[str, Any], delegator: str) -> list[Refused]:
    """The rows that approval, ratification and refusal share; `upto` steps are taken before."""
    other = msgspec.structs.replace(command, subject_hash=OTHER)
    letter = msgspec.structs.replace(command, subject_hash=LETTER_HASH)
    absent = msgspec.structs.replace(command, seq=9)
    position = who["position"]
    return [
        refused("archived", closed(), command, WrongState, who, **WHY),
        refused("paper without scan", on_paper(upto), command, PaperWithoutScan, who, **WHY),
        refused("no such step", case(upto), absent, StepNotOpen, who, **WHY),
        refused("before the others", case(), command, OutOfOrder, who, **WHY),
        refused("another", case(upto), command, NotYourStep, AUDIT, **WHY),
        refused(
            "the initiator in a lent post",
            lent(upto, delegator, position),
            command,
            SeparationOfDuties,
            borrowed(position),
            **WHY,
        ),
        refused("no calendar", case(upto), command, DayNotInCalendar, who, **WHY, **LAST_DAY),
        refused("other content", case(upto), other, DecidesOtherContent, who, **WHY),
        refused("changed letter", outdated(upto), letter, SubjectChanged, who, **WHY),
    ]


EXCEPTION = GrantSoDException(person="secretary", seq=5, second_person="lawyer")


def exception(**changes: Any) -> GrantSoDException:
    """The exception with some fields changed."""
    return msgspec.structs.replace(EXCEPTION, **changes)


CLOSING = [
    refused("archived", closed(), EscalateStep(seq=2), WrongState, OPS),
    refused("in time", case(), EscalateStep(seq=2), NotOverdue, OPS),
    refused("not yet at turn", case(), EscalateStep(seq=3), NotOverdue, OPS),
    refused("no calendar", case(), EscalateStep(seq=2), DayNotInCalendar, OPS, **LAST_DAY),
    refused("archived", closed(), EXCEPTION, WrongState, AUDIT, **WHY),
    refused("no why", case(), EXCEPTION, ReasonMissing, AUDIT),
    refused("not the supervisor", case(), EXCEPTION, NotYourStep, OPS, **WHY),
    refused("no such step", case(), exception(seq=9), StepNotOpen, AUDIT, **WHY),
    refused("unknown person", case(), exception(person="no"), UnknownReference, AUDIT, **WHY),
    refused(
        "unknown second person",
        case(),
        exception(second_person="no"),
        UnknownReference,
        AUDIT,
        **WHY,
    ),
    refused("for itself", case(), exception(person="auditor"), SecondPersonInvolved, AUDIT, **WHY),
    refused(
        "beside itself",
        case(),
        exception(second_person="secretary"),
        SecondPersonInvolved,
        AUDIT,
        **WHY,
    ),
    refused("undecided", case(5), FileCase(recipient="FIN-1"), WrongState, FINANCE),
    refused("not named", case(6), FileCase(recipient="HX-B"), RecipientNotNamed, FINANCE),
    refused("by another", case(6), FileCase(recipient="FIN-1"), NotYourStep, COST),
    refused("undecided", case(5), FeedBackOutcome(to="BJ-GM", result="-"), WrongState, FINANCE),
    refused(
        "not named", case(6), FeedBackOutcome(to="HX-B", result="-"), RecipientNotNamed, FINANCE
    ),
    refused("by another", case(6), FeedBackOutcome(to="BJ-GM", result="-"), NotYourStep, COST),
    refused("decided", case(6), WithdrawCase(), WrongState),
    refused("by another", case(), WithdrawCase(), NotTheInitiator, OPS),
    refused("decided", case(6), LapseCase(), WrongState, OPS, **WHY),
    refused("no why", case(), LapseCase(), ReasonMissing, OPS),
    refused("undecided", case(5), ArchiveCase(), WrongState, FINANCE),
    refused("by another", case(6), ArchiveCase(), NotYourStep, OPS),
    refused("outcome not told", case(6), ArchiveCase(), OutcomeOutstanding, FINANCE),
]

REFUSED = [
    *OPENING,
    *REVIEW,
    *PARTICIPATE,
    *RETURN,
    *binding(approve(5), 3, COMMITTEE, "secretary"),
    *binding(RATIFY, 5, BOARD, "board-secretary"),
    *binding(REFUSE, 3, COMMITTEE, "secretary"),
    refused("no why", case(3), REFUSE, ReasonMissing, COMMITTEE),
    *CLOSING,
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_cases_refuse_what_is_out_of_order_or_power(row: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    row.check()


def test_every_declared_refusal_of_cases_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("case", REFUSED) == (set(), set())
