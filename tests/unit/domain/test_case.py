"""Approval cases: the chain of the matrix, its order, its powers, and the separation of duties."""

from datetime import date

import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.matrix import ForbiddenPair
from opsledger_contracts.event import Event
from opsledger_contracts.events.calendar import CalendarPublished
from opsledger_contracts.events.case import (
    ApprovalCaseOpened,
    ApprovalGranted,
    ApprovalRatified,
    ApprovalRefused,
    CaseArchived,
    CaseFiled,
    CaseLapsed,
    CaseReturned,
    CaseWithdrawn,
    OutcomeFedBack,
    ParticipationRecorded,
    ReviewGiven,
    SoDExceptionGranted,
    StepAssigned,
    StepEscalated,
)
from opsledger_contracts.events.matrix import MatrixDrafted
from opsledger_contracts.events.person import PersonRegistered
from opsledger_contracts.events.position import PersonAppointed, PositionDefined
from opsledger_contracts.problems.approval import ApprovedOtherContent, CaseNotApproved
from opsledger_contracts.problems.case import (
    OutOfOrder,
    RecipientNotNamed,
)
from opsledger_contracts.problems.general import (
    DelegationNotValid,
    UnknownReference,
)
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_ledger.domain.case import CaseState
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
    RefuseApproval,
    ReturnCase,
)
from opsledger_ledger.domain.policies.approval import approved
from support import scoring_examples
from support.authority import (
    AUDIT,
    BOARD,
    COMMITTEE,
    FINANCE,
    HASH,
    HEAD,
    MARKETING,
    OPS,
    OPS_2,
    PRESIDENT,
    SCAN,
    VICE,
    authorised,
    by,
    matrix_named,
    step,
)
from support.case_stages import (
    BUDGET,
    CONSULTED,
    END_OF_CALENDARS,
    HEARD,
    OTHER,
    RATIFY,
    REFUSE,
    SUBJECT,
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
    steps,
)
from support.deciding import Stage
from support.organisation import FOUNDED, employ
from support.planning import CALENDAR, MATRIX

LATER = "2026-06-08T02:00:00.000000Z"


def state(stage: Stage) -> CaseState:
    """The case as it stands."""
    found = stage.world.get(CaseState, "K")
    assert found is not None
    return found


def assigned(events: list[Event]) -> list[tuple[int, str]]:
    """The steps that became due."""
    return [(one.seq, one.verb) for one in events if isinstance(one, StepAssigned)]


def test_the_chain_is_fixed_at_the_opening() -> None:
    """R037: positions are those of the matrix in force, stored with the case; the first is due."""
    stage = authorised()
    employ_head(stage, "MKT-H", "MKT", "marketing-director")
    records = stage.decide(opening(affected_units=("MKT",)), "K", **HEAD)
    opened = records[0].event
    assert isinstance(opened, ApprovalCaseOpened)
    assert (opened.matrix, opened.initiator, opened.initiator_unit) == (MATRIX, "BJ-GM", "BJ")
    assert steps(opened) == [
        (1, "initiate", ("BJ-GM",)),
        (2, "review", ("OPS-1", "OPS-2")),
        (2, "participate", ("MKT-H",)),
        (3, "approve", ("HX-VP",)),
        (4, "file", ("HX-C",)),
        (5, "archive", ("OPS-1", "OPS-2")),
        (6, "execute", ("BJ-GM",)),
        (6, "supervise", ("HX-A",)),
        (7, "feedback", ("OPS-1", "OPS-2")),
    ]
    due = date(2026, 6, 4)
    assert [record.event for record in records[1:]] == [
        StepAssigned(seq=2, verb="review", positions=("OPS-1", "OPS-2"), due=due),
        StepAssigned(seq=2, verb="participate", positions=("MKT-H",), due=due),
    ]
    assert {record.calendar for record in records[1:]} == {CALENDAR}
    assert {record.authority.item for record in records if record.authority} == {
        "ordinary-adjustment"
    }


def employ_head(stage: Stage, position: str, unit: str, person: str) -> None:
    """Give a unit a head."""
    stage.given(f"person/{person}", PersonRegistered(person=person, name_commitment="0" * 64))
    stage.given(
        f"position/{position}",
        PositionDefined(
            position=position, unit=unit, title=position, tier="department_head", head=True
        ),
        PersonAppointed(person=person, valid_from=FOUNDED),
    )


def test_a_consulted_kind_of_unit_that_the_case_has_not_falls_away() -> None:
    """R039: nobody is heard where nobody is affected."""
    opened = authorised().do(opening(), "K", **HEAD)[0]
    assert isinstance(opened, ApprovalCaseOpened)
    assert "participate" not in [verb for _, verb, _ in steps(opened)]


@pytest.mark.parametrize(
    ("amount", "bracket", "approvals"),
    [
        ("0", "[0, 500000)", ["HX-VP"]),
        ("499999.99", "[0, 500000)", ["HX-VP"]),
        ("500000", "[500000, 2000000)", ["HX-P"]),
        ("1999999.99", "[500000, 2000000)", ["HX-P"]),
        ("2000000", "[2000000, ∞)", ["HX-C", "HX-P"]),
    ],
)
def test_the_amount_selects_a_half_open_bracket(
    amount: str, bracket: str, approvals: list[str]
) -> None:
    """SR-22, R053, F9: the lower bound belongs to the bracket, the upper one to the next."""
    opened = authorised().do(opening(item="budget-adjustment", amount=amount), "K", **HEAD)[0]
    assert isinstance(opened, ApprovalCaseOpened)
    assert (opened.amount, opened.bracket) == (amount, bracket)
    assert [one.positions[0] for one in opened.steps if one.verb == "approve"] == approvals


def test_parallel_reviews_come_in_any_order_and_the_next_waits_for_all() -> None:
    """R038: steps with the same seq are parallel; the next is assigned when the last is taken."""
    stage = special(
        step(1, "initiate", function="ops"),
        step(2, "review", function="finance"),
        step(2, "review", function="marketing"),
        step(3, "approve", function="president"),
    )
    stage.do(opening(item="special"), "K", **OPS)
    first = stage.do(review(2), "K", **MARKETING)
    assert first == [ReviewGiven(seq=2, position="MKT-1", opinion="agree", subject_hash=HASH)]
    second = stage.do(review(2, opinion="agree_with_remarks", comment="注意现金流"), "K", **FINANCE)
    assert second == [
        ReviewGiven(
            seq=2,
            position="FIN-1",
            opinion="agree_with_remarks",
            subject_hash=HASH,
            comment="注意现金流",
        ),
        StepAssigned(seq=3, verb="approve", positions=("HX-P",), due=date(2026, 6, 3)),
    ]
    assert state(stage).status == "in_approval"


def test_a_consulted_position_is_heard_before_the_approval() -> None:
    """R039: its opinion is recorded; then the approval is due."""
    events = consulting(1).do(HEARD, "K", **MARKETING)
    assert events == [
        ParticipationRecorded(seq=3, position="MKT-1", opinion="无异议"),
        StepAssigned(seq=4, verb="approve", positions=("HX-P",), due=date(2026, 6, 3)),
    ]


def test_the_whole_chain_ends_in_a_final_decision_on_the_content() -> None:
    """R040, F9: two approvals and a ratification; only the last is final, then filing is due."""
    stage = case(4)
    assert stage.do(approve(6), "K", **PRESIDENT)[0] == ApprovalGranted(
        seq=6, position="HX-P", subject_hash=HASH, final=False
    )
    assert state(stage).status == "ratifying"
    with pytest.raises(CaseNotApproved):
        approved(stage.world, "K", SUBJECT, HASH)
    events = stage.do(RATIFY, "K", **BOARD)
    assert events[0] == ApprovalRatified(seq=7, position="HX-B", subject_hash=HASH, final=True)
    assert assigned(events) == [(8, "file"), (9, "archive"), (11, "feedback")]
    assert approved(stage.world, "K", SUBJECT, HASH) is state(stage)
    with pytest.raises(ApprovedOtherContent):
        approved(stage.world, "K", SUBJECT, OTHER)
    with pytest.raises(ApprovedOtherContent):
        approved(stage.world, "K", "budget/B-2", HASH)


def test_a_refusal_ends_the_case_and_the_initiator_is_to_be_told() -> None:
    """R040, R045: an approver's no is final; feedback is due at once."""
    stage = case(3)
    events = stage.do(REFUSE, "K", **COMMITTEE, **WHY)
    assert events[0] == ApprovalRefused(seq=5, position="HX-C", subject_hash=HASH)
    assert (11, "feedback") in assigned(events)
    assert state(stage).decided == "refused"


def test_a_ratifying_body_can_refuse_too() -> None:
    """A ratification is a decision of its own."""
    stage = case(5)
    refusal = RefuseApproval(seq=7, subject_hash=HASH)
    assert stage.do(refusal, "K", **BOARD, **WHY)[0] == ApprovalRefused(
        seq=7, position="HX-B", subject_hash=HASH
    )


def test_a_returned_case_goes_again_from_there() -> None:
    """R038: later steps are to be taken again, earlier ones stand."""
    stage = case(4)
    assert stage.do(ReturnCase(to_seq=3), "K", **PRESIDENT, **WHY) == [
        CaseReturned(to_seq=3),
        StepAssigned(seq=3, verb="review", positions=("FIN-C",), due=date(2026, 6, 4)),
    ]
    assert state(stage).status == "returned"
    assert state(stage).seq == 3
    for act, who in BUDGET[2:3]:
        with pytest.raises(OutOfOrder):
            stage.decide(act, "K", **who)
    for act, who in BUDGET[1:]:
        stage.do(act, "K", **who)
    assert state(stage).decided == "approved"


def test_nobody_approves_their_own_proposal_by_delegation() -> None:
    """S6(a): who initiated stands behind an act in a lent post too; another delegate may act."""
    stage = lent(3, "secretary", "HX-C")
    with pytest.raises(SeparationOfDuties) as refusal:
        stage.decide(approve(5), "K", **borrowed("HX-C"))
    assert refusal.value.facts == {
        "first": "initiate",
        "second": "approve",
        "person": "binjiang-president",
    }


def test_a_delegation_reaches_only_the_items_it_names() -> None:
    """A post lent for letters does not approve budgets."""
    stage = lent(3, "secretary", "HX-C", item="annual-letter")
    with pytest.raises(DelegationNotValid):
        stage.decide(approve(5), "K", **borrowed("HX-C"))


def test_an_author_does_not_approve_their_own_draft() -> None:
    """Whoever drafted the matrix counts as its initiator, whoever opened the case."""
    stage = special(
        step(1, "initiate", function="ops"),
        step(2, "review", function="finance"),
        step(3, "approve", function="president"),
    )
    draft = matrix_named(3, effective_from=date(2026, 9, 1))
    stage.given(
        "matrix/AM-2026.3",
        MatrixDrafted(document=draft, content_hash=digest(draft)),
        person="president",
    )
    stage.do(
        opening(item="special", subject="matrix/AM-2026.3", subject_hash=digest(draft)),
        "K",
        **OPS,
    )
    stage.do(review(2, subject_hash=digest(draft)), "K", **FINANCE)
    with pytest.raises(SeparationOfDuties):
        stage.decide(approve(3, digest(draft)), "K", **PRESIDENT)


@pytest.mark.parametrize(
    "subject", ["plan/P", "rulebook/RB-2026.9", "adjustment/A", "assessment/S", "letter/L"]
)
def test_a_case_needs_a_subject_that_is_there(subject: str) -> None:
    """R037: what the ledger holds is not approved before it exists."""
    with pytest.raises(UnknownReference):
        authorised().decide(opening(subject=subject), "K", **HEAD)


def test_an_exception_lets_one_person_act_once() -> None:
    """A named second person stands beside an act that separation of duties forbids."""
    who = by("ops-head", "FIN-X")
    stage = special(
        *CONSULTED[:1],
        step(2, "review", function="finance"),
        step(3, "approve", function="president"),
        step(4, "supervise", function="audit"),
        sod=(ForbiddenPair(first="initiate", second="review"),),
    )
    employ(stage, "FIN-X", "FIN", "ops-head", ("finance",))
    stage.do(opening(item="special"), "K", **OPS)
    with pytest.raises(SeparationOfDuties):
        stage.decide(review(2), "K", **who)
    granted = GrantSoDException(person="ops-head", seq=2, second_person="lawyer")
    assert stage.do(granted, "K", **AUDIT, **WHY) == [
        SoDExceptionGranted(person="ops-head", seq=2, second_person="lawyer")
    ]
    assert stage.do(review(2), "K", **who)[0] == ReviewGiven(
        seq=2, position="FIN-X", opinion="agree", subject_hash=HASH
    )


def test_a_paper_case_records_what_was_done_out_of_order() -> None:
    """R051, decision 3: on paper it is recorded with the scan, and reported instead of refused."""
    stage = on_paper()
    early = stage.do(approve(5, OTHER), "K", **PRESIDENT, evidence=SCAN)
    assert early[0] == ApprovalGranted(seq=5, position="HX-P", subject_hash=OTHER, final=False)
    stage.do(review(2), "K", **HEAD, evidence=SCAN)
    assert [one.taken for one in state(stage).steps[:5]] == [True, True, False, False, True]


def test_an_overdue_step_goes_to_the_superior() -> None:
    """A step past its working-day limit is escalated; the superior may then take it."""
    stage = special(
        step(1, "initiate", function="finance"),
        step(2, "review", function="planning"),
        step(2, "review", function="marketing"),
        step(3, "approve", function="president"),
    )
    stage.given(
        "position/OPS-3",
        PositionDefined(
            position="OPS-3",
            unit="OPS",
            title="计划专员",
            tier="staff",
            functions=("planning",),
            reports_to="HX-VP",
        ),
    )
    stage.do(opening(item="special"), "K", **FINANCE)
    stage.do(review(2), "K", **MARKETING)
    events = stage.do(EscalateStep(seq=2), "K", at=LATER, **OPS)
    assert events == [
        StepEscalated(seq=2, due=date(2026, 6, 3)),
        StepAssigned(seq=2, verb="review", positions=("OPS-3", "HX-VP"), due=date(2026, 6, 10)),
    ]
    assert len(stage.do(review(2), "K", at=LATER, **VICE)) == 2


def test_a_step_without_superiors_is_escalated_all_the_same() -> None:
    """The event stands for itself: it is what the report on limits counts."""
    events = case().do(EscalateStep(seq=2), "K", at=LATER, **OPS_2)
    assert events[0] == StepEscalated(seq=2, due=date(2026, 6, 4))


def test_a_decided_case_is_filed_fed_back_and_archived() -> None:
    """R041, R042, R045: the package hash is made of the digests of the entries, in order."""
    stage = case(6)
    assert stage.do(FileCase(recipient="FIN-1"), "K", **FINANCE) == [CaseFiled(recipient="FIN-1")]
    feedback = FeedBackOutcome(to="BJ-GM", result="已批准")
    assert stage.do(feedback, "K", **FINANCE) == [OutcomeFedBack(to="BJ-GM", result="已批准")]
    entries = [digest(placed.recorded.envelope) for placed in stage.streams["case/K"]]
    assert stage.do(ArchiveCase(), "K", **FINANCE) == [CaseArchived(package_hash=digest(entries))]
    assert state(stage).status == "archived"
    assert state(stage).decided == "approved"


def test_a_refused_case_is_fed_back_and_archived_without_filing() -> None:
    """R045: the initiator learns of a no; there is nothing to be filed."""
    stage = case(3)
    stage.do(REFUSE, "K", **COMMITTEE, **WHY)
    stage.do(FeedBackOutcome(to="BJ-GM", result="不予批准"), "K", **COMMITTEE)
    assert isinstance(stage.do(ArchiveCase(), "K", **FINANCE)[0], CaseArchived)


def test_a_case_can_be_withdrawn_by_its_initiator() -> None:
    """It can be archived then, without anybody being told."""
    stage = case(2)
    assert stage.do(WithdrawCase(), "K", **HEAD) == [CaseWithdrawn()]
    assert isinstance(stage.do(ArchiveCase(), "K", **FINANCE)[0], CaseArchived)


def test_a_case_can_lapse() -> None:
    """A case that will not be decided ends for a stated reason."""
    stage = case(2)
    assert stage.do(LapseCase(), "K", **OPS, **WHY) == [CaseLapsed()]
    assert not state(stage).open
    assert stage.world.find("case_by_subject", SUBJECT) == ("K",)


def test_without_an_archivist_the_initiator_archives() -> None:
    """A chain need not name who archives."""
    stage = special(step(1, "initiate", function="ops"), step(2, "approve", function="president"))
    stage.do(opening(item="special"), "K", **OPS)
    stage.do(WithdrawCase(), "K", **OPS)
    assert isinstance(stage.do(ArchiveCase(), "K", **OPS)[0], CaseArchived)


def test_a_chain_that_files_with_nobody_takes_no_filing() -> None:
    """The matrix names who is given the decision, nobody else."""
    stage = special(step(1, "initiate", function="ops"), step(2, "approve", function="president"))
    stage.do(opening(item="special"), "K", **OPS)
    stage.do(approve(2), "K", **PRESIDENT)
    with pytest.raises(RecipientNotNamed):
        stage.decide(FileCase(recipient="HX-B"), "K", **OPS)


def test_limits_across_the_end_of_the_year_use_the_next_calendar() -> None:
    """SR-20: the limit cites the calendar of the year in which it falls."""
    stage = case()
    next_year = scoring_examples.calendar("CN-2027.1")
    stage.given(
        "calendar/CN-2027.1",
        CalendarPublished(document=next_year, content_hash=digest(next_year)),
    )
    records = stage.decide(review(2), "K", at=END_OF_CALENDARS, **OPS)
    assert records[1].calendar == digest(next_year)
    assigned = records[1].event
    assert isinstance(assigned, StepAssigned)
    assert assigned.due is not None
    assert assigned.due.year == 2027
