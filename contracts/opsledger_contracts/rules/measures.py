"""Item rules for measured values: SR-01, SR-02, SR-03, SR-04 and SR-06."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Literal

import msgspec

from opsledger_contracts.fields import DecimalText
from opsledger_contracts.rules.inputs import ValueFact
from opsledger_contracts.rules.numbers import clamp, parse_decimal, shown, whole_steps
from opsledger_contracts.rules.primitive import (
    Parameters,
    Primitive,
    Row,
    RuleViolation,
    Working,
)

StepMode = Literal["whole_step", "pro_rata"]
"""Whether a broken step counts: not at all, or in part."""


def positive(name: str, text: str) -> Fraction:
    """The value of a parameter that must be above 0.

    Raises:
        RuleViolation: it is not.

    """
    value = parse_decimal(text)
    if value <= 0:
        detail = f"{name} must be above 0, found {text}"
        raise RuleViolation(detail)
    return value


class ProportionalParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`scale` points for the target; the ratio actual / target stays within floor and cap."""

    target: DecimalText
    floor: DecimalText
    cap: DecimalText
    scale: DecimalText


def proportional(parameters: ProportionalParameters, fact: ValueFact) -> Working:
    """The scale x clamp(actual / target, floor, cap) (SR-01 比例法)."""
    ratio = parse_decimal(fact.value) / positive("target", parameters.target)
    held = clamp(ratio, parse_decimal(parameters.floor), parse_decimal(parameters.cap))
    score = parse_decimal(parameters.scale) * held
    bounds = f"[{parameters.floor}, {parameters.cap}]"
    return Working(
        exact=score,
        zh=f"实际 {fact.value} ÷ 目标 {parameters.target} = {shown(ratio)}，限于 {bounds} 得 "
        f"{shown(held)}，× {parameters.scale} = {shown(score)}",
        en=f"actual {fact.value} / target {parameters.target} = {shown(ratio)}, within {bounds} "
        f"{shown(held)}, x {parameters.scale} = {shown(score)}",
    )


class PiecewiseLinearParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Three ascending points and their scores; `below` says what is scored under the threshold.

    ``zero`` scores 0, ``min`` scores as at the threshold.
    """

    threshold: DecimalText
    target: DecimalText
    stretch: DecimalText
    threshold_score: DecimalText
    target_score: DecimalText
    stretch_score: DecimalText
    below: Literal["zero", "min"]


def piecewise_linear(parameters: PiecewiseLinearParameters, fact: ValueFact) -> Working:
    """Linear between threshold, target and stretch, level beyond stretch (SR-02 线性插值)."""
    value = parse_decimal(fact.value)
    points = [
        (parse_decimal(parameters.threshold), parse_decimal(parameters.threshold_score)),
        (parse_decimal(parameters.target), parse_decimal(parameters.target_score)),
        (parse_decimal(parameters.stretch), parse_decimal(parameters.stretch_score)),
    ]
    (threshold, low), (target, _), (stretch, high) = points
    if not threshold < target < stretch:
        detail = "threshold, target and stretch must ascend"
        raise RuleViolation(detail)
    if value < threshold:
        score = Fraction(0) if parameters.below == "zero" else low
        return Working(
            exact=score,
            zh=f"实际 {fact.value} 低于门槛值 {parameters.threshold}，得 {shown(score)}",
            en=f"actual {fact.value} is below the threshold {parameters.threshold}: {shown(score)}",
        )
    if value >= stretch:
        return Working(
            exact=high,
            zh=f"实际 {fact.value} 达到挑战值 {parameters.stretch}，得 {shown(high)}",
            en=f"actual {fact.value} reaches the stretch {parameters.stretch}: {shown(high)}",
        )
    (x_lo, y_lo), (x_hi, y_hi) = points[:2] if value < target else points[1:]
    score = y_lo + (value - x_lo) * (y_hi - y_lo) / (x_hi - x_lo)
    between = f"({shown(x_lo)}, {shown(y_lo)})-({shown(x_hi)}, {shown(y_hi)})"
    return Working(
        exact=score,
        zh=f"实际 {fact.value} 在 {between} 间线性插值 = {shown(score)}",
        en=f"actual {fact.value} interpolated on {between} = {shown(score)}",
    )


class StepParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points per `step` of relative deviation from the target, each direction with its cap.

    `step` is a ratio (3 % is ``0.03``); `mode` says whether a broken step counts in part.
    """

    target: DecimalText
    base: DecimalText
    step: DecimalText
    mode: StepMode
    points_up: DecimalText
    points_down: DecimalText
    cap_up: DecimalText
    cap_down: DecimalText


def steps_counted(distance: Fraction, step: Fraction, mode: StepMode) -> Fraction:
    """The steps that count within a distance."""
    if mode == "whole_step":
        return Fraction(whole_steps(distance, step))
    return distance / step


def step(parameters: StepParameters, fact: ValueFact) -> Working:
    """The base ± points per step of relative deviation, capped (SR-03)."""
    target = positive("target", parameters.target)
    deviation = (parse_decimal(fact.value) - target) / target
    up = deviation >= 0
    count = steps_counted(abs(deviation), positive("step", parameters.step), parameters.mode)
    points = parse_decimal(parameters.points_up if up else parameters.points_down)
    cap = parse_decimal(parameters.cap_up if up else parameters.cap_down)
    change = min(count * points, cap)
    score = parse_decimal(parameters.base) + (change if up else -change)
    sign = "+" if up else "-"
    return Working(
        exact=score,
        zh=f"实际 {fact.value} 对目标 {parameters.target} 偏差 {shown(deviation)}，"
        f"每 {parameters.step} 一档共 {shown(count)} 档 "
        f"× {shown(points)} 分，上限 {shown(cap)}：{parameters.base} {sign} "
        f"{shown(change)} = {shown(score)}",
        en=f"actual {fact.value} deviates {shown(deviation)} from {parameters.target}: "
        f"{shown(count)} steps of {parameters.step} "
        f"x {shown(points)}, cap {shown(cap)}: {parameters.base} {sign} "
        f"{shown(change)} = {shown(score)}",
    )


class Band(Row, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The score of values in ``[lo, hi)``; None is unbounded on that side."""

    lo: DecimalText | None
    hi: DecimalText | None
    score: DecimalText


class BandParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bands from the highest to the lowest, without gap or overlap."""

    bands: Annotated[tuple[Band, ...], msgspec.Meta(min_length=1)]


def holds(lo: str | None, hi: str | None, value: Fraction) -> bool:
    """Whether a value lies in the half-open band ``[lo, hi)``."""
    return (lo is None or value >= parse_decimal(lo)) and (hi is None or value < parse_decimal(hi))


def band_text(lo: str | None, hi: str | None) -> str:
    """A half-open band for people, e.g. ``[85, 90)``."""
    left = "(-∞" if lo is None else f"[{lo}"
    return f"{left}, {'∞' if hi is None else hi})"


def banded(bands: Sequence[Band], value: Fraction) -> Band | None:
    """The band that holds the value, or None."""
    return next((band for band in bands if holds(band.lo, band.hi, value)), None)


def band(parameters: BandParameters, fact: ValueFact) -> Working:
    """The score of the band that holds the value (SR-04 区间法)."""
    found = banded(parameters.bands, parse_decimal(fact.value))
    if found is None:
        detail = f"{fact.value} lies in no band"
        raise RuleViolation(detail, outside=fact.value)
    text = band_text(found.lo, found.hi)
    return Working(
        exact=parse_decimal(found.score),
        zh=f"实际 {fact.value} 在区间 {text}，得 {found.score}",
        en=f"actual {fact.value} lies in {text}: {found.score}",
    )


class InverseRatioParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`base` points when actual equals plan; a null floor or cap leaves that side open."""

    plan: DecimalText
    base: DecimalText
    floor: DecimalText | None
    cap: DecimalText | None


def inverse_ratio(parameters: InverseRatioParameters, fact: ValueFact) -> Working:
    """The base + base x (plan - actual) / plan (SR-06a 逆向指标)."""
    base = parse_decimal(parameters.base)
    plan = positive("plan", parameters.plan)
    free = base + base * (plan - parse_decimal(fact.value)) / plan
    score = free
    if parameters.floor is not None:
        score = max(score, parse_decimal(parameters.floor))
    if parameters.cap is not None:
        score = min(score, parse_decimal(parameters.cap))
    sum_text = f"{parameters.base} + {parameters.base} × ({parameters.plan} − {fact.value}) ÷ "
    return Working(
        exact=score,
        zh=f"{sum_text}{parameters.plan} = {shown(free)}，限后 {shown(score)}",
        en=f"{sum_text}{parameters.plan} = {shown(free)}, within its limits {shown(score)}",
    )


class InverseStepParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Points per absolute `step` from the target; above it is worse. A null cap leaves it open."""

    target: DecimalText
    base: DecimalText
    step: DecimalText
    mode: StepMode
    points_worse: DecimalText
    points_better: DecimalText
    cap_worse: DecimalText | None
    cap_better: DecimalText | None


def inverse_step(parameters: InverseStepParameters, fact: ValueFact) -> Working:
    """The base less points per step above the target, plus points per step below (SR-06b)."""
    deviation = parse_decimal(fact.value) - parse_decimal(parameters.target)
    worse = deviation > 0
    count = steps_counted(abs(deviation), positive("step", parameters.step), parameters.mode)
    points = parse_decimal(parameters.points_worse if worse else parameters.points_better)
    cap = parameters.cap_worse if worse else parameters.cap_better
    change = count * points if cap is None else min(count * points, parse_decimal(cap))
    score = parse_decimal(parameters.base) + (-change if worse else change)
    sign = "-" if worse else "+"
    return Working(
        exact=score,
        zh=f"实际 {fact.value} 较目标 {parameters.target} 差 {shown(deviation)}，"
        f"每 {parameters.step} 一档共 {shown(count)} 档 "
        f"× {shown(points)} 分：{parameters.base} {sign} {shown(change)} = "
        f"{shown(score)}",
        en=f"actual {fact.value} is {shown(deviation)} from the target {parameters.target}: "
        f"{shown(count)} steps of {parameters.step} x {shown(points)}: {parameters.base} {sign} "
        f"{shown(change)} = {shown(score)}",
    )


PROPORTIONAL_1 = Primitive(
    name="proportional@1",
    rule="SR-01",
    parameters=ProportionalParameters,
    fact=ValueFact,
    direction="increasing",
    compute=proportional,
)
PIECEWISE_LINEAR_1 = Primitive(
    name="piecewise_linear@1",
    rule="SR-02",
    parameters=PiecewiseLinearParameters,
    fact=ValueFact,
    direction="increasing",
    compute=piecewise_linear,
)
STEP_1 = Primitive(
    name="step@1",
    rule="SR-03",
    parameters=StepParameters,
    fact=ValueFact,
    direction="increasing",
    compute=step,
)
BAND_1 = Primitive(
    name="band@1",
    rule="SR-04",
    parameters=BandParameters,
    fact=ValueFact,
    direction="none",
    compute=band,
)
INVERSE_RATIO_1 = Primitive(
    name="inverse_ratio@1",
    rule="SR-06a",
    parameters=InverseRatioParameters,
    fact=ValueFact,
    direction="decreasing",
    compute=inverse_ratio,
)
INVERSE_STEP_1 = Primitive(
    name="inverse_step@1",
    rule="SR-06b",
    parameters=InverseStepParameters,
    fact=ValueFact,
    direction="decreasing",
    compute=inverse_step,
)
