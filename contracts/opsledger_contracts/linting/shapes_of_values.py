"""Shapes of rules for measured, judged and counted values: SR-01, 02, 04, 05, 06a, 09."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import msgspec

from opsledger_contracts.linting.drawing import (
    ACTUAL,
    Terms,
    Unsound,
    above_zero,
    optional,
    piece,
)
from opsledger_contracts.linting.pieces import ZERO, Axis, Line, Shape, clamped
from opsledger_contracts.rules.deductions import DeductCountParameters
from opsledger_contracts.rules.discipline import CountedDeductionParameters
from opsledger_contracts.rules.judgements import ScaleParameters
from opsledger_contracts.rules.measures import (
    Band,
    BandParameters,
    InverseRatioParameters,
    PiecewiseLinearParameters,
    ProportionalParameters,
    band_text,
)
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_contracts.rules.targets import OpenProportionalParameters, SteppedStartParameters


def proportional(
    parameters: ProportionalParameters | OpenProportionalParameters, terms: Terms
) -> Iterator[Shape]:
    """One line through the origin, held within floor and cap."""
    scale, target = parse_decimal(parameters.scale), above_zero(parameters.target)
    floor, cap = optional(parameters.floor), optional(parameters.cap)
    line = piece(Line(slope=scale / target, intercept=ZERO), "比例", "proportional")
    yield Shape(
        pieces=tuple(
            clamped(
                (line,),
                None if floor is None else scale * floor,
                None if cap is None else scale * cap,
            )
        ),
        axis=terms.measured_in("target", "目标值", "target"),
    )


def piecewise_linear(parameters: PiecewiseLinearParameters, terms: Terms) -> Iterator[Shape]:
    """Level, two lines, level."""
    threshold, target, stretch = (
        parse_decimal(parameters.threshold),
        parse_decimal(parameters.target),
        parse_decimal(parameters.stretch),
    )
    low, middle, high = (
        parse_decimal(parameters.threshold_score),
        parse_decimal(parameters.target_score),
        parse_decimal(parameters.stretch_score),
    )
    if not threshold < target < stretch:
        raise Unsound
    under = ZERO if parameters.below == "zero" else low
    first = Line.through(threshold, low, (middle - low) / (target - threshold))
    second = Line.through(target, middle, (high - middle) / (stretch - target))
    yield Shape(
        pieces=(
            piece(Line.level(under), "低于门槛值", "below threshold", hi=threshold),
            piece(first, "门槛至目标", "threshold to target", lo=threshold, hi=target, held=True),
            piece(second, "目标至挑战", "target to stretch", lo=target, hi=stretch, held=True),
            piece(Line.level(high), "挑战值以上", "stretch and beyond", lo=stretch, held=True),
        ),
        axis=terms.taken_as(
            "threshold", "门槛 1、目标 2、挑战 3", "threshold 1, target 2, stretch 3"
        ),
    )


def band(parameters: BandParameters, _terms: Terms) -> Iterator[Shape]:
    """One level per band, from the lowest to the highest."""
    rows = sorted(parameters.bands, key=_lower_end)
    for row, above in pairwise(rows):
        if row.hi is None or above.lo is None or parse_decimal(row.hi) != parse_decimal(above.lo):
            raise Unsound
    yield Shape(
        pieces=tuple(
            piece(
                Line.level(parse_decimal(row.score)),
                band_text(row.lo, row.hi),
                band_text(row.lo, row.hi),
                lo=optional(row.lo),
                hi=optional(row.hi),
                held=row.lo is not None,
            )
            for row in rows
        ),
        axis=ACTUAL,
        steps_declared=True,
    )


def _lower_end(row: Band) -> tuple[bool, Fraction]:
    return (row.lo is not None, ZERO if row.lo is None else parse_decimal(row.lo))


def deduction(
    parameters: DeductCountParameters | CountedDeductionParameters, _terms: Terms
) -> Iterator[Shape]:
    """One point less per point deducted, down to the floor."""
    line = Line(slope=Fraction(-1), intercept=parse_decimal(parameters.base))
    start = piece(line, "扣分", "deducting", lo=ZERO, held=True)
    yield Shape(
        pieces=tuple(clamped((start,), parse_decimal(parameters.floor), None)),
        axis=Axis(zh="累计扣分", en="points deducted"),
    )


def inverse_ratio(parameters: InverseRatioParameters, terms: Terms) -> Iterator[Shape]:
    """One falling line, held within floor and cap."""
    base, plan = parse_decimal(parameters.base), above_zero(parameters.plan)
    line = piece(Line(slope=-base / plan, intercept=2 * base), "比率", "ratio")
    yield Shape(
        pieces=tuple(clamped((line,), optional(parameters.floor), optional(parameters.cap))),
        axis=terms.measured_in("plan", "计划值", "plan"),
    )


def stepped_start(parameters: SteppedStartParameters, _terms: Terms) -> Iterator[Shape]:
    """The floor until the condition is met, then the formula from wherever it stands."""
    condition, start = parse_decimal(parameters.condition), parse_decimal(parameters.start)
    floor, full = parse_decimal(parameters.floor), parse_decimal(parameters.full)
    line = Line.through(start, ZERO, full / (parse_decimal(parameters.target) - start))
    paid = piece(line, "公式", "formula", lo=condition, held=parameters.included)
    first, *others = clamped((paid,), floor, optional(parameters.cap))
    sign = "<" if parameters.included else "≤"
    yield Shape(
        pieces=(
            piece(
                Line.level(floor),
                f"未满足条件（{sign} {shown(condition)}）",
                f"condition not met ({sign} {shown(condition)})",
                hi=condition,
            ),
            msgspec.structs.replace(first, lo_held=parameters.included),
            *others,
        ),
        axis=ACTUAL,
    )


def scale(parameters: ScaleParameters, _terms: Terms) -> Iterator[Shape]:
    """The judged value itself."""
    chosen = piece(
        Line(slope=Fraction(1), intercept=ZERO),
        "评定值",
        "judged value",
        lo=parse_decimal(parameters.floor),
        hi=parse_decimal(parameters.cap),
        held=True,
    )
    yield Shape(pieces=(chosen,), axis=Axis(zh="评定值", en="judged value"))
