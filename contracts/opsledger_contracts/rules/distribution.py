"""Forced distribution of individual grades by the organisation's grade (SR-21)."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.documents.rulebook import (
    DistributionPolicy,
    QuotaRow,
)
from opsledger_contracts.documents.section import GradeShare, IntegerRounding
from opsledger_contracts.documents.structure import SmallUnitRow
from opsledger_contracts.rules.errors import HeadcountTooSmall, UnknownGrade
from opsledger_contracts.rules.numbers import parse_decimal, quantise


class Quota(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A number of persons for the named grades together."""

    grades: tuple[str, ...]
    persons: int


class Quotas(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The quotas of one unit: at most and at least so many persons."""

    organisation_grade: str
    headcount: int
    clause: str
    cumulative: bool
    maxima: tuple[Quota, ...]
    minima: tuple[Quota, ...]


def quotas(headcount: int, organisation_grade: str, policy: DistributionPolicy) -> Quotas:
    """The quotas of a unit of this grade and headcount.

    The headcount is of persons assessed at period end, without heads and those with too few months.

    Raises:
        HeadcountTooSmall: the unit pools with a sibling group instead, see `pools`.
        UnknownGrade: the policy has no row for the organisation grade.

    """
    if headcount < policy.headcount_min and policy.small_units is not msgspec.UNSET:
        return _absolute(headcount, organisation_grade, policy, policy.small_units)
    if headcount < policy.headcount_min:
        raise HeadcountTooSmall(
            clause=policy.clause, minimum=str(policy.headcount_min), found=str(headcount)
        )
    row = _row(organisation_grade, policy)

    def persons(share: GradeShare, rounding: IntegerRounding) -> Quota:
        exact = headcount * parse_decimal(share.share)
        return Quota(grades=share.grades, persons=int(quantise(exact, 0, rounding)))

    return Quotas(
        organisation_grade=organisation_grade,
        headcount=headcount,
        clause=policy.clause,
        cumulative=policy.cumulative,
        maxima=tuple(persons(share, policy.maxima_rounding) for share in row.maxima),
        minima=tuple(persons(share, policy.minima_rounding) for share in row.minima),
    )


def _absolute(
    headcount: int,
    organisation_grade: str,
    policy: DistributionPolicy,
    rows: tuple[SmallUnitRow, ...],
) -> Quotas:
    """The numbers of persons that the rulebook gives to small units."""
    for row in rows:
        if row.organisation_grade == organisation_grade:
            return Quotas(
                organisation_grade=organisation_grade,
                headcount=headcount,
                clause=policy.clause,
                cumulative=policy.cumulative,
                maxima=tuple(Quota(grades=q.grades, persons=q.persons) for q in row.maxima),
                minima=tuple(Quota(grades=q.grades, persons=q.persons) for q in row.minima),
            )
    raise UnknownGrade(clause=policy.clause, grade=organisation_grade)


class UnitHeadcount(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit with its group of siblings, its headcount and its organisation grade."""

    unit: str
    siblings: str
    headcount: int
    organisation_grade: str


def pools(
    units: Sequence[UnitHeadcount], policy: DistributionPolicy
) -> tuple[tuple[UnitHeadcount, ...], ...]:
    """Units that share quotas: each large one alone, the small ones of a sibling group together.

    Where these are still too few, the smallest large sibling joins them, the first by code among
    equals. Pools are in order of their first unit.

    Raises:
        HeadcountTooSmall: a whole sibling group has too few persons.

    """
    found: list[tuple[UnitHeadcount, ...]] = []
    for siblings in sorted({unit.siblings for unit in units}):
        group = sorted(
            (unit for unit in units if unit.siblings == siblings),
            key=lambda unit: (unit.headcount, unit.unit),
        )
        small = [unit for unit in group if unit.headcount < policy.headcount_min]
        large = group[len(small) :]
        if small and sum(unit.headcount for unit in small) < policy.headcount_min:
            small += large[:1]
            large = large[1:]
        persons = sum(unit.headcount for unit in small)
        if small and persons < policy.headcount_min:
            raise HeadcountTooSmall(
                clause=policy.clause, minimum=str(policy.headcount_min), found=str(persons)
            )
        if small:
            found.append(tuple(sorted(small, key=lambda unit: unit.unit)))
        found.extend((unit,) for unit in large)
    return tuple(sorted(found, key=lambda pool: pool[0].unit))


def pooled_quotas(pool: Sequence[UnitHeadcount], policy: DistributionPolicy) -> Quotas:
    """The quotas of units that pool: each counts by its own grade, and the sum is rounded once.

    Raises:
        HeadcountTooSmall: the pool has too few persons.
        UnknownGrade: the policy has no row for an organisation grade.

    """
    headcount = sum(unit.headcount for unit in pool)
    if headcount < policy.headcount_min:
        raise HeadcountTooSmall(
            clause=policy.clause, minimum=str(policy.headcount_min), found=str(headcount)
        )
    maxima: dict[tuple[str, ...], Fraction] = {}
    minima: dict[tuple[str, ...], Fraction] = {}
    for unit in pool:
        row = _row(unit.organisation_grade, policy)
        for shares, total in ((row.maxima, maxima), (row.minima, minima)):
            for share in shares:
                persons = unit.headcount * parse_decimal(share.share)
                total[share.grades] = total.get(share.grades, Fraction(0)) + persons

    def rounded(
        total: Mapping[tuple[str, ...], Fraction], rounding: IntegerRounding
    ) -> tuple[Quota, ...]:
        return tuple(
            Quota(grades=grades, persons=int(quantise(persons, 0, rounding)))
            for grades, persons in total.items()
        )

    return Quotas(
        organisation_grade="+".join(sorted({unit.organisation_grade for unit in pool})),
        headcount=headcount,
        clause=policy.clause,
        cumulative=policy.cumulative,
        maxima=rounded(maxima, policy.maxima_rounding),
        minima=rounded(minima, policy.minima_rounding),
    )


def _row(organisation_grade: str, policy: DistributionPolicy) -> QuotaRow:
    for row in policy.rows:
        if row.organisation_grade == organisation_grade:
            return row
    raise UnknownGrade(clause=policy.clause, grade=organisation_grade)


def distribution_findings(assigned: Mapping[str, int], limits: Quotas) -> tuple[Finding, ...]:
    """Every quota that a distribution of persons over grades breaks; empty when none.

    With cumulative quotas, places that better grades left unused pass on. Codes: `quota_exceeded`,
    `quota_missed`, `headcount_mismatch`.
    """
    findings: list[Finding] = []

    def report(code: str, path: str, zh: str, en: str) -> None:
        findings.append(Finding(code=code, path=path, zh=zh, en=en, clause=limits.clause))

    placed = sum(assigned.values())
    if placed != limits.headcount:
        report(
            "headcount_mismatch",
            "assigned",
            f"应评 {limits.headcount} 人，实评 {placed} 人",
            f"{limits.headcount} persons are assessed, {placed} have a grade",
        )
    unused = 0
    for quota in limits.maxima:
        name = "+".join(quota.grades)
        found = sum(assigned.get(grade, 0) for grade in quota.grades)
        allowed = quota.persons + (unused if limits.cumulative else 0)
        if found > allowed:
            report(
                "quota_exceeded",
                f"assigned.{name}",
                f"{name} 至多 {allowed} 人，实为 {found} 人",
                f"at most {allowed} persons get {name}, found {found}",
            )
        unused = max(0, allowed - found)
    for quota in limits.minima:
        name = "+".join(quota.grades)
        found = sum(assigned.get(grade, 0) for grade in quota.grades)
        if found < quota.persons:
            report(
                "quota_missed",
                f"assigned.{name}",
                f"{name} 至少 {quota.persons} 人，实为 {found} 人",
                f"at least {quota.persons} persons get {name}, found {found}",
            )
    return tuple(findings)
