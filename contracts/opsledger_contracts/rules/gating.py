"""Steps on item scores: the gate and the difficulty coefficient (SR-27)."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import msgspec

from opsledger_contracts.documents.structure import DifficultyPolicy, GateBase
from opsledger_contracts.rules.errors import (
    CoefficientOutside,
    MissingCoefficient,
)
from opsledger_contracts.rules.inputs import CoefficientInput, Explanation
from opsledger_contracts.rules.numbers import exact, parse_decimal, parse_rational, shown
from opsledger_contracts.rules.run import Run, op_of, required, rule_of


class Gated(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate did: the items below their base that closed it, and all scores after it.

    `nearest` is the tripping item whose score is least above its base, with the distance; None
    where the gate is closed or nothing can close it.
    """

    closed_by: tuple[str, ...]
    scores: dict[str, Fraction]
    nearest: tuple[str, Fraction] | None


def gate_base_only(scores: Mapping[str, Fraction], bases: Mapping[str, GateBase]) -> Gated:
    """Leave only base points to the others as soon as one item is below its base.

    Items below their base keep their score. `bases` holds the rows of the items that the gate
    looks at.
    """
    base = {item: parse_decimal(row.base) for item, row in bases.items()}
    closed_by = tuple(
        item for item, row in bases.items() if row.trips and scores[item] < base[item]
    )
    if closed_by:
        cut = {item: min(scores[item], limit) for item, limit in base.items()}
        return Gated(closed_by=closed_by, scores={**scores, **cut}, nearest=None)
    above = [(scores[item] - base[item], item) for item, row in bases.items() if row.trips]
    nearest = min(above, default=None)
    return Gated(
        closed_by=(),
        scores=dict(scores),
        nearest=None if nearest is None else (nearest[1], nearest[0]),
    )


GateRule = Callable[[Mapping[str, Fraction], Mapping[str, GateBase]], Gated]
GATE_RULES: Final[Mapping[str, GateRule]] = MappingProxyType({"gate_base_only@1": gate_base_only})


def gate(run: Run) -> None:
    """Close the gate where an item is below its base, and compose the letter again."""
    policy = required(run.rulebook.gate, "gate", run.rulebook)
    rule = rule_of(GATE_RULES, policy.rule, "gate.rule", run.rulebook)
    rows = {row.scored_by: row for row in policy.bases}
    before = {row.item: parse_rational(row.exact) for row in run.item_scores}
    bases = {
        item.item: rows[item.clause]
        for item in run.inputs.items
        if item.clause in rows and item.item not in run.zeroed
    }
    gated = rule(before, bases)
    run.gate_closed = bool(gated.closed_by)
    changed = {
        item: f"{shown(before[item])} → {shown(value)}"
        for item, value in gated.scores.items()
        if value != before[item]
    }
    letter = run.rescore(gated.scores)
    zh, en = _gate_words(gated, changed)
    run.advance(
        Explanation(
            op=op_of(policy.rule),
            path="gate",
            clause=policy.clause,
            zh=f"{zh}责任书得分 {shown(letter)}",
            en=f"{en}letter {shown(letter)}",
            exact=exact(letter),
            params=changed,
            inputs=run.done,
        ),
        letter,
    )


def _gate_words(gated: Gated, changed: Mapping[str, str]) -> tuple[str, str]:
    if not gated.closed_by:
        near_zh, near_en = "", ""
        if gated.nearest is not None:
            item, distance = gated.nearest
            near_zh = f"（最近的 {item} 高出 {shown(distance)} 分）"
            near_en = f" (the nearest, {item}, by {shown(distance)})"
        return f"各项均达基本分{near_zh}，照常计分：", f"all reach their base{near_en}: "
    items = ", ".join(gated.closed_by)
    listed = "，".join(f"{item} {text}" for item, text in changed.items()) or "无"
    listed_en = ", ".join(f"{item} {text}" for item, text in changed.items()) or "none"
    return (
        f"{items} 低于基本分，照常计分，其余只计基本分（{listed}）：",
        f"{items} below base count as scored, all others only their base ({listed_en}): ",
    )


def difficulty(policy: DifficultyPolicy, given: CoefficientInput) -> Fraction:
    """The coefficient, which is within the range of the rulebook.

    Raises:
        CoefficientOutside: it is not.

    """
    coefficient = parse_decimal(given.coefficient)
    if not parse_decimal(policy.min) <= coefficient <= parse_decimal(policy.max):
        raise CoefficientOutside(
            clause=policy.clause, low=policy.min, high=policy.max, found=given.coefficient
        )
    return coefficient


DifficultyRule = Callable[[DifficultyPolicy, CoefficientInput], Fraction]
DIFFICULTY_RULES: Final[Mapping[str, DifficultyRule]] = MappingProxyType(
    {"difficulty@1": difficulty}
)


def coefficient(run: Run) -> None:
    """Multiply the item scores by the difficulty coefficient, unless a closed gate forbids it."""
    policy = required(run.rulebook.difficulty, "difficulty", run.rulebook)
    rule = rule_of(DIFFICULTY_RULES, policy.rule, "difficulty.rule", run.rulebook)
    given = run.inputs.difficulty
    if given is msgspec.UNSET:
        raise MissingCoefficient(assessment=run.inputs.assessment, clause=policy.clause)
    factor = rule(policy, given)
    leaf = Explanation(
        op="coefficient",
        path="coefficient",
        clause=policy.clause,
        zh=f"难度系数 {given.coefficient}：{given.reason}",
        en=f"difficulty coefficient {given.coefficient}: {given.reason}",
        exact=exact(factor),
        sources=given.sources,
    )
    left_out = run.gate_closed and policy.when_gated == "none"
    before = run.value
    letter = before
    zh = f"有工作项低于基本分，不乘难度系数：责任书得分仍为 {shown(before)}"
    en = f"an item is below its base, so no coefficient: letter still {shown(before)}"
    if not left_out:
        letter = run.rescore(
            {row.item: factor * parse_rational(row.exact) for row in run.item_scores}
        )
        zh = f"各项得分 × 难度系数 {given.coefficient}：{shown(before)} → {shown(letter)}"
        en = f"item scores x difficulty coefficient {given.coefficient}: "
        en += f"{shown(before)} -> {shown(letter)}"
    run.advance(
        Explanation(
            op=op_of(policy.rule),
            path="difficulty",
            clause=policy.clause,
            zh=zh,
            en=en,
            exact=exact(letter),
            params={"coefficient": given.coefficient},
            inputs=(*run.done, leaf),
        ),
        letter,
    )
