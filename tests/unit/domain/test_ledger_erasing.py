"""Erasing personal data: approved by two others, and not while a hold or a dispute stands against it."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.case import (
    ApprovalCaseOpened,
    ApprovalGranted,
    ApprovalRatified,
    PlannedStep,
)
from opsledger_contracts.events.ledger import (
    LedgerFounded,
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonalDataErased,
)
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.general import AlreadyExists, ReasonMissing, UnknownReference
from opsledger_contracts.problems.ledger import (
    ApproversTooFew,
    DisputeStandsAgainst,
    LegalHoldStandsAgainst,
)
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.ledger import LedgerState
from opsledger_ledger.domain.ledger_erasing import (
    ErasePersonalData,
    LiftLegalHold,
    PlaceLegalHold,
)
from support import scoring
from support.authority import authorised, matrix_item, matrix_named, published, step
from support.deciding import Refused, Stage, undeclared_and_untested

LEDGER = "HX"
STREAM = f"ledger/{LEDGER}"
ADMINISTRATOR = {"person": "administrator"}
ITEM = msgspec.structs.replace(
    matrix_item(
        "erasure",
        step(1, "initiate", function="hr"),
        step(2, "approve", function="legal"),
        step(3, "ratify", function="president"),
    ),
    category="personal",
)
DOCUMENT = matrix_named(2, ITEM)
PERSON = "marketing-head"
HOLD = PlaceLegalHold(hold="LH-1", persons=(PERSON,), basis="证据保全通知")


def erase(person: str = PERSON, **changes: Any) -> ErasePersonalData:
    """Erase the data of a person on the case K."""
    filled = {"scope": "姓名", "legal_basis": "个人信息保护法第四十七条", "case": "K"} | changes
    return ErasePersonalData(person=person, **filled)


def terms_of(command: ErasePersonalData) -> str:
    """The content on which the case decides."""
    terms = {
        "person": command.person,
        "scope": command.scope,
        "legal_basis": command.legal_basis,
    }
    return digest(terms)


def founded(stage: Stage | None = None) -> Stage:
    """A ledger with its organisation, whose matrix has an item for erasures."""
    there = published(authorised() if stage is None else stage, DOCUMENT)
    return there.given(STREAM, LedgerFounded(name=LEDGER, title="华翔", clock="system"))


def approved(
    stage: Stage,
    command: ErasePersonalData,
    *approvers: str,
    item: str = "erasure",
) -> Stage:
    """Let the case K decide on an erasure: approved by the first, ratified by the second person."""
    content_hash = terms_of(command)
    verbs: Any = ("approve", "ratify")
    stage.given(
        "case/K",
        ApprovalCaseOpened(
            case="K",
            subject=f"person/{command.person}",
            subject_hash=content_hash,
            matrix=digest(DOCUMENT),
            item=item,
            initiator="HR-1",
            initiator_unit="HX",
            steps=tuple(
                PlannedStep(seq=number, verb=verb, title=verb, positions=("HX-P",))
                for number, verb in enumerate(verbs, start=1)
            ),
        ),
        person="hr-head",
    )
    for number, (person, event) in enumerate(
        zip(approvers, (ApprovalGranted, ApprovalRatified), strict=False), start=1
    ):
        happened = event(seq=number, position="HX-P", subject_hash=content_hash, final=number > 1)
        stage.given("case/K", happened, person=person)
    return stage


def row(name: str, stage: Stage, command: Command, refusal: type[Refusal], **act: Any) -> Refused:
    """One row of the table, done by the administrator."""
    return Refused(
        id=name,
        stage=stage,
        command=command,
        target=LEDGER,
        refusal=refusal,
        act=ADMINISTRATOR | act,
    )


def held() -> Stage:
    """An approved erasure of somebody whose data is held."""
    stage = approved(founded(), erase(), "lawyer", "president")
    stage.do(HOLD, LEDGER, **ADMINISTRATOR)
    return stage


def disputed(person: str) -> Stage:
    """An approved erasure of a person while the score of 滨江公司 is disputed."""
    return approved(founded(scoring.accepted()), erase(person), "lawyer", "president")


LATER = {"at": scoring.at("2027-02-05")}

REFUSED = [
    row(
        "hold of nobody", founded(), msgspec.structs.replace(HOLD, persons=("X",)), UnknownReference
    ),
    row("hold placed twice", held(), HOLD, AlreadyExists),
    row("no such hold", founded(), LiftLegalHold(hold="LH-1"), UnknownReference, reason="x"),
    row("lifted without a word", held(), LiftLegalHold(hold="LH-1"), ReasonMissing),
    row("person unknown", founded(), erase("X"), UnknownReference),
    row("case unknown", founded(), erase(), UnknownReference),
    row("case not over", approved(founded(), erase(), "lawyer"), erase(), CaseNotApproved),
    row(
        "other scope",
        approved(founded(), erase(), "lawyer", "president"),
        erase(scope="姓名与电话"),
        ApprovedOtherContent,
    ),
    row(
        "along another item",
        approved(founded(), erase(), "lawyer", "president", item="rulebook-version"),
        erase(),
        ApprovedUnderOtherItem,
    ),
    row(
        "one approver twice",
        approved(founded(), erase(), "president", "president"),
        erase(),
        ApproversTooFew,
    ),
    row(
        "executed by an approver",
        approved(founded(), erase(), "administrator", "president"),
        erase(),
        ApproversTooFew,
    ),
    row("under a hold", held(), erase(), LegalHoldStandsAgainst),
    *(
        row(f"in a dispute: {who}", disputed(person), erase(person), DisputeStandsAgainst)
        for who, person in (
            ("the handler", "ops-officer"),
            ("who answers for the letter", "binjiang-president"),
            ("an officer of the unit", "binjiang-head"),
        )
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_nothing_is_erased_that_is_needed_or_that_nobody_approved(row: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    row.check()


def test_every_declared_refusal_of_the_ledger_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("ledger", REFUSED) == (set(), set())


def test_an_erasure_names_what_why_and_who_approved() -> None:
    """The entry has scope, legal basis, case and both approvers, and nothing of what was erased."""
    stage = approved(founded(), erase(), "lawyer", "president")
    assert stage.do(erase(), LEDGER, **ADMINISTRATOR) == [
        PersonalDataErased(
            person=PERSON,
            scope="姓名",
            legal_basis="个人信息保护法第四十七条",
            approvers=("lawyer", "president"),
            case="K",
        )
    ]
    assert state(stage).erased == [PERSON]


def test_a_hold_that_was_lifted_stands_against_nothing() -> None:
    """Until then it names everybody whose data it keeps; a name of a hold is used once."""
    stage = held()
    assert state(stage).holds == {"LH-1": (PERSON,)}
    assert stage.events(STREAM)[-1] == LegalHoldPlaced(
        hold="LH-1", persons=(PERSON,), basis="证据保全通知"
    )
    lifted = stage.do(LiftLegalHold(hold="LH-1"), LEDGER, reason="诉讼终结", **ADMINISTRATOR)
    assert lifted == [LegalHoldLifted(hold="LH-1")]
    assert [type(each) for each in stage.do(erase(), LEDGER, **ADMINISTRATOR)] == [
        PersonalDataErased
    ]
    with pytest.raises(AlreadyExists):
        stage.decide(HOLD, LEDGER, **ADMINISTRATOR)


def test_a_hold_and_a_dispute_keep_only_whom_they_concern() -> None:
    """Somebody of another unit, who is under no hold, is erased meanwhile."""
    stage = disputed(PERSON)
    other = PlaceLegalHold(hold="LH-2", persons=("ops-officer",), basis="x")
    stage.do(other, LEDGER, **LATER, **ADMINISTRATOR)
    assert len(stage.do(erase(), LEDGER, **LATER, **ADMINISTRATOR)) == 1


def state(stage: Stage) -> LedgerState:
    """The ledger as it stands."""
    ledger = stage.world.get(LedgerState, LEDGER)
    assert ledger is not None
    return ledger
