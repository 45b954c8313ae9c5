"""Deriving the quotas of a unit and giving grades inside them (SR-21)."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from opsledger_contracts.events.distribution import (
    DistributionConfirmed,
    DistributionConflictRaised,
    IndividualGradeAssigned,
    Quota,
    QuotaDerived,
    QuotaExceptionGranted,
)
from opsledger_contracts.fields import Count, Identifier, Text
from opsledger_contracts.letters import period_days
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
from opsledger_contracts.rules.distribution import Quotas, distribution_findings, quotas
from opsledger_ledger.domain.assessment import AssessmentState
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World, known
from opsledger_ledger.domain.distribution import DISTRIBUTION, DistributionState
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.assessing import rules_applied
from opsledger_ledger.domain.result import ResultState


class DeriveQuota(Command):
    """Derive the quotas of a unit from its published score and its headcount."""

    assessment: Identifier
    headcount: Count
    """Persons assessed at the end of the period, as HR states them: without heads and without those
    who served fewer months than the rulebook asks for."""


@DISTRIBUTION.decides(
    "derive",
    scope="writer",
    function="hr",
    creates=True,
    refuses=(UnknownReference, ScoreNotPublished, AlreadyExists, RuleInapplicable),
)
def derive(command: DeriveQuota, _distribution: None, act: Act, world: World) -> Decided:
    """Rest the quotas on the score version that is published; one for a unit and period."""
    assessment = known(world, AssessmentState, command.assessment, "assessment")
    key = f"{assessment.subject}:{assessment.period}"
    for identifier in world.find("distribution_by_unit", key):
        raise AlreadyExists(noun="grade distribution", id=identifier)
    yield _derived(act.target, assessment, command.headcount, world)


def _derived(
    distribution: str, assessment: AssessmentState, headcount: int, world: World
) -> Record:
    score = assessment.holding_score
    if score is None:
        raise ScoreNotPublished(assessment=assessment.id)
    run = assessment.runs[score.run - 1].scored
    policy = documents.rulebook(world, run.rulebook).distribution
    with rules_applied():
        limits = quotas(headcount, score.grade, policy)
    _, last = period_days(assessment.period)
    return Record(
        QuotaDerived(
            distribution=distribution,
            unit=assessment.subject,
            period=assessment.period,
            assessment=assessment.id,
            score_version=score.version,
            organisation_grade=score.grade,
            headcount=headcount,
            headcount_on=last,
            quotas=(
                *(
                    Quota(grades=row.grades, bound="max", persons=row.persons)
                    for row in limits.maxima
                ),
                *(
                    Quota(grades=row.grades, bound="min", persons=row.persons)
                    for row in limits.minima
                ),
            ),
            rulebook=run.rulebook,
        ),
        rulebook=run.rulebook,
    )


class RederiveQuota(Command):
    """Derive the quotas again after the score was superseded."""


@DISTRIBUTION.decides(
    "rederive", scope="writer", function="hr", refuses=(QuotaCurrent, RuleInapplicable)
)
def rederive(
    _command: RederiveQuota, distribution: DistributionState, _act: Act, world: World
) -> Decided:
    """Follow the score version that holds now, and raise what no longer fits (R160)."""
    before = distribution.derived
    assessment = known(world, AssessmentState, before.assessment, "assessment")
    record = _derived(distribution.id, assessment, before.headcount, world)
    derived = record.event
    assert isinstance(derived, QuotaDerived)
    if derived.score_version == before.score_version:
        raise QuotaCurrent(score_version=before.score_version)
    yield record
    for row in _excesses(distribution.counts(), _limits(derived, {}, world)):
        yield Record(
            DistributionConflictRaised(
                grades=row.grades, assigned=row.assigned, allowed=row.allowed
            ),
            derived=True,
        )


class Excess(NamedTuple):
    """Grades that more persons have than are allowed."""

    grades: tuple[str, ...]
    assigned: int
    allowed: int


def _limits(
    derived: QuotaDerived, exceptions: Mapping[tuple[str, ...], int], world: World
) -> Quotas:
    policy = documents.rulebook(world, derived.rulebook).distribution
    limits = quotas(derived.headcount, derived.organisation_grade, policy)
    return msgspec.structs.replace(
        limits,
        maxima=tuple(
            msgspec.structs.replace(
                row, persons=max(row.persons, exceptions.get(row.grades, row.persons))
            )
            for row in limits.maxima
        ),
    )


def _excesses(counts: Mapping[str, int], limits: Quotas) -> Iterator[Excess]:
    """Where a rulebook lets quotas cumulate, places that better grades leave unused pass on."""
    unused = 0
    for row in limits.maxima:
        assigned = sum(counts.get(grade, 0) for grade in row.grades)
        allowed = row.persons + (unused if limits.cumulative else 0)
        if assigned > allowed:
            yield Excess(row.grades, assigned, allowed)
        unused = max(0, allowed - assigned)


class AssignGrade(Command):
    """Give a person's result a grade."""

    result: Identifier
    grade: Identifier


@DISTRIBUTION.decides(
    "assign-grade",
    scope="writer",
    function="hr",
    refuses=(
        WrongState,
        UnknownReference,
        ResultElsewhere,
        IndividualGradeUnknown,
        QuotaExceeded,
    ),
)
def assign_grade(
    command: AssignGrade, distribution: DistributionState, _act: Act, world: World
) -> Decided:
    """Grade combined results of the unit, and never more of them than the quotas allow."""
    distribution.require_status("derived")
    derived = distribution.derived
    result = known(world, ResultState, command.result, "result")
    if (result.unit, result.period) != (derived.unit, derived.period):
        raise ResultElsewhere(
            result=result.id,
            found=f"{result.unit} {result.period}",
            expected=f"{derived.unit} {derived.period}",
        )
    if result.combined is None:
        raise WrongState(
            noun="individual result", id=result.id, found="received", expected="combined"
        )
    grades = [band.grade for band in documents.rulebook(world, derived.rulebook).grades.bands]
    if command.grade not in grades:
        raise IndividualGradeUnknown(grade=command.grade, known=", ".join(grades))
    counts = distribution.counts()
    before = distribution.grades.get(result.id)
    if before is not None:
        counts[before.grade] -= 1
    counts[command.grade] += 1
    for row in _excesses(counts, _limits(derived, distribution.exceptions, world)):
        if command.grade in row.grades:
            raise QuotaExceeded(
                grades="+".join(row.grades),
                allowed=row.allowed,
                found=row.assigned,
                headcount=derived.headcount,
            )
    yield IndividualGradeAssigned(person=result.person, result=result.id, grade=command.grade)


class GrantException(Command):
    """Allow more persons to have grades than the quota."""

    grades: tuple[Identifier, ...]
    persons: Count
    """Persons allowed in all."""
    explanation: Text


@DISTRIBUTION.decides(
    "grant-exception",
    scope="approver",
    function="committee",
    refuses=(WrongState, QuotaUnknown),
)
def grant_exception(
    command: GrantException, distribution: DistributionState, _act: Act, _world: World
) -> Decided:
    """Let the committee except from an upper quota that there is, with its explanation."""
    distribution.require_status("derived")
    maxima = {row.grades for row in distribution.derived.quotas if row.bound == "max"}
    if command.grades not in maxima:
        raise QuotaUnknown(grades="+".join(command.grades))
    yield QuotaExceptionGranted(
        grades=command.grades, persons=command.persons, explanation=command.explanation
    )


class ConfirmDistribution(Command):
    """Confirm the grades of all persons of the unit."""


@DISTRIBUTION.decides(
    "confirm",
    scope="approver",
    function="committee",
    refuses=(WrongState, DistributionIncomplete),
)
def confirm(
    _command: ConfirmDistribution, distribution: DistributionState, _act: Act, world: World
) -> Decided:
    """Confirm only when everybody has a grade and every quota is kept."""
    distribution.require_status("derived")
    limits = _limits(distribution.derived, distribution.exceptions, world)
    findings = distribution_findings(distribution.counts(), limits)
    if findings:
        raise DistributionIncomplete(
            findings_en="; ".join(finding.en for finding in findings),
            findings_zh=";".join(finding.zh for finding in findings),
        )
    yield DistributionConfirmed()
