"""The rulebook: every clause of scoring with its parameters, immutable once published.

Nothing numeric about scores is in code: what the engine does with these parameters is named here
by primitive and version (``proportional@1``), and every section names the clause whose Chinese
text says it.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec

from opsledger_contracts.documents.indicator import IndicatorTerm, ParameterPlace, UnitName
from opsledger_contracts.documents.section import (
    GradeShare,
    IntegerRounding,
    PrimitiveName,
    Section,
)
from opsledger_contracts.documents.structure import (
    AnnualPolicy,
    DifficultyPolicy,
    GatePolicy,
    GroupPolicy,
    LateFactPolicy,
    SmallUnitRow,
    StatusPolicy,
    UnitQuotaPolicy,
    VetoPolicy,
    WarningPolicy,
)
from opsledger_contracts.fields import DecimalText, Identifier, Text, Title, Version

ParameterScalar = str | int | bool | None
ParameterValue = ParameterScalar | list[dict[str, ParameterScalar]]
"""One parameter of a clause: decimal text, a count, a choice, or a table of rows of these."""

ParameterName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$(?!\n)")]
RoundingMode = Literal["half_up", "half_even", "floor", "ceiling", "down"]
RoundingPoint = Literal["item_score", "component", "total"]
ScoringStep = Literal[
    "items",
    "gate",
    "coefficient",
    "satisfaction",
    "bonus_penalty",
    "veto",
    "clamp",
    "round",
    "grade",
    "status",
]
DayUnit = Literal["WD", "CD"]
Roll = Literal["none", "next", "previous"]
ItemLevel = Literal["key", "major", "ordinary"]
CauseClass = Literal["self", "other_department", "group_imposed", "external", "force_majeure"]
Treatment = Literal["extend", "exclude", "retarget", "refuse", "reweight", "none"]
AnchorName = Literal[
    "year_start",
    "year_end",
    "month_start",
    "month_end",
    "fixed_day",
    "previous_duty",
    "publication",
    "filing",
    "acceptance",
    "first_decision",
    "original_due",
    "occurrence",
    "submission",
]
Places = Annotated[int, msgspec.Meta(ge=0, le=12)]
Days = Annotated[int, msgspec.Meta(ge=0, le=3660)]


class Clause(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One clause: its text in both languages, and the primitive if items are scored by it.

    `item_params` names the parameters that the letter item brings (target, due date …); all others
    are fixed here. Together they are exactly the parameters that the primitive declares. `full` is
    the score that means full marks under this clause; absent, it is the total of the weights.
    `indicator` is the one of the header that is scored; `units` are the units in which parameters
    are stated.
    """

    clause: Identifier
    title_zh: Title
    title_en: Title
    zh: Text
    en: Text
    principle: Text
    rule: PrimitiveName | None = None
    params: dict[ParameterName, ParameterValue] = {}
    item_params: tuple[ParameterName, ...] = ()
    full: DecimalText | msgspec.UnsetType = msgspec.UNSET
    indicator: Identifier | msgspec.UnsetType = msgspec.UNSET
    units: dict[ParameterPlace, UnitName] | msgspec.UnsetType = msgspec.UNSET


class Scope(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose letters the rulebook scores: types of units and kinds of letters."""

    unit_types: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1)]
    letter_kinds: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1)]


class FreezePeriod(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days, both ends included, on which no version may take effect except an erratum."""

    from_: date = msgspec.field(name="from")
    to: date


class WeightPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the weights of a letter must satisfy (SR-12), in points of `total`."""

    total: DecimalText
    key_share_min: DecimalText
    item_min: DecimalText
    item_max: DecimalText
    display_places: Places


class PointRounding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Decimal places and mode at one named point."""

    point: RoundingPoint
    places: Places
    mode: RoundingMode


class RoundingPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The named points where the engine rounds, and which value the next level carries (SR-24)."""

    points: tuple[PointRounding, ...]
    carry: Literal["exact", "rounded"]


class OrderOfOperations(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The steps from items to grade in the order they are done (SR-27)."""

    steps: Annotated[tuple[ScoringStep, ...], msgspec.Meta(min_length=1)]


class UnitShare(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Share of the satisfaction score, between 0 and 1, for units of one type."""

    unit_type: Identifier
    share: DecimalText


class SatisfactionPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How ratings become a component of the organisation score (SR-11)."""

    rule: PrimitiveName
    scale_max: DecimalText
    dimensions_max: Annotated[int, msgspec.Meta(ge=1, le=50)]
    factor: DecimalText
    shares: Annotated[tuple[UnitShare, ...], msgspec.Meta(min_length=1)]
    raters_min: Annotated[int, msgspec.Meta(ge=1)]
    trim_from: Annotated[int, msgspec.Meta(ge=1)]
    trim_each_end: Annotated[int, msgspec.Meta(ge=0)]
    self_rating: Literal["excluded"]
    fallback: Literal["redistribute"]


class PointsPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Caps of bonus and penalty points per period (SR-10); both are positive amounts."""

    bonus_max: DecimalText
    penalty_max: DecimalText


class TotalRange(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The closed range to which the organisation total is clamped (SR-10, SR-12)."""

    floor: DecimalText
    cap: DecimalText


class GradeBand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Totals in ``[lo, hi)``; None is unbounded on that side."""

    grade: Identifier
    lo: DecimalText | None
    hi: DecimalText | None
    zh: Title
    en: Title


class GradePolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Grade bands of organisations, best first, and the value they are compared with (SR-14)."""

    basis: Literal["rounded", "exact"]
    bands: Annotated[tuple[GradeBand, ...], msgspec.Meta(min_length=1)]


class QuotaRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Quotas of individual grades in a unit of this organisation grade."""

    organisation_grade: Identifier
    maxima: tuple[GradeShare, ...]
    minima: tuple[GradeShare, ...]


class DistributionPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Forced distribution of individual grades (SR-21).

    Units below `headcount_min` pool with a sibling group, or have the absolute numbers of
    `small_units` where that is given. With `cumulative`, places left by a better grade pass to the
    next one.
    """

    rows: Annotated[tuple[QuotaRow, ...], msgspec.Meta(min_length=1)]
    maxima_rounding: IntegerRounding
    minima_rounding: IntegerRounding
    cumulative: bool
    headcount_min: Annotated[int, msgspec.Meta(ge=1)]
    months_min: Annotated[int, msgspec.Meta(ge=0, le=12)]
    small_units: (
        Annotated[tuple[SmallUnitRow, ...], msgspec.Meta(min_length=1)] | msgspec.UnsetType
    ) = msgspec.UNSET


class Tier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Weights of organisation and individual score for positions of one tier; they total 1."""

    tier: Identifier
    zh: Title
    en: Title
    organisation: DecimalText
    individual: DecimalText


class TierPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Organisation by individual weighting by position tier (SR-18)."""

    tiers: Annotated[tuple[Tier, ...], msgspec.Meta(min_length=1)]


class CauseEffect(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a change of this cause does to the score beyond weights and terms (SR-15(4)).

    `points` is a positive amount: taken from the unit with ``penalty``, from the causing unit with
    ``causing_unit``, and not used otherwise. With ``zero_weight`` a deleted item scores 0 for its
    weight.
    """

    cause_class: CauseClass
    effect: Literal["none", "causing_unit", "penalty", "zero_weight"]
    points: DecimalText
    zh: Text
    en: Text


class AdjustmentPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Added, deleted and rescheduled items (SR-15)."""

    request_days_before_due: Days
    unit: DayUnit
    late_request_causes: tuple[CauseClass, ...]
    add_rule: PrimitiveName
    delete_rule: PrimitiveName
    redistribution: Literal["all", "same_category"]
    causes: Annotated[tuple[CauseEffect, ...], msgspec.Meta(min_length=1)]
    free_changes_per_quarter: Annotated[int, msgspec.Meta(ge=0, le=100)]


class ForceMajeureClass(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One class of events that counts as force majeure."""

    event_class: Identifier
    zh: Title
    en: Title


class ForceMajeurePolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When force majeure is admissible and which treatments may be granted (SR-16)."""

    event_classes: Annotated[tuple[ForceMajeureClass, ...], msgspec.Meta(min_length=1)]
    notice_days: Days
    proof_days: Days
    unit: DayUnit
    treatments: Annotated[tuple[Treatment, ...], msgspec.Meta(min_length=1)]


class AppealGround(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One admissible ground of appeal."""

    ground: Identifier
    zh: Title
    en: Title


class AppealPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of the appeal procedure (SR-23)."""

    grounds: Annotated[tuple[AppealGround, ...], msgspec.Meta(min_length=1)]
    unit: DayUnit
    file_days: Days
    admissibility_days: Days
    decision_days: Days
    second_file_days: Days
    second_decision_days: Days


class FixedDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A day of the assessed year if `month` is given, else of the month; -1 is the year before."""

    day: Annotated[int, msgspec.Meta(ge=1, le=31)]
    month: Annotated[int, msgspec.Meta(ge=1, le=12)] | None = None
    year_offset: Annotated[int, msgspec.Meta(ge=-2, le=2)] = 0


class Duty(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row of the timetable: who must do what, so many days from an anchor (SR-20)."""

    duty: Identifier
    cycle: Literal["annual", "monthly", "quarterly", "dispute", "adjustment", "conflict"]
    zh: Title
    en: Title
    actor: Identifier
    anchor: AnchorName
    on: FixedDay | None = None
    offset: Annotated[int, msgspec.Meta(ge=-3660, le=3660)]
    unit: DayUnit
    roll: Roll


class RulebookHeader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All of one version of the rulebook but its clauses.

    A section that is absent (`UNSET`) is no part of the document and of its content hash.
    """

    rulebook: Identifier
    version: Version
    title_zh: Title
    title_en: Title
    effective_from: date
    scope: Scope
    freeze_periods: tuple[FreezePeriod, ...]
    weights: WeightPolicy
    rounding: RoundingPolicy
    order: OrderOfOperations
    satisfaction: SatisfactionPolicy
    points: PointsPolicy
    total_range: TotalRange
    grades: GradePolicy
    distribution: DistributionPolicy
    tiers: TierPolicy
    adjustment: AdjustmentPolicy
    force_majeure: ForceMajeurePolicy
    appeal: AppealPolicy
    timetable: tuple[Duty, ...]
    gate: GatePolicy | msgspec.UnsetType = msgspec.UNSET
    difficulty: DifficultyPolicy | msgspec.UnsetType = msgspec.UNSET
    veto: VetoPolicy | msgspec.UnsetType = msgspec.UNSET
    status: StatusPolicy | msgspec.UnsetType = msgspec.UNSET
    group: GroupPolicy | msgspec.UnsetType = msgspec.UNSET
    annual: AnnualPolicy | msgspec.UnsetType = msgspec.UNSET
    unit_quota: UnitQuotaPolicy | msgspec.UnsetType = msgspec.UNSET
    warnings: WarningPolicy | msgspec.UnsetType = msgspec.UNSET
    late_facts: LateFactPolicy | msgspec.UnsetType = msgspec.UNSET
    note_zh: Text | msgspec.UnsetType = msgspec.UNSET
    note_en: Text | msgspec.UnsetType = msgspec.UNSET
    indicators: tuple[IndicatorTerm, ...] | msgspec.UnsetType = msgspec.UNSET

    @property
    def name(self) -> str:
        """Identifier and version as cited in scores, e.g. ``RB-2026.1``."""
        return f"{self.rulebook}.{self.version}"


class Rulebook(RulebookHeader, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of the rulebook, whole: its digest is its identity."""

    clauses: Annotated[tuple[Clause, ...], msgspec.Meta(min_length=1)]

    @classmethod
    def of(cls, header: RulebookHeader, clauses: tuple[Clause, ...]) -> "Rulebook":
        """Put header and clauses together, as their events were recorded."""
        fields = {name: getattr(header, name) for name in RulebookHeader.__struct_fields__}
        return cls(**fields, clauses=clauses)

    def header(self) -> RulebookHeader:
        """All but the clauses."""
        return RulebookHeader(
            **{name: getattr(self, name) for name in RulebookHeader.__struct_fields__}
        )

    def clause(self, identifier: str) -> Clause:
        """The clause of this name.

        Raises:
            KeyError: the rulebook has none.

        """
        for candidate in self.clauses:
            if candidate.clause == identifier:
                return candidate
        raise KeyError(identifier)
