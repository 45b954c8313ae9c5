"""Publishing a score, taking note of it, opening it again, and letting it become final.

A published score is provisional until the limit of appeal has passed (SR-23). What is published was
recomputed inside the command, and whoever used a superseded version is told (R160).
"""

from collections.abc import Callable
from functools import partial
from typing import Final

from opsledger_contracts.events.assessment import (
    AssessmentReopened,
    ReopeningCause,
    ScoreAcknowledged,
    ScoreFinalised,
    ScorePublished,
    ScoreSuperseded,
)
from opsledger_contracts.events.group_status import GroupStatusFlagged
from opsledger_contracts.events.result import ResultApplicationFlagged
from opsledger_contracts.fields import StreamName, Version
from opsledger_contracts.letters import period_days
from opsledger_contracts.problems.assessment import (
    AppealLimitRunning,
    DisputeOpen,
    LetterRevisionUnknown,
    NotTheAssessedUnit,
    ReopeningUnfounded,
    VerificationDiverged,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar
from opsledger_contracts.problems.general import ReasonMissing, UnknownReference, WrongState
from opsledger_contracts.replaying import divergence
from opsledger_contracts.rules.appeals import appeal_deadline
from opsledger_ledger.domain.adjustment import AdjustmentState
from opsledger_ledger.domain.assessment import ASSESSMENT, REOPENABLE, AssessmentState, Score
from opsledger_ledger.domain.assessment_inputs import require_assessed_unit, revision_to_bind
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World, known
from opsledger_ledger.domain.dispute import DisputeState, open_dispute
from opsledger_ledger.domain.group_status import GroupStatusState
from opsledger_ledger.domain.incident import IncidentState
from opsledger_ledger.domain.measurement import MeasurementState
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.assessing import (
    ASSESSOR_REFUSALS,
    require_assessor,
    scored,
)
from opsledger_ledger.domain.policies.collecting import letter_of
from opsledger_ledger.domain.policies.deadlines import limit
from opsledger_ledger.domain.policies.vetoing import veto_unfounded
from opsledger_ledger.domain.result import ResultState
from opsledger_ledger.domain.rulebook import RulebookState


class PublishScore(Command):
    """Publish the confirmed run as a new version of the score."""


@ASSESSMENT.decides(
    "publish",
    scope="assessor",
    refuses=(WrongState, *ASSESSOR_REFUSALS, VerificationDiverged, DayNotInCalendar),
)
def publish(_command: PublishScore, assessment: AssessmentState, act: Act, world: World) -> Decided:
    """Publish only what a replay inside this command reproduces bit for bit (R126, R157)."""
    assessment.require_status("confirmed")
    require_assessor(act, world, assessment.subject)
    run = assessment.runs[-1]
    rulebook = documents.rulebook(world, run.scored.rulebook)
    differs = divergence(run.scored, scored(run.inputs, rulebook))
    if differs is not None:
        raise VerificationDiverged(
            run=run.number, field=differs.field, expected=differs.recorded, found=differs.replayed
        )
    appeal = limit(world, act.today, partial(appeal_deadline, act.today, rulebook.appeal))
    before = assessment.holding_score
    version = len(assessment.scores) + 1
    yield Record(
        ScorePublished(
            score_version=version,
            run=run.number,
            total=run.scored.total,
            grade=run.scored.grade,
            published_on=act.today,
            appeal_until=appeal.due,
            calendar=appeal.calendar,
        ),
        rulebook=run.scored.rulebook,
        calendar=appeal.calendar,
    )
    if before is not None:
        yield ScoreSuperseded(score_version=before.version, by=version)
        yield from _flags(assessment, before, version, world)


def _flags(assessment: AssessmentState, before: Score, version: int, world: World) -> Decided:
    """Tell every individual result and group status that rests on the superseded version."""
    for identifier in world.find("result_by_assessment", assessment.id):
        result = known(world, ResultState, identifier, "result")
        combined = result.combined
        if combined is not None and combined.score_version == before.version:
            yield Record(
                ResultApplicationFlagged(
                    assessment=assessment.id,
                    score_version=before.version,
                    superseded_by=version,
                    uses=result.uses_of(assessment.id, before.version),
                ),
                f"result/{identifier}",
                derived=True,
            )
    for identifier in world.find("group_status_by_assessment", assessment.id):
        status = known(world, GroupStatusState, identifier, "group_status")
        if status.counts(assessment.id, before.version):
            yield Record(
                GroupStatusFlagged(
                    assessment=assessment.id, score_version=before.version, superseded_by=version
                ),
                f"group_status/{identifier}",
                derived=True,
            )


class AcknowledgeScore(Command):
    """Take note of the published score."""


@ASSESSMENT.decides("acknowledge", scope="writer", refuses=(WrongState, NotTheAssessedUnit))
def acknowledge(
    _command: AcknowledgeScore, assessment: AssessmentState, act: Act, _world: World
) -> Decided:
    """Let the assessed unit take note once of each version; that is not an agreement (R149)."""
    assessment.require_status("published", "final")
    require_assessed_unit(act, assessment)
    score = assessment.scores[-1]
    if score.acknowledged:
        raise WrongState(
            noun="assessment", id=assessment.id, found="acknowledged", expected="not acknowledged"
        )
    yield ScoreAcknowledged(score_version=score.version)


class ReopenAssessment(Command):
    """Open the assessment again for a stated cause."""

    cause: ReopeningCause
    cause_stream: StreamName
    """Stream of the decided dispute, the incident, the corrected measurement, the later rulebook
    version or the applied adjustment."""
    letter_revision: Version | None = None
    """Revision whose terms count now; absent takes the latest one."""


@ASSESSMENT.decides(
    "reopen",
    scope="assessor",
    refuses=(
        WrongState,
        *ASSESSOR_REFUSALS,
        ReasonMissing,
        UnknownReference,
        ReopeningUnfounded,
        LetterRevisionUnknown,
    ),
)
def reopen(
    command: ReopenAssessment, assessment: AssessmentState, act: Act, world: World
) -> Decided:
    """Ask for a recorded cause; the score that holds stays published until another one does."""
    assessment.require_status(*REOPENABLE)
    require_assessor(act, world, assessment.subject)
    if act.reason is None:
        raise ReasonMissing
    noun, _, identifier = command.cause_stream.partition("/")
    expected, finding = _CAUSES[command.cause]
    detail = (
        finding(identifier, assessment, world)
        if noun == expected
        else f"it has to be a stream of {expected}"
    )
    if detail is not None:
        raise ReopeningUnfounded(cause=command.cause, stream=command.cause_stream, detail=detail)
    revision = revision_to_bind(letter_of(world, assessment), command.letter_revision)
    _, last = period_days(assessment.period)
    rulebook, _ = documents.rulebook_in_force(world, last)
    yield Record(
        AssessmentReopened(
            cause=command.cause,
            cause_stream=command.cause_stream,
            letter_revision=revision,
            rulebook=rulebook,
        ),
        rulebook=rulebook,
    )


def _dispute_unfounded(identifier: str, assessment: AssessmentState, world: World) -> str | None:
    dispute = known(world, DisputeState, identifier, "cause_stream")
    if dispute.assessment != assessment.id:
        return f"it is about {dispute.assessment}"
    if dispute.status != "decided" or dispute.decisions[-1].remedy == "none":
        return "it was not decided with a remedy"
    return None


def _data_unfounded(identifier: str, assessment: AssessmentState, world: World) -> str | None:
    measurement = known(world, MeasurementState, identifier, "cause_stream")
    bound = [row.version for row in assessment.measurements.values() if row.source == identifier]
    if not bound:
        return "no item is scored by it"
    if max(bound) >= measurement.version:
        return "its value stands as it was bound"
    return None


def _veto_unfounded(identifier: str, assessment: AssessmentState, world: World) -> str | None:
    incident = known(world, IncidentState, identifier, "cause_stream")
    _, last = period_days(assessment.period)
    _, rulebook = documents.rulebook_in_force(world, last)
    return veto_unfounded(world, assessment, rulebook, incident)


def _erratum_unfounded(identifier: str, assessment: AssessmentState, world: World) -> str | None:
    rulebook = known(world, RulebookState, identifier, "cause_stream")
    _, last = period_days(assessment.period)
    if not rulebook.in_force_on(last):
        return f"it is not in force on {last}"
    if rulebook.content_on(last)[0] == assessment.rulebook:
        return "the score was computed under it"
    return None


def _adjustment_unfounded(identifier: str, assessment: AssessmentState, world: World) -> str | None:
    adjustment = known(world, AdjustmentState, identifier, "cause_stream")
    if adjustment.letter != assessment.letter:
        return f"it changes letter {adjustment.letter}"
    if adjustment.applied_revision is None:
        return "it was not applied"
    if adjustment.applied_revision <= assessment.letter_revision:
        return "the bound revision carries it"
    return None


_CAUSES: Final[
    dict[ReopeningCause, tuple[str, Callable[[str, AssessmentState, World], str | None]]]
] = {
    "dispute": ("dispute", _dispute_unfounded),
    "veto": ("incident", _veto_unfounded),
    "data": ("measurement", _data_unfounded),
    "erratum": ("rulebook", _erratum_unfounded),
    "adjustment": ("adjustment", _adjustment_unfounded),
}
"""By cause: the noun of the stream that gives it, and what speaks against it."""


class FinaliseScore(Command):
    """Let the published score become final."""


@ASSESSMENT.decides(
    "finalise",
    scope="assessor",
    refuses=(WrongState, *ASSESSOR_REFUSALS, AppealLimitRunning, DisputeOpen),
)
def finalise(
    _command: FinaliseScore, assessment: AssessmentState, act: Act, world: World
) -> Decided:
    """Wait for the limit of appeal and for every open dispute (SR-23)."""
    assessment.require_status("published")
    require_assessor(act, world, assessment.subject)
    score = assessment.scores[-1]
    if act.today <= score.appeal_until:
        raise AppealLimitRunning(limit=score.appeal_until, today=act.today)
    dispute = open_dispute(world, assessment.id)
    if dispute is not None:
        raise DisputeOpen(dispute=dispute, assessment=assessment.id)
    yield ScoreFinalised(score_version=score.version, total=score.total, grade=score.grade)
