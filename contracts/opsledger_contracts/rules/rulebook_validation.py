"""What makes a rulebook fit to be scored by: structure, names, policies.

The full lint (SR-29) builds on this; every finding here stands against publishing.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final, get_args

import msgspec

from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.documents.rulebook import (
    CauseClass,
    Clause,
    RoundingPoint,
    Rulebook,
)
from opsledger_contracts.documents.section import GradeShare, Section
from opsledger_contracts.rules.checks import bands, ordered, unique
from opsledger_contracts.rules.judgements import ScaleParameters
from opsledger_contracts.rules.measures import BandParameters
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_contracts.rules.primitive import Parameters
from opsledger_contracts.rules.primitives import PRIMITIVES
from opsledger_contracts.rules.run import order_stands
from opsledger_contracts.rules.satisfaction import SATISFACTION_RULES
from opsledger_contracts.rules.structure_validation import STRUCTURE_CHECKS
from opsledger_contracts.rules.weights import ADD_RULES, DELETE_RULES


def validate_rulebook(rulebook: Rulebook) -> tuple[Finding, ...]:
    """Every structural defect of a rulebook; empty when it may be scored by.

    Each finding names its clause and a path into the document. Decimal texts must have their
    declared form, as a decoded document does.
    """
    return tuple(finding for check in _CHECKS for finding in check(rulebook))


def _clauses(rulebook: Rulebook) -> Iterator[Finding]:
    seen: set[str] = set()
    for place, clause in enumerate(rulebook.clauses):
        path = f"clauses[{place}]"
        if clause.clause in seen:
            yield Finding(
                code="clause_repeated",
                path=path,
                zh=f"条款 {clause.clause} 重复",
                en=f"clause {clause.clause} is listed twice",
                clause=clause.clause,
            )
        seen.add(clause.clause)
        for name in ("title_zh", "title_en", "zh", "en", "principle"):
            if not getattr(clause, name).strip():
                yield Finding(
                    code="clause_text_blank",
                    path=f"{path}.{name}",
                    zh="条款文字为空",
                    en="the text is blank",
                    clause=clause.clause,
                )
        yield from _clause_parameters(clause, path)


def _clause_parameters(clause: Clause, path: str) -> Iterator[Finding]:
    def finding(code: str, where: str, zh: str, en: str) -> Finding:
        return Finding(code=code, path=f"{path}.{where}", zh=zh, en=en, clause=clause.clause)

    if clause.rule is None:
        if clause.params or clause.item_params:
            yield finding(
                "params_without_rule",
                "params",
                "无规则的条款不得有参数",
                "a clause without a rule has no parameters",
            )
        return
    primitive = PRIMITIVES.get(clause.rule)
    if primitive is None:
        yield finding(
            "unknown_primitive", "rule", f"规则 {clause.rule} 不存在", f"there is no {clause.rule}"
        )
        return
    yield from _given_parameters(clause, primitive.parameters, path, finding)


def _given_parameters(
    clause: Clause,
    parameters: type[Parameters],
    path: str,
    finding: Callable[[str, str, str, str], Finding],
) -> Iterator[Finding]:
    declared = {field.name: field.type for field in msgspec.structs.fields(parameters)}
    for name in sorted({*clause.params, *clause.item_params} - declared.keys()):
        yield finding(
            "parameter_undeclared",
            f"params.{name}",
            f"{clause.rule} 没有参数 {name}",
            f"{clause.rule} declares no {name}",
        )
    for name, kind in declared.items():
        where = f"params.{name}"
        if (name in clause.params) == (name in clause.item_params):
            yield finding(
                "parameter_source",
                where,
                f"{name} 须由条款或工作项二者之一给定",
                f"{name} is given by the clause or by the item",
            )
        if name not in clause.params:
            continue
        try:
            value = msgspec.convert(clause.params[name], kind)
        except msgspec.ValidationError as error:
            yield finding("parameter_shape", where, f"{name} 格式不符", f"{name}: {error}")
            continue
        if parameters in {BandParameters, ScaleParameters} and name in {"bands", "grades"}:
            edges = [(band.lo, band.hi) for band in value]
            yield from bands(clause.clause, f"{path}.{where}", edges)


def _references(rulebook: Rulebook) -> Iterator[Finding]:
    known = {clause.clause for clause in rulebook.clauses}
    sections: list[tuple[str, Section]] = [
        (name, value)
        for name in rulebook.__struct_fields__
        for value in (getattr(rulebook, name),)
        if isinstance(value, Section)
    ]
    sections += [
        (f"freeze_periods[{place}]", row) for place, row in enumerate(rulebook.freeze_periods)
    ]
    sections += [(f"timetable[{place}]", row) for place, row in enumerate(rulebook.timetable)]
    for path, section in sections:
        if section.clause not in known:
            yield Finding(
                code="unknown_clause",
                path=f"{path}.clause",
                zh=f"条款 {section.clause} 不存在",
                en=f"there is no clause {section.clause}",
                clause=section.clause,
            )


def _primitives(rulebook: Rulebook) -> Iterator[Finding]:
    for section, name, rule, table in (
        (
            rulebook.satisfaction,
            "satisfaction.rule",
            rulebook.satisfaction.rule,
            SATISFACTION_RULES,
        ),
        (rulebook.adjustment, "adjustment.add_rule", rulebook.adjustment.add_rule, ADD_RULES),
        (
            rulebook.adjustment,
            "adjustment.delete_rule",
            rulebook.adjustment.delete_rule,
            DELETE_RULES,
        ),
    ):
        if rule not in table:
            yield Finding(
                code="unknown_primitive",
                path=name,
                zh=f"规则 {rule} 不存在",
                en=f"there is no {rule}",
                clause=section.clause,
            )


def _policies(rulebook: Rulebook) -> Iterator[Finding]:
    weights = rulebook.weights
    yield from ordered(
        weights,
        "weights",
        ("0", "item_min", "item_max", "total"),
        ("0", weights.item_min, weights.item_max, weights.total),
    )
    yield from ordered(
        weights,
        "weights",
        ("0", "key_share_min", "total"),
        ("0", weights.key_share_min, weights.total),
    )
    if parse_decimal(weights.total) == 0:
        yield Finding(
            code="range", path="weights.total", zh="须大于 0", en="0 < total", clause=weights.clause
        )
    points = rulebook.points
    yield from ordered(points, "points.bonus_max", ("0", "bonus_max"), ("0", points.bonus_max))
    yield from ordered(
        points, "points.penalty_max", ("0", "penalty_max"), ("0", points.penalty_max)
    )
    limits = rulebook.total_range
    yield from ordered(limits, "total_range", ("floor", "cap"), (limits.floor, limits.cap))
    for place, period in enumerate(rulebook.freeze_periods):
        if period.to < period.from_:
            yield Finding(
                code="freeze_reversed",
                path=f"freeze_periods[{place}]",
                zh="冻结期止于其始之前",
                en="the freeze period ends before it begins",
                clause=period.clause,
            )


def _rounding(rulebook: Rulebook) -> Iterator[Finding]:
    named = [row.point for row in rulebook.rounding.points]
    for point in get_args(RoundingPoint):
        if named.count(point) != 1:
            yield Finding(
                code="rounding_point",
                path="rounding.points",
                zh=f"修约点 {point} 须恰有一处",
                en=f"the rounding point {point} is named exactly once",
                clause=rulebook.rounding.clause,
            )


def _order(rulebook: Rulebook) -> Iterator[Finding]:
    if not order_stands(rulebook.order.steps):
        yield Finding(
            code="order_of_operations",
            path="order.steps",
            zh="须以 items 起，以 round、grade 止，不得重复",
            en="steps begin with items, end with round and grade, and do not repeat",
            clause=rulebook.order.clause,
        )


def _satisfaction(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.satisfaction
    for place, share in enumerate(policy.shares):
        yield from ordered(
            policy, f"satisfaction.shares[{place}]", ("0", "share", "1"), ("0", share.share, "1")
        )
    shared = sorted(share.unit_type for share in policy.shares)
    if shared != sorted(rulebook.scope.unit_types):
        yield Finding(
            code="unit_types",
            path="satisfaction.shares",
            zh="适用范围内每类单位须恰有一个占比",
            en="every type of unit in scope has exactly one share",
            clause=policy.clause,
        )
    if policy.trim_from <= 2 * policy.trim_each_end:
        yield Finding(
            code="trim",
            path="satisfaction.trim_from",
            zh="去掉两端后须有剩余",
            en="something is left after trimming",
            clause=policy.clause,
        )


def _grades(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.grades
    yield from bands(policy.clause, "grades.bands", [(band.lo, band.hi) for band in policy.bands])
    grades = [band.grade for band in policy.bands]
    yield from unique(policy, "grades.bands", grades)
    rows = [row.organisation_grade for row in rulebook.distribution.rows]
    if sorted(rows) != sorted(grades):
        yield Finding(
            code="distribution_rows",
            path="distribution.rows",
            zh="每个组织等级须恰有一行",
            en="every organisation grade has exactly one row",
            clause=rulebook.distribution.clause,
        )
    for place, row in enumerate(rulebook.distribution.rows):
        yield from _shares(rulebook, f"distribution.rows[{place}].maxima", row.maxima)
        yield from _shares(rulebook, f"distribution.rows[{place}].minima", row.minima)


def _shares(rulebook: Rulebook, path: str, shares: Sequence[GradeShare]) -> Iterator[Finding]:
    policy = rulebook.distribution
    for share in shares:
        yield from ordered(policy, path, ("0", "share", "1"), ("0", share.share, "1"))
    total = sum((parse_decimal(share.share) for share in shares), Fraction(0))
    if total > 1:
        yield Finding(
            code="quota_total",
            path=path,
            zh=f"比例合计 {shown(total)} 超过 1",
            en=f"the shares total {shown(total)}, more than 1",
            clause=policy.clause,
        )


def _tiers(rulebook: Rulebook) -> Iterator[Finding]:
    policy = rulebook.tiers
    yield from unique(policy, "tiers.tiers", [tier.tier for tier in policy.tiers])
    for place, tier in enumerate(policy.tiers):
        if parse_decimal(tier.organisation) + parse_decimal(tier.individual) != 1:
            yield Finding(
                code="tier_weights",
                path=f"tiers.tiers[{place}]",
                zh="组织与个人权重合计须为 1",
                en="the weights of organisation and individual total 1",
                clause=policy.clause,
            )


def _procedure(rulebook: Rulebook) -> Iterator[Finding]:
    adjustment = rulebook.adjustment
    causes = sorted(row.cause_class for row in adjustment.causes)
    if causes != sorted(get_args(CauseClass)):
        yield Finding(
            code="causes",
            path="adjustment.causes",
            zh="每类原因须恰有一行",
            en="every class of cause has exactly one row",
            clause=adjustment.clause,
        )
    force = rulebook.force_majeure
    yield from unique(
        force, "force_majeure.event_classes", [row.event_class for row in force.event_classes]
    )
    yield from unique(force, "force_majeure.treatments", force.treatments)
    yield from unique(
        rulebook.appeal, "appeal.grounds", [row.ground for row in rulebook.appeal.grounds]
    )


def _timetable(rulebook: Rulebook) -> Iterator[Finding]:
    seen: set[str] = set()
    for place, duty in enumerate(rulebook.timetable):
        path = f"timetable[{place}]"
        if duty.duty in seen:
            yield Finding(
                code="repeated",
                path=path,
                zh=f"{duty.duty} 重复",
                en=f"{duty.duty} is listed twice",
                clause=duty.clause,
            )
        seen.add(duty.duty)
        if (duty.anchor == "fixed_day") != (duty.on is not None):
            yield Finding(
                code="duty_anchor",
                path=f"{path}.on",
                zh="仅固定日期的事项有日期",
                en="a fixed day is given exactly for the anchor fixed_day",
                clause=duty.clause,
            )


_CHECKS: Final[tuple[Callable[[Rulebook], Iterator[Finding]], ...]] = (
    _clauses,
    _references,
    _primitives,
    _policies,
    _rounding,
    _order,
    _satisfaction,
    _grades,
    _tiers,
    _procedure,
    _timetable,
    *STRUCTURE_CHECKS,
)
