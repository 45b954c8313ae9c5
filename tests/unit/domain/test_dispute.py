"""Disputes: filed, handled, decided, answered (R155, R156, SR-20, SR-23, S2)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.assessment import ScoreContested, ScoreFinalised
from opsledger_contracts.events.dispute import (
    Contested,
    DisputeAccepted,
    DisputeClosed,
    DisputeDecided,
    DisputeFiled,
    DisputeInadmissible,
    DisputeWithdrawn,
    HandlerRecused,
    HearingHeld,
    RemedyApplied,
    SecondReviewRequested,
)
from opsledger_contracts.problems.assessment import (
    AssessesItself,
    ClauseNotInRulebook,
    DisputeOpen,
    InvolvedInScore,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar
from opsledger_contracts.problems.dispute import (
    ElementUnknown,
    FiledLate,
    FindingMissing,
    FindingNeedsReplay,
    GroundMissing,
    GroundUnknown,
    HeldInFuture,
    NoStanding,
    NotTheHandler,
    RemedyInconsistent,
    RemedyOutstanding,
    ReplayElsewhere,
    ReplayNotLinked,
    RescoreMissing,
    ScoreNotContestable,
    SecondReviewLate,
    SecondReviewPossible,
    SecondReviewUsed,
)
from opsledger_contracts.problems.general import ReasonMissing, UnknownReference, WrongState
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_ledger.domain.assessment_publishing import FinaliseScore
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.dispute import DisputeState
from opsledger_ledger.domain.dispute_deciding import (
    ApplyRemedy,
    CloseDispute,
    DecideDispute,
    RequestSecondReview,
)
from opsledger_ledger.domain.dispute_handling import (
    AcceptDispute,
    DeclareInadmissible,
    HoldHearing,
    OrderReplay,
    RecordFinding,
    RecuseHandler,
    WithdrawDispute,
)
from support import scoring, scoring_examples
from support.deciding import Refused, Stage, undeclared_and_untested
from support.scoring import (
    ADJUSTMENT,
    CHAIR,
    DECISION,
    FILING,
    HANDLER,
    HR,
    INSIDER,
    MEMBER,
    OTHER_UNIT,
    PARTY,
    SCORER,
    A,
    D,
    at,
    shared,
)

REASON = {"reason": "理由"}
CALENDAR = digest(scoring_examples.calendar("CN-2027.1"))
FINDING = RecordFinding(kind="procedure_defect", detail="未听取意见")
REJECTED = DecideDispute(outcome="rejected", clause="6.2", remedy="none")
AGAIN = RequestSecondReview(statement="不服")


def rejected() -> Stage:
    """The first instance rejected the dispute on 2027-02-17."""
    return scoring.decided(REJECTED)


def second_review() -> Stage:
    """The party asked the committee in full."""
    stage = rejected()
    stage.do(AGAIN, D, at=at("2027-02-24"), **PARTY)
    return stage


def decided_twice() -> Stage:
    """The second instance rejected it too."""
    stage = second_review()
    stage.do(FINDING, D, at=at("2027-02-26"), **HANDLER)
    stage.do(REJECTED, D, at=at("2027-03-01"), **MEMBER)
    return stage


FAR_AHEAD = {"at": at("2035-02-04")}


def decided_far_ahead() -> Stage:
    """A decision leaves the second instance open beyond the published calendars."""
    decided = shared("decided").events(f"dispute/{D}")[-1]
    assert isinstance(decided, DisputeDecided)
    until = date(2035, 12, 31)
    return scoring.found().given(
        f"dispute/{D}", msgspec.structs.replace(decided, second_instance_until=until)
    )


def elsewhere() -> Stage:
    """A replay of another assessment is on record."""
    stage = scoring.accepted()
    requested = shared("replayed").events("replay/RP")[0]
    return stage.given("replay/RP-LG", msgspec.structs.replace(requested, assessment="A-LG"))


def without_grounds() -> Stage:
    """The score was published under a rulebook that knows one ground only."""
    stage = scoring.published()
    state = scoring.state(stage)
    document: Rulebook = scoring_examples.rulebook()
    appeal = msgspec.structs.replace(document.appeal, grounds=document.appeal.grounds[:1])
    other = msgspec.structs.replace(document, appeal=appeal)
    fresh = scoring.ready(other)
    for event in stage.events(f"assessment/{A}"):
        if type(event).__name__ == "ScoreCalculated":
            event = msgspec.structs.replace(event, rulebook=digest(other))  # noqa: PLW2901
        fresh.given(f"assessment/{A}", event)
    assert state.status == "published"
    return fresh


def row(
    id: str,  # noqa: A002 - the name that `Refused` has.
    stage: Stage,
    command: Command,
    refusal: type[Refusal],
    **act: Any,
) -> Refused:
    """Write a row; the handler asks on 2027-02-16 unless told otherwise."""
    return Refused(
        id=f"{type(command).__name__}: {id}",
        stage=stage,
        command=command,
        target=D,
        refusal=refusal,
        act={"at": at("2027-02-16")} | HANDLER | act,
    )


PUBLISHED = shared("published")
FILED = shared("disputed")
ACCEPTED = shared("accepted")
DECIDED = shared("decided")
ON_TIME = {"at": at("2027-02-02")} | PARTY
HEARING = HoldHearing(held_on=date(2027, 2, 16), attendees=("chair",), summary="无异议")

FILINGS: tuple[tuple[str, Stage, dict[str, Any], type[Refusal], dict[str, Any]], ...] = (
    ("no assessment", PUBLISHED, {"assessment": "NO"}, UnknownReference, {}),
    ("other unit", PUBLISHED, {}, NoStanding, OTHER_UNIT),
    ("not published", shared("confirmed"), {}, ScoreNotContestable, {}),
    ("other version", PUBLISHED, {"score_version": 2}, ScoreNotContestable, {}),
    ("final", shared("final"), {}, ScoreNotContestable, {"at": at("2027-02-20")}),
    ("late", PUBLISHED, {}, FiledLate, {"at": at("2027-02-05")}),
    ("no ground", PUBLISHED, {"grounds": ()}, GroundMissing, {}),
    ("nothing contested", PUBLISHED, {"contested": ()}, GroundMissing, {}),
    ("unknown ground", without_grounds(), {}, GroundUnknown, {}),
    *(
        (
            f"no such {element}",
            PUBLISHED,
            {"contested": (Contested(element=element, name="Z9"),)},
            ElementUnknown,
            {},
        )
        for element in ("item", "clause", "input", "adjustment", "procedure", "grade")
    ),
)

REFUSED = [
    *(
        row(name, stage, msgspec.structs.replace(FILING, **changes), refusal, **ON_TIME | act)
        for name, stage, changes, refusal, act in FILINGS
    ),
    Refused(
        id="FileDispute: another is open",
        stage=FILED,
        command=FILING,
        target="D-2",
        refusal=DisputeOpen,
        act=ON_TIME,
    ),
    row("accepted already", ACCEPTED, AcceptDispute(handler="member"), WrongState, **CHAIR),
    row("nobody", FILED, AcceptDispute(handler="NO"), UnknownReference, **CHAIR),
    row("scorer", FILED, AcceptDispute(handler="ops-head"), InvolvedInScore, **CHAIR),
    row("confirmer", FILED, AcceptDispute(handler="chair"), InvolvedInScore, **MEMBER),
    row("approver", FILED, AcceptDispute(handler="president"), InvolvedInScore, **MEMBER),
    row("party", FILED, AcceptDispute(handler="binjiang-head"), InvolvedInScore, **CHAIR),
    row(
        "no calendar",
        FILED,
        AcceptDispute(handler="member"),
        DayNotInCalendar,
        **CHAIR | {"at": at("2035-02-04")},
    ),
    row("accepted", ACCEPTED, DeclareInadmissible(ground="late"), WrongState, **CHAIR | REASON),
    row("no reason", FILED, DeclareInadmissible(ground="late"), ReasonMissing, **CHAIR),
    *(
        refused
        for command in (RecuseHandler(successor="hr-head"), OrderReplay(replay="RP"), FINDING)
        for refused in (
            row("not accepted", FILED, command, WrongState, **REASON),
            row("not the handler", ACCEPTED, command, NotTheHandler, **MEMBER | REASON),
        )
    ),
    row("no reason", ACCEPTED, RecuseHandler(successor="hr-head"), ReasonMissing),
    row("nobody", ACCEPTED, RecuseHandler(successor="NO"), UnknownReference, **REASON),
    row("scorer", ACCEPTED, RecuseHandler(successor="ops-head"), InvolvedInScore, **REASON),
    row("no such replay", ACCEPTED, OrderReplay(replay="NO"), UnknownReference),
    row("other assessment", elsewhere(), OrderReplay(replay="RP-LG"), ReplayElsewhere),
    row(
        "without replay",
        ACCEPTED,
        RecordFinding(kind="input_wrong", detail="有误"),
        FindingNeedsReplay,
    ),
    row(
        "replay not ordered",
        ACCEPTED,
        msgspec.structs.replace(FINDING, replay="RP"),
        ReplayNotLinked,
    ),
    row(
        "no such clause",
        ACCEPTED,
        msgspec.structs.replace(FINDING, clause="9.9"),
        ClauseNotInRulebook,
    ),
    row("not accepted", FILED, HEARING, WrongState),
    row("nobody", ACCEPTED, msgspec.structs.replace(HEARING, attendees=("NO",)), UnknownReference),
    row("tomorrow", ACCEPTED, HEARING, HeldInFuture, at=at("2027-02-15")),
    row("decided", DECIDED, WithdrawDispute(), WrongState, **PARTY),
    row("not the party", FILED, WithdrawDispute(), NoStanding, **OTHER_UNIT),
    row("not accepted", FILED, DECISION, WrongState, **MEMBER),
    row("own unit", shared("found"), DECISION, AssessesItself, **INSIDER),
    row("confirmer", shared("found"), DECISION, SeparationOfDuties, **CHAIR),
    row("nothing found", shared("replayed"), DECISION, FindingMissing, **MEMBER),
    *(
        row(name, shared("found"), msgspec.structs.replace(DECISION, **changes), refusal, **MEMBER)
        for name, changes, refusal in (
            ("rejected yet rescored", {"outcome": "rejected"}, RemedyInconsistent),
            ("rescored without replay", {"replay": None}, FindingNeedsReplay),
            ("replay not ordered", {"replay": "NO"}, ReplayNotLinked),
            ("no such clause", {"clause": "9.9"}, ClauseNotInRulebook),
        )
    ),
    row(
        "no calendar",
        shared("found"),
        DECISION,
        DayNotInCalendar,
        **MEMBER | {"at": at("2035-02-04")},
    ),
    row("undecided", shared("found"), AGAIN, WrongState, **PARTY),
    row("not the party", DECIDED, AGAIN, NoStanding, **OTHER_UNIT),
    row("twice", decided_twice(), AGAIN, SecondReviewUsed, **PARTY),
    row("late", DECIDED, AGAIN, SecondReviewLate, **PARTY | {"at": at("2027-03-02")}),
    row("no calendar", decided_far_ahead(), AGAIN, DayNotInCalendar, **PARTY | FAR_AHEAD),
    row("undecided", shared("found"), ApplyRemedy(run=2), WrongState),
    row("not published", shared("rescored"), ApplyRemedy(run=2), RescoreMissing),
    row("old run", DECIDED, ApplyRemedy(run=1), RescoreMissing),
    row("undecided", shared("found"), CloseDispute(), WrongState),
    row("not rescored", DECIDED, CloseDispute(), RemedyOutstanding, at=at("2027-03-10")),
    row(
        "second instance possible",
        rejected(),
        CloseDispute(),
        SecondReviewPossible,
        at=at("2027-02-24"),
    ),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_disputes_refuse_what_would_make_a_decision_unfair(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    refused.check()


def test_every_declared_refusal_of_disputes_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("dispute", REFUSED) == (set(), set())


def test_a_dispute_filed_in_time_contests_the_score_on_its_own_stream() -> None:
    """S2, R155: filed on 02-02, limit 02-04; the assessment says that it is contested."""
    stage = scoring.published()
    filed, contested = stage.do(FILING, D, **ON_TIME)
    assert isinstance(filed, DisputeFiled)
    assert (filed.limit, filed.calendar, filed.unit) == (date(2027, 2, 4), CALENDAR, "BJ")
    assert contested == ScoreContested(score_version=1, dispute=D)
    assert stage.events(f"assessment/{A}")[-1] == contested


def test_everything_in_the_explanation_can_be_contested() -> None:
    """R155: item, clause, source, adjustment of the letter, step of the procedure, grade."""
    elements = (
        Contested(element="item", name="I01"),
        Contested(element="clause", name="3.8"),
        Contested(element="input", name="M-BJ-I01"),
        Contested(element="adjustment", name=ADJUSTMENT),
        Contested(element="procedure", name="review"),
        Contested(element="grade", name="B"),
    )
    command = msgspec.structs.replace(FILING, contested=elements)
    assert PUBLISHED.decide(command, D, **ON_TIME)


def test_a_late_filing_is_told_the_limit() -> None:
    """SR-23: 逾期视为默认; the refusal states the limit and the day."""
    with pytest.raises(FiledLate) as refused:
        PUBLISHED.decide(FILING, D, **ON_TIME | {"at": at("2027-02-05")})
    assert refused.value.facts == {"limit": "2027-02-04", "today": "2027-02-05"}


def test_the_decision_is_due_ten_working_days_after_acceptance() -> None:
    """S2, SR-20: accepted 02-04, due 02-24 by CN-2027.1, whose hash the event stores."""
    assert ACCEPTED.events(f"dispute/{D}")[-1] == DisputeAccepted(
        handler="ops-officer",
        accepted_on=date(2027, 2, 4),
        due=date(2027, 2, 24),
        calendar=CALENDAR,
    )


def test_an_inadmissible_dispute_is_over() -> None:
    """SR-23: it no longer stands in the way of the final score."""
    stage = scoring.disputed()
    command = DeclareInadmissible(ground="no_ground")
    assert stage.do(command, D, at=at("2027-02-04"), **CHAIR, **REASON) == [
        DisputeInadmissible(ground="no_ground")
    ]
    [final] = stage.do(FinaliseScore(), A, at=at("2027-02-05"), **SCORER)
    assert isinstance(final, ScoreFinalised)


def test_a_handler_leaves_the_dispute_to_another() -> None:
    """R156: the successor is as free of part in the score."""
    stage = scoring.accepted()
    command = RecuseHandler(successor="hr-head")
    assert stage.do(command, D, at=at("2027-02-05"), **HANDLER, **REASON) == [
        HandlerRecused(handler="ops-officer", successor="hr-head")
    ]
    assert stage.do(FINDING, D, at=at("2027-02-06"), **HR)


def test_the_parties_are_heard() -> None:
    """The hearing is part of the record."""
    assert scoring.accepted().do(HEARING, D, at=at("2027-02-16"), **MEMBER) == [
        HearingHeld(held_on=date(2027, 2, 16), attendees=("chair",), summary="无异议")
    ]


def test_a_decision_states_clause_replay_remedy_and_whether_it_was_in_time() -> None:
    """S2, SR-23: decided 02-17, within the limit; the second instance is open until 02-24."""
    assert DECIDED.events(f"dispute/{D}")[-1] == DisputeDecided(
        outcome="upheld",
        clause="6.2",
        remedy="rescore",
        instance=1,
        within_limit=True,
        second_instance_until=date(2027, 2, 24),
        replay="RP",
    )
    late = scoring.found()
    [decided] = late.do(DECISION, D, at=at("2027-02-25"), **MEMBER)
    assert isinstance(decided, DisputeDecided)
    assert not decided.within_limit


def test_the_second_instance_is_asked_for_once() -> None:
    """SR-23: asked on the last day, due 15 working days later, decided with its own finding."""
    stage = second_review()
    assert stage.events(f"dispute/{D}")[-1] == SecondReviewRequested(
        statement="不服", due=date(2027, 3, 17), calendar=CALENDAR
    )
    with pytest.raises(FindingMissing):
        stage.decide(REJECTED, D, at=at("2027-03-01"), **MEMBER)
    twice = decided_twice()
    decided = twice.events(f"dispute/{D}")[-1]
    assert isinstance(decided, DisputeDecided)
    assert (decided.instance, decided.second_instance_until) == (2, None)
    assert twice.do(CloseDispute(), D, at=at("2027-03-01"), **HANDLER) == [DisputeClosed()]


def test_the_published_rescore_answers_the_decision() -> None:
    """S2, R160: run 2 came from the reopening by this dispute; an upheld dispute then closes."""
    stage = scoring.superseded()
    assert stage.do(ApplyRemedy(run=2), D, at=at("2027-03-01"), **HANDLER) == [
        RemedyApplied(assessment=A, score_version=2, run=2)
    ]
    assert stage.do(CloseDispute(), D, at=at("2027-03-02"), **HANDLER) == [DisputeClosed()]
    [final] = stage.do(FinaliseScore(), A, at=at("2027-03-05"), **SCORER)
    assert final == ScoreFinalised(score_version=2, total="96.26", grade="A")


def test_a_rejected_dispute_closes_when_nobody_asks_again() -> None:
    """SR-23: after the limit of the second instance."""
    stage = rejected()
    assert stage.do(CloseDispute(), D, at=at("2027-02-25"), **HANDLER) == [DisputeClosed()]


def test_the_party_withdraws_and_may_file_again_in_time() -> None:
    """Nothing was decided, so nothing stands in the way of another filing."""
    stage = scoring.disputed()
    assert stage.do(WithdrawDispute(), D, at=at("2027-02-03"), **PARTY) == [DisputeWithdrawn()]
    assert stage.do(FILING, "D-2", at=at("2027-02-03"), **PARTY)
    assert stage.world.find("dispute_by_assessment", A) == (D, "D-2")
    withdrawn = stage.world.get(DisputeState, D)
    assert withdrawn is not None
    assert withdrawn.status == "withdrawn"
