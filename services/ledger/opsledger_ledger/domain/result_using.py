"""Receiving, combining and using individual results (SR-18, R144 to R148)."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Annotated

from msgspec import Meta

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.letter import Period
from opsledger_contracts.events.position import Tier
from opsledger_contracts.events.result import (
    IndividualResultCombined,
    IndividualScoreReceived,
    InterviewHeld,
    ResultApplied,
    TierDays,
    Use,
)
from opsledger_contracts.fields import DecimalText, Identifier, Text
from opsledger_contracts.letters import period_days
from opsledger_contracts.problems.assessment import RuleInapplicable
from opsledger_contracts.problems.distribution import ScoreNotPublished
from opsledger_contracts.problems.general import AlreadyExists, UnknownReference, WrongState
from opsledger_contracts.problems.result import (
    ApplicationSuspended,
    AssessmentElsewhere,
    CombinationSuperseded,
    InterviewMissing,
    ScoreNotFinal,
    TierDaysMissing,
)
from opsledger_contracts.rules import individual
from opsledger_contracts.rules.numbers import parse_decimal, shown, weighted_mean
from opsledger_contracts.rules.scoring import carried
from opsledger_ledger.domain.assessment import AssessmentState
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World, known
from opsledger_ledger.domain.dispute import open_dispute
from opsledger_ledger.domain.distribution import DistributionState
from opsledger_ledger.domain.person import PersonState
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.assessing import rules_applied, scored
from opsledger_ledger.domain.position import Holding, PositionState
from opsledger_ledger.domain.result import RESULT, ResultState
from opsledger_ledger.domain.unit import Unit


class ReceiveIndividualScore(Command):
    """State the individual score of a person, as HR has it."""

    person: Identifier
    unit: Identifier
    period: Period
    score: DecimalText
    source: Identifier


@RESULT.decides(
    "receive",
    scope="writer",
    function="hr",
    creates=True,
    refuses=(UnknownReference, AlreadyExists),
)
def receive(command: ReceiveIndividualScore, _result: None, act: Act, world: World) -> Decided:
    """Take one score for each person, unit and period; it is not judged here (R146)."""
    known(world, PersonState, command.person, "person")
    known(world, Unit, command.unit, "unit")
    key = f"{command.person}:{command.unit}:{command.period}"
    for identifier in world.find("result_by_person", key):
        raise AlreadyExists(noun="individual result", id=identifier)
    yield IndividualScoreReceived(
        result=act.target,
        person=command.person,
        unit=command.unit,
        period=command.period,
        score=command.score,
        source=command.source,
    )


class CombineResult(Command):
    """Combine the published score of the unit with the individual score."""

    assessment: Identifier


@RESULT.decides(
    "combine",
    scope="writer",
    function="hr",
    refuses=(
        UnknownReference,
        AssessmentElsewhere,
        ScoreNotPublished,
        TierDaysMissing,
        RuleInapplicable,
    ),
)
def combine(command: CombineResult, result: ResultState, _act: Act, world: World) -> Decided:
    """Weight by the tiers of the positions held in the unit, by calendar days (SR-18)."""
    assessment = known(world, AssessmentState, command.assessment, "assessment")
    if (assessment.subject, assessment.period) != (result.unit, result.period):
        raise AssessmentElsewhere(
            assessment=assessment.id,
            found=f"{assessment.subject} {assessment.period}",
            expected=f"{result.unit} {result.period}",
        )
    score = assessment.holding_score
    if score is None:
        raise ScoreNotPublished(assessment=assessment.id)
    spans = _tier_days(result, world)
    if not spans:
        raise TierDaysMissing(result=result.id, unit=result.unit, period=result.period)
    run = assessment.runs[score.run - 1]
    rulebook = documents.rulebook(world, run.scored.rulebook)
    organisation = carried(scored(run.inputs, rulebook), rulebook)
    with rules_applied():
        weights = _weights(spans, rulebook)
        total = individual.combine_over_time(
            tuple(
                individual.TierDays(tier=span.tier, organisation=organisation, days=span.days)
                for span in spans
            ),
            parse_decimal(result.score),
            rulebook,
        )
    yield Record(
        IndividualResultCombined(
            tiers=spans,
            assessment=assessment.id,
            score_version=score.version,
            organisation_score=score.total,
            individual_score=result.score,
            organisation_weight=weights[0],
            individual_weight=weights[1],
            total=total.total,
            rulebook=run.scored.rulebook,
        ),
        rulebook=run.scored.rulebook,
    )


def _tier_days(result: ResultState, world: World) -> tuple[TierDays, ...]:
    first, last = period_days(result.period)
    days: dict[Tier, int] = {}
    for tier, holding in _holdings(result, world):
        held = _days_inside(holding, first, last)
        if held:
            days[tier] = days.get(tier, 0) + held
    return tuple(TierDays(tier=tier, days=held) for tier, held in sorted(days.items()))


def _holdings(result: ResultState, world: World) -> Iterator[tuple[Tier, Holding]]:
    for identifier in world.find("position_by_unit", result.unit):
        position = known(world, PositionState, identifier, "position")
        for holding in position.holders:
            if holding.person == result.person:
                yield position.tier, holding


def _days_inside(holding: Holding, first: date, last: date) -> int:
    ends = last + timedelta(days=1)
    until = ends if holding.valid_to is None else min(ends, holding.valid_to)
    return max(0, (until - max(first, holding.valid_from)).days)


def _weights(spans: tuple[TierDays, ...], rulebook: Rulebook) -> tuple[str, str]:
    """The weights of a tier total 1 (documents.rulebook.Tier), so those of a mixture do too."""
    organisation = weighted_mean(
        [
            (
                parse_decimal(individual.tier_of(rulebook.tiers, span.tier).organisation),
                Fraction(span.days),
            )
            for span in spans
        ]
    )
    return shown(organisation), shown(1 - organisation)


class ApplyResult(Command):
    """Use the result."""

    use: Use


@RESULT.decides(
    "apply",
    scope="writer",
    function="hr",
    refuses=(
        WrongState,
        ApplicationSuspended,
        CombinationSuperseded,
        ScoreNotFinal,
        InterviewMissing,
    ),
)
def apply(command: ApplyResult, result: ResultState, _act: Act, world: World) -> Decided:
    """Use only a final score, never during a dispute, the lowest grade only after an interview."""
    combined = result.combined
    if combined is None:
        raise WrongState(
            noun="individual result", id=result.id, found="received", expected="combined"
        )
    assessment = known(world, AssessmentState, combined.assessment, "assessment")
    dispute = open_dispute(world, assessment.id)
    if dispute is not None:
        raise ApplicationSuspended(dispute=dispute, assessment=assessment.id)
    version = assessment.scores[-1].version
    if version != combined.score_version:
        raise CombinationSuperseded(found=combined.score_version, expected=version)
    if assessment.status != "final":
        raise ScoreNotFinal(score_version=version, assessment=assessment.id)
    lowest = documents.rulebook(world, combined.rulebook).grades.bands[-1].grade
    if _grade_of(result, world) == lowest and not result.interviewed:
        raise InterviewMissing(grade=lowest)
    yield ResultApplied(
        use=command.use, assessment=assessment.id, score_version=combined.score_version
    )


def _grade_of(result: ResultState, world: World) -> str | None:
    for identifier in world.find("distribution_by_unit", f"{result.unit}:{result.period}"):
        distribution = known(world, DistributionState, identifier, "distribution")
        if result.id in distribution.grades:
            return distribution.grades[result.id].grade
    return None


class HoldInterview(Command):
    """Record the performance interview with the person."""

    by: Identifier
    """Person who held it."""
    agreed_actions: Annotated[tuple[Text, ...], Meta(min_length=1)]
    acknowledged: bool


@RESULT.decides("hold-interview", scope="writer", refuses=(UnknownReference,))
def hold_interview(
    command: HoldInterview, _result: ResultState, _act: Act, world: World
) -> Decided:
    """Record who talked and what was agreed; the contents stay with the two (R148)."""
    known(world, PersonState, command.by, "by")
    yield InterviewHeld(
        by=command.by,
        agreed_actions=command.agreed_actions,
        acknowledged=command.acknowledged,
    )
