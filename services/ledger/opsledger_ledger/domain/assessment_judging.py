"""What assessors choose in an assessment: incidents that count, judgements, points.

Every choice has a reason; whoever makes one has a hand in the score and cannot confirm it (R138).
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

import msgspec

from opsledger_contracts.collecting import GivenPoints
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.assessment import (
    BonusPointsGranted,
    CountedIncident,
    IncidentsCounted,
    JudgementGiven,
    PenaltyApplied,
)
from opsledger_contracts.fields import DecimalText, Identifier
from opsledger_contracts.letters import period_days
from opsledger_contracts.problems.assessment import (
    ClauseNotInRulebook,
    PointsAboveCap,
    PointsNotPositive,
    PointsWithoutEvidence,
    ScaleWrong,
    SourceMismatch,
)
from opsledger_contracts.problems.general import ReasonMissing, UnknownReference
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_ledger.domain.assessment import ASSESSMENT, AssessmentState
from opsledger_ledger.domain.assessment_inputs import (
    BINDING_REFUSALS,
    COLLECTING_REFUSALS,
    clause_in,
    item_scored_by,
    require_collecting,
    require_same,
)
from opsledger_ledger.domain.deciding import Act, Command, Decided, World, known
from opsledger_ledger.domain.incident import IncidentState
from opsledger_ledger.domain.policies import documents


class IncidentPoints(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An incident that counts, with the points that the assessor chose where there is a range."""

    incident: Identifier
    points: DecimalText | None = None


class CountIncidents(Command):
    """Bind the incidents of the period to an item; none is a fact too."""

    item: Identifier
    incidents: tuple[IncidentPoints, ...] = ()


@ASSESSMENT.decides(
    "count-incidents",
    scope="assessor",
    refuses=(*BINDING_REFUSALS, UnknownReference, SourceMismatch, ReasonMissing),
)
def count_incidents(
    command: CountIncidents, assessment: AssessmentState, act: Act, world: World
) -> Decided:
    """Count what the unit answers for by the day of the accident; a choice has a reason (SR-05)."""
    item = item_scored_by("occurrences", command.item, assessment, act, world)
    if any(row.points is not None for row in command.incidents) and act.reason is None:
        raise ReasonMissing
    first, last = period_days(assessment.period)
    counted = []
    for row in command.incidents:
        incident = known(world, IncidentState, row.incident, "incidents")
        units = [share.unit for share in incident.responsibility]
        inside = first <= incident.accident_date <= last
        require_same(
            "incident",
            incident.id,
            ("status", "determined", incident.status),
            (
                "accident_date",
                str(incident.accident_date) if inside else f"{first} to {last}",
                str(incident.accident_date),
            ),
            (
                "responsible unit",
                assessment.subject,
                assessment.subject if assessment.subject in units else ", ".join(units),
            ),
        )
        counted.append(
            CountedIncident(
                incident=incident.id,
                incident_version=world.version(f"incident/{incident.id}"),
                category=incident.category,
                points=row.points,
            )
        )
    yield IncidentsCounted(item=item.item, incidents=tuple(counted))


class GiveJudgement(Command):
    """Judge an item on the scale of its clause."""

    item: Identifier
    scale: Identifier
    """Clause whose scale is meant; it has to be the clause of the item."""
    value: DecimalText


@ASSESSMENT.decides(
    "give-judgement", scope="assessor", refuses=(*BINDING_REFUSALS, ScaleWrong, ReasonMissing)
)
def give_judgement(
    command: GiveJudgement, assessment: AssessmentState, act: Act, world: World
) -> Decided:
    """Take a judgement only with its scale and its reason (R138)."""
    if act.reason is None:
        raise ReasonMissing
    item = item_scored_by("judgement", command.item, assessment, act, world)
    if command.scale != item.clause:
        raise ScaleWrong(item=item.item, expected=item.clause, found=command.scale)
    yield JudgementGiven(item=item.item, scale=command.scale, value=command.value)


_POINTS: Final[tuple[type[Refusal], ...]] = (
    *COLLECTING_REFUSALS,
    ReasonMissing,
    PointsWithoutEvidence,
    PointsNotPositive,
    ClauseNotInRulebook,
    PointsAboveCap,
)


class GrantBonus(Command):
    """Grant bonus points under a clause."""

    clause: Identifier
    points: DecimalText


@ASSESSMENT.decides("grant-bonus", scope="assessor", refuses=_POINTS)
def grant_bonus(
    command: GrantBonus, assessment: AssessmentState, act: Act, world: World
) -> Decided:
    """Ask for clause, reason and evidence, and keep the cap of the period (SR-10)."""
    require_collecting(assessment, act, world)
    rulebook = documents.rulebook(world, assessment.rulebook)
    _require_points(command, assessment.bonus, rulebook.points.bonus_max, rulebook, act)
    yield BonusPointsGranted(clause=command.clause, points=command.points)


class ApplyPenalty(Command):
    """Apply penalty points under a clause; stated as a positive amount."""

    clause: Identifier
    points: DecimalText


@ASSESSMENT.decides("apply-penalty", scope="assessor", refuses=_POINTS)
def apply_penalty(
    command: ApplyPenalty, assessment: AssessmentState, act: Act, world: World
) -> Decided:
    """Ask for clause, reason and evidence, and keep the cap of the period (SR-10, R127)."""
    require_collecting(assessment, act, world)
    rulebook = documents.rulebook(world, assessment.rulebook)
    _require_points(command, assessment.penalties, rulebook.points.penalty_max, rulebook, act)
    yield PenaltyApplied(clause=command.clause, points=command.points)


def _require_points(
    command: GrantBonus | ApplyPenalty,
    given: Iterable[GivenPoints],
    cap: str,
    rulebook: Rulebook,
    act: Act,
) -> None:
    if act.reason is None:
        raise ReasonMissing
    if not act.evidence:
        raise PointsWithoutEvidence
    points = parse_decimal(command.points)
    if points <= 0:
        raise PointsNotPositive(found=command.points)
    clause_in(rulebook, command.clause)
    total = sum((parse_decimal(row.points) for row in given), Fraction(0)) + points
    if total > parse_decimal(cap):
        raise PointsAboveCap(clause=rulebook.points.clause, limit=cap, found=shown(total))
