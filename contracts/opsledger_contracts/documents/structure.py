"""Sections that a rulebook may have, from the gate to late facts.

A section that is absent is not part of the canonical document, so a rulebook without it keeps its
content hash.
"""

from typing import Annotated, Literal

import msgspec

from opsledger_contracts.documents.section import (
    GradeShare,
    IntegerRounding,
    PrimitiveName,
    Section,
)
from opsledger_contracts.fields import DecimalText, Identifier, Title


class GateBase(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base points of the items under a scoring clause.

    Where `trips` is false such an item never closes the gate; once another one has closed it, it
    gets no more than its base points like the rest.
    """

    scored_by: Identifier
    base: DecimalText
    trips: bool


class GatePolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An item below its base leaves only base points to all others (SR-27).

    Items under clauses that `bases` does not list are left alone.
    """

    rule: PrimitiveName
    bases: Annotated[tuple[GateBase, ...], msgspec.Meta(min_length=1)]


class DifficultyPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Range of the coefficient that multiplies item scores, both ends included (SR-27).

    With `when_gated` ``none`` a closed gate leaves it out.
    """

    rule: PrimitiveName
    min: DecimalText
    max: DecimalText
    when_gated: Literal["none", "applied"]


class ZeroComponent(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="effect",
    tag="zero_component",
):
    """Items of a category score 0."""

    category: Identifier


class CapScore(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="effect",
    tag="cap_score",
):
    """The total is at most `score`."""

    score: DecimalText


class CapGrade(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="effect",
    tag="cap_grade",
):
    """The grade is at most `grade`."""

    grade: Identifier


class NoBonus(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="effect",
    tag="no_bonus",
):
    """Bonus points do not count."""


class ResponsibleLowest(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="effect",
    tag="responsible_persons_lowest",
):
    """Whoever is responsible gets the lowest individual grade."""


VetoEffect = ZeroComponent | CapScore | CapGrade | NoBonus | ResponsibleLowest


class VetoClause(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an incident of a category and severity does to the score."""

    category: Identifier
    severity: Identifier
    effects: Annotated[tuple[VetoEffect, ...], msgspec.Meta(min_length=1)]


class VetoPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One-vote veto: the table of incidents and effects (SR-17)."""

    rule: PrimitiveName
    clauses: Annotated[tuple[VetoClause, ...], msgspec.Meta(min_length=1)]


class StatusBand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Totals in ``[lo, hi)`` with their operating status; None is unbounded on that side."""

    status: Identifier
    lo: DecimalText | None
    hi: DecimalText | None
    zh: Title
    en: Title


class StatusPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bands of the operating status, best first, and the value they are compared with (SR-13)."""

    basis: Literal["rounded", "exact"]
    bands: Annotated[tuple[StatusBand, ...], msgspec.Meta(min_length=1)]


class StatusCap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From so many vetoes in the group on, the status is at most this one."""

    vetoes_from: Annotated[int, msgspec.Meta(ge=1)]
    status: Identifier


class GroupPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the group's operating status follows from its units (SR-13).

    The two shares total 1; units of other types do not count.
    """

    rule: PrimitiveName
    operating_share: DecimalText
    functional_share: DecimalText
    operating_types: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1)]
    functional_types: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1)]
    caps: tuple[StatusCap, ...]


class AnnualPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Share of the mean of monthly letters in the annual score, between 0 and 1 (SR-25).

    Months without a letter do not count; with none at all the share returns to the annual letter.
    """

    rule: PrimitiveName
    monthly_share: DecimalText
    without_months: Literal["annual_letter"]


TieBreak = Literal["fewer_vetoes", "fewer_warnings", "higher_key_subtotal", "unit_code"]


class UnitQuotaPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most so large a share of the units gets the named grades (SR-14).

    Units are ranked by total; equal totals by `tie_breaks` in their order, the last of which is
    the unit's code, so that no tie is left.
    """

    rule: PrimitiveName
    tie_rule: PrimitiveName
    maxima: Annotated[tuple[GradeShare, ...], msgspec.Meta(min_length=1)]
    rounding: IntegerRounding
    tie_breaks: Annotated[tuple[TieBreak, ...], msgspec.Meta(min_length=1)]


WarningName = Literal["blue", "yellow", "orange", "red"]


class LatenessBand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The warning from so many calendar days late on, up to the next row."""

    days_from: Annotated[int, msgspec.Meta(ge=1)]
    level: WarningName


class ForecastRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The warning for a node that is not late yet but will be.

    It is given when the forecast is `forecast_days_late` or more days after the due day, or from
    `days_before_due` days before it on when actual progress is `gap_points` or more percentage
    points behind the planned one.
    """

    level: WarningName
    forecast_days_late: Annotated[int, msgspec.Meta(ge=1)]
    days_before_due: Annotated[int, msgspec.Meta(ge=0)]
    gap_points: DecimalText


class NodeWarnings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Warnings of one node level; `node_level` None holds for all levels without a row."""

    node_level: Identifier | None
    late: Annotated[tuple[LatenessBand, ...], msgspec.Meta(min_length=1)]
    forecast: ForecastRule | None


class WarningDuty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a warning obliges to; `working_days` None is at once."""

    level: WarningName
    zh: Title
    en: Title
    working_days: Annotated[int, msgspec.Meta(ge=0, le=250)] | None


class WarningPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Warning levels of nodes (SR-19).

    `remind_days` before the due day a node that nobody has claimed as done gets the blue reminder.
    """

    rule: PrimitiveName
    gap_rule: PrimitiveName
    remind_days: Annotated[int, msgspec.Meta(ge=0)]
    nodes: Annotated[tuple[NodeWarnings, ...], msgspec.Meta(min_length=1)]
    duties: tuple[WarningDuty, ...]


class LateFactPolicy(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From which change of a total on a fact after freezing calls for reopening (SR-28)."""

    materiality: DecimalText


class AbsoluteQuota(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number of persons for the named grades together."""

    grades: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1)]
    persons: Annotated[int, msgspec.Meta(ge=0)]


class SmallUnitRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Quotas in persons for a small unit of this organisation grade."""

    organisation_grade: Identifier
    maxima: tuple[AbsoluteQuota, ...]
    minima: tuple[AbsoluteQuota, ...]
