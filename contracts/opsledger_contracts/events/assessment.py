"""Events of an assessment: inputs collected and frozen, scored, confirmed, published, rescored."""

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from opsledger_contracts.documents.structure import VetoEffect
from opsledger_contracts.event import Event
from opsledger_contracts.events.letter import Period
from opsledger_contracts.fields import (
    DecimalText,
    Identifier,
    RationalText,
    Sha256,
    Text,
    Title,
    Version,
)
from opsledger_contracts.rules.inputs import AppliedVeto, Component, ItemScore, ScoringInputs

ReopeningCause = Annotated[
    Literal["dispute", "veto", "data", "erratum", "adjustment"],
    Meta(description="Why a score that was settled is computed again."),
]
AssessmentLevel = Annotated[
    Literal["organisation", "team", "individual"], Meta(description="Who is assessed.")
]


class AssessmentOpened(Event, kw_only=True):
    """An assessment was opened on one revision of a letter under named rules (R131)."""

    TYPE: ClassVar[str] = "assessment.opened.v1"
    assessment: Identifier
    subject: Identifier
    level: AssessmentLevel
    letter: Identifier
    letter_revision: Version
    period: Period
    rulebook: Sha256
    calendar: Sha256


class SelfAssessmentSubmitted(Event, kw_only=True):
    """The assessed unit's own view; it never counts unless the rulebook says so (R246)."""

    TYPE: ClassVar[str] = "assessment.self_assessment_submitted.v1"
    total: DecimalText
    statement: Text


class MeasurementBound(Event, kw_only=True):
    """A measured value was bound to an item."""

    TYPE: ClassVar[str] = "assessment.measurement_bound.v1"
    item: Identifier
    measurement: Identifier
    measurement_version: Version
    value: DecimalText


class CompletionBound(Event, kw_only=True):
    """A verified completion was bound to an item by its evidence date."""

    TYPE: ClassVar[str] = "assessment.completion_bound.v1"
    item: Identifier
    work_item: Identifier
    work_item_version: Version
    evidence_date: date


class SurveyBound(Event, kw_only=True):
    """A closed survey was bound as the satisfaction share (R130)."""

    TYPE: ClassVar[str] = "assessment.survey_bound.v1"
    survey: Identifier
    survey_version: Version


class CountedIncident(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One incident that counts; `points` is the judgement where its category has a range."""

    incident: Identifier
    incident_version: Version
    category: Identifier
    points: DecimalText | None = None


class IncidentsCounted(Event, kw_only=True):
    """The countable incidents of the period were bound to an item; none is a fact too (SR-05)."""

    TYPE: ClassVar[str] = "assessment.incidents_counted.v1"
    item: Identifier
    incidents: tuple[CountedIncident, ...]


class JudgementGiven(Event, kw_only=True):
    """An assessor judged an item on the clause's scale, with the reason (R138)."""

    TYPE: ClassVar[str] = "assessment.judgement_given.v1"
    item: Identifier
    scale: Identifier
    value: DecimalText


class BonusPointsGranted(Event, kw_only=True):
    """Bonus points were granted under a clause (SR-10)."""

    TYPE: ClassVar[str] = "assessment.bonus_granted.v1"
    clause: Identifier
    points: DecimalText


class PenaltyApplied(Event, kw_only=True):
    """Penalty points were applied under a clause (SR-10, R127)."""

    TYPE: ClassVar[str] = "assessment.penalty_applied.v1"
    clause: Identifier
    points: DecimalText


class VetoApplied(Event, kw_only=True):
    """A determined incident strikes the period of its accident under a veto clause (R136, SR-17).

    The determination is told as it was known; the day of the accident decides, not the day of
    knowledge.
    """

    TYPE: ClassVar[str] = "assessment.veto_applied.v1"
    incident: Identifier
    incident_version: Version
    """Version of the incident's stream that determined it."""
    clause: Identifier
    category: Identifier
    severity: Identifier
    degree: Title
    accident_date: date
    determination: Title
    effects: tuple[VetoEffect, ...]
    """All effects of the clause; with several vetoes the strictest of each counts."""


class VetoLifted(Event, kw_only=True):
    """A veto that was applied holds no longer; the score is computed without it (SR-17)."""

    TYPE: ClassVar[str] = "assessment.veto_lifted.v1"
    incident: Identifier
    incident_version: Version
    """Version of the incident's stream that took the ground away."""
    grounds: Text
    """Document on which the determination was revoked or changed."""


class InputsFrozen(Event, kw_only=True):
    """All that the score will be computed from; nothing later changes it silently (SR-28)."""

    TYPE: ClassVar[str] = "assessment.inputs_frozen.v1"
    inputs: ScoringInputs
    inputs_digest: Sha256


class ScoreCalculated(Event, kw_only=True):
    """A run of the engine over the frozen inputs (R126)."""

    TYPE: ClassVar[str] = "assessment.score_calculated.v1"
    run: Version
    """1, 2, 3 … within the assessment."""
    engine: Identifier
    rulebook: Sha256
    inputs_digest: Sha256
    item_scores: tuple[ItemScore, ...]
    components: tuple[Component, ...]
    total_exact: RationalText
    total: DecimalText
    grade: Identifier
    result_digest: Sha256
    tree_digest: Sha256
    vetoes: tuple[AppliedVeto, ...] = ()
    """Vetoes in force, all of them listed."""
    operating_status: Identifier | None = None
    """Status by the bands of the rulebook; None where it has none (SR-13)."""


class AssessmentReviewed(Event, kw_only=True):
    """Someone other than the scorer reviewed the run."""

    TYPE: ClassVar[str] = "assessment.reviewed.v1"
    run: Version
    remarks: Text


class AssessmentConfirmed(Event, kw_only=True):
    """The committee confirmed the run along the matrix."""

    TYPE: ClassVar[str] = "assessment.confirmed.v1"
    run: Version
    case: Identifier
    result_digest: Sha256


class GradeAssigned(Event, kw_only=True):
    """The grade of the score by the bands of the rulebook (SR-14, R132)."""

    TYPE: ClassVar[str] = "assessment.grade_assigned.v1"
    run: Version
    total: DecimalText
    grade: Identifier
    rulebook: Sha256


class ScorePublished(Event, kw_only=True):
    """A score version was published; it is provisional until the limit of appeal (SR-23)."""

    TYPE: ClassVar[str] = "assessment.score_published.v1"
    score_version: Version
    run: Version
    total: DecimalText
    grade: Identifier
    published_on: date
    appeal_until: date
    """Last day on which an appeal may be filed."""
    calendar: Sha256


class ScoreAcknowledged(Event, kw_only=True):
    """The assessed unit took note (R149)."""

    TYPE: ClassVar[str] = "assessment.score_acknowledged.v1"
    score_version: Version


class ScoreContested(Event, kw_only=True):
    """A dispute was filed against a score version."""

    TYPE: ClassVar[str] = "assessment.score_contested.v1"
    score_version: Version
    dispute: Identifier


class AssessmentReopened(Event, kw_only=True):
    """The assessment was opened again for a stated cause (R160)."""

    TYPE: ClassVar[str] = "assessment.reopened.v1"
    cause: ReopeningCause
    cause_stream: str
    """Stream of the dispute, incident, measurement, erratum or adjustment."""
    letter_revision: Version
    rulebook: Sha256
    """Version of the rulebook under which the new run will be computed."""


class Rescored(Event, kw_only=True):
    """A new run took the place of an earlier one (R160)."""

    TYPE: ClassVar[str] = "assessment.rescored.v1"
    previous_run: Version
    run: Version
    delta: DecimalText


class ScoreSuperseded(Event, kw_only=True):
    """A published version was replaced; it is kept, and whoever used it is told (R160)."""

    TYPE: ClassVar[str] = "assessment.score_superseded.v1"
    score_version: Version
    by: Version


class ScoreFinalised(Event, kw_only=True):
    """The limit of appeal passed without an open dispute (SR-23)."""

    TYPE: ClassVar[str] = "assessment.score_finalised.v1"
    score_version: Version
    total: DecimalText
    grade: Identifier
