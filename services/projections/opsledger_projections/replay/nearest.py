"""The nearest value of one fact at which the grade moves, found by the pieces of the rule.

Between two breakpoints the total is a line in the fact, so two totals give the whole piece and the
place where it meets an edge of a grade is solved for, not searched. A piece in which the total bends
all the same (a cap on the total) is cut in two until it does not.
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Final

import msgspec

from opsledger_projections.replay.composing import Edge, Landing

_DEPTH_MAX: Final = 40
"""How often a piece is halved around a bend; what is left is below 1e-12 of it."""
_CUTS_MAX: Final = 400
"""How often a piece is halved in all, which is enough for ten bends."""
_MARGIN: Final = Fraction(1, 64)


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that can have any value between two ends; None is open.

    `at` tells where the assessment lands at a value; between neighbouring `breaks` it is a line.
    """

    start: Fraction
    low: Fraction | None
    high: Fraction | None
    breaks: tuple[Fraction, ...]
    at: Callable[[Fraction], Landing]


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A value at which the grade moves; without `reached`, any value just beyond it."""

    value: Fraction
    reached: bool


def moves(axis: Axis, grade: str, edges: Sequence[Edge]) -> Iterator[Move]:
    """The nearest value below and the nearest value above at which the grade is another."""
    for rising in (False, True):
        found = _first(axis, grade, edges, rising=rising)
        if found is not None:
            yield found


def _first(axis: Axis, grade: str, edges: Sequence[Edge], *, rising: bool) -> Move | None:
    end = axis.high if rising else axis.low
    beyond = {cut for cut in axis.breaks if (cut > axis.start if rising else cut < axis.start)}
    cuts = sorted(beyond, reverse=not rising)
    if end is not None:
        cuts = [cut for cut in cuts if (cut < end if rising else cut > end)]
        cuts += [end] if end != axis.start else []
    near = axis.start
    for cut in cuts:
        found = _inside(axis, grade, edges, near, cut)
        if found is not None:
            return found
        if axis.at(cut).grade != grade:
            return Move(value=cut, reached=True)
        near = cut
    if end is not None:
        return None
    return _outside(axis, grade, edges, near, rising=rising)


def _inside(
    axis: Axis, grade: str, edges: Sequence[Edge], start: Fraction, end: Fraction
) -> Move | None:
    """The first move strictly between two places, neither of which is looked at."""
    pending = [(start, end, 0)]
    cuts = 0
    while pending:
        near, far, depth = pending.pop()
        if near != start and axis.at(near).grade != grade:
            return Move(value=near, reached=True)
        width = far - near
        first, last = near + width * _MARGIN, far - width * _MARGIN
        middle = near + width / 2
        a, m, b = axis.at(first), axis.at(middle), axis.at(last)
        if 2 * m.value == a.value + b.value:
            found = _on_line(axis, grade, edges, (near, far), ((first, a), (last, b)))
            if found is not None:
                return found
        elif depth < _DEPTH_MAX and cuts < _CUTS_MAX:
            cuts += 1
            pending += [(middle, far, depth + 1), (near, middle, depth + 1)]
    return None


def _outside(
    axis: Axis, grade: str, edges: Sequence[Edge], near: Fraction, *, rising: bool
) -> Move | None:
    """The first move beyond the last breakpoint, where the line goes on for ever."""
    width = max(abs(near), Fraction(1)) * (1 if rising else -1)
    points = tuple((place, axis.at(place)) for place in (near + width, near + 2 * width))
    return _on_line(axis, grade, edges, (near, None), points)


def _on_line(
    axis: Axis,
    grade: str,
    edges: Sequence[Edge],
    ends: tuple[Fraction, Fraction | None],
    points: Sequence[tuple[Fraction, Landing]],
) -> Move | None:
    near, far = ends
    (first, a), (last, b) = points
    slope = (b.value - a.value) / (last - first)
    if slope == 0:
        return Move(value=near, reached=False) if a.grade != grade else None
    sign = 1 if last > first else -1
    rising = slope * sign > 0
    met = sorted(
        (sign * (place - near), place, edge.included == rising)
        for edge in edges
        for place in (first + (edge.value - a.value) / slope,)
        if sign * (place - near) >= 0 and (far is None or sign * (far - place) > 0)
    )
    starts = [(near, False), *((place, reached) for _, place, reached in met)]
    stops = [place for _, place, _ in met] + [starts[-1][0] + 2 * sign if far is None else far]
    for (start, reached), stop in zip(starts, stops, strict=True):
        if start != stop and axis.at((start + stop) / 2).grade != grade:
            return Move(value=start, reached=reached)
    return None
