"""Assessments (考核): the inputs of a score, its runs, and its published versions.

What can be asked of an assessment stands in the modules beside this one: collecting its inputs,
scoring, and publishing. A published version is never changed: a later one supersedes it (R160).
"""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Final, Literal, assert_never

import msgspec

from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.collecting import Counted, GivenPoints, GivenVeto, Judged
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.assessment import (
    AssessmentConfirmed,
    AssessmentLevel,
    AssessmentOpened,
    AssessmentReopened,
    AssessmentReviewed,
    BonusPointsGranted,
    CompletionBound,
    GradeAssigned,
    IncidentsCounted,
    InputsFrozen,
    JudgementGiven,
    MeasurementBound,
    PenaltyApplied,
    Rescored,
    ScoreAcknowledged,
    ScoreCalculated,
    ScoreContested,
    ScoreFinalised,
    ScorePublished,
    ScoreSuperseded,
    SelfAssessmentSubmitted,
    SurveyBound,
    VetoApplied,
    VetoLifted,
)
from opsledger_contracts.problems.general import WrongState
from opsledger_contracts.rules.inputs import ScoringInputs
from opsledger_ledger.domain.deciding import Noun, State
from opsledger_ledger.domain.deed import Deed, deed_of

AssessmentStatus = Literal[
    "collecting", "frozen", "calculated", "reviewed", "confirmed", "published", "final"
]

REOPENABLE: Final[tuple[AssessmentStatus, ...]] = (
    "frozen",
    "calculated",
    "reviewed",
    "confirmed",
    "published",
    "final",
)
"""Everything after collecting can be opened again for a cause."""


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A measurement that an item is scored by, and its version when it was bound."""

    source: str
    version: int


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One calculation, with the frozen inputs it was computed from."""

    inputs: ScoringInputs
    scored: ScoreCalculated

    @property
    def number(self) -> int:
        """1, 2, 3 … within the assessment."""
        return self.scored.run


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A published version of the score."""

    version: int
    run: int
    total: str
    grade: str
    published_on: date
    appeal_until: date
    calendar: str
    """Content hash of the calendar that the limit was computed by."""
    stream_version: int
    """Version of the stream that published it."""
    superseded_by: int | None = None
    acknowledged: bool = False


class Reopening(msgspec.Struct, frozen=True, kw_only=True):
    """Why the assessment was opened again, and after which run."""

    cause_stream: str
    after_run: int


class AssessmentState(State):
    """An assessment as it stands."""

    NOUN: ClassVar[str] = "assessment"

    subject: str
    level: AssessmentLevel
    letter: str
    letter_revision: int
    period: str
    rulebook: str
    calendar: str
    status: AssessmentStatus = "collecting"
    measurements: dict[str, Binding] = msgspec.field(default_factory=dict)
    completions: dict[str, str] = msgspec.field(default_factory=dict)
    incidents: dict[str, Counted] = msgspec.field(default_factory=dict)
    judgements: dict[str, Judged] = msgspec.field(default_factory=dict)
    survey: str | None = None
    bonus: tuple[GivenPoints, ...] = ()
    penalties: tuple[GivenPoints, ...] = ()
    vetoes: tuple[GivenVeto, ...] = ()
    """Every veto that was ever applied, by incident as it stands, lifted ones too."""
    inputs: ScoringInputs | None = None
    """What was frozen last."""
    inputs_digest: str = ""
    runs: tuple[Run, ...] = ()
    scores: tuple[Score, ...] = ()
    reopenings: tuple[Reopening, ...] = ()
    deeds: tuple[Deed, ...] = ()
    """Who scored, reviewed and confirmed, for the separation of duties."""
    cases: tuple[str, ...] = ()
    """Approval cases on which runs were confirmed."""

    def run(self, number: int) -> Run | None:
        """Find a run by its number."""
        return next((run for run in self.runs if run.number == number), None)

    @property
    def holding_score(self) -> Score | None:
        """The published version that no later one superseded; None before the first."""
        return self.scores[-1] if self.scores else None

    def cause_of(self, run: int) -> str | None:
        """Name the stream that led to a run by a reopening; None for the first scoring."""
        causes = [row.cause_stream for row in self.reopenings if row.after_run < run]
        return causes[-1] if causes else None

    def require_status(self, *expected: AssessmentStatus) -> None:
        """Insist on one of the named states.

        Raises:
            WrongState: the assessment is in another one.

        """
        if self.status not in expected:
            raise WrongState(
                noun=NOUNS[self.NOUN].en,
                id=self.id,
                found=self.status,
                expected=" or ".join(expected),
            )


AssessmentEvent = (
    AssessmentOpened
    | SelfAssessmentSubmitted
    | MeasurementBound
    | CompletionBound
    | SurveyBound
    | IncidentsCounted
    | JudgementGiven
    | BonusPointsGranted
    | PenaltyApplied
    | VetoApplied
    | VetoLifted
    | InputsFrozen
    | ScoreCalculated
    | Rescored
    | AssessmentReviewed
    | AssessmentConfirmed
    | GradeAssigned
    | ScorePublished
    | ScoreSuperseded
    | ScoreAcknowledged
    | ScoreContested
    | AssessmentReopened
    | ScoreFinalised
)


def evolve(state: AssessmentState | None, event: Event, envelope: Envelope) -> AssessmentState:
    """Fold one event of an assessment."""
    happened: AssessmentEvent = event  # type: ignore[assignment]
    if isinstance(happened, AssessmentOpened):
        return AssessmentState(
            id=happened.assessment,
            subject=happened.subject,
            level=happened.level,
            letter=happened.letter,
            letter_revision=happened.letter_revision,
            period=happened.period,
            rulebook=happened.rulebook,
            calendar=happened.calendar,
            deeds=(deed_of("score", envelope),),
        )
    assert state is not None, envelope.stream
    match happened:
        case (
            MeasurementBound()
            | CompletionBound()
            | SurveyBound()
            | IncidentsCounted()
            | JudgementGiven()
            | BonusPointsGranted()
            | PenaltyApplied()
        ):
            _collect(state, happened, envelope)
        case VetoApplied() | VetoLifted():
            state.vetoes = vetoes_after(state.vetoes, happened, envelope.version)
        case InputsFrozen():
            state.status = "frozen"
            state.inputs = happened.inputs
            state.inputs_digest = happened.inputs_digest
            _did(state, "score", envelope)
        case ScoreCalculated():
            assert state.inputs is not None, envelope.stream
            state.status = "calculated"
            state.runs = (*state.runs, Run(inputs=state.inputs, scored=happened))
            _did(state, "score", envelope)
        case AssessmentReviewed():
            state.status = "reviewed"
            _did(state, "review", envelope)
        case AssessmentConfirmed():
            state.status = "confirmed"
            state.cases = (*state.cases, happened.case)
            _did(state, "confirm", envelope)
        case ScorePublished():
            state.status = "published"
            state.scores = (*state.scores, _score(happened, envelope.version))
        case ScoreSuperseded():
            _replace_score(state, happened.score_version, superseded_by=happened.by)
        case ScoreAcknowledged():
            _replace_score(state, happened.score_version, acknowledged=True)
        case AssessmentReopened():
            state.status = "collecting"
            state.letter_revision = happened.letter_revision
            state.rulebook = happened.rulebook
            state.reopenings = (
                *state.reopenings,
                Reopening(cause_stream=happened.cause_stream, after_run=len(state.runs)),
            )
        case ScoreFinalised():
            state.status = "final"
        case SelfAssessmentSubmitted() | Rescored() | GradeAssigned() | ScoreContested():
            pass
        case _:
            assert_never(happened)
    return state


_Collected = (
    MeasurementBound
    | CompletionBound
    | SurveyBound
    | IncidentsCounted
    | JudgementGiven
    | BonusPointsGranted
    | PenaltyApplied
)


def _collect(state: AssessmentState, happened: _Collected, envelope: Envelope) -> None:
    """Take in a fact or a judgement; whoever chose a value had a hand in the score."""
    match happened:
        case MeasurementBound():
            state.measurements[happened.item] = Binding(
                source=happened.measurement, version=happened.measurement_version
            )
        case CompletionBound():
            state.completions[happened.item] = happened.work_item
        case SurveyBound():
            state.survey = happened.survey
        case IncidentsCounted():
            state.incidents[happened.item] = Counted(
                incidents=happened.incidents, reason=envelope.reason, version=envelope.version
            )
        case JudgementGiven():
            state.judgements[happened.item] = Judged(
                value=happened.value, reason=envelope.reason or "", version=envelope.version
            )
        case BonusPointsGranted():
            state.bonus = (*state.bonus, _points(happened, envelope))
        case PenaltyApplied():
            state.penalties = (*state.penalties, _points(happened, envelope))
        case _:
            assert_never(happened)
    if not isinstance(happened, MeasurementBound | CompletionBound | SurveyBound):
        _did(state, "score", envelope)


def _did(
    state: AssessmentState, act: Literal["score", "review", "confirm"], envelope: Envelope
) -> None:
    deed = deed_of(act, envelope)
    if deed not in state.deeds:
        state.deeds = (*state.deeds, deed)


def _points(event: BonusPointsGranted | PenaltyApplied, envelope: Envelope) -> GivenPoints:
    return GivenPoints(
        clause=event.clause,
        points=event.points,
        reason=envelope.reason or "",
        version=envelope.version,
    )


def vetoes_after(
    vetoes: tuple[GivenVeto, ...], event: VetoApplied | VetoLifted, version: int
) -> tuple[GivenVeto, ...]:
    """Give the vetoes after an event that has a version in the stream of the assessment."""
    if isinstance(event, VetoLifted):
        return tuple(
            msgspec.structs.replace(row, lifted_version=version, lifted_reason=event.grounds)
            if row.incident == event.incident
            else row
            for row in vetoes
        )
    applied = GivenVeto(
        incident=event.incident,
        category=event.category,
        severity=event.severity,
        degree=event.degree,
        accident_date=event.accident_date,
        determination=event.determination,
        incident_version=event.incident_version,
    )
    return (*(row for row in vetoes if row.incident != event.incident), applied)


def _score(event: ScorePublished, version: int) -> Score:
    return Score(
        version=event.score_version,
        run=event.run,
        total=event.total,
        grade=event.grade,
        published_on=event.published_on,
        appeal_until=event.appeal_until,
        calendar=event.calendar,
        stream_version=version,
    )


def _replace_score(state: AssessmentState, version: int, **changes: int | bool) -> None:
    state.scores = tuple(
        msgspec.structs.replace(score, **changes) if score.version == version else score
        for score in state.scores
    )


def keys(state: AssessmentState) -> Iterator[tuple[str, str]]:
    """Find assessments by their letter and by their period."""
    yield "assessment_by_letter", state.letter
    yield "assessment_by_period", state.period


ASSESSMENT = Noun(state=AssessmentState, evolve=evolve, keys=keys)
