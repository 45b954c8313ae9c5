"""Shapes of rules that count steps from a target: SR-03 and SR-06b."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

import msgspec

from opsledger_contracts.linting.drawing import Terms, Unsound, optional, piece
from opsledger_contracts.linting.pieces import ZERO, Line, Piece, Shape, Stairs, clamped
from opsledger_contracts.rules.measures import InverseStepParameters, StepParameters
from opsledger_contracts.rules.numbers import parse_decimal
from opsledger_contracts.rules.targets import (
    BaselineDependentCapParameters,
    NegativeTargetParameters,
)


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a rule of steps.

    Each `width` away from `origin`, to the right if `ascending`, changes the score from `base` by
    `points` in the direction of `sign`, in all by at most `cap`; points below zero never reach it.
    """

    lo: Fraction | None
    hi: Fraction | None
    origin: Fraction
    base: Fraction
    width: Fraction
    points: Fraction
    cap: Fraction | None
    ascending: bool
    sign: Literal[1, -1]
    zh: str
    en: str

    def pieces(self, mode: Literal["whole_step", "pro_rata"]) -> list[Piece]:
        """A staircase, or for broken steps a line held at the cap.

        Raises:
            Unsound: the step or the cap is impossible.

        """
        if self.width <= 0 or (self.cap is not None and self.cap < 0):
            raise Unsound
        rise = self.sign * self.points
        limit = None if self.points < 0 else self.cap
        if mode == "whole_step":
            return [
                self._piece(
                    Stairs(
                        origin=self.origin,
                        base=self.base,
                        width=self.width,
                        rise=rise,
                        limit=limit,
                        ascending=self.ascending,
                    )
                )
            ]
        slope = rise / self.width if self.ascending else -rise / self.width
        line = self._piece(Line.through(self.origin, self.base, slope))
        if limit is None:
            return [line]
        if self.sign > 0:
            return clamped((line,), None, self.base + limit)
        return clamped((line,), self.base - limit, None)

    def _piece(self, run: Line | Stairs) -> Piece:
        return piece(run, self.zh, self.en, lo=self.lo, hi=self.hi, held=self.lo is not None)


def step(parameters: StepParameters, terms: Terms) -> Iterator[Shape]:
    """Steps below and above the target."""
    pieces = _relative(parameters, parse_decimal(parameters.cap_up))
    yield Shape(pieces=pieces, axis=terms.measured_in("target", "目标值", "target"))


def baseline(parameters: BaselineDependentCapParameters, terms: Terms) -> Iterator[Shape]:
    """The same, once for each cap that a low target can bring about."""
    for row in parameters.caps_up:
        beyond = "0" if row.shortfall is None else row.shortfall
        yield Shape(
            pieces=_relative(parameters, parse_decimal(row.cap)),
            axis=terms.measured_in("target", "目标值", "target"),
            case_zh=f"目标较基准低 {beyond} 起，加分上限 {row.cap}",
            case_en=f"target {beyond} or more below the baseline, cap {row.cap}",
        )


def _relative(
    parameters: StepParameters | BaselineDependentCapParameters, cap_up: Fraction
) -> tuple[Piece, ...]:
    target, base = parse_decimal(parameters.target), parse_decimal(parameters.base)
    width = parse_decimal(parameters.step) * target
    below = Side(
        lo=None,
        hi=target,
        origin=target,
        base=base,
        width=width,
        points=parse_decimal(parameters.points_down),
        cap=parse_decimal(parameters.cap_down),
        ascending=False,
        sign=-1,
        zh="低于目标",
        en="below target",
    )
    above = Side(
        lo=target,
        hi=None,
        origin=target,
        base=base,
        width=width,
        points=parse_decimal(parameters.points_up),
        cap=cap_up,
        ascending=True,
        sign=1,
        zh="达到目标",
        en="target and above",
    )
    return (*below.pieces(parameters.mode), *above.pieces(parameters.mode))


def inverse_step(parameters: InverseStepParameters, terms: Terms) -> Iterator[Shape]:
    """Steps better and worse than the target, where less is better."""
    target, base = parse_decimal(parameters.target), parse_decimal(parameters.base)
    width = parse_decimal(parameters.step)
    better = Side(
        lo=None,
        hi=target,
        origin=target,
        base=base,
        width=width,
        points=parse_decimal(parameters.points_better),
        cap=optional(parameters.cap_better),
        ascending=False,
        sign=1,
        zh="优于目标",
        en="better than target",
    )
    worse = Side(
        lo=target,
        hi=None,
        origin=target,
        base=base,
        width=width,
        points=parse_decimal(parameters.points_worse),
        cap=optional(parameters.cap_worse),
        ascending=True,
        sign=-1,
        zh="劣于目标",
        en="worse than target",
    )
    yield Shape(
        pieces=(*better.pieces(parameters.mode), *worse.pieces(parameters.mode)),
        axis=terms.beside("target", "目标值", "target"),
    )


def negative_target(parameters: NegativeTargetParameters, terms: Terms) -> Iterator[Shape]:
    """A growing loss, a shrinking loss and a profit, each with steps of its own width."""
    target, base = parse_decimal(parameters.target), parse_decimal(parameters.base)
    if target >= 0:
        raise Unsound
    width = parse_decimal(parameters.step) * -target
    grows = Side(
        lo=None,
        hi=target,
        origin=target,
        base=base,
        width=width,
        points=parse_decimal(parameters.points_down),
        cap=parse_decimal(parameters.cap_down),
        ascending=False,
        sign=-1,
        zh="增亏",
        en="the loss grows",
    )
    reduction, profit = (
        parse_decimal(parameters.reduction_share),
        parse_decimal(parameters.profit_share),
    )
    shrinks = Side(
        lo=target,
        hi=ZERO,
        origin=target,
        base=base,
        width=width,
        points=parse_decimal(parameters.points_up),
        cap=parse_decimal(parameters.cap_up),
        ascending=True,
        sign=1,
        zh="减亏",
        en="the loss shrinks",
    )
    pieces = [
        *grows.pieces(parameters.mode),
        *_shared(shrinks, reduction, target, base, parameters.mode),
    ]
    # Steps go on counting at zero: they began where the profit's own steps would have begun.
    began = ZERO if profit == 0 else reduction * target / profit
    earned = msgspec.structs.replace(shrinks, lo=ZERO, hi=None, zh="盈利", en="profit")
    pieces += _shared(earned, profit, began, pieces[-1].run.value(ZERO), parameters.mode)
    yield Shape(pieces=tuple(pieces), axis=terms.measured_in("target", "亏损目标", "planned loss"))


def _shared(
    side: Side,
    share: Fraction,
    origin: Fraction,
    level: Fraction,
    mode: Literal["whole_step", "pro_rata"],
) -> list[Piece]:
    """A side of which only a share counts; with none at all the score stays where it was."""
    if share == 0:
        return [piece(Line.level(level), side.zh, side.en, lo=side.lo, hi=side.hi, held=True)]
    return msgspec.structs.replace(side, origin=origin, width=side.width / share).pieces(mode)
