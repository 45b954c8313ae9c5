"""Item rules for what is met or judged: SR-08 and SR-09."""

from datetime import date
from typing import Annotated

import msgspec

from opsledger_contracts.fields import DecimalText, Identifier, Text, Title
from opsledger_contracts.rules.days import days_late
from opsledger_contracts.rules.inputs import CompletionFact, JudgementFact, UnfinishedFact
from opsledger_contracts.rules.measures import band_text, holds
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_contracts.rules.primitive import (
    Parameters,
    Primitive,
    Row,
    RuleViolation,
    Working,
)


class BinaryParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The due date in force and the two scores."""

    due: date
    met_score: DecimalText
    not_met_score: DecimalText


def binary(parameters: BinaryParameters, fact: CompletionFact | UnfinishedFact) -> Working:
    """The one score or the other: both time and quality standard must hold (SR-08)."""
    met, not_met = parse_decimal(parameters.met_score), parse_decimal(parameters.not_met_score)
    if isinstance(fact, UnfinishedFact):
        return Working(
            exact=not_met,
            zh=f"生效完成期限 {parameters.due}，至 {fact.on} 仍未完成：未达成，得 {shown(not_met)}",
            en=f"due {parameters.due}, still not done on {fact.on}: not met, {shown(not_met)}",
        )
    if fact.quality is msgspec.UNSET:
        detail = "the completion does not say whether the quality standard is met"
        raise RuleViolation(detail)
    late = days_late(parameters.due, fact.evidence_date)
    in_time, good = late <= 0, fact.quality == "met"
    score = met if in_time and good else not_met
    days_zh = f"提前 {-late} 天" if in_time else f"延误 {late} 天"
    days_en = f"{-late} days early" if in_time else f"{late} days late"
    return Working(
        exact=score,
        zh=f"生效完成期限 {parameters.due}，证据日期 {fact.evidence_date}（{days_zh}），"
        f"质量标准{'达标' if good else '未达标'}：{'达成' if in_time and good else '未达成'}，"
        f"得 {shown(score)}",
        en=f"due {parameters.due}, evidence {fact.evidence_date} ({days_en}), quality standard "
        f"{'met' if good else 'not met'}: {'met' if in_time and good else 'not met'}, "
        f"{shown(score)}",
    )


class ScaleGrade(Row, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One grade of a scale: values in ``[lo, hi)``, None unbounded, and what it means."""

    grade: Identifier
    lo: DecimalText | None
    hi: DecimalText | None
    title_zh: Title
    title_en: Title
    zh: Text
    en: Text


class ScaleParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Grades from the best to the worst, and the closed range of values."""

    floor: DecimalText
    cap: DecimalText
    grades: Annotated[tuple[ScaleGrade, ...], msgspec.Meta(min_length=1)]


def scale(parameters: ScaleParameters, fact: JudgementFact) -> Working:
    """The value that an assessor chose with grade and reason (SR-09 定性五档)."""
    value = parse_decimal(fact.value)
    if not parse_decimal(parameters.floor) <= value <= parse_decimal(parameters.cap):
        detail = f"{fact.value} is not within {parameters.floor} to {parameters.cap}"
        raise RuleViolation(detail)
    place = next(
        (at for at, row in enumerate(parameters.grades) if holds(row.lo, row.hi, value)), None
    )
    if place is None:
        detail = f"{fact.value} lies in no grade"
        raise RuleViolation(detail, outside=fact.value)
    found = parameters.grades[place]
    if fact.grade is msgspec.UNSET:
        detail = "the judgement states no grade"
        raise RuleViolation(detail)
    if fact.grade != found.grade:
        detail = f"{fact.value} is of grade {found.grade}, judged as {fact.grade}"
        raise RuleViolation(detail)
    near_zh, near_en = "", ""
    if found.hi is not None and place:
        better = parameters.grades[place - 1]
        missing = shown(parse_decimal(found.hi) - value)
        near_zh, near_en = (
            f"，距{better.title_zh}差 {missing} 分",
            f", {missing} below {better.title_en}",
        )
    text = band_text(found.lo, found.hi)
    return Working(
        exact=value,
        zh=f"评为{found.title_zh} {text}：{found.zh}；得 {fact.value}{near_zh}",
        en=f"judged {found.title_en} {text}: {found.en}; {fact.value}{near_en}",
    )


BINARY_1: Primitive[BinaryParameters, CompletionFact | UnfinishedFact] = Primitive(
    name="binary@1",
    rule="SR-08",
    parameters=BinaryParameters,
    fact=CompletionFact,
    direction="decreasing",
    compute=binary,
    also=(UnfinishedFact,),
    reads_quality=True,
)
SCALE_1 = Primitive(
    name="scale@1",
    rule="SR-09",
    parameters=ScaleParameters,
    fact=JudgementFact,
    direction="increasing",
    compute=scale,
)
