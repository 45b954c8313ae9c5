"""Grades of organisations and how near a total is to the next one (SR-14)."""

from fractions import Fraction
from typing import Literal

import msgspec

from opsledger_contracts.documents.rulebook import GradeBand, GradePolicy
from opsledger_contracts.documents.structure import StatusPolicy
from opsledger_contracts.rules.errors import OutsideBands
from opsledger_contracts.rules.measures import holds
from opsledger_contracts.rules.numbers import parse_decimal, shown


class Boundary(msgspec.Struct, frozen=True, kw_only=True):
    """The nearest edge of the grade's band: how far it is, and which grade lies beyond.

    ``below`` means that the total lies `distance` below the better grade, ``above`` that it lies
    `distance` above the edge of the worse one. A total on the lower edge is 0 above.
    """

    grade: str
    neighbour: str
    distance: Fraction
    side: Literal["below", "above"]

    @property
    def en(self) -> str:
        """E.g. ``0.04 below A``."""
        return f"{shown(self.distance)} {self.side} {self.neighbour}"

    @property
    def zh(self) -> str:
        """E.g. ``距 A 差 0.04 分``."""
        if self.side == "below":
            return f"距 {self.neighbour} 差 {shown(self.distance)} 分"
        return f"高于 {self.neighbour} 上限 {shown(self.distance)} 分"


def as_grades(policy: StatusPolicy) -> GradePolicy:
    """The bands of the operating status as bands of a grade."""
    return GradePolicy(
        clause=policy.clause,
        basis=policy.basis,
        bands=tuple(
            GradeBand(grade=band.status, lo=band.lo, hi=band.hi, zh=band.zh, en=band.en)
            for band in policy.bands
        ),
    )


def grade_of(total: Fraction, policy: GradePolicy) -> GradeBand:
    """The band that holds a total.

    Raises:
        OutsideBands: none does; a validated rulebook covers every total.

    """
    for band in policy.bands:
        if holds(band.lo, band.hi, total):
            return band
    raise OutsideBands(item="total", value=shown(total), clause=policy.clause)


def nearest_boundary(total: Fraction, policy: GradePolicy) -> Boundary | None:
    """The nearest edge between the total's grade and a neighbour; None where there is one grade.

    At equal distance the better grade is named.
    """
    place = policy.bands.index(grade_of(total, policy))
    band = policy.bands[place]
    found: list[Boundary] = []
    if band.hi is not None:
        found.append(
            Boundary(
                grade=band.grade,
                neighbour=policy.bands[place - 1].grade,
                distance=parse_decimal(band.hi) - total,
                side="below",
            )
        )
    if band.lo is not None:
        found.append(
            Boundary(
                grade=band.grade,
                neighbour=policy.bands[place + 1].grade,
                distance=total - parse_decimal(band.lo),
                side="above",
            )
        )
    return min(found, key=lambda boundary: boundary.distance, default=None)
