"""Individual results: received, combined, used (R144 to R148, SR-18, SR-23)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.assessment import ScoreCalculated, ScorePublished
from opsledger_contracts.events.distribution import IndividualGradeAssigned
from opsledger_contracts.events.position import PersonAppointed, PersonRelieved, PositionDefined
from opsledger_contracts.events.result import (
    IndividualResultCombined,
    IndividualScoreReceived,
    InterviewHeld,
    ResultApplicationFlagged,
    ResultApplied,
    TierDays,
)
from opsledger_contracts.problems.assessment import RuleInapplicable
from opsledger_contracts.problems.distribution import ScoreNotPublished
from opsledger_contracts.problems.general import AlreadyExists, UnknownReference, WrongState
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.problems.result import (
    ApplicationSuspended,
    AssessmentElsewhere,
    CombinationSuperseded,
    InterviewMissing,
    ScoreNotFinal,
    TierDaysMissing,
)
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.distribution_grading import DeriveQuota
from opsledger_ledger.domain.result import ResultState
from opsledger_ledger.domain.result_using import (
    ApplyResult,
    CombineResult,
    HoldInterview,
    ReceiveIndividualScore,
)
from support import scoring, scoring_examples
from support.deciding import Refused, Stage, undeclared_and_untested
from support.organisation import employ
from support.scoring import HR, PARTY, A, at, shared

WHEN = at("2027-02-20")
R = "R-1"
COMBINE = CombineResult(assessment=A)
BONUS = ApplyResult(use="bonus_coefficient")


def receiving(person: str = "binjiang-president", unit: str = "BJ") -> ReceiveIndividualScore:
    """HR states a score of 90."""
    return ReceiveIndividualScore(person=person, unit=unit, period="2026", score="90", source="HR")


def received(stage: Stage, command: ReceiveIndividualScore | None = None) -> Stage:
    """The individual score of the unit's president is on record."""
    stage.do(command or receiving(), R, at=WHEN, **HR)
    return stage


def combined(stage: Stage) -> Stage:
    """The result is combined with the published score."""
    received(stage).do(COMBINE, R, at=WHEN, **HR)
    return stage


def lowest() -> Stage:
    """The person has the lowest grade of the unit's distribution, another person the second."""
    stage = combined(scoring.final())
    stage.do(DeriveQuota(assessment=A, headcount=5), "Q", at=WHEN, **HR)
    return stage.given(
        "distribution/Q",
        IndividualGradeAssigned(person="binjiang-president", result=R, grade="E"),
    )


def superseded() -> Stage:
    """A later version is published and final; the result still rests on the first."""
    stage = combined(scoring.final())
    score = next(
        event for event in stage.events(f"assessment/{A}") if isinstance(event, ScorePublished)
    )
    return stage.given(f"assessment/{A}", msgspec.structs.replace(score, score_version=2))


def without_tiers() -> Stage:
    """The score was computed under a rulebook that knows one tier only."""
    document = scoring_examples.rulebook()
    tiers = msgspec.structs.replace(document.tiers, tiers=document.tiers.tiers[-1:])
    other = msgspec.structs.replace(document, tiers=tiers)
    stage = scoring.ready(other)
    for event in shared("published").events(f"assessment/{A}"):
        if isinstance(event, ScoreCalculated):
            stage.given(f"assessment/{A}", msgspec.structs.replace(event, rulebook=digest(other)))
        else:
            stage.given(f"assessment/{A}", event)
    return received(stage)


def row(
    id: str,  # noqa: A002 - the name that `Refused` has.
    stage: Stage,
    command: Command,
    refusal: type[Refusal],
    target: str = R,
) -> Refused:
    """Write a row; human resources ask on 2027-02-20."""
    return Refused(
        id=f"{type(command).__name__}: {id}",
        stage=stage,
        command=command,
        target=target,
        refusal=refusal,
        act={"at": WHEN} | HR,
    )


RECEIVED = received(scoring.published())
REFUSED = [
    row("nobody", shared("published"), receiving(person="NO"), UnknownReference),
    row("no unit", shared("published"), receiving(unit="NO"), UnknownReference),
    row("received already", RECEIVED, receiving(), AlreadyExists, "R-2"),
    row("no assessment", RECEIVED, CombineResult(assessment="NO"), UnknownReference),
    row(
        "other unit",
        received(scoring.published(), receiving("lingang-head", "LG")),
        COMBINE,
        AssessmentElsewhere,
    ),
    row("not published", received(scoring.confirmed()), COMBINE, ScoreNotPublished),
    row(
        "no position in the unit",
        received(scoring.published(), receiving("lingang-head")),
        COMBINE,
        TierDaysMissing,
    ),
    row("no such tier", without_tiers(), COMBINE, RuleInapplicable),
    row("not combined", RECEIVED, BONUS, WrongState),
    row("disputed", combined(scoring.disputed()), BONUS, ApplicationSuspended),
    row("superseded", superseded(), BONUS, CombinationSuperseded),
    row("provisional", combined(scoring.published()), BONUS, ScoreNotFinal),
    row("lowest grade without interview", lowest(), BONUS, InterviewMissing),
    row(
        "by nobody",
        RECEIVED,
        HoldInterview(by="NO", agreed_actions=("改进",), acknowledged=True),
        UnknownReference,
    ),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_results_refuse_what_would_rest_on_nothing(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    refused.check()


def test_every_declared_refusal_of_results_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("result", REFUSED) == (set(), set())


def test_the_individual_score_is_recorded_as_human_resources_state_it() -> None:
    """R146: recorded and not judged, under the pseudonym of the person."""
    assert RECEIVED.events(f"result/{R}") == [
        IndividualScoreReceived(
            result=R,
            person="binjiang-president",
            unit="BJ",
            period="2026",
            score="90",
            source="HR",
        )
    ]


def combination(stage: Stage) -> IndividualResultCombined:
    """Combine and give what was recorded."""
    [event] = stage.do(COMBINE, R, at=WHEN, **HR)
    assert isinstance(event, IndividualResultCombined)
    return event


@pytest.mark.parametrize(
    ("revision", "total"), [(2, "95.01"), (1, "93.50")], ids=["96.26", "94.37"]
)
def test_a_head_is_weighted_eighty_to_twenty(revision: int, total: str) -> None:
    """SR-18, R144: head with 90: 95.01 on the right score, 93.50 on the wrong one."""
    event = combination(received(scoring.published(revision)))
    assert event.total == total
    assert (event.organisation_weight, event.individual_weight) == ("0.8", "0.2")
    assert event.tiers == (TierDays(tier="unit_head", days=365),)


def test_someone_who_moved_is_weighted_by_calendar_days() -> None:
    """SR-18: 181 days as staff and 184 as supervisor; other years and persons do not count."""
    stage = scoring.published(2)
    employ(stage, "BJ-9", "BJ", "mover").given(
        "position/BJ-9", PersonRelieved(person="mover", valid_to=date(2026, 7, 1))
    )
    stage.given(
        "position/BJ-8",
        PositionDefined(position="BJ-8", unit="BJ", title="主管", tier="supervisor"),
        PersonAppointed(person="mover", valid_from=date(2025, 1, 1)),
        PersonRelieved(person="mover", valid_to=date(2025, 6, 1)),
        PersonAppointed(person="mover", valid_from=date(2026, 7, 1)),
    )
    event = combination(received(stage, receiving("mover")))
    assert event.tiers == (TierDays(tier="staff", days=181), TierDays(tier="supervisor", days=184))
    assert event.organisation_weight == "1463/3650"
    assert event.individual_weight == "2187/3650"
    assert event.total == "92.51"


def test_a_final_score_is_used() -> None:
    """R147: the use names the score version that it rests on."""
    stage = combined(scoring.final())
    assert stage.do(BONUS, R, at=WHEN, **HR) == [
        ResultApplied(use="bonus_coefficient", assessment=A, score_version=1)
    ]
    state = stage.world.get(ResultState, R)
    assert state is not None
    assert state.uses_of(A, 1) == ("bonus_coefficient",)
    assert state.uses_of(A, 2) == ()


def test_a_flag_leaves_the_result_as_it_was_used() -> None:
    """R160: what was paid is not unpaid by the ledger; people see the flag."""
    stage = combined(scoring.final())
    stage.do(BONUS, R, at=WHEN, **HR)
    before = stage.world.get(ResultState, R)
    assert before is not None
    applied = before.applied
    flag = ResultApplicationFlagged(
        assessment=A, score_version=1, superseded_by=2, uses=("bonus_coefficient",)
    )
    stage.given(f"result/{R}", flag)
    after = stage.world.get(ResultState, R)
    assert after is not None
    assert after.applied == applied


def test_the_lowest_grade_is_used_after_an_interview() -> None:
    """R148: the interview comes first and is acknowledged or not; then the result is used."""
    stage = lowest()
    interview = HoldInterview(by="hr-head", agreed_actions=("改进计划",), acknowledged=True)
    assert stage.do(interview, R, at=WHEN, **PARTY) == [
        InterviewHeld(by="hr-head", agreed_actions=("改进计划",), acknowledged=True)
    ]
    assert stage.do(BONUS, R, at=WHEN, **HR)


def test_a_person_without_a_grade_is_not_held_up_by_those_who_have_one() -> None:
    """R148: only the own grade asks for an interview."""
    stage = lowest()
    other: dict[str, Any] = {"at": WHEN} | HR
    stage.do(receiving("binjiang-head"), "R-2", **other)
    stage.do(COMBINE, "R-2", **other)
    assert stage.do(BONUS, "R-2", **other)
