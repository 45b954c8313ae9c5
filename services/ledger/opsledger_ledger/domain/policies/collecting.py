"""The inputs of a score, collected from what the ledger knows: now, or as it was known.

How they are collected is one function for both services, `opsledger_contracts.collecting`; here the
world of the ledger answers its questions, and what is missing becomes a refusal.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from opsledger_contracts import collecting
from opsledger_contracts.collecting import (
    AppliedAdjustment,
    AssessmentBasis,
    Ballots,
    BoundRevision,
    Completed,
    GivenVeto,
    InputsAbsent,
    Measured,
)
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.letter import LetterItem, LetterKind
from opsledger_contracts.letters import period_days
from opsledger_contracts.problems.assessment import InputsMissing
from opsledger_contracts.rules.inputs import ScoringInputs
from opsledger_ledger.domain.adjustment import AdjustmentState
from opsledger_ledger.domain.assessment import AssessmentState
from opsledger_ledger.domain.deciding import World, known
from opsledger_ledger.domain.letter import LetterRevision, LetterState
from opsledger_ledger.domain.measurement import MeasurementState
from opsledger_ledger.domain.policies.assessing import rules_applied
from opsledger_ledger.domain.policies.deadlines import due_of
from opsledger_ledger.domain.survey import SurveyState
from opsledger_ledger.domain.unit import Unit
from opsledger_ledger.domain.work_item import WorkItemState

DUTIES: Final[Mapping[LetterKind, str]] = MappingProxyType(
    {"annual": "annual_inputs_frozen", "monthly": "monthly_verification"}
)
"""Duty of the timetable by which the inputs of a letter have to be there."""


def letter_of(world: World, assessment: AssessmentState) -> LetterState:
    """Read the letter that is assessed."""
    return known(world, LetterState, assessment.letter, "letter")


def revision_of(world: World, assessment: AssessmentState) -> LetterRevision:
    """Read the letter revision that the assessment is bound to; it exists since it was opened."""
    revision = letter_of(world, assessment).at_revision(assessment.letter_revision)
    assert revision is not None, assessment.id
    return revision


def collect(
    world: World,
    assessment: AssessmentState,
    revision: LetterRevision,
    rulebook: Rulebook,
    vetoes: tuple[GivenVeto, ...] | None = None,
) -> ScoringInputs:
    """Collect all that the score under a letter revision is computed from.

    `vetoes` are those that are about to be recorded; None takes those recorded in this world, so
    that a replay as of the past has the vetoes of its time and not those of today.

    Raises:
        InputsMissing: facts are not there; the list says which, from whom and since when due.
        RuleInapplicable: an item names a clause that scores nothing.

    """
    bound = BoundRevision(
        revision=revision.revision, document=revision.document, version=revision.stream_version
    )
    if vetoes is None:
        then = world.get(AssessmentState, assessment.id)
        vetoes = () if then is None else then.vetoes
    try:
        with rules_applied():
            return collecting.collect(_basis(assessment, vetoes), bound, rulebook, _Known(world))
    except InputsAbsent as absent:
        _, last = period_days(revision.document.period)
        due = due_of(world, rulebook, DUTIES[revision.document.kind], last).due
        raise InputsMissing(
            count=len(absent.missing),
            missing=[f"{row.item} / {row.what} / {row.owner} / {due}" for row in absent.missing],
        ) from absent


def required_kind(rulebook: Rulebook, item: LetterItem) -> str:
    """Tell which kind of fact scores an item: value, completion, judgement or occurrences.

    Raises:
        RuleInapplicable: the rulebook has no such clause, or the clause scores no items.

    """
    with rules_applied():
        return collecting.required_kind(rulebook, item)


def _basis(assessment: AssessmentState, vetoes: tuple[GivenVeto, ...]) -> AssessmentBasis:
    return AssessmentBasis(
        assessment=assessment.id,
        subject=assessment.subject,
        period=assessment.period,
        measurements={item: row.source for item, row in assessment.measurements.items()},
        completions=assessment.completions,
        incidents=assessment.incidents,
        judgements=assessment.judgements,
        survey=assessment.survey,
        bonus=assessment.bonus,
        penalties=assessment.penalties,
        vetoes=vetoes,
    )


class _Known:
    """What the ledger knows, in the words of `collecting.Facts`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def unit_type(self, unit: str) -> str:
        """Tell the type of an organisation unit."""
        return known(self._world, Unit, unit, "subject").type

    def measured(self, measurement: str) -> Measured | None:
        """Find a measured value."""
        found = self._world.get(MeasurementState, measurement)
        if found is None:
            return None
        return Measured(value=found.value, unit=found.unit, version=found.version)

    def completed(self, work_item: str) -> Completed | None:
        """Find a verified completion."""
        found = self._world.get(WorkItemState, work_item)
        if found is None or found.actual_date is None or found.verified_version is None:
            return None
        return Completed(
            evidence_date=found.actual_date,
            version=found.verified_version,
            quality=found.quality,
        )

    def ballots(self, survey: str) -> Ballots | None:
        """Find the ballots of a survey that is closed."""
        found = self._world.get(SurveyState, survey)
        if found is None or found.closed_version is None:
            return None
        return Ballots(
            ratings=tuple(
                (rater, tuple(row.score for row in ballot.scores), ballot.version)
                for rater, ballot in found.ratings.items()
            ),
            version=found.closed_version,
        )

    def surveys_held(self, ratee: str, period: str) -> Sequence[str]:
        """List the surveys that rate a unit in a period."""
        return self._world.find("survey_by_ratee", f"{ratee}:{period}")

    def applied_adjustments(self, letter: str) -> Sequence[AppliedAdjustment]:
        """List the adjustments of a letter that are part of a revision."""
        return [
            applied
            for identifier in self._world.find("adjustment_by_letter", letter)
            for applied in self._applied(identifier)
        ]

    def _applied(self, identifier: str) -> list[AppliedAdjustment]:
        found = known(self._world, AdjustmentState, identifier, "adjustment")
        if found.applied_revision is None:
            return []
        assert found.treatment is not None, identifier
        assert found.requested_on is not None, identifier
        return [
            AppliedAdjustment(
                adjustment=identifier,
                kind=found.kind,
                cause=found.cause,
                treatment=found.treatment,
                items=found.items,
                changes=found.changes,
                applied_revision=found.applied_revision,
                requested_on=found.requested_on,
                causing_unit=found.causing_unit,
                version=self._world.version(f"adjustment/{identifier}"),
            )
        ]
