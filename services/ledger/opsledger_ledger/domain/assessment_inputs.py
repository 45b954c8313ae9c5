"""Opening an assessment, and collecting and freezing what it will be scored by.

An item is scored by a recorded fact of the kind that its clause asks for; the unit's own view is
recorded and never counts (R246). Nobody takes part in assessing their own unit (R024).
"""

from typing import Final

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Clause, Rulebook
from opsledger_contracts.events.assessment import (
    AssessmentLevel,
    AssessmentOpened,
    CompletionBound,
    InputsFrozen,
    MeasurementBound,
    SelfAssessmentSubmitted,
    SurveyBound,
)
from opsledger_contracts.events.letter import LetterItem
from opsledger_contracts.fields import DecimalText, Identifier, Text, Version
from opsledger_contracts.letters import period_days
from opsledger_contracts.problems.assessment import (
    AssessmentExists,
    ClauseNotInRulebook,
    FactKindWrong,
    InputsMissing,
    ItemUnknown,
    LetterRevisionUnknown,
    NotTheAssessedUnit,
    RuleInapplicable,
    SourceMismatch,
    SubjectNotOfLetter,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar, DutyUnknown
from opsledger_contracts.problems.documents import NoneInForce
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.assessment import ASSESSMENT, AssessmentState
from opsledger_ledger.domain.deciding import (
    Act,
    Command,
    Decided,
    Record,
    World,
    known,
)
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.measurement import MeasurementState
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.assessing import ASSESSOR_REFUSALS, require_assessor
from opsledger_ledger.domain.policies.collecting import collect, required_kind, revision_of
from opsledger_ledger.domain.policies.vetoing import veto_changes, vetoes_with
from opsledger_ledger.domain.survey import SurveyState
from opsledger_ledger.domain.work_item import WorkItemState

COLLECTING_REFUSALS: Final[tuple[type[Refusal], ...]] = (WrongState, *ASSESSOR_REFUSALS)
BINDING_REFUSALS: Final[tuple[type[Refusal], ...]] = (
    *COLLECTING_REFUSALS,
    ItemUnknown,
    RuleInapplicable,
    FactKindWrong,
)


class OpenAssessment(Command):
    """Open the assessment of a unit on a revision of its letter."""

    subject: Identifier
    letter: Identifier
    level: AssessmentLevel = "organisation"
    letter_revision: Version | None = None
    """Revision whose terms count; absent takes the latest one in force."""


@ASSESSMENT.decides(
    "open",
    scope="assessor",
    creates=True,
    refuses=(
        *ASSESSOR_REFUSALS,
        UnknownReference,
        SubjectNotOfLetter,
        LetterRevisionUnknown,
        AssessmentExists,
        NoneInForce,
    ),
)
def open_(command: OpenAssessment, _assessment: None, act: Act, world: World) -> Decided:
    """Bind a revision that exists, and the rulebook in force at the end of the period (R131)."""
    letter = known(world, LetterState, command.letter, "letter")
    document = letter.document
    if document.responsible_unit != command.subject:
        raise SubjectNotOfLetter(
            letter=letter.id, expected=document.responsible_unit, found=command.subject
        )
    require_assessor(act, world, command.subject)
    revision = revision_to_bind(letter, command.letter_revision)
    for identifier in world.find("assessment_by_letter", letter.id):
        other = known(world, AssessmentState, identifier, "letter")
        if other.level == command.level:
            raise AssessmentExists(letter=letter.id, assessment=identifier)
    _, last = period_days(document.period)
    rulebook, _ = documents.rulebook_in_force(world, last)
    calendar, _ = documents.calendar_for(world, act.today)
    yield Record(
        AssessmentOpened(
            assessment=act.target,
            subject=command.subject,
            level=command.level,
            letter=letter.id,
            letter_revision=revision,
            period=document.period,
            rulebook=rulebook,
            calendar=calendar,
        ),
        rulebook=rulebook,
        calendar=calendar,
    )


def revision_to_bind(letter: LetterState, stated: int | None) -> int:
    """Tell the stated revision of a letter, or its latest one.

    Raises:
        LetterRevisionUnknown: the letter never had such a revision in force.

    """
    latest = letter.revisions[-1].revision if letter.revisions else 0
    revision = latest if stated is None else stated
    if letter.at_revision(revision) is None:
        raise LetterRevisionUnknown(letter=letter.id, found=revision, latest=latest)
    return revision


class SubmitSelfAssessment(Command):
    """State the assessed unit's own view of its result."""

    total: DecimalText
    statement: Text


@ASSESSMENT.decides(
    "submit-self-assessment", scope="writer", refuses=(WrongState, NotTheAssessedUnit)
)
def submit_self_assessment(
    command: SubmitSelfAssessment, assessment: AssessmentState, act: Act, _world: World
) -> Decided:
    """Record the view of the assessed unit; nothing is computed from it (R246)."""
    assessment.require_status("collecting")
    require_assessed_unit(act, assessment)
    yield SelfAssessmentSubmitted(total=command.total, statement=command.statement)


def require_assessed_unit(act: Act, assessment: AssessmentState) -> None:
    """Insist that the act comes from a position of the assessed unit.

    Raises:
        NotTheAssessedUnit: it comes from another one.

    """
    if act.unit != assessment.subject:
        raise NotTheAssessedUnit(expected=assessment.subject, found=act.unit)


class BindMeasurement(Command):
    """Bind a measured value to an item."""

    item: Identifier
    measurement: Identifier


@ASSESSMENT.decides(
    "bind-measurement",
    scope="assessor",
    refuses=(*BINDING_REFUSALS, UnknownReference, SourceMismatch),
)
def bind_measurement(
    command: BindMeasurement, assessment: AssessmentState, act: Act, world: World
) -> Decided:
    """Take only the value of the item's indicator, for its unit and period, in its measure."""
    item = item_scored_by("value", command.item, assessment, act, world)
    measurement = known(world, MeasurementState, command.measurement, "measurement")
    require_same(
        "measurement",
        measurement.id,
        ("indicator", item.indicator, measurement.indicator),
        ("subject", item.responsible, measurement.subject),
        ("period", assessment.period, measurement.period),
        ("unit", item.unit, measurement.unit),
    )
    yield MeasurementBound(
        item=item.item,
        measurement=measurement.id,
        measurement_version=measurement.version,
        value=measurement.value,
    )


class BindCompletion(Command):
    """Bind a verified completion to an item."""

    item: Identifier
    work_item: Identifier


@ASSESSMENT.decides(
    "bind-completion",
    scope="assessor",
    refuses=(*BINDING_REFUSALS, UnknownReference, SourceMismatch),
)
def bind_completion(
    command: BindCompletion, assessment: AssessmentState, act: Act, world: World
) -> Decided:
    """Take only a completion of this item that met time and quality as verified (R133, SR-07)."""
    item = item_scored_by("completion", command.item, assessment, act, world)
    work_item = known(world, WorkItemState, command.work_item, "work_item")
    require_same(
        "work item",
        work_item.id,
        ("letter", assessment.letter, work_item.letter),
        ("item", item.item, work_item.item),
        ("status", "verified", work_item.status),
        ("quality", "met", work_item.quality),
    )
    assert work_item.actual_date is not None, work_item.id
    assert work_item.verified_version is not None, work_item.id
    yield CompletionBound(
        item=item.item,
        work_item=work_item.id,
        work_item_version=work_item.verified_version,
        evidence_date=work_item.actual_date,
    )


class BindSurvey(Command):
    """Bind a closed survey as the satisfaction share."""

    survey: Identifier


@ASSESSMENT.decides(
    "bind-survey",
    scope="assessor",
    refuses=(*COLLECTING_REFUSALS, UnknownReference, SourceMismatch),
)
def bind_survey(
    command: BindSurvey, assessment: AssessmentState, act: Act, world: World
) -> Decided:
    """Take only a closed survey of this unit that covers the period (R130, SR-11).

    A survey is held for a quarter or a year, a letter may be for a month of it.
    """
    require_collecting(assessment, act, world)
    survey = known(world, SurveyState, command.survey, "survey")
    first, last = period_days(assessment.period)
    surveyed_from, surveyed_to = period_days(survey.period)
    covered = surveyed_from <= first <= last <= surveyed_to
    require_same(
        "survey",
        survey.id,
        ("ratee", assessment.subject, survey.ratee),
        ("period", survey.period if covered else assessment.period, survey.period),
        ("status", "closed", survey.status),
    )
    assert survey.closed_version is not None, survey.id
    yield SurveyBound(survey=survey.id, survey_version=survey.closed_version)


class FreezeInputs(Command):
    """Fix all that the score will be computed from."""


@ASSESSMENT.decides(
    "freeze",
    scope="assessor",
    refuses=(*COLLECTING_REFUSALS, InputsMissing, RuleInapplicable, DutyUnknown, DayNotInCalendar),
)
def freeze(_command: FreezeInputs, assessment: AssessmentState, act: Act, world: World) -> Decided:
    """Freeze only complete inputs; what is missing is told with its owner and due day (SR-28).

    The vetoes are those that follow from the incidents known now: none is chosen (SR-17).
    """
    require_collecting(assessment, act, world)
    rulebook = documents.rulebook(world, assessment.rulebook)
    changes = veto_changes(world, assessment, rulebook)
    vetoes = vetoes_with(world, assessment, changes)
    inputs = collect(world, assessment, revision_of(world, assessment), rulebook, vetoes)
    for change in changes:
        yield Record(change, rulebook=assessment.rulebook, derived=True)
    yield Record(
        InputsFrozen(inputs=inputs, inputs_digest=digest(inputs)), rulebook=assessment.rulebook
    )


def clause_in(rulebook: Rulebook, clause: str) -> Clause:
    """Find a clause of a rulebook.

    Raises:
        ClauseNotInRulebook: there is none of this name.

    """
    try:
        return rulebook.clause(clause)
    except KeyError:
        raise ClauseNotInRulebook(rulebook=rulebook.name, clause=clause) from None


def require_collecting(assessment: AssessmentState, act: Act, world: World) -> None:
    """Insist that inputs are still collected, by those who assess this unit.

    Raises:
        WrongState: the inputs are frozen, or more.
        FunctionMissing: the position is not of the department that assesses this unit.
        AssessesItself: somebody behind the act belongs to the assessed unit.

    """
    assessment.require_status("collecting")
    require_assessor(act, world, assessment.subject)


def item_scored_by(
    kind: str, name: str, assessment: AssessmentState, act: Act, world: World
) -> LetterItem:
    """Find an item of the bound revision that is scored by a kind of fact.

    Raises:
        ItemUnknown: the bound revision has no such item.
        FactKindWrong: its clause scores another kind.
        RuleInapplicable: its clause scores nothing.
        WrongState, FunctionMissing, AssessesItself: as `require_collecting`.

    """
    require_collecting(assessment, act, world)
    revision = revision_of(world, assessment)
    item = revision.document.item(name)
    if item is None:
        raise ItemUnknown(letter=assessment.letter, revision=revision.revision, item=name)
    expected = required_kind(documents.rulebook(world, assessment.rulebook), item)
    if expected != kind:
        raise FactKindWrong(item=name, clause=item.clause, expected=expected, found=kind)
    return item


def require_same(noun: str, identifier: str, *fields: tuple[str, str | None, str | None]) -> None:
    """Insist that a source is what the item needs; each field is a name with expected and found.

    Raises:
        SourceMismatch: a field differs.

    """
    for field, expected, found in fields:
        if found != expected:
            raise SourceMismatch(
                noun=noun, id=identifier, field=field, expected=expected, found=found
            )
