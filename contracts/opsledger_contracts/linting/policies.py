"""Checks of the sections of a rulebook: order, weights, grades, vetoes, days, reach (SR-29)."""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil
from typing import Any, Final, cast

import msgspec

from opsledger_contracts.documents.rulebook import Rulebook, ScoringStep
from opsledger_contracts.documents.section import Section
from opsledger_contracts.documents.structure import CapScore
from opsledger_contracts.linting.finding import LintFinding
from opsledger_contracts.linting.units import UNITS
from opsledger_contracts.rules.numbers import parse_decimal, shown

_HUNDRED: Final = Fraction(100)


def order(rulebook: Rulebook) -> Iterator[LintFinding]:
    """A section that every rulebook has, and that changes scores, has its step (SR-27)."""
    steps = set(rulebook.order.steps)
    shared = any(parse_decimal(row.share) != 0 for row in rulebook.satisfaction.shares)
    points = rulebook.points
    pointed = any(parse_decimal(value) != 0 for value in (points.bonus_max, points.penalty_max))
    wanted: tuple[tuple[ScoringStep, str, bool], ...] = (
        ("satisfaction", "satisfaction", shared),
        ("bonus_penalty", "points", pointed),
        ("clamp", "total_range", True),
    )
    for step, section, matters in wanted:
        if matters and step not in steps:
            yield LintFinding(
                code="RB-ORDER-INCOMPLETE",
                path="order.steps",
                clause=rulebook.order.clause,
                zh=f"规定了 {section}，计算次序中却没有步骤 {step}，该规定永不生效",
                en=f"there is a section {section} but no step {step}, so it never takes place",
                facts={"step": step},
            )


def weights(rulebook: Rulebook) -> Iterator[LintFinding]:
    """The weights of a letter can total what they must, and total a hundred (SR-12)."""
    policy = rulebook.weights
    total, most = parse_decimal(policy.total), parse_decimal(policy.item_max)
    least = parse_decimal(policy.item_min)
    if most > 0 and least * ceil(total / most) > total:
        yield LintFinding(
            code="RB-WEIGHT-TOTAL",
            path="weights",
            clause=policy.clause,
            zh=f"单项权重限于 {policy.item_min} 至 {policy.item_max}，任何项数都不能合计为 "
            f"{policy.total}",
            en=f"with single weights of {policy.item_min} to {policy.item_max} no number of items "
            f"totals {policy.total}",
        )
    if total != _HUNDRED:
        yield LintFinding(
            code="RB-WEIGHT-POLICY",
            severity="warning",
            path="weights.total",
            clause=policy.clause,
            zh=f"权重合计为 {policy.total}，而非 100",
            en=f"the weights total {policy.total}, not 100",
        )
    if parse_decimal(rulebook.total_range.cap) < total:
        yield LintFinding(
            code="RB-CAP-BELOW-BASE",
            path="total_range.cap",
            clause=rulebook.total_range.clause,
            zh=f"总分上限 {rulebook.total_range.cap} 低于各项满分合计 {policy.total}",
            en=f"the total is capped at {rulebook.total_range.cap}, below the full marks of "
            f"{policy.total}",
            facts={"cap": rulebook.total_range.cap, "base": policy.total},
        )


def grades(rulebook: Rulebook) -> Iterator[LintFinding]:
    """Every grade can be reached within the range of the total."""
    floor, cap = (
        parse_decimal(rulebook.total_range.floor),
        parse_decimal(rulebook.total_range.cap),
    )
    for place, band in enumerate(rulebook.grades.bands):
        too_high = band.lo is not None and parse_decimal(band.lo) > cap
        if too_high or (band.hi is not None and parse_decimal(band.hi) <= floor):
            yield LintFinding(
                code="RB-GRADE-UNREACHABLE",
                severity="warning",
                path=f"grades.bands[{place}]",
                clause=rulebook.grades.clause,
                zh=f"总分限于 {shown(floor)} 至 {shown(cap)}，永远达不到等级 {band.grade}",
                en=f"the total stays within {shown(floor)} and {shown(cap)}, so nobody can get the "
                f"grade {band.grade}",
            )


def vetoes(rulebook: Rulebook) -> Iterator[LintFinding]:
    """Every veto stands under a clause of its own text, and its effect matters (SR-17)."""
    if rulebook.veto is msgspec.UNSET:
        return
    texts = {clause.clause: clause.zh for clause in rulebook.clauses}
    cap = parse_decimal(rulebook.total_range.cap)
    for place, row in enumerate(rulebook.veto.clauses):
        path = f"veto.clauses[{place}]"
        if not texts.get(row.clause, "").strip():
            yield LintFinding(
                code="RB-VETO-CLAUSE",
                path=f"{path}.clause",
                clause=row.clause,
                zh=f"否决情形 {row.category}/{row.severity} 没有条款依据",
                en=f"the veto for {row.category}/{row.severity} has no clause that says it",
            )
        for at, effect in enumerate(row.effects):
            if isinstance(effect, CapScore) and parse_decimal(effect.score) >= cap:
                yield LintFinding(
                    code="RB-VETO-EFFECT",
                    severity="warning",
                    path=f"{path}.effects[{at}]",
                    clause=row.clause,
                    zh=f"否决上限 {effect.score} 不低于总分上限 {shown(cap)}，否决不起作用",
                    en=f"the veto caps at {effect.score}, not below the cap of the total "
                    f"{shown(cap)}, so it does nothing",
                )


def reach(rulebook: Rulebook) -> Iterator[LintFinding]:
    """Every clause scores items or is cited by a section."""
    cited = {section.clause for section in _sections(rulebook)}
    for place, clause in enumerate(rulebook.clauses):
        if clause.rule is None and clause.clause not in cited:
            yield LintFinding(
                code="RB-CLAUSE-UNREACHABLE",
                severity="warning",
                path=f"clauses[{place}]",
                clause=clause.clause,
                zh="该条不评定任何工作项，也没有任何规定引用它",
                en="the clause scores no items and no section cites it",
            )


def _sections(value: Any) -> Iterator[Section]:
    if isinstance(value, Section):
        yield value
    if isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _sections(getattr(value, name))
    elif isinstance(value, tuple):
        for row in cast("tuple[object, ...]", value):
            yield from _sections(row)


def calendars(rulebook: Rulebook, years: frozenset[int]) -> Iterator[LintFinding]:
    """Rules in working days have a calendar for the year in which they begin (SR-20)."""
    year = rulebook.effective_from.year
    if year in years:
        return
    for path, clause, unit, roll in (
        *(
            (name, section.clause, section.unit, "none")
            for name, section in (
                ("adjustment.unit", rulebook.adjustment),
                ("force_majeure.unit", rulebook.force_majeure),
                ("appeal.unit", rulebook.appeal),
            )
        ),
        *(
            (f"timetable[{place}]", duty.clause, duty.unit, duty.roll)
            for place, duty in enumerate(rulebook.timetable)
        ),
    ):
        if unit == "WD" or roll != "none":
            yield LintFinding(
                code="RB-CALENDAR",
                severity="warning",
                path=path,
                clause=clause,
                zh=f"期限以工作日计，却没有覆盖 {year} 年的工作日历",
                en=f"the days are working days, and no calendar covers {year}",
                facts={"year": str(year)},
            )
            return


def frozen(rulebook: Rulebook, before: Rulebook | None) -> Iterator[LintFinding]:
    """No version takes effect inside a frozen period of the one before it (R121)."""
    day = rulebook.effective_from
    for period in () if before is None else before.freeze_periods:
        if period.from_ <= day <= period.to:
            yield LintFinding(
                code="RB-FROZEN-CHANGE",
                path="effective_from",
                clause=period.clause,
                zh=f"拟于 {day} 生效，处于前一版本 {period.from_} 至 {period.to} 的冻结期内",
                en=f"would take effect on {day}, inside the frozen period {period.from_} to "
                f"{period.to} of the version before",
                facts={"from": str(period.from_), "to": str(period.to)},
            )


def indicators(rulebook: Rulebook) -> Iterator[LintFinding]:
    """Every indicator that a clause names is defined, and defined once."""
    terms = () if rulebook.indicators is msgspec.UNSET else rulebook.indicators
    names = [term.indicator for term in terms]
    for place, name in enumerate(names):
        if name in names[:place]:
            yield LintFinding(
                code="RB-DUPLICATE-KEY",
                path=f"indicators[{place}]",
                zh=f"指标 {name} 重复",
                en=f"the indicator {name} is listed twice",
            )
        if terms[place].unit not in UNITS:
            yield LintFinding(
                code="RB-UNIT-UNKNOWN",
                path=f"indicators[{place}].unit",
                zh=f"没有计量单位 {terms[place].unit}",
                en=f"there is no unit of measure {terms[place].unit}",
            )
    for place, clause in enumerate(rulebook.clauses):
        if clause.indicator is not msgspec.UNSET and clause.indicator not in names:
            yield LintFinding(
                code="RB-INDICATOR-UNKNOWN",
                path=f"clauses[{place}].indicator",
                clause=clause.clause,
                zh=f"没有指标 {clause.indicator}",
                en=f"there is no indicator {clause.indicator}",
            )
