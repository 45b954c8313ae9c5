"""The score as an exact piecewise function of what was achieved.

A rule is cut into pieces on each of which it is a line or a staircase. Where pieces meet, the
limits from both sides and the value itself are compared as exact fractions, so a jump is found by
its place and size and never by trying values.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal, cast

import msgspec

Side = Literal["left", "right"]
Trend = Literal["rising", "falling", "flat"]
ZERO: Final = Fraction(0)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """``intercept + slope * x``."""

    slope: Fraction
    intercept: Fraction

    @classmethod
    def level(cls, value: Fraction) -> "Line":
        """The same score everywhere."""
        return cls(slope=ZERO, intercept=value)

    @classmethod
    def through(cls, x: Fraction, y: Fraction, slope: Fraction) -> "Line":
        """The line of a slope through a point."""
        return cls(slope=slope, intercept=y - slope * x)

    def towards(self, x: Fraction, _side: Side) -> Fraction:
        """The limit at `x`, which for a line is its value."""
        return self.intercept + self.slope * x

    def value(self, x: Fraction) -> Fraction:
        """The score at `x`."""
        return self.towards(x, "left")

    @property
    def trend(self) -> Trend:
        """How the score moves as `x` grows."""
        return _trend(self.slope)


class Stairs(msgspec.Struct, frozen=True, kw_only=True):
    """Whole steps: `rise` for each full `width` between `x` and `origin`, `limit` at most in all.

    `ascending` counts steps to the right of the origin, otherwise to the left of it. `limit` is a
    positive amount, or None.
    """

    origin: Fraction
    base: Fraction
    width: Fraction
    rise: Fraction
    limit: Fraction | None
    ascending: bool

    def towards(self, x: Fraction, side: Side) -> Fraction:
        """The limit at `x` from one side."""
        steps = self._distance(x) / self.width
        count = steps.numerator // steps.denominator
        before_step = "left" if self.ascending else "right"
        if steps.denominator == 1 and side == before_step:
            count -= 1
        return self.base + self._change(count)

    def value(self, x: Fraction) -> Fraction:
        """The score at `x`: a step counts from exactly its full width on."""
        return self.towards(x, "right" if self.ascending else "left")

    @property
    def trend(self) -> Trend:
        """How the score moves as `x` grows."""
        return _trend(self.rise if self.ascending else -self.rise)

    def _distance(self, x: Fraction) -> Fraction:
        return x - self.origin if self.ascending else self.origin - x

    def _change(self, count: int) -> Fraction:
        free = count * self.rise
        if self.limit is None or abs(free) <= self.limit:
            return free
        return self.limit if free > 0 else -self.limit


def _trend(slope: Fraction) -> Trend:
    if slope == 0:
        return "flat"
    return "rising" if slope > 0 else "falling"


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One piece between two places; None is unbounded. `lo_held` says it owns its lower end.

    The upper end belongs to it when the next piece does not hold it. `zh` and `en` name the part of
    the rule.
    """

    lo: Fraction | None
    hi: Fraction | None
    lo_held: bool
    run: Line | Stairs
    zh: str
    en: str


class Jump(msgspec.Struct, frozen=True, kw_only=True):
    """Where two neighbouring pieces do not meet: scores just below, at, and just above a place."""

    at: Fraction
    before: Fraction
    value: Fraction
    after: Fraction
    below: Piece
    above: Piece


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """What is achieved, in words; `days` says that it comes in whole days only."""

    zh: str
    en: str
    days: bool = False


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One rule with all its terms as pieces from left to right, touching one another.

    `steps_declared` says that jumps between pieces are what the rule is made of (a table of bands).
    `case_zh` and `case_en` say which of several cases of the rule it is, empty where there is one.
    """

    pieces: tuple[Piece, ...]
    axis: Axis
    case_zh: str = ""
    case_en: str = ""
    steps_declared: bool = False

    def jumps(self) -> Iterator[Jump]:
        """Every place between two pieces where the score jumps, from left to right."""
        for below, above in pairwise(self.pieces):
            # Only the first piece can be unbounded to the left.
            at = cast("Fraction", above.lo)
            before = below.run.towards(at, "left")
            after = above.run.towards(at, "right")
            value = (above if above.lo_held else below).run.value(at)
            if not before == value == after:
                yield Jump(at=at, before=before, value=value, after=after, below=below, above=above)

    def against(self, direction: Literal["increasing", "decreasing"]) -> Iterator[Piece | Jump]:
        """Every piece and jump that moves against a direction."""
        bad: Trend = "falling" if direction == "increasing" else "rising"
        for piece in self.pieces:
            if piece.run.trend == bad:
                yield piece
        for jump in self.jumps():
            steps = (jump.value - jump.before, jump.after - jump.value)
            if any(_trend(step) == bad for step in steps):
                yield jump


def clamped(pieces: Sequence[Piece], floor: Fraction | None, cap: Fraction | None) -> list[Piece]:
    """Pieces of lines held within floor and cap, cut exactly where they reach them.

    The floor is applied last, as `max(floor, min(cap, score))`.
    """
    cut = list(pieces)
    if cap is not None:
        cut = [part for piece in cut for part in _held(piece, cap, "上限", "cap", above=True)]
    if floor is not None:
        cut = [part for piece in cut for part in _held(piece, floor, "下限", "floor", above=False)]
    return cut


def _held(piece: Piece, limit: Fraction, zh: str, en: str, *, above: bool) -> Iterator[Piece]:
    """A piece with what lies beyond a limit replaced by the limit."""
    run = cast("Line", piece.run)
    level = msgspec.structs.replace(piece, run=Line.level(limit), zh=zh, en=en)

    def beyond(value: Fraction) -> bool:
        return value > limit if above else value < limit

    if run.slope == 0:
        yield level if beyond(run.intercept) else piece
        return
    crossing = (limit - run.intercept) / run.slope
    left_beyond = (run.slope > 0) != above
    first, second = (level, piece) if left_beyond else (piece, level)
    if piece.lo is None or crossing > piece.lo:
        ends = piece.hi is not None and crossing >= piece.hi
        yield first if ends else msgspec.structs.replace(first, hi=crossing)
        if ends:
            return
        yield msgspec.structs.replace(second, lo=crossing, lo_held=True)
        return
    yield second
