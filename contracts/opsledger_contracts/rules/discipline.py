"""Item rules for submissions and for tasks with coefficients: SR-26 and fixture F5."""

from datetime import date
from fractions import Fraction
from typing import Annotated, Literal

import msgspec

from opsledger_contracts.fields import DecimalText
from opsledger_contracts.rules.days import days_late
from opsledger_contracts.rules.deductions import DeductionCategory, points_of
from opsledger_contracts.rules.inputs import CompletionFact, OccurrencesFact, UnfinishedFact
from opsledger_contracts.rules.measures import positive
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_contracts.rules.primitive import Parameters, Primitive, RuleViolation, Working


class CountedDeductionParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`base` points from which the categories deduct per unit, down to `floor`.

    `same_occurrence` says what counts of an event in several categories: the highest, or the sum.
    """

    base: DecimalText
    floor: DecimalText
    same_occurrence: Literal["highest", "sum"]
    categories: Annotated[tuple[DeductionCategory, ...], msgspec.Meta(min_length=1)]


def counted_deduction(parameters: CountedDeductionParameters, fact: OccurrencesFact) -> Working:
    """The base less Σ points x count: per day late, per defect, per person (SR-26, SR-05)."""
    taken: dict[str, Fraction] = {}
    parts: list[str] = []
    for row in fact.occurrences:
        count = 1 if row.count is msgspec.UNSET else row.count
        points = points_of(parameters.categories, row)
        parts.append(f"{row.occurrence} {row.category} {shown(points)} × {count}")
        before = taken.get(row.occurrence, Fraction(0))
        taken[row.occurrence] = (
            before + count * points
            if parameters.same_occurrence == "sum"
            else max(before, count * points)
        )
    deducted = sum(taken.values(), Fraction(0))
    score = max(parse_decimal(parameters.floor), parse_decimal(parameters.base) - deducted)
    merged_zh, merged_en = "", ""
    if parameters.same_occurrence == "highest":
        merged_zh, merged_en = "（同一事件就高不就低）", " (the highest per event)"
    return Working(
        exact=score,
        zh=f"{'；'.join(parts) or '无扣分事项'}，共扣 {shown(deducted)} 分{merged_zh}："
        f"{parameters.base} - {shown(deducted)}，扣至 {parameters.floor} 为止 = {shown(score)}",
        en=f"{'; '.join(parts) or 'nothing to deduct'}, {shown(deducted)} in all{merged_en}: "
        f"{parameters.base} - {shown(deducted)}, not below {parameters.floor} = {shown(score)}",
    )


class CoefficientLatenessParameters(
    Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """A task that is worth its coefficient; the score is the share that is left x `scale`.

    Each calendar day late takes `per_day` off: so many points of the coefficient with ``points``,
    that share of the coefficient with ``share``. Evidence after `closes` is no completion.
    `quality_min` to `quality_max` is what verification may take for quality.
    """

    coefficient: DecimalText
    due: date
    closes: date
    per_day: DecimalText
    per_day_of: Literal["points", "share"]
    quality_min: DecimalText
    quality_max: DecimalText
    scale: DecimalText


def coefficient_lateness(
    parameters: CoefficientLatenessParameters, fact: CompletionFact | UnfinishedFact
) -> Working:
    """The coefficient less days late and quality, as a share of itself (fixture F5, part C).

    With weights in proportion to the coefficients the letter is Σ scores / Σ coefficients.
    """
    coefficient = positive("coefficient", parameters.coefficient)
    if isinstance(fact, UnfinishedFact) or fact.evidence_date > parameters.closes:
        return Working(
            exact=Fraction(0),
            zh=f"期限 {parameters.due}，至 {parameters.closes} 未完成：得 0",
            en=f"due {parameters.due}, not done by {parameters.closes}: 0",
        )
    if fact.quality == "not_met":
        return Working(
            exact=Fraction(0),
            zh=f"期限 {parameters.due}，质量标准未达标，视为未完成：得 0",
            en=f"due {parameters.due}, quality standard not met, so not done: 0",
        )
    done = fact.evidence_date
    quality, quality_zh, quality_en = _quality(parameters, fact)
    late = max(0, days_late(parameters.due, done))
    per_day = parse_decimal(parameters.per_day)
    if parameters.per_day_of == "share":
        per_day *= coefficient
    left = max(Fraction(0), coefficient - late * per_day - quality)
    score = parse_decimal(parameters.scale) * left / coefficient
    sum_text = (
        f"{parameters.coefficient} - {late} × {shown(per_day)} - {shown(quality)} → {shown(left)}"
    )
    return Working(
        exact=score,
        zh=f"期限 {parameters.due}，证据日期 {done}，延误 {late} 天{quality_zh}：系数 {sum_text}，"
        f"÷ {parameters.coefficient} × {parameters.scale} = {shown(score)}",
        en=f"due {parameters.due}, evidence {done}, {late} days late{quality_en}: coefficient "
        f"{sum_text}, / {parameters.coefficient} x {parameters.scale} = {shown(score)}",
    )


def _quality(
    parameters: CoefficientLatenessParameters, fact: CompletionFact
) -> tuple[Fraction, str, str]:
    """Points taken for quality, and how that is said in both languages."""
    if fact.quality_points is msgspec.UNSET:
        return Fraction(0), "", ""
    if fact.quality_reason is msgspec.UNSET:
        detail = "points taken for quality need a reason"
        raise RuleViolation(detail)
    points = parse_decimal(fact.quality_points)
    low, high = parameters.quality_min, parameters.quality_max
    if not parse_decimal(low) <= points <= parse_decimal(high):
        detail = f"{fact.quality_points} for quality is not within {low} to {high}"
        raise RuleViolation(detail)
    text = fact.quality_points
    return points, f"，质量扣 {text}", f", {text} off for quality"


DEDUCT_COUNT_2 = Primitive(
    name="deduct_count@2",
    rule="SR-26",
    parameters=CountedDeductionParameters,
    fact=OccurrencesFact,
    direction="decreasing",
    compute=counted_deduction,
)
COEFFICIENT_LATENESS_1: Primitive[
    CoefficientLatenessParameters, CompletionFact | UnfinishedFact
] = Primitive(
    name="coefficient_lateness@1",
    rule="SR-07",
    parameters=CoefficientLatenessParameters,
    fact=CompletionFact,
    direction="decreasing",
    compute=coefficient_lateness,
    also=(UnfinishedFact,),
    reads_quality=True,
)
