"""Item rules that look at more than one target: history, sign, a start of payment."""

from fractions import Fraction
from typing import Annotated

import msgspec

from opsledger_contracts.fields import DecimalText
from opsledger_contracts.rules.inputs import ValueFact
from opsledger_contracts.rules.measures import StepMode, positive, steps_counted
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_contracts.rules.primitive import (
    Parameters,
    Primitive,
    Row,
    RuleViolation,
    Working,
)


class OpenProportionalParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`scale` points for the target; a null floor or cap leaves the ratio open on that side."""

    target: DecimalText
    floor: DecimalText | None
    cap: DecimalText | None
    scale: DecimalText


def open_proportional(parameters: OpenProportionalParameters, fact: ValueFact) -> Working:
    """The scale x actual / target, within floor and cap where there are any (SR-01 比例法)."""
    ratio = parse_decimal(fact.value) / positive("target", parameters.target)
    held = ratio
    if parameters.cap is not None:
        held = min(held, parse_decimal(parameters.cap))
    if parameters.floor is not None:
        held = max(held, parse_decimal(parameters.floor))
    score = parse_decimal(parameters.scale) * held
    cut_zh = "" if held == ratio else f"，限为 {shown(held)}"
    cut_en = "" if held == ratio else f", held at {shown(held)}"
    return Working(
        exact=score,
        zh=f"实际 {fact.value} ÷ 目标 {parameters.target} = {shown(ratio)}{cut_zh}，"
        f"× {parameters.scale} = {shown(score)}",
        en=f"actual {fact.value} / target {parameters.target} = {shown(ratio)}{cut_en}, "
        f"x {parameters.scale} = {shown(score)}",
    )


class ShortfallCap(Row, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The most that can be added when the target lies further than `shortfall` below the baseline.

    `shortfall` is a share of the baseline; `included` says whether exactly so much is enough. The
    first row has None and holds for every other target.
    """

    shortfall: DecimalText | None
    included: bool
    cap: DecimalText


class BaselineDependentCapParameters(
    Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Points per `step` of relative deviation, with a cap that a low target makes lower."""

    target: DecimalText
    baseline: DecimalText
    base: DecimalText
    step: DecimalText
    mode: StepMode
    points_up: DecimalText
    points_down: DecimalText
    caps_up: Annotated[tuple[ShortfallCap, ...], msgspec.Meta(min_length=1)]
    cap_down: DecimalText


def _cap_up(caps: tuple[ShortfallCap, ...], shortfall: Fraction) -> Fraction:
    limits = [None if row.shortfall is None else parse_decimal(row.shortfall) for row in caps]
    later = [limit for limit in limits if limit is not None]
    if limits[0] is not None or len(later) != len(caps) - 1 or later != sorted(set(later)):
        detail = "the first cap has no shortfall, the others ascend"
        raise RuleViolation(detail)
    found = caps[0]
    for row, limit in zip(caps[1:], later, strict=True):
        if shortfall > limit or (row.included and shortfall == limit):
            found = row
    return parse_decimal(found.cap)


def baseline_dependent_cap(parameters: BaselineDependentCapParameters, fact: ValueFact) -> Working:
    """The base ± points per step from the target; the cap follows target against baseline.

    A target set below what history has reached earns less for passing it (public practice:
    目标值低于基准值的，加分受限).
    """
    target = positive("target", parameters.target)
    baseline = positive("baseline", parameters.baseline)
    shortfall = (baseline - target) / baseline
    deviation = (parse_decimal(fact.value) - target) / target
    up = deviation >= 0
    count = steps_counted(abs(deviation), positive("step", parameters.step), parameters.mode)
    points = parse_decimal(parameters.points_up if up else parameters.points_down)
    cap_up = _cap_up(parameters.caps_up, shortfall)
    cap = cap_up if up else parse_decimal(parameters.cap_down)
    change = min(count * points, cap)
    score = parse_decimal(parameters.base) + (change if up else -change)
    sign = "+" if up else "-"
    return Working(
        exact=score,
        zh=f"目标 {parameters.target} 较基准 {parameters.baseline} 低 {shown(shortfall)}，"
        f"加分上限 {shown(cap_up)}；实际 {fact.value} 偏差 {shown(deviation)}，"
        f"每 {parameters.step} 一档共 {shown(count)} 档 × {shown(points)} 分，"
        f"上限 {shown(cap)}：{parameters.base} {sign} {shown(change)} = {shown(score)}",
        en=f"target {parameters.target} lies {shown(shortfall)} below the baseline "
        f"{parameters.baseline}, so at most {shown(cap_up)} is added; actual {fact.value} deviates "
        f"{shown(deviation)}: {shown(count)} steps of {parameters.step} x {shown(points)}, "
        f"cap {shown(cap)}: {parameters.base} {sign} {shown(change)} = {shown(score)}",
    )


class NegativeTargetParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points per `step` of improvement on a planned loss, as a share of that loss.

    `reduction_share` is what counts of a loss that got smaller, `profit_share` of a profit.
    """

    target: DecimalText
    base: DecimalText
    step: DecimalText
    mode: StepMode
    reduction_share: DecimalText
    profit_share: DecimalText
    points_up: DecimalText
    points_down: DecimalText
    cap_up: DecimalText
    cap_down: DecimalText


def negative_target(parameters: NegativeTargetParameters, fact: ValueFact) -> Working:
    """The base ± points per step where the target is a loss.

    Public practice: 减亏部分折半计算，盈利部分正常计算.
    """
    target = parse_decimal(parameters.target)
    if target >= 0:
        detail = f"target must be below 0, found {parameters.target}"
        raise RuleViolation(detail)
    value = parse_decimal(fact.value)
    up = value >= target
    reduced = min(value, Fraction(0)) - target
    profit = max(value, Fraction(0))
    counted = (
        parse_decimal(parameters.reduction_share) * reduced
        + parse_decimal(parameters.profit_share) * profit
        if up
        else reduced
    )
    deviation = counted / -target
    count = steps_counted(abs(deviation), positive("step", parameters.step), parameters.mode)
    points = parse_decimal(parameters.points_up if up else parameters.points_down)
    cap = parse_decimal(parameters.cap_up if up else parameters.cap_down)
    change = min(count * points, cap)
    score = parse_decimal(parameters.base) + (change if up else -change)
    sign = "+" if up else "-"
    parts_zh, parts_en = f"增亏 {shown(-reduced)}", f"the loss grew by {shown(-reduced)}"
    if up:
        parts_zh = (
            f"减亏 {shown(reduced)} × {parameters.reduction_share} + "
            f"盈利 {shown(profit)} × {parameters.profit_share} = {shown(counted)}"
        )
        parts_en = (
            f"loss reduced by {shown(reduced)} x {parameters.reduction_share} + "
            f"profit {shown(profit)} x {parameters.profit_share} = {shown(counted)}"
        )
    return Working(
        exact=score,
        zh=f"实际 {fact.value} 对亏损目标 {parameters.target}：{parts_zh}，"
        f"占 {shown(deviation)}，每 {parameters.step} 一档共 {shown(count)} 档 "
        f"× {shown(points)} 分，上限 {shown(cap)}：{parameters.base} {sign} {shown(change)} = "
        f"{shown(score)}",
        en=f"actual {fact.value} against the planned loss {parameters.target}: {parts_en}, "
        f"{shown(deviation)} of it: {shown(count)} steps of {parameters.step} x {shown(points)}, "
        f"cap {shown(cap)}: {parameters.base} {sign} {shown(change)} = {shown(score)}",
    )


class SteppedStartParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`full` points at the target, nothing at the start, and `floor` until the condition is met.

    Condition and start are two numbers, since documents state them apart; where they differ the
    score jumps. `included` says whether exactly the condition is enough. A null cap leaves the
    score open above the target.
    """

    condition: DecimalText
    included: bool
    start: DecimalText
    target: DecimalText
    full: DecimalText
    floor: DecimalText
    cap: DecimalText | None


def stepped_start(parameters: SteppedStartParameters, fact: ValueFact) -> Working:
    """The full x (actual - start) / (target - start) once the condition is met (fixture F3)."""
    start, target = parse_decimal(parameters.start), parse_decimal(parameters.target)
    if start >= target:
        detail = "the start must lie below the target"
        raise RuleViolation(detail)
    value, condition = parse_decimal(fact.value), parse_decimal(parameters.condition)
    floor = parse_decimal(parameters.floor)
    sign = "≥" if parameters.included else ">"
    if value < condition or (value == condition and not parameters.included):
        missing = shown(condition - value)
        return Working(
            exact=floor,
            zh=f"实际 {fact.value} 未满足起付条件 {sign} {parameters.condition}（差 {missing}），"
            f"得 {shown(floor)}",
            en=f"actual {fact.value} does not meet {sign} {parameters.condition} "
            f"({missing} short): {shown(floor)}",
        )
    free = parse_decimal(parameters.full) * (value - start) / (target - start)
    score = max(free, floor)
    if parameters.cap is not None:
        score = min(score, parse_decimal(parameters.cap))
    sum_text = (
        f"{parameters.full} × ({fact.value} − {parameters.start}) ÷ "
        f"({parameters.target} − {parameters.start}) = {shown(free)}"
    )
    return Working(
        exact=score,
        zh=f"满足起付条件 {sign} {parameters.condition}：{sum_text}，限后 {shown(score)}",
        en=f"meets {sign} {parameters.condition}: {sum_text}, within its limits {shown(score)}",
    )


PROPORTIONAL_2 = Primitive(
    name="proportional@2",
    rule="SR-01",
    parameters=OpenProportionalParameters,
    fact=ValueFact,
    direction="increasing",
    compute=open_proportional,
)
BASELINE_DEPENDENT_CAP_1 = Primitive(
    name="baseline_dependent_cap@1",
    rule="SR-03",
    parameters=BaselineDependentCapParameters,
    fact=ValueFact,
    direction="increasing",
    compute=baseline_dependent_cap,
)
NEGATIVE_TARGET_1 = Primitive(
    name="negative_target@1",
    rule="SR-03",
    parameters=NegativeTargetParameters,
    fact=ValueFact,
    direction="increasing",
    compute=negative_target,
)
STEPPED_START_1 = Primitive(
    name="stepped_start@1",
    rule="SR-02",
    parameters=SteppedStartParameters,
    fact=ValueFact,
    direction="increasing",
    compute=stepped_start,
)
