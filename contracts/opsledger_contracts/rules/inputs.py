"""Everything a score needs besides the rulebook and the calendar, and what a score is.

The inputs are frozen with an assessment and hashed as a whole; scoring reads nothing else. No field
holds personal data: the subject of an item score is the item.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

from opsledger_contracts.documents.rulebook import (
    CauseClass,
    ItemLevel,
    ParameterName,
    Treatment,
)
from opsledger_contracts.documents.structure import VetoEffect
from opsledger_contracts.fields import (
    DecimalText,
    Identifier,
    RationalText,
    Sha256,
    StreamName,
    Text,
    Title,
    Version,
)

AdjustmentKind = Literal[
    "add",
    "delete",
    "retarget",
    "reschedule",
    "reweight",
    "force_majeure",
    "transfer",
    "data_correction",
    "party_change",
]

ItemParameter = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?|[0-9]{4}-[0-9]{2}-[0-9]{2})$(?!\n)",
        description="Decimal number or date, as text.",
        examples=["150000", "2026-05-29"],
    ),
]


class SourceReference(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The entry a value comes from: its stream and its version in that stream."""

    stream: StreamName
    version: Version


Sources = Annotated[tuple[SourceReference, ...], msgspec.Meta(min_length=1)]


class ValueFact(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="value",
):
    """A measured value in the item's unit of measure."""

    value: DecimalText
    unit: Title
    sources: Sources


class CompletionFact(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="completion",
):
    """Completion of a node by its evidence date, not the date of the report (SR-07).

    `quality` says whether the quality standard is met, and `quality_points` with their reason what
    verification took off for quality; only rules that read them take a fact that has them.
    """

    evidence_date: date
    sources: Sources
    quality: Literal["met", "not_met"] | msgspec.UnsetType = msgspec.UNSET
    quality_points: DecimalText | msgspec.UnsetType = msgspec.UNSET
    quality_reason: Text | msgspec.UnsetType = msgspec.UNSET


class UnfinishedFact(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="unfinished",
):
    """A node that was still not done on the named day."""

    on: date
    sources: Sources


class JudgementFact(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="judgement",
):
    """A value chosen by an assessor, with the reason, and with the grade on a scale (SR-09)."""

    value: DecimalText
    reason: Text
    sources: Sources
    grade: Identifier | msgspec.UnsetType = msgspec.UNSET


class Occurrence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One countable event; `points` is the judgement where the category has a range, else None.

    Entries with the same `occurrence` are the same accident in several categories. `count` is for
    categories with points per day or per person, absent where an event counts once.
    """

    occurrence: Identifier
    category: Identifier
    points: DecimalText | None
    reason: Text | None
    sources: Sources
    count: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] | msgspec.UnsetType = msgspec.UNSET


class OccurrencesFact(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag="occurrences",
):
    """The countable events of a period; none is a fact too, with the entry that says so."""

    occurrences: tuple[Occurrence, ...]
    sources: Sources


Fact = ValueFact | CompletionFact | UnfinishedFact | JudgementFact | OccurrencesFact


class ItemInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One letter item under the terms of the bound letter revision.

    `params` are the parameters that `clause` leaves to the item (target, due, node_level …).
    `fact` is None while nothing is recorded; such an item cannot be scored.
    """

    item: Identifier
    title: Title
    category: Identifier
    level: ItemLevel
    weight: RationalText
    clause: Identifier
    params: dict[ParameterName, ItemParameter]
    fact: Fact | None
    sources: Sources


class RatingInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One unit's rating of another: one value, or one per dimension of the survey."""

    rater: Identifier
    ratee: Identifier
    values: Annotated[tuple[DecimalText, ...], msgspec.Meta(min_length=1)]
    sources: Sources


class SatisfactionInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ratings of one closed survey, in any order."""

    survey: Identifier
    ratings: tuple[RatingInput, ...]
    sources: Sources


class PointsInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bonus or penalty points under a clause; always a positive amount (SR-10)."""

    clause: Identifier
    points: DecimalText
    reason: Text
    sources: Sources


class CoefficientInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The difficulty coefficient granted to the subject for the period (SR-27)."""

    coefficient: DecimalText
    reason: Text
    sources: Sources


class Lifting(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why a veto no longer holds, with the entry that lifted it."""

    reason: Text
    sources: Sources


class VetoInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An incident determined against the subject that a veto clause names (SR-17).

    The day of the accident decides which period it strikes, not the day of the determination.
    """

    incident: Identifier
    category: Identifier
    severity: Identifier
    degree: Title
    accident_date: date
    determination: Title
    sources: Sources
    lifted: Lifting | msgspec.UnsetType = msgspec.UNSET


class TermChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One parameter of one item before and after; None where the item has not got it."""

    item: Identifier
    parameter: ParameterName
    value_from: ItemParameter | None
    value_to: ItemParameter | None


class AdjustmentInput(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One approved adjustment.

    `carried_by` is the letter revision that already holds the change of terms; scoring then
    explains the adjustment and does not apply it again. When it is None, scoring applies
    `treatment` to the items: ``extend`` and ``retarget`` set `changes`, ``exclude`` redistributes
    the items' weights, and ``refuse``, ``reweight`` and ``none`` leave the terms alone.
    """

    adjustment: Identifier
    kind: AdjustmentKind
    cause_class: CauseClass
    treatment: Treatment
    items: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1)]
    changes: tuple[TermChange, ...] = ()
    carried_by: Version | None = None
    requested_on: date
    causing_unit: Identifier | None = None
    sources: Sources


class Period(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The days assessed, both ends included."""

    from_: date = msgspec.field(name="from")
    to: date


class ScoringInputs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The frozen inputs of one assessment; `canonical.digest` of this is the inputs digest."""

    assessment: Identifier
    subject: Identifier
    unit_type: Identifier
    period: Period
    letter: Identifier
    letter_revision: Version
    items: Annotated[tuple[ItemInput, ...], msgspec.Meta(min_length=1)]
    satisfaction: SatisfactionInput | None = None
    bonus: tuple[PointsInput, ...] = ()
    penalties: tuple[PointsInput, ...] = ()
    adjustments: tuple[AdjustmentInput, ...] = ()
    difficulty: CoefficientInput | msgspec.UnsetType = msgspec.UNSET
    vetoes: Annotated[tuple[VetoInput, ...], msgspec.Meta(min_length=1)] | msgspec.UnsetType = (
        msgspec.UNSET
    )


class ItemScore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The score of one item, exact and rounded, and its exact contribution to the letter."""

    item: Identifier
    weight: RationalText
    exact: RationalText
    score: DecimalText
    contribution: RationalText


class Component(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One component of the organisation score: letter, satisfaction, bonus or penalty."""

    component: Literal["letter", "satisfaction", "bonus", "penalty"]
    exact: RationalText
    score: DecimalText
    contribution: RationalText


class Explanation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One node of the explanation tree.

    `exact` is the value before rounding; `rounded` and `point` are given where the engine rounded.
    `path` names the node within its siblings (an item, a component, a rater). `params` are shown
    as text. A leaf cites the entries its value comes from in `sources`.
    """

    op: Identifier
    path: Identifier
    clause: Identifier
    zh: Text
    en: Text
    exact: Text | None = None
    rounded: DecimalText | None = None
    point: Identifier | None = None
    params: dict[str, str] = {}
    inputs: "tuple[Explanation, ...]" = ()
    sources: tuple[SourceReference, ...] = ()


class AppliedVeto(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A veto in force with the clause and all its effects."""

    incident: Identifier
    clause: Identifier
    effects: tuple[VetoEffect, ...]


class Outcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The result of scoring, with its explanation.

    `result_digest` covers everything but the tree and the two digests; `tree_digest` covers the
    tree. `vetoes` are those in force and `status` the operating status; both are absent where the
    order of operations has no such step or no veto is in force.
    """

    engine: Identifier
    rulebook: Identifier
    rulebook_hash: Sha256
    inputs_digest: Sha256
    item_scores: tuple[ItemScore, ...]
    components: tuple[Component, ...]
    total_exact: RationalText
    total: DecimalText
    grade: Identifier
    result_digest: Sha256
    tree: Explanation
    tree_digest: Sha256
    vetoes: tuple[AppliedVeto, ...] | msgspec.UnsetType = msgspec.UNSET
    status: Identifier | msgspec.UnsetType = msgspec.UNSET
