"""The steps from items to grade: each extends the value and its explanation (SR-12, SR-27)."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from opsledger_contracts.documents.rulebook import ScoringStep
from opsledger_contracts.rules.adjustments import charged_changes, zeroed_items
from opsledger_contracts.rules.errors import WeightsInvalid
from opsledger_contracts.rules.gating import coefficient, gate
from opsledger_contracts.rules.grades import as_grades, grade_of, nearest_boundary
from opsledger_contracts.rules.inputs import (
    AdjustmentInput,
    Explanation,
    ItemInput,
    ItemScore,
)
from opsledger_contracts.rules.leaves import (
    adjustment_leaf,
    change_leaf,
    clause_of,
    fact_leaf,
    points_leaves,
    rating_leaf,
    terms_leaf,
)
from opsledger_contracts.rules.measures import band_text
from opsledger_contracts.rules.numbers import clamp, exact, parse_decimal, parse_rational, shown
from opsledger_contracts.rules.primitive import Working
from opsledger_contracts.rules.primitives import score_item
from opsledger_contracts.rules.run import Run, op_of, required, rule_of
from opsledger_contracts.rules.satisfaction import SATISFACTION_RULES, share_of
from opsledger_contracts.rules.veto import apply_vetoes, worse

_HUNDRED: Final = Fraction(100)
"""Percent, for texts only."""


def _items(run: Run) -> None:
    policy = run.rulebook.weights
    total = parse_decimal(policy.total)
    found = sum((parse_rational(item.weight) for item in run.inputs.items), Fraction(0))
    if found != total:
        raise WeightsInvalid(expected=policy.total, found=shown(found))
    zeroed = zeroed_items(run.inputs, run.rulebook.adjustment)
    letter = Fraction(0)
    nodes: list[Explanation] = []
    for item in run.inputs.items:
        working = _item_working(run, item, zeroed.get(item.item))
        weight = parse_rational(item.weight)
        contribution = weight * working.exact / (total if item.item in zeroed else run.full(item))
        letter += contribution
        rounded = run.rounded(working.exact, "item_score")
        run.item_scores.append(
            ItemScore(
                item=item.item,
                weight=exact(weight),
                exact=exact(working.exact),
                score=rounded,
                contribution=exact(contribution),
            )
        )
        nodes.append(_item_node(run, item, working, rounded, zeroed.get(item.item)))
    run.zeroed = frozenset(zeroed)
    present = {item.item for item in run.inputs.items}
    gone = tuple(
        adjustment_leaf(adjustment, run.rulebook)
        for adjustment in _listed(run)
        if not present & set(adjustment.items)
    )
    run.components["letter"] = (letter, letter)
    rounded = run.rounded(letter, "component")
    own_full = any(run.full(item) != total for item in run.inputs.items if item.item not in zeroed)
    full_zh, full_en = ("满分", "full marks") if own_full else (policy.total, policy.total)
    run.advance(
        Explanation(
            op="compose_letter.1",
            path="letter",
            clause=policy.clause,
            zh=f"责任书得分 = Σ 权重 × 得分 ÷ {full_zh} = {shown(letter)} → {rounded}",
            en=f"letter = Σ weight x score / {full_en} = {shown(letter)} -> {rounded}",
            exact=exact(letter),
            rounded=rounded,
            point="component",
            inputs=(*run.done, *gone, *nodes),
        ),
        letter,
    )


def _item_working(run: Run, item: ItemInput, zeroed: AdjustmentInput | None) -> Working:
    if zeroed is not None:
        return Working(
            exact=Fraction(0),
            zh=f"工作项因自身原因删除（调整 {zeroed.adjustment}），按 0 分计入其权重",
            en=f"the unit caused the deletion (adjustment {zeroed.adjustment}): 0 for its weight",
        )
    return score_item(item, clause_of(run.rulebook, item.clause, f"item {item.item}"))


def _item_node(
    run: Run,
    item: ItemInput,
    working: Working,
    rounded: str,
    zeroed: AdjustmentInput | None,
) -> Explanation:
    clause = run.rulebook.adjustment.clause if zeroed is not None else item.clause
    weight = parse_rational(item.weight)
    total = parse_decimal(run.rulebook.weights.total)
    full = total if zeroed is not None else run.full(item)
    points = weight * working.exact / full
    of_zh, of_en = "", ""
    if full != total:
        of_zh, of_en = f"（满分 {shown(full)}）", f" of {shown(full)}"
    facts = () if zeroed is not None or item.fact is None else (fact_leaf(item, item.fact),)
    return Explanation(
        op=(
            "zero_weight.1"
            if zeroed is not None
            else op_of(str(run.rulebook.clause(item.clause).rule))
        ),
        path=item.item,
        clause=clause,
        zh=f"{item.item} {item.title}：{working.zh} → {rounded}{of_zh}，"
        f"权重 {shown(weight)} 计 {shown(points)}",
        en=f"{item.item}: {working.en} -> {rounded}{of_en}, "
        f"weight {shown(weight)} counts {shown(points)}",
        exact=exact(working.exact),
        rounded=rounded,
        point="item_score",
        inputs=(
            *(
                adjustment_leaf(adjustment, run.rulebook)
                for adjustment in _listed(run)
                if item.item in adjustment.items
            ),
            terms_leaf(item),
            *facts,
        ),
    )


def _listed(run: Run) -> list[AdjustmentInput]:
    return sorted(run.inputs.adjustments, key=lambda row: row.adjustment)


def _satisfaction(run: Run) -> None:
    policy = run.rulebook.satisfaction
    survey = run.inputs.satisfaction
    share = share_of(policy, run.inputs.unit_type)
    rule = rule_of(SATISFACTION_RULES, policy.rule, "satisfaction.rule", run.rulebook)
    found = rule(survey, run.inputs.subject, policy)
    ratings = sorted(survey.ratings, key=lambda row: row.rater) if survey is not None else []
    leaves = tuple(
        rating_leaf(rating, found.ratings[rating.rater], policy.clause)
        for rating in ratings
        if rating.rater in found.ratings
    )
    count = len(leaves)
    percent = f"{shown(share * _HUNDRED)} %"
    if found.score is None:
        run.advance(
            Explanation(
                op=op_of(policy.rule),
                path="satisfaction",
                clause=policy.clause,
                zh=f"有效评分 {count} 份，少于 {policy.raters_min} 份：满意度占比 {percent} "
                f"归还责任书，得分仍为 {shown(run.value)}",
                en=f"{count} ratings count, fewer than {policy.raters_min}: the share of {percent} "
                f"returns to the letter, still {shown(run.value)}",
                exact=exact(run.value),
                params={"share": exact(share)},
                inputs=(*run.done, *leaves),
            ),
            run.value,
        )
        return
    rounded = run.rounded(found.score, "component")
    dropped_zh, dropped_en = "", ""
    if found.trimmed:
        dropped_zh = f"去掉最高、最低各 {policy.trim_each_end} 份，"
        dropped_en = f" without the {policy.trim_each_end} highest and lowest"
    node = Explanation(
        op="survey",
        path="survey",
        clause=policy.clause,
        zh=f"满意度：{count} 份评分，{dropped_zh}平均 × {policy.factor} = "
        f"{shown(found.score)} → {rounded}",
        en=f"satisfaction: mean of {count} ratings{dropped_en} x {policy.factor} = "
        f"{shown(found.score)} -> {rounded}",
        exact=exact(found.score),
        rounded=rounded,
        point="component",
        inputs=leaves,
        sources=() if survey is None else survey.sources,
    )
    before, rest = run.value, 1 - share
    value = rest * before + share * found.score
    run.letter_share *= rest
    for name, (component, contribution) in run.components.items():
        run.components[name] = (component, rest * contribution)
    run.components["satisfaction"] = (found.score, share * found.score)
    sum_text = f"{shown(rest)} × {shown(before)} + {shown(share)} × {shown(found.score)}"
    run.advance(
        Explanation(
            op=op_of(policy.rule),
            path="satisfaction",
            clause=policy.clause,
            zh=f"计入满意度 {percent}：{sum_text} = {shown(value)}",
            en=f"with a satisfaction share of {percent}: {sum_text} = {shown(value)}",
            exact=exact(value),
            params={"share": exact(share)},
            inputs=(*run.done, node),
        ),
        value,
    )


def _bonus_penalty(run: Run) -> None:
    policy = run.rulebook.points
    bonus = points_leaves("bonus", run.inputs.bonus, run.rulebook)
    penalty = points_leaves("penalty", run.inputs.penalties, run.rulebook)
    changes = charged_changes(run.inputs.adjustments, run.inputs.subject, run.rulebook.adjustment)
    penalty += [
        (points, change_leaf(adjustment, points, run.rulebook.adjustment.clause))
        for adjustment, points in changes
    ]
    added = min(sum((points for points, _ in bonus), Fraction(0)), parse_decimal(policy.bonus_max))
    taken = min(
        sum((points for points, _ in penalty), Fraction(0)), parse_decimal(policy.penalty_max)
    )
    value = run.value + added - taken
    if bonus:
        run.components["bonus"] = (added, added)
    if penalty:
        run.components["penalty"] = (taken, -taken)
    sum_text = f"{shown(run.value)} + {shown(added)} - {shown(taken)} = {shown(value)}"
    run.advance(
        Explanation(
            op="bonus_penalty.1",
            path="points",
            clause=policy.clause,
            zh=f"加分（至多 {policy.bonus_max}）减扣分（至多 {policy.penalty_max}）：{sum_text}",
            en=f"bonus (at most {policy.bonus_max}) less penalty (at most {policy.penalty_max}): "
            f"{sum_text}",
            exact=exact(value),
            inputs=(*run.done, *(leaf for _, leaf in bonus), *(leaf for _, leaf in penalty)),
        ),
        value,
    )


def _clamp(run: Run) -> None:
    policy = run.rulebook.total_range
    value = clamp(run.value, parse_decimal(policy.floor), parse_decimal(policy.cap))
    run.advance(
        Explanation(
            op="clamp_total.1",
            path="range",
            clause=policy.clause,
            zh=f"总分限于 [{policy.floor}, {policy.cap}]：{shown(value)}",
            en=f"the total within [{policy.floor}, {policy.cap}]: {shown(value)}",
            exact=exact(value),
            inputs=run.done,
        ),
        value,
    )


def _round(run: Run) -> None:
    run.total = run.rounded(run.value, "total")
    run.advance(
        Explanation(
            op="round_total.1",
            path="total",
            clause=run.rulebook.rounding.clause,
            zh=f"总分 {shown(run.value)} 修约为 {run.total}",
            en=f"the total {shown(run.value)} rounds to {run.total}",
            exact=exact(run.value),
            rounded=run.total,
            point="total",
            inputs=run.done,
        ),
        run.value,
    )


def _grade(run: Run) -> None:
    policy = run.rulebook.grades
    basis = parse_decimal(run.total) if policy.basis == "rounded" else run.value
    band = grade_of(basis, policy)
    run.grade = band.grade
    veto_zh, veto_en = "", ""
    if run.grade_cap is not None:
        grades = [row.grade for row in policy.bands]
        run.grade = worse(band.grade, run.grade_cap, grades)
        veto_zh = f"；一票否决限于 {run.grade_cap}，等级 {run.grade}"
        veto_en = f"; the veto allows at most {run.grade_cap}: grade {run.grade}"
    boundary = nearest_boundary(basis, policy)
    range_text = band_text(band.lo, band.hi)
    basis_zh = "修约后总分" if policy.basis == "rounded" else "未修约总分"
    run.advance(
        Explanation(
            op="grade.1",
            path="grade",
            clause=policy.clause,
            zh=f"{basis_zh} {shown(basis)} 在 {range_text}，等级 {band.grade}（{band.zh}）"
            + ("" if boundary is None else f"，{boundary.zh}")
            + veto_zh,
            en=f"the {policy.basis} total {shown(basis)} lies in {range_text}: grade {band.grade} "
            f"({band.en})" + ("" if boundary is None else f", {boundary.en}") + veto_en,
            exact=exact(run.value),
            rounded=run.total,
            point="total",
            params={"basis": policy.basis},
            inputs=run.done,
        ),
        run.value,
    )


def _status(run: Run) -> None:
    policy = as_grades(required(run.rulebook.status, "status", run.rulebook))
    basis = parse_decimal(run.total) if policy.basis == "rounded" else run.value
    band = grade_of(basis, policy)
    run.status = band.grade
    boundary = nearest_boundary(basis, policy)
    range_text = band_text(band.lo, band.hi)
    basis_zh = "修约后总分" if policy.basis == "rounded" else "未修约总分"
    run.advance(
        Explanation(
            op="status.1",
            path="status",
            clause=policy.clause,
            zh=f"以{basis_zh} {shown(basis)} 定运营状态：在 {range_text}，{band.zh}"
            + ("" if boundary is None else f"，{boundary.zh}"),
            en=f"the {policy.basis} total {shown(basis)} decides the operating status: in "
            f"{range_text}, {band.en}" + ("" if boundary is None else f", {boundary.en}"),
            exact=exact(run.value),
            rounded=run.total,
            point="total",
            params={"basis": policy.basis},
            inputs=run.done,
        ),
        run.value,
    )


STEPS: Final[Mapping[ScoringStep, Callable[[Run], None]]] = MappingProxyType(
    {
        "items": _items,
        "gate": gate,
        "coefficient": coefficient,
        "satisfaction": _satisfaction,
        "bonus_penalty": _bonus_penalty,
        "veto": apply_vetoes,
        "clamp": _clamp,
        "round": _round,
        "grade": _grade,
        "status": _status,
    }
)
"""What each step of the order of operations does."""
