"""Shapes of rules for completion: SR-07, SR-08 and fixture F5, over days late."""

from collections.abc import Iterator
from fractions import Fraction

from opsledger_contracts.linting.drawing import DAYS_LATE, EVERY_LEVEL, Terms, piece
from opsledger_contracts.linting.pieces import ZERO, Line, Shape, clamped
from opsledger_contracts.rules.deductions import LatenessParameters, NodeLevel
from opsledger_contracts.rules.discipline import CoefficientLatenessParameters
from opsledger_contracts.rules.judgements import BinaryParameters
from opsledger_contracts.rules.numbers import parse_decimal


def lateness(parameters: LatenessParameters, _terms: Terms) -> Iterator[Shape]:
    """Per node level: early bonus, first days, later days, nothing beyond the last one."""
    for row in parameters.levels:
        if parameters.node_level in {EVERY_LEVEL, row.level}:
            yield _level(row, parse_decimal(parameters.base), parse_decimal(parameters.floor))


def _level(row: NodeLevel, base: Fraction, floor: Fraction) -> Shape:
    first_days, cut = Fraction(row.first_days), Fraction(row.zero_after)
    first, later = parse_decimal(row.first_points), parse_decimal(row.later_points)
    bonus = Line.through(ZERO, base, -parse_decimal(row.early_points))
    early = clamped(
        (piece(bonus, "提前", "early", hi=ZERO),), None, base + parse_decimal(row.early_cap)
    )
    bend = min(first_days, cut)
    second = Line.through(bend, base - first * bend, -later)
    late = (
        piece(Line.through(ZERO, base, -first), "前段", "first days", lo=ZERO, hi=bend),
        piece(second, "后段", "later days", lo=bend, hi=cut),
    )
    counted = clamped([one for one in late if one.lo != one.hi], floor, None)
    gone = piece(Line.level(floor), f"超过 {cut} 天", f"beyond {cut} days", lo=cut)
    return Shape(
        pieces=(*early, *counted, gone),
        axis=DAYS_LATE,
        case_zh=f"{row.level} 级节点",
        case_en=f"node level {row.level}",
    )


def binary(parameters: BinaryParameters, _terms: Terms) -> Iterator[Shape]:
    """One score in time, the other one late."""
    yield Shape(
        pieces=(
            piece(Line.level(parse_decimal(parameters.met_score)), "达成", "met", hi=ZERO),
            piece(
                Line.level(parse_decimal(parameters.not_met_score)), "未达成", "not met", lo=ZERO
            ),
        ),
        axis=DAYS_LATE,
        steps_declared=True,
    )


def coefficient(parameters: CoefficientLatenessParameters, _terms: Terms) -> Iterator[Shape]:
    """Full marks in time, a falling line while open, nothing after closing."""
    worth, scale = parse_decimal(parameters.coefficient), parse_decimal(parameters.scale)
    per_day = parse_decimal(parameters.per_day)
    share = per_day if parameters.per_day_of == "share" else per_day / worth
    closing = max(Fraction((parameters.closes - parameters.due).days), ZERO)
    falling = piece(Line.through(ZERO, scale, -scale * share), "延误", "late", lo=ZERO, hi=closing)
    yield Shape(
        pieces=(
            piece(Line.level(scale), "按期", "in time", hi=ZERO),
            *(clamped((falling,), ZERO, None) if closing > 0 else ()),
            piece(Line.level(ZERO), "截止后", "after closing", lo=closing),
        ),
        axis=DAYS_LATE,
        case_zh=f"期限后 {closing} 天截止",
        case_en=f"closing {closing} days after the due day",
    )
