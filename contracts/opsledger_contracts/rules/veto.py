"""One-vote veto: which incidents strike a period, what they do, and the strictest of it (SR-17)."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Final, assert_never

import msgspec

from opsledger_contracts.documents.structure import (
    CapGrade,
    CapScore,
    NoBonus,
    ResponsibleLowest,
    VetoClause,
    VetoEffect,
    VetoPolicy,
    ZeroComponent,
)
from opsledger_contracts.rules.errors import RepeatedName, UnknownVeto
from opsledger_contracts.rules.inputs import (
    AppliedVeto,
    Explanation,
    Outcome,
    Period,
    SourceReference,
    VetoInput,
)
from opsledger_contracts.rules.numbers import exact, parse_decimal, shown
from opsledger_contracts.rules.run import Run, op_of, required, rule_of
from opsledger_contracts.rules.wording import Word


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What all vetoes in force do together: of each effect the strictest.

    `zeroed` are categories of items; `total_max` and `grade_max` are None where nothing is capped.
    """

    zeroed: tuple[str, ...]
    total_max: Fraction | None
    grade_max: str | None
    no_bonus: bool
    responsible_lowest: bool


def veto_clause(veto: VetoInput, policy: VetoPolicy) -> VetoClause:
    """The row for an incident of this category and severity.

    Raises:
        UnknownVeto: the table has none.

    """
    for row in policy.clauses:
        if (row.category, row.severity) == (veto.category, veto.severity):
            return row
    raise UnknownVeto(
        incident=veto.incident,
        clause=policy.clause,
        category=veto.category,
        severity=veto.severity,
    )


def in_force(veto: VetoInput, period: Period) -> bool:
    """Whether a veto strikes the period: by the day of the accident, and while it is not lifted."""
    return veto.lifted is msgspec.UNSET and period.from_ <= veto.accident_date <= period.to


def veto(effects: Sequence[VetoEffect], grades: Sequence[str]) -> Verdict:
    """The strictest of all effects; `grades` are all grades, best first."""
    zeroed: dict[str, None] = {}
    total_max: Fraction | None = None
    grade_max: str | None = None
    no_bonus = responsible_lowest = False
    for effect in effects:
        match effect:
            case ZeroComponent():
                zeroed[effect.category] = None
            case CapScore():
                limit = parse_decimal(effect.score)
                total_max = limit if total_max is None else min(total_max, limit)
            case CapGrade():
                grade_max = worse(effect.grade, grade_max or effect.grade, grades)
            case NoBonus():
                no_bonus = True
            case ResponsibleLowest():
                responsible_lowest = True
            case _:
                assert_never(effect)
    return Verdict(
        zeroed=tuple(sorted(zeroed)),
        total_max=total_max,
        grade_max=grade_max,
        no_bonus=no_bonus,
        responsible_lowest=responsible_lowest,
    )


def worse(one: str, other: str, grades: Sequence[str]) -> str:
    """The worse of two grades among all grades, best first."""
    return max(one, other, key=list(grades).index)


VetoRule = Callable[[Sequence[VetoEffect], Sequence[str]], Verdict]
VETO_RULES: Final[Mapping[str, VetoRule]] = MappingProxyType({"veto@1": veto})


def responsible_get_lowest(outcome: Outcome) -> bool:
    """Whether persons responsible for an incident of the unit get the lowest individual grade."""
    vetoes = () if outcome.vetoes is msgspec.UNSET else outcome.vetoes
    return any(isinstance(effect, ResponsibleLowest) for row in vetoes for effect in row.effects)


def apply_vetoes(run: Run) -> None:
    """Apply the strictest effects of all vetoes in force, and list every one of them."""
    policy = required(run.rulebook.veto, "veto", run.rulebook)
    rule = rule_of(VETO_RULES, policy.rule, "veto.rule", run.rulebook)
    found = () if run.inputs.vetoes is msgspec.UNSET else run.inputs.vetoes
    listed = sorted(found, key=lambda row: row.incident)
    for earlier, later in pairwise(listed):
        if earlier.incident == later.incident:
            raise RepeatedName(name=later.incident, where="vetoes")
    rows = [(row, veto_clause(row, policy)) for row in listed]
    run.vetoes = tuple(
        AppliedVeto(incident=row.incident, clause=clause.clause, effects=clause.effects)
        for row, clause in rows
        if in_force(row, run.inputs.period)
    )
    verdict = rule(
        [effect for row in run.vetoes for effect in row.effects],
        [band.grade for band in run.rulebook.grades.bands],
    )
    run.grade_cap = verdict.grade_max
    value, said = _struck(run, verdict)
    count = len(run.vetoes)
    zh = (
        f"一票否决 {count} 项，取最严：{'，'.join(word.zh for word in said)}"
        if count
        else "无一票否决"
    )
    en = f"{count} vetoes, the strictest counts: {', '.join(word.en for word in said)}"
    run.advance(
        Explanation(
            op=op_of(policy.rule),
            path="veto",
            clause=policy.clause,
            zh=f"{zh}：{shown(run.value)} → {shown(value)}" if count else f"{zh}，{shown(value)}",
            en=f"{en}: {shown(run.value)} -> {shown(value)}"
            if count
            else f"no veto, {shown(value)}",
            exact=exact(value),
            inputs=(*run.done, *(_leaf(row, clause, run.inputs.period) for row, clause in rows)),
        ),
        value,
    )


def _struck(run: Run, verdict: Verdict) -> tuple[Fraction, list[Word]]:
    """The value after the effects in the order items, bonus, cap, and how each is said."""
    value = run.value
    said: list[Word] = []
    if verdict.zeroed:
        before = run.components["letter"][1]
        names = {item.item for item in run.inputs.items if item.category in verdict.zeroed}
        run.rescore(dict.fromkeys(sorted(names), Fraction(0)))
        lost = before - run.components["letter"][1]
        value -= lost
        categories = ", ".join(verdict.zeroed)
        said.append(
            Word(
                f"{categories} 类计 0 分（减 {shown(lost)}）",
                f"{categories} scores 0 (-{shown(lost)})",
            )
        )
    if verdict.no_bonus:
        bonus, counted = run.components.get("bonus", (Fraction(0), Fraction(0)))
        if "bonus" in run.components:
            run.components["bonus"] = (bonus, Fraction(0))
        value -= counted
        said.append(Word(f"不计加分（减 {shown(counted)}）", f"no bonus (-{shown(counted)})"))
    if verdict.total_max is not None:
        value = min(value, verdict.total_max)
        limit = shown(verdict.total_max)
        said.append(Word(f"总分不高于 {limit}", f"total at most {limit}"))
    if verdict.grade_max is not None:
        said.append(Word(f"等级不高于 {verdict.grade_max}", f"grade at most {verdict.grade_max}"))
    if verdict.responsible_lowest:
        said.append(Word("责任人评为最低等级", "responsible persons get the lowest grade"))
    return value, said


def _leaf(row: VetoInput, clause: VetoClause, period: Period) -> Explanation:
    """One incident with its clause, whether it strikes and why not."""
    said_zh, said_en = "适用", "in force"
    sources: tuple[SourceReference, ...] = row.sources
    if row.lifted is not msgspec.UNSET:
        said_zh, said_en = f"已解除：{row.lifted.reason}", f"lifted: {row.lifted.reason}"
        sources += row.lifted.sources
    elif not in_force(row, period):
        said_zh = f"事故日期不在 {period.from_} 至 {period.to} 内，不适用"
        said_en = f"the accident is not within {period.from_} to {period.to}, not in force"
    return Explanation(
        op="veto_incident",
        path=row.incident,
        clause=clause.clause,
        zh=f"{row.incident}（{row.category}，{row.severity}，{row.degree}），"
        f"事故日期 {row.accident_date}，认定文件 {row.determination}：{said_zh}",
        en=f"{row.incident} ({row.category}, {row.severity}, {row.degree}), accident of "
        f"{row.accident_date}, determined by {row.determination}: {said_en}",
        params={
            "accident_date": row.accident_date.isoformat(),
            "effects": ", ".join(_effect_text(effect) for effect in clause.effects),
            "in_force": "yes" if in_force(row, period) else "no",
        },
        sources=sources,
    )


def _effect_text(effect: VetoEffect) -> str:
    """An effect with its parameter, e.g. ``cap_score 59.99``."""
    values = [str(getattr(effect, name)) for name in effect.__struct_fields__]
    return " ".join((str(effect.__struct_config__.tag), *values))
