"""The forced distribution of individual grades (R145, SR-21)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.assessment import ScoreCalculated, ScorePublished
from opsledger_contracts.events.distribution import (
    DistributionConfirmed,
    DistributionConflictRaised,
    IndividualGradeAssigned,
    Quota,
    QuotaDerived,
    QuotaExceptionGranted,
)
from opsledger_contracts.events.result import IndividualScoreReceived
from opsledger_contracts.problems.assessment import RuleInapplicable
from opsledger_contracts.problems.distribution import (
    DistributionIncomplete,
    IndividualGradeUnknown,
    QuotaCurrent,
    QuotaExceeded,
    QuotaUnknown,
    ResultElsewhere,
    ScoreNotPublished,
)
from opsledger_contracts.problems.general import AlreadyExists, UnknownReference, WrongState
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.assessment_publishing import PublishScore
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.distribution_grading import (
    AssignGrade,
    ConfirmDistribution,
    DeriveQuota,
    GrantException,
    RederiveQuota,
)
from opsledger_ledger.domain.result_using import CombineResult, ReceiveIndividualScore
from support import scoring, scoring_examples
from support.deciding import Refused, Stage, undeclared_and_untested
from support.organisation import employ
from support.scoring import CHAIR, HR, A, at, shared

WHEN = at("2027-03-01")
DISTRIBUTION = "Q-BJ"
DERIVE = DeriveQuota(assessment=A, headcount=23)


def derived(stage: Stage | None = None, headcount: int = 23) -> Stage:
    """Quotas are derived from the published score; grade B unless the stage says otherwise."""
    there = stage or scoring.published()
    there.do(DeriveQuota(assessment=A, headcount=headcount), DISTRIBUTION, at=WHEN, **HR)
    return there


def staffed(stage: Stage, count: int) -> Stage:
    """Give persons of the unit a combined result each: R-1, R-2 …."""
    for place in range(1, count + 1):
        person = f"staff-{place}"
        employ(stage, f"BJ-S{place}", "BJ", person)
        received = ReceiveIndividualScore(
            person=person, unit="BJ", period="2026", score="90", source="HR"
        )
        stage.do(received, f"R-{place}", at=WHEN, **HR)
        stage.do(CombineResult(assessment=A), f"R-{place}", at=WHEN, **HR)
    return stage


def graded(stage: Stage, *grades: str) -> Stage:
    """Give the results grades in their order."""
    for place, grade in enumerate(grades, start=1):
        stage.do(AssignGrade(result=f"R-{place}", grade=grade), DISTRIBUTION, at=WHEN, **HR)
    return stage


def confirmed() -> Stage:
    """Five persons of a unit of grade B: A ≤ 1, B ≤ 2, no minimum."""
    stage = graded(staffed(derived(headcount=5), 5), "A", "B", "B", "C", "C")
    stage.do(ConfirmDistribution(), DISTRIBUTION, at=WHEN, **CHAIR)
    return stage


def other_results() -> Stage:
    """One person has all the A of five; one result is not combined, one is of another unit."""
    stage = graded(staffed(derived(headcount=5), 2), "A")
    for result, unit in (("R-RAW", "BJ"), ("R-LG", "LG")):
        stage.given(
            f"result/{result}",
            IndividualScoreReceived(
                result=result, person="staff-1", unit=unit, period="2026", score="90", source="HR"
            ),
        )
    return stage


def republished(**changes: Any) -> Stage:
    """Another version of the score is published after the quotas were derived."""
    stage = derived()
    score = stage.events(f"assessment/{A}")[-1]
    assert isinstance(score, ScorePublished)
    return stage.given(
        f"assessment/{A}", msgspec.structs.replace(score, score_version=2, **changes)
    )


def cumulative() -> Stage:
    """The rulebook lets places of a better grade pass on."""
    document = scoring_examples.rulebook()
    policy = msgspec.structs.replace(document.distribution, cumulative=True)
    other = msgspec.structs.replace(document, distribution=policy)
    stage = scoring.ready(other)
    for event in shared("published").events(f"assessment/{A}"):
        if isinstance(event, ScoreCalculated):
            inputs_run = msgspec.structs.replace(event, rulebook=digest(other))
            stage.given(f"assessment/{A}", inputs_run)
        else:
            stage.given(f"assessment/{A}", event)
    return stage


def row(
    id: str,  # noqa: A002 - the name that `Refused` has.
    stage: Stage,
    command: Command,
    refusal: type[Refusal],
    **act: Any,
) -> Refused:
    """Write a row; human resources ask on 2027-03-01 unless told otherwise."""
    return Refused(
        id=f"{type(command).__name__}: {id}",
        stage=stage,
        command=command,
        target=act.pop("target", DISTRIBUTION),
        refusal=refusal,
        act={"at": WHEN} | HR | act,
    )


DERIVED = derived()
OTHERS = other_results()
CONFIRMED = confirmed()
REFUSED = [
    row(
        "no assessment",
        DERIVED,
        DeriveQuota(assessment="NO", headcount=9),
        UnknownReference,
        target="Q-2",
    ),
    row("not published", shared("confirmed"), DERIVE, ScoreNotPublished),
    row("derived already", DERIVED, DERIVE, AlreadyExists, target="Q-2"),
    row(
        "too few persons",
        shared("published"),
        DeriveQuota(assessment=A, headcount=4),
        RuleInapplicable,
    ),
    row("nothing new", DERIVED, RederiveQuota(), QuotaCurrent),
    row("grade without quotas", republished(grade="Z"), RederiveQuota(), RuleInapplicable),
    row("confirmed", CONFIRMED, AssignGrade(result="R-1", grade="C"), WrongState),
    row("not combined", OTHERS, AssignGrade(result="R-RAW", grade="C"), WrongState),
    row("no result", OTHERS, AssignGrade(result="NO", grade="C"), UnknownReference),
    row("other unit", OTHERS, AssignGrade(result="R-LG", grade="C"), ResultElsewhere),
    row("no grade", OTHERS, AssignGrade(result="R-2", grade="S"), IndividualGradeUnknown),
    row("no place left", OTHERS, AssignGrade(result="R-2", grade="A"), QuotaExceeded),
    row(
        "confirmed",
        CONFIRMED,
        GrantException(grades=("A",), persons=2, explanation="特批"),
        WrongState,
        **CHAIR,
    ),
    row(
        "no such quota",
        DERIVED,
        GrantException(grades=("C",), persons=2, explanation="特批"),
        QuotaUnknown,
        **CHAIR,
    ),
    row("confirmed", CONFIRMED, ConfirmDistribution(), WrongState, **CHAIR),
    row("not all graded", OTHERS, ConfirmDistribution(), DistributionIncomplete, **CHAIR),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_distributions_refuse_what_breaks_the_quotas(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    refused.check()


def test_every_declared_refusal_of_distributions_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("distribution", REFUSED) == (set(), set())


def test_quotas_follow_from_the_published_grade_and_the_headcount() -> None:
    """S2, SR-21: 23 persons of a unit of grade B: A ≤ 4, B ≤ 11, D and E ≥ 1."""
    assert DERIVED.events(f"distribution/{DISTRIBUTION}")[-1] == QuotaDerived(
        distribution=DISTRIBUTION,
        unit="BJ",
        period="2026",
        assessment=A,
        score_version=1,
        organisation_grade="B",
        headcount=23,
        headcount_on=date(2026, 12, 31),
        quotas=(
            Quota(grades=("A",), bound="max", persons=4),
            Quota(grades=("B",), bound="max", persons=11),
            Quota(grades=("D", "E"), bound="min", persons=1),
        ),
        rulebook=digest(scoring_examples.rulebook()),
    )
    assert DERIVED.world.find("distribution_by_assessment", A) == (DISTRIBUTION,)


def test_quotas_are_derived_again_from_the_version_that_supersedes() -> None:
    """S2, R160: grade A instead of B, so A ≤ 4 becomes A ≤ 6 of 23 persons."""
    stage = scoring.rescored()
    derived(stage)
    stage.do(PublishScore(), A, at=at("2027-03-02"), **scoring.SCORER)
    [again] = stage.do(RederiveQuota(), DISTRIBUTION, at=at("2027-03-02"), **HR)
    assert isinstance(again, QuotaDerived)
    assert (again.score_version, again.organisation_grade) == (2, "A")
    assert again.quotas[0] == Quota(grades=("A",), bound="max", persons=6)


def test_grades_that_no_longer_fit_are_a_conflict() -> None:
    """R160: the grade falls to E, which has no A; the assigned A are raised, none is taken away."""
    stage = graded(staffed(derived(), 2), "A", "C")
    score = scoring.state(stage).holding_score
    assert score is not None
    published = next(
        event for event in stage.events(f"assessment/{A}") if isinstance(event, ScorePublished)
    )
    stage.given(f"assessment/{A}", msgspec.structs.replace(published, score_version=2, grade="E"))
    _, conflict = stage.do(RederiveQuota(), DISTRIBUTION, at=WHEN, **HR)
    assert conflict == DistributionConflictRaised(grades=("A",), assigned=1, allowed=0)
    assert stage.do(AssignGrade(result="R-2", grade="D"), DISTRIBUTION, at=WHEN, **HR)


def test_a_grade_can_be_changed_inside_the_quotas() -> None:
    """SR-21: the person counts once, under the grade given last."""
    stage = graded(staffed(derived(headcount=5), 2), "A")
    [changed] = stage.do(AssignGrade(result="R-1", grade="B"), DISTRIBUTION, at=WHEN, **HR)
    assert changed == IndividualGradeAssigned(person="staff-1", result="R-1", grade="B")
    assert stage.do(AssignGrade(result="R-2", grade="A"), DISTRIBUTION, at=WHEN, **HR)


def test_the_committee_excepts_with_an_explanation() -> None:
    """SR-21: an exception is an event with approver and reason, and then holds."""
    stage = other_results()
    command = GrantException(grades=("A",), persons=2, explanation="特批")
    assert stage.do(command, DISTRIBUTION, at=WHEN, **CHAIR) == [
        QuotaExceptionGranted(grades=("A",), persons=2, explanation="特批")
    ]
    assert stage.do(AssignGrade(result="R-2", grade="A"), DISTRIBUTION, at=WHEN, **HR)


def test_unused_places_pass_on_where_the_rulebook_says_so() -> None:
    """SR-21: with cumulative quotas nobody in A leaves three places for B of five persons."""
    stage = cumulative()
    stage.do(DeriveQuota(assessment=A, headcount=5), DISTRIBUTION, at=WHEN, **HR)
    for place in (1, 2, 3, 4):
        stage.given(
            f"distribution/{DISTRIBUTION}",
            IndividualGradeAssigned(person=f"staff-{place}", result=f"R-{place}", grade="C"),
        )
    graded(staffed(stage, 4), "B", "B", "B")
    with pytest.raises(QuotaExceeded):
        graded(stage, "B", "B", "B", "B")


def test_a_distribution_is_confirmed_when_everybody_has_a_grade() -> None:
    """SR-21: all of the headcount, all quotas kept."""
    assert CONFIRMED.events(f"distribution/{DISTRIBUTION}")[-1] == DistributionConfirmed()
