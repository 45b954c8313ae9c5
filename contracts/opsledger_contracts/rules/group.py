"""Roll-ups of totals: the group's operating status and the annual score (SR-13, SR-25)."""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Final, Literal

import msgspec

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.documents.structure import AnnualPolicy, GroupPolicy, StatusPolicy
from opsledger_contracts.fields import DecimalText, Identifier, RationalText
from opsledger_contracts.rules.errors import NothingToCount, RepeatedName, UnknownStatus
from opsledger_contracts.rules.grades import as_grades, grade_of, nearest_boundary
from opsledger_contracts.rules.inputs import Explanation, Sources
from opsledger_contracts.rules.measures import band_text
from opsledger_contracts.rules.numbers import (
    exact,
    mean,
    parse_decimal,
    parse_rational,
    shown,
    weighted_mean,
)
from opsledger_contracts.rules.rounding import rounded_text
from opsledger_contracts.rules.run import op_of, required, rule_of

Side = Literal["operating", "functional"]


class GroupMember(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit with the total it carries, its weight in the group and its vetoes in force."""

    unit: Identifier
    unit_type: Identifier
    weight: RationalText
    total: RationalText
    vetoes: Annotated[int, msgspec.Meta(ge=0)]
    sources: Sources


class GroupStatus(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The group's score and status; `by_bands` is what the status would be without vetoes."""

    total_exact: RationalText
    total: DecimalText
    by_bands: Identifier
    status: Identifier
    vetoes: int
    tree: Explanation


def group_mean(
    operating: Sequence[tuple[Fraction, Fraction]],
    functional: Sequence[tuple[Fraction, Fraction]],
    policy: GroupPolicy,
) -> Fraction:
    """The weighted means of ``(total, weight)`` pairs of both sides by their shares."""
    return parse_decimal(policy.operating_share) * weighted_mean(operating) + parse_decimal(
        policy.functional_share
    ) * weighted_mean(functional)


def status_cap(vetoes: int, policy: GroupPolicy) -> str | None:
    """The best status that so many vetoes in the group allow; None where they cap nothing."""
    rows = sorted(policy.caps, key=lambda row: row.vetoes_from)
    return next((row.status for row in reversed(rows) if vetoes >= row.vetoes_from), None)


GroupRule = Callable[
    [Sequence[tuple[Fraction, Fraction]], Sequence[tuple[Fraction, Fraction]], GroupPolicy],
    Fraction,
]
GROUP_RULES: Final[Mapping[str, GroupRule]] = MappingProxyType({"group_status@1": group_mean})


def group_status(members: Sequence[GroupMember], rulebook: Rulebook) -> GroupStatus:
    """The operating status of the group (集团最终运营状态), with its explanation.

    Members of types that the rulebook does not count are left out. Bands compare the value that
    the rulebook names; vetoes cap the status.

    Raises:
        InvalidRulebook: the rulebook has no such sections, or names an unknown rule.
        RepeatedName: a unit occurs twice.
        NothingToCount: one of the sides has no unit.
        UnknownStatus: a cap names a status without a band.

    """
    policy = required(rulebook.group, "group", rulebook)
    bands = required(rulebook.status, "status", rulebook)
    rule = rule_of(GROUP_RULES, policy.rule, "group.rule", rulebook)
    sides: dict[Side, list[GroupMember]] = {"operating": [], "functional": []}
    types: dict[Side, tuple[str, ...]] = {
        "operating": policy.operating_types,
        "functional": policy.functional_types,
    }
    seen: list[str] = []
    for member in sorted(members, key=lambda row: row.unit):
        if member.unit in seen:
            raise RepeatedName(name=member.unit, where="units")
        seen.append(member.unit)
        for side, side_types in types.items():
            if member.unit_type in side_types:
                sides[side].append(member)
    for side, found in sides.items():
        if not found:
            raise NothingToCount(clause=policy.clause, what=f"{side} unit")
    counted = [*sides["operating"], *sides["functional"]]
    value = rule(_pairs(sides["operating"]), _pairs(sides["functional"]), policy)
    total = rounded_text(value, "total", rulebook)
    vetoes = sum(row.vetoes for row in counted)
    by_bands, status, node = _status_node(value, total, vetoes, policy, bands)
    parts = tuple(
        _side_node(side, found, share, policy)
        for (side, found), share in zip(
            sides.items(), (policy.operating_share, policy.functional_share), strict=True
        )
    )
    composed = Explanation(
        op=op_of(policy.rule),
        path="group",
        clause=policy.clause,
        zh=f"集团得分 = {policy.operating_share} × 经营单位 + {policy.functional_share} × 职能单位 "
        f"= {shown(value)} → {total}",
        en=f"group = {policy.operating_share} x operating units + {policy.functional_share} x "
        f"functional centres = {shown(value)} -> {total}",
        exact=exact(value),
        rounded=total,
        point="total",
        inputs=parts,
    )
    return GroupStatus(
        total_exact=exact(value),
        total=total,
        by_bands=by_bands,
        status=status,
        vetoes=vetoes,
        tree=msgspec.structs.replace(node, inputs=(composed,)),
    )


def _pairs(members: Sequence[GroupMember]) -> list[tuple[Fraction, Fraction]]:
    return [(parse_rational(row.total), parse_rational(row.weight)) for row in members]


def _side_node(
    side: Side, members: Sequence[GroupMember], share: str, policy: GroupPolicy
) -> Explanation:
    value = weighted_mean(_pairs(members))
    zh_name = "经营单位" if side == "operating" else "职能单位"
    en_name = "operating units" if side == "operating" else "functional centres"
    return Explanation(
        op="weighted_mean",
        path=side,
        clause=policy.clause,
        zh=f"{zh_name} {len(members)} 个，按权重平均 {shown(value)}",
        en=f"{len(members)} {en_name}, weighted mean {shown(value)}",
        exact=exact(value),
        params={"share": share},
        inputs=tuple(
            Explanation(
                op="unit_total",
                path=row.unit,
                clause=policy.clause,
                zh=f"{row.unit} 得分 {row.total}，权重 {row.weight}，一票否决 {row.vetoes} 项",
                en=f"{row.unit}: total {row.total}, weight {row.weight}, vetoes {row.vetoes}",
                exact=exact(parse_rational(row.total)),
                params={"weight": row.weight, "vetoes": str(row.vetoes)},
                sources=row.sources,
            )
            for row in members
        ),
    )


def _status_node(
    value: Fraction, total: str, vetoes: int, policy: GroupPolicy, bands: StatusPolicy
) -> tuple[str, str, Explanation]:
    """The status by bands, the status that counts, and the node that says so."""
    grades = as_grades(bands)
    basis = parse_decimal(total) if bands.basis == "rounded" else value
    band = grade_of(basis, grades)
    order = [row.status for row in bands.bands]
    cap = status_cap(vetoes, policy)
    status = band.grade
    cap_zh, cap_en = "", ""
    if cap is not None:
        if cap not in order:
            raise UnknownStatus(clause=policy.clause, status=cap)
        status = max(status, cap, key=order.index)
        cap_zh = f"；一票否决 {vetoes} 项，不高于 {cap}：{status}"
        cap_en = f"; {vetoes} vetoes allow at most {cap}: {status}"
    boundary = nearest_boundary(basis, grades)
    near_zh = "" if boundary is None else f"，{boundary.zh}"
    near_en = "" if boundary is None else f", {boundary.en}"
    basis_zh = "修约后" if bands.basis == "rounded" else "未修约"
    node = Explanation(
        op="status.1",
        path="status",
        clause=bands.clause,
        zh=f"{basis_zh}集团得分 {shown(basis)} 在 {band_text(band.lo, band.hi)}，"
        f"{band.zh}{near_zh}{cap_zh}",
        en=f"the {bands.basis} group score {shown(basis)} lies in {band_text(band.lo, band.hi)}, "
        f"{band.en}{near_en}{cap_en}",
        exact=exact(value),
        rounded=total,
        point="total",
        params={"basis": bands.basis, "vetoes": str(vetoes)},
    )
    return band.grade, status, node


class PeriodTotal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The carried total of a letter's assessment; `period` names the month or the year."""

    period: Identifier
    total: RationalText
    sources: Sources


class AnnualScore(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The annual score of a unit, exact and as published, with its explanation."""

    total_exact: RationalText
    total: DecimalText
    tree: Explanation


def monthly_to_annual(
    months: Sequence[Fraction], annual: Fraction, policy: AnnualPolicy
) -> Fraction:
    """The m x mean of the months + (1 - m) x annual letter; without months the annual letter."""
    if not months:
        return annual
    share = parse_decimal(policy.monthly_share)
    return share * mean(months) + (1 - share) * annual


AnnualRule = Callable[[Sequence[Fraction], Fraction, AnnualPolicy], Fraction]
ANNUAL_RULES: Final[Mapping[str, AnnualRule]] = MappingProxyType(
    {"monthly_to_annual@1": monthly_to_annual}
)


def annual_score(
    months: Sequence[PeriodTotal], annual: PeriodTotal, rulebook: Rulebook
) -> AnnualScore:
    """The annual score from the monthly letters in force and the annual one (SR-25).

    Raises:
        InvalidRulebook: the rulebook has no such section, or names an unknown rule.
        RepeatedName: a month occurs twice.

    """
    policy = required(rulebook.annual, "annual", rulebook)
    rule = rule_of(ANNUAL_RULES, policy.rule, "annual.rule", rulebook)
    ordered = sorted(months, key=lambda row: row.period)
    names = [row.period for row in ordered]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise RepeatedName(name=name, where="months")
    values = [parse_rational(row.total) for row in ordered]
    year = parse_rational(annual.total)
    value = rule(values, year, policy)
    total = rounded_text(value, "total", rulebook)
    share = parse_decimal(policy.monthly_share)
    zh = f"无月度责任书，占比 {policy.monthly_share} 归还年度责任书：{shown(value)} → {total}"
    en = f"no monthly letter, the share of {policy.monthly_share} returns to the annual letter: "
    en += f"{shown(value)} -> {total}"
    if values:
        sum_text = (
            f"{policy.monthly_share} × {shown(mean(values))} + {shown(1 - share)} × {shown(year)}"
        )
        zh = f"{len(values)} 个月平均 {shown(mean(values))}：{sum_text} = {shown(value)} → {total}"
        en = f"mean of {len(values)} months {shown(mean(values))}: {sum_text} = {shown(value)}"
        en += f" -> {total}"
    tree = Explanation(
        op=op_of(policy.rule),
        path="annual",
        clause=policy.clause,
        zh=zh,
        en=en,
        exact=exact(value),
        rounded=total,
        point="total",
        params={"monthly_share": policy.monthly_share},
        inputs=tuple(_period_leaf(row, policy) for row in (annual, *ordered)),
    )
    return AnnualScore(total_exact=exact(value), total=total, tree=tree)


def _period_leaf(row: PeriodTotal, policy: AnnualPolicy) -> Explanation:
    return Explanation(
        op="letter_total",
        path=row.period,
        clause=policy.clause,
        zh=f"{row.period} 责任书得分 {row.total}",
        en=f"letter of {row.period}: {row.total}",
        exact=exact(parse_rational(row.total)),
        sources=row.sources,
    )
