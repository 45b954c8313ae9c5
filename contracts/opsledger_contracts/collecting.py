"""The inputs of a score, collected from what is known at a cut (architecture.md, section 10).

An assessment names its sources; values are read from the `Facts` that are given. The ledger gives
its state, now or as of a position, and the read side gives its rows as of a position: one
function collects for both, so that both replay the same inputs to the same digest.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, Literal, NamedTuple, Protocol, cast

import msgspec

from opsledger_contracts.documents.rulebook import CauseClass, Rulebook, Treatment
from opsledger_contracts.documents.structure import VetoClause
from opsledger_contracts.events.assessment import CountedIncident
from opsledger_contracts.events.letter import FieldChange, ItemChange, LetterItem
from opsledger_contracts.letters import (
    ITEM_TERMS,
    LetterDocument,
    item_parameters,
    period_days,
)
from opsledger_contracts.rules.inputs import (
    AdjustmentInput,
    AdjustmentKind,
    CoefficientInput,
    CompletionFact,
    Fact,
    ItemInput,
    JudgementFact,
    Lifting,
    Occurrence,
    OccurrencesFact,
    Period,
    PointsInput,
    RatingInput,
    SatisfactionInput,
    ScoringInputs,
    SourceReference,
    TermChange,
    ValueFact,
    VetoInput,
)
from opsledger_contracts.rules.leaves import clause_of
from opsledger_contracts.rules.primitive import Primitive
from opsledger_contracts.rules.primitives import fact_kind, primitive_of

INPUT_NAMES: Final[Mapping[str, str]] = {
    "value": "measurement",
    "completion": "completion",
    "judgement": "judgement",
    "occurrences": "incidents",
}
"""What has to be bound to an item, by the kind of fact that its clause scores."""


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """A measured value as it is known; `version` is of the event that set it."""

    value: str
    unit: str
    version: int


class Completed(msgspec.Struct, frozen=True, kw_only=True):
    """A verified completion as it is known; `version` is of the event that verified it.

    `quality` is read only where the rule of the item asks for it.
    """

    evidence_date: date
    version: int
    quality: Literal["met", "not_met"] | None = None


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """The incidents that count for an item, and the version of the event that says so.

    `reason` is for the judgement of points, where there was one.
    """

    incidents: tuple[CountedIncident, ...]
    reason: str | None
    version: int


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A value chosen by an assessor with the reason, and the version of the event.

    `grade` is the grade on the scale of the clause, None where none was stated.
    """

    value: str
    reason: str
    version: int
    grade: str | None = None


class GivenPoints(msgspec.Struct, frozen=True, kw_only=True):
    """Bonus or penalty points under a clause, a positive amount, with the version of the event."""

    clause: str
    points: str
    reason: str
    version: int


class GivenCoefficient(msgspec.Struct, frozen=True, kw_only=True):
    """The difficulty coefficient with its reason and the version of the event that granted it."""

    coefficient: str
    reason: str
    version: int


class GivenVeto(msgspec.Struct, frozen=True, kw_only=True):
    """A veto that was applied, with what was determined; versions are of the incident's events.

    `lifted_version` and `lifted_reason` are of the event of the assessment that lifted it.
    """

    incident: str
    category: str
    severity: str
    degree: str
    accident_date: date
    determination: str
    incident_version: int
    lifted_version: int | None = None
    lifted_reason: str = ""


class Ballots(msgspec.Struct, frozen=True, kw_only=True):
    """A closed survey: each rating unit's values with the version of its event, in their order.

    `version` is of the event that closed the survey.
    """

    ratings: tuple[tuple[str, tuple[str, ...], int], ...]
    version: int


class AppliedAdjustment(msgspec.Struct, frozen=True, kw_only=True):
    """An adjustment that is part of a letter revision; `version` is of the event that says so."""

    adjustment: str
    kind: AdjustmentKind
    cause: CauseClass
    treatment: Treatment
    items: tuple[str, ...]
    changes: tuple[ItemChange, ...]
    applied_revision: int
    requested_on: date
    causing_unit: str | None
    version: int


class BoundRevision(msgspec.Struct, frozen=True, kw_only=True):
    """The letter revision whose terms count; `version` is of the event that put it in force."""

    revision: int
    document: LetterDocument
    version: int


class AssessmentBasis(msgspec.Struct, frozen=True, kw_only=True):
    """What an assessment itself holds: the sources bound to its items, judgements and points."""

    assessment: str
    subject: str
    period: str
    measurements: Mapping[str, str]
    """Measurement by item."""
    completions: Mapping[str, str]
    """Work item by item."""
    incidents: Mapping[str, Counted]
    judgements: Mapping[str, Judged]
    survey: str | None
    bonus: Sequence[GivenPoints]
    penalties: Sequence[GivenPoints]
    difficulty: GivenCoefficient | None = None
    vetoes: Sequence[GivenVeto] = ()


class Facts(Protocol):
    """What is known at a cut, whoever knows it; None and empty are what is not known."""

    def unit_type(self, unit: str) -> str:
        """Tell the type of an organisation unit."""
        ...

    def measured(self, measurement: str) -> Measured | None:
        """Find a measured value."""

    def completed(self, work_item: str) -> Completed | None:
        """Find a verified completion."""

    def ballots(self, survey: str) -> Ballots | None:
        """Find the ballots of a survey that is closed."""

    def surveys_held(self, ratee: str, period: str) -> Sequence[str]:
        """List the surveys that rate a unit in a period."""
        ...

    def applied_adjustments(self, letter: str) -> Sequence[AppliedAdjustment]:
        """List the adjustments of a letter that are part of a revision, in any order."""
        ...


class Missing(NamedTuple):
    """An input that is not there, and the unit that has to bring it."""

    item: str
    what: str
    owner: str


class InputsAbsent(Exception):
    """Facts that the score needs are not known at the cut."""

    def __init__(self, missing: Sequence[Missing]) -> None:
        super().__init__("; ".join(f"{row.item}: {row.what} from {row.owner}" for row in missing))
        self.missing = tuple(missing)


def collect(
    basis: AssessmentBasis, revision: BoundRevision, rulebook: Rulebook, facts: Facts
) -> ScoringInputs:
    """Collect all that the score under a letter revision is computed from.

    Raises:
        InputsAbsent: facts are not known; it names every one.
        RuleError: an item names a clause that the rulebook does not have, or that scores no items.

    """
    letter = revision.document
    items = tuple(_item(basis, revision, item, rulebook, facts) for item in letter.items)
    missing = [
        Missing(item.item, INPUT_NAMES[required_kind(rulebook, item)], item.data_owner)
        for item, found in zip(letter.items, items, strict=True)
        if found.fact is None
    ]
    held = facts.surveys_held(basis.subject, basis.period)
    if basis.survey is None and held:
        # Without a survey the share returns to the letter (SR-11), but one that was held counts.
        missing.append(Missing(", ".join(sorted(held)), "survey", letter.issuer))
    if "coefficient" in rulebook.order.steps and basis.difficulty is None:
        missing.append(Missing(letter.letter, "difficulty coefficient", letter.issuer))
    if missing:
        raise InputsAbsent(missing)
    first, last = period_days(basis.period)
    return ScoringInputs(
        assessment=basis.assessment,
        subject=basis.subject,
        unit_type=facts.unit_type(basis.subject),
        period=Period(from_=first, to=last),
        letter=letter.letter,
        letter_revision=revision.revision,
        items=items,
        satisfaction=_satisfaction(basis, facts),
        bonus=tuple(_points(basis, row) for row in basis.bonus),
        penalties=tuple(_points(basis, row) for row in basis.penalties),
        adjustments=_adjustments(revision, rulebook, facts),
        difficulty=_difficulty(basis),
        vetoes=tuple(
            _veto(basis, row)
            for row in basis.vetoes
            if veto_clause_of(rulebook, row.category, row.severity) is not None
        )
        or msgspec.UNSET,
    )


def veto_clause_of(rulebook: Rulebook, category: str, severity: str) -> VetoClause | None:
    """Find the veto clause for incidents of a category and severity; None where they are no veto.

    An incident is a veto only by a clause: what one rulebook strikes another may leave alone.
    """
    rows = () if rulebook.veto is msgspec.UNSET else rulebook.veto.clauses
    return next((row for row in rows if (row.category, row.severity) == (category, severity)), None)


def required_kind(rulebook: Rulebook, item: LetterItem) -> str:
    """Tell which kind of fact scores an item: value, completion, judgement or occurrences.

    Raises:
        RuleError: the rulebook has no such clause, or the clause scores no items.

    """
    clause = clause_of(rulebook, item.clause, f"item {item.item}")
    return fact_kind(primitive_of(clause).fact)


def _source(stream: str, version: int) -> tuple[SourceReference, ...]:
    return (SourceReference(stream=stream, version=version),)


def _item(
    basis: AssessmentBasis,
    revision: BoundRevision,
    item: LetterItem,
    rulebook: Rulebook,
    facts: Facts,
) -> ItemInput:
    clause = clause_of(rulebook, item.clause, f"item {item.item}")
    return ItemInput(
        item=item.item,
        title=item.name,
        category=item.category,
        level=item.level,
        weight=item.weight,
        clause=item.clause,
        params=item_parameters(item, clause),
        fact=_fact(basis, item.item, primitive_of(clause), facts),
        sources=_source(f"letter/{revision.document.letter}", revision.version),
    )


def _fact(
    basis: AssessmentBasis, item: str, rule: Primitive[Any, Any], facts: Facts
) -> Fact | None:
    match fact_kind(rule.fact):
        case "value":
            return _value(basis.measurements.get(item), facts)
        case "completion":
            return _completion(basis.completions.get(item), rule, facts)
        case "judgement":
            return _judgement(basis, item)
        case _:
            return _occurrences(basis, item)


def _value(measurement: str | None, facts: Facts) -> ValueFact | None:
    found = facts.measured(measurement) if measurement else None
    if found is None:
        return None
    return ValueFact(
        value=found.value,
        unit=found.unit,
        sources=_source(f"measurement/{measurement}", found.version),
    )


def _completion(
    work_item: str | None, rule: Primitive[Any, Any], facts: Facts
) -> CompletionFact | None:
    found = facts.completed(work_item) if work_item else None
    if found is None:
        return None
    return CompletionFact(
        evidence_date=found.evidence_date,
        sources=_source(f"work_item/{work_item}", found.version),
        quality=(found.quality if rule.reads_quality else None) or msgspec.UNSET,
    )


def _judgement(basis: AssessmentBasis, item: str) -> JudgementFact | None:
    found = basis.judgements.get(item)
    if found is None:
        return None
    return JudgementFact(
        value=found.value,
        reason=found.reason,
        sources=_source(f"assessment/{basis.assessment}", found.version),
        grade=found.grade or msgspec.UNSET,
    )


def _occurrences(basis: AssessmentBasis, item: str) -> OccurrencesFact | None:
    counted = basis.incidents.get(item)
    if counted is None:
        return None
    return OccurrencesFact(
        occurrences=tuple(
            Occurrence(
                occurrence=row.incident,
                category=row.category,
                points=row.points,
                reason=counted.reason if row.points is not None else None,
                sources=_source(f"incident/{row.incident}", row.incident_version),
            )
            for row in counted.incidents
        ),
        sources=_source(f"assessment/{basis.assessment}", counted.version),
    )


def _satisfaction(basis: AssessmentBasis, facts: Facts) -> SatisfactionInput | None:
    found = facts.ballots(basis.survey) if basis.survey else None
    if found is None or basis.survey is None:
        return None
    return survey_input(basis.survey, basis.subject, found)


def survey_input(survey: str, ratee: str, ballots: Ballots) -> SatisfactionInput:
    """Hand the ballots of a survey to the rules, each with the entry that it comes from."""
    stream = f"survey/{survey}"
    return SatisfactionInput(
        survey=survey,
        ratings=tuple(
            RatingInput(rater=rater, ratee=ratee, values=values, sources=_source(stream, version))
            for rater, values, version in ballots.ratings
        ),
        sources=_source(stream, ballots.version),
    )


def _difficulty(basis: AssessmentBasis) -> CoefficientInput | msgspec.UnsetType:
    given = basis.difficulty
    if given is None:
        return msgspec.UNSET
    return CoefficientInput(
        coefficient=given.coefficient,
        reason=given.reason,
        sources=_source(f"assessment/{basis.assessment}", given.version),
    )


def _veto(basis: AssessmentBasis, row: GivenVeto) -> VetoInput:
    lifted: Lifting | msgspec.UnsetType = msgspec.UNSET
    if row.lifted_version is not None:
        lifted = Lifting(
            reason=row.lifted_reason,
            sources=_source(f"assessment/{basis.assessment}", row.lifted_version),
        )
    return VetoInput(
        incident=row.incident,
        category=row.category,
        severity=row.severity,
        degree=row.degree,
        accident_date=row.accident_date,
        determination=row.determination,
        sources=_source(f"incident/{row.incident}", row.incident_version),
        lifted=lifted,
    )


def _points(basis: AssessmentBasis, row: GivenPoints) -> PointsInput:
    return PointsInput(
        clause=row.clause,
        points=row.points,
        reason=row.reason,
        sources=_source(f"assessment/{basis.assessment}", row.version),
    )


def _adjustments(
    revision: BoundRevision, rulebook: Rulebook, facts: Facts
) -> tuple[AdjustmentInput, ...]:
    """What the bound revision carries; a later revision's adjustment is not part of its terms."""
    carried = [
        row
        for row in facts.applied_adjustments(revision.document.letter)
        if row.applied_revision <= revision.revision
    ]
    return tuple(
        AdjustmentInput(
            adjustment=row.adjustment,
            kind=row.kind,
            cause_class=row.cause,
            treatment=row.treatment,
            items=row.items,
            changes=_terms_changed(row, revision, rulebook),
            carried_by=row.applied_revision,
            requested_on=row.requested_on,
            causing_unit=row.causing_unit,
            sources=_source(f"adjustment/{row.adjustment}", row.version),
        )
        for row in sorted(carried, key=lambda row: (row.applied_revision, row.adjustment))
    )


def _terms_changed(
    adjustment: AppliedAdjustment, revision: BoundRevision, rulebook: Rulebook
) -> tuple[TermChange, ...]:
    """Changes of parameters that the clause of an item asks for; weights are not among them."""
    changes: list[TermChange] = []
    for row in adjustment.changes:
        item = revision.document.item(row.item)
        if item is not None:
            asked = clause_of(rulebook, item.clause, f"item {item.item}").item_params
            for change in row.changes:
                changes += _term_changes(row.item, change, asked)
    return tuple(changes)


def _term_changes(item: str, change: FieldChange, asked: tuple[str, ...]) -> list[TermChange]:
    before, after = _as_terms(change.field, change.before), _as_terms(change.field, change.after)
    return [
        TermChange(item=item, parameter=name, value_from=before.get(name), value_to=after.get(name))
        for name in asked
        if before.get(name) != after.get(name)
    ]


def _as_terms(field: str, value: object) -> dict[str, str]:
    if field == "params" and isinstance(value, dict):
        terms = cast("dict[object, object]", value)
        return {str(name): str(text) for name, text in terms.items()}
    if field in ITEM_TERMS and value is not None:
        return {field: str(value)}
    return {}
