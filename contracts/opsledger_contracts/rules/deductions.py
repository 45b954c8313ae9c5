"""Item rules for countable events and dates: SR-05 and SR-07."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Annotated

import msgspec

from opsledger_contracts.fields import DecimalText, Identifier
from opsledger_contracts.rules.days import days_late
from opsledger_contracts.rules.inputs import CompletionFact, Occurrence, OccurrencesFact
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_contracts.rules.primitive import (
    Parameters,
    Primitive,
    Row,
    RuleViolation,
    Working,
)


class DeductionCategory(Row, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points for one event of a category; within a range, an assessor chooses with reason."""

    category: Identifier
    points_min: DecimalText
    points_max: DecimalText


class DeductCountParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`base` points from which the categories deduct, down to `floor`."""

    base: DecimalText
    floor: DecimalText
    categories: Annotated[tuple[DeductionCategory, ...], msgspec.Meta(min_length=1)]


def points_of(categories: Sequence[DeductionCategory], occurrence: Occurrence) -> Fraction:
    """The points of one event of its category, chosen by an assessor where there is a range.

    Raises:
        RuleViolation: no such category, nothing chosen, or the choice is outside the range.

    """
    for row in categories:
        if row.category == occurrence.category:
            break
    else:
        detail = f"event {occurrence.occurrence} has the unknown category {occurrence.category}"
        raise RuleViolation(detail)
    low, high = parse_decimal(row.points_min), parse_decimal(row.points_max)
    if occurrence.points is None:
        if low != high:
            detail = (
                f"event {occurrence.occurrence}: category {row.category} has the range "
                f"{row.points_min} to {row.points_max}, so an assessor chooses"
            )
            raise RuleViolation(detail)
        return low
    chosen = parse_decimal(occurrence.points)
    if not low <= chosen <= high:
        detail = (
            f"event {occurrence.occurrence}: {occurrence.points} is not within "
            f"{row.points_min} to {row.points_max}"
        )
        raise RuleViolation(detail)
    return chosen


def deduct_count(parameters: DeductCountParameters, fact: OccurrencesFact) -> Working:
    """The base less Σ points, the higher category only for one accident (SR-05 扣分法)."""
    highest: dict[str, Fraction] = {}
    for occurrence in fact.occurrences:
        if occurrence.count is not msgspec.UNSET:
            detail = f"event {occurrence.occurrence} has a count, here every event counts once"
            raise RuleViolation(detail)
        points = points_of(parameters.categories, occurrence)
        highest[occurrence.occurrence] = max(
            points, highest.get(occurrence.occurrence, Fraction(0))
        )
    deducted = sum(highest.values(), Fraction(0))
    score = max(parse_decimal(parameters.floor), parse_decimal(parameters.base) - deducted)
    return Working(
        exact=score,
        zh=f"{len(highest)} 起事件共扣 {shown(deducted)} 分（同一事故就高不就低）："
        f"{parameters.base} - {shown(deducted)}，扣至 {parameters.floor} 为止 = {shown(score)}",
        en=f"{len(highest)} events deduct {shown(deducted)} (the higher category per accident): "
        f"{parameters.base} - {shown(deducted)}, not below {parameters.floor} = {shown(score)}",
    )


class NodeLevel(Row, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How lateness of one node level is deducted; day counts are calendar days.

    Each of the first `first_days` days costs `first_points`, each later one `later_points`; beyond
    `zero_after` days the score is zero. Each early day earns `early_points` up to `early_cap`.
    """

    level: Identifier
    first_days: Annotated[int, msgspec.Meta(ge=0, le=3660)]
    first_points: DecimalText
    later_points: DecimalText
    zero_after: Annotated[int, msgspec.Meta(ge=0, le=3660)]
    early_points: DecimalText
    early_cap: DecimalText


class LatenessParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The due date in force, the item's node level and the table of levels."""

    due: date
    node_level: Identifier
    base: DecimalText
    floor: DecimalText
    levels: Annotated[tuple[NodeLevel, ...], msgspec.Meta(min_length=1)]


def lateness(parameters: LatenessParameters, fact: CompletionFact) -> Working:
    """The base less points per day late, or plus points per day early (SR-07 节点延误)."""
    for row in parameters.levels:
        if row.level == parameters.node_level:
            break
    else:
        detail = f"the table has no node level {parameters.node_level}"
        raise RuleViolation(detail)
    base, floor = parse_decimal(parameters.base), parse_decimal(parameters.floor)
    late = days_late(parameters.due, fact.evidence_date)
    dates_zh = f"生效完成期限 {parameters.due}，证据日期 {fact.evidence_date}"
    dates_en = f"due {parameters.due}, evidence {fact.evidence_date}"
    if late <= 0:
        bonus = min(-late * parse_decimal(row.early_points), parse_decimal(row.early_cap))
        score = base + bonus
        return Working(
            exact=score,
            zh=f"{dates_zh}：提前 {-late} 天，{parameters.base} + {shown(bonus)} = {shown(score)}",
            en=f"{dates_en}: {-late} days early, "
            f"{parameters.base} + {shown(bonus)} = {shown(score)}",
        )
    if late > row.zero_after:
        return Working(
            exact=floor,
            zh=f"{dates_zh}：延误 {late} 天，超过 {row.zero_after} 天，得 {shown(floor)}",
            en=f"{dates_en}: {late} days late, more than {row.zero_after}: {shown(floor)}",
        )
    first = min(late, row.first_days)
    later = late - first
    deducted = first * parse_decimal(row.first_points) + later * parse_decimal(row.later_points)
    score = max(floor, base - deducted)
    sum_text = f"{first} × {row.first_points} + {later} × {row.later_points}"
    return Working(
        exact=score,
        zh=f"{dates_zh}：延误 {late} 天，{parameters.node_level} 级节点扣 {sum_text} = "
        f"{shown(deducted)}：{parameters.base} - {shown(deducted)}，"
        f"不低于 {parameters.floor} = {shown(score)}",
        en=f"{dates_en}: {late} days late, level {parameters.node_level} deducts {sum_text} = "
        f"{shown(deducted)}: {parameters.base} - {shown(deducted)}, not below {parameters.floor} = "
        f"{shown(score)}",
    )


DEDUCT_COUNT_1 = Primitive(
    name="deduct_count@1",
    rule="SR-05",
    parameters=DeductCountParameters,
    fact=OccurrencesFact,
    direction="decreasing",
    compute=deduct_count,
)
LATENESS_1 = Primitive(
    name="lateness@1",
    rule="SR-07",
    parameters=LatenessParameters,
    fact=CompletionFact,
    direction="decreasing",
    compute=lateness,
)
