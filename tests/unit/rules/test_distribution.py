"""Forced distribution of individual grades (SR-21)."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.documents.structure import AbsoluteQuota, SmallUnitRow
from opsledger_contracts.rules.distribution import (
    UnitHeadcount,
    distribution_findings,
    pooled_quotas,
    pools,
    quotas,
)
from opsledger_contracts.rules.errors import HeadcountTooSmall, UnknownGrade
from support.scoring_examples import rulebook, vectors

POLICY = rulebook().distribution


@pytest.mark.parametrize(
    "case",
    vectors("SR-21")["cases"],
    ids=lambda case: f"{case['organisation_grade']} of {case['headcount']}",
)
def test_quotas_follow_the_organisation_grade(case: dict[str, Any]) -> None:
    """The worked quotas of 23 persons: A of 4 under B becomes 6 under A (R145)."""
    found = quotas(case["headcount"], case["organisation_grade"], POLICY)
    assert [quota.persons for quota in found.maxima] == case["maxima"]
    assert [quota.persons for quota in found.minima] == case["minima"]
    assert [quota.grades for quota in found.maxima] == [("A",), ("B",)]
    assert [quota.grades for quota in found.minima] == [("D", "E")]


def test_rounding_is_the_rulebooks() -> None:
    """A ceiling for the minimum asks for one person more."""
    policy = msgspec.structs.replace(POLICY, minima_rounding="ceiling", maxima_rounding="half_up")
    found = quotas(23, "B", policy)
    assert ([quota.persons for quota in found.maxima], found.minima[0].persons) == ([5, 12], 2)


def test_a_small_unit_pools() -> None:
    """Four persons have no quotas of their own."""
    with pytest.raises(HeadcountTooSmall, match="at least 5 persons, found 4"):
        quotas(4, "A", POLICY)


def test_an_unknown_grade_has_no_quotas() -> None:
    """Only grades of the table have a row."""
    with pytest.raises(UnknownGrade, match="grade F"):
        quotas(23, "F", POLICY)


@pytest.mark.parametrize(
    ("assigned", "codes"),
    [
        ({"A": 4, "B": 11, "C": 7, "D": 1}, []),
        ({"A": 5, "B": 10, "C": 7, "E": 1}, ["quota_exceeded"]),
        ({"A": 4, "B": 11, "C": 8}, ["quota_missed"]),
        ({"A": 3, "B": 12, "C": 7, "D": 1}, ["quota_exceeded"]),
        ({"A": 4, "B": 11, "C": 6, "D": 1}, ["headcount_mismatch"]),
    ],
    ids=["fits", "too many A", "nobody in D or E", "B does not take from A", "one without grade"],
)
def test_a_distribution_keeps_its_quotas(assigned: dict[str, int], codes: list[str]) -> None:
    """A unit of 23 persons with organisation grade B (R145)."""
    findings = distribution_findings(assigned, quotas(23, "B", POLICY))
    assert [finding.code for finding in findings] == codes


def test_cumulative_quotas_pass_unused_places_on() -> None:
    """Where the rulebook says so, an unused A may be a B."""
    policy = msgspec.structs.replace(POLICY, cumulative=True)
    limits = quotas(23, "B", policy)
    assert distribution_findings({"A": 3, "B": 12, "C": 7, "D": 1}, limits) == ()
    assert distribution_findings({"A": 3, "B": 13, "C": 6, "D": 1}, limits) != ()


@pytest.mark.parametrize("case", vectors("SR-21b")["cases"], ids=lambda case: case["name"])
def test_small_units_pool_with_their_siblings(case: dict[str, Any]) -> None:
    """Each unit of a pool counts by its own grade, and persons are rounded once (R145)."""
    units = msgspec.convert(case["units"], tuple[UnitHeadcount, ...])
    found = pools(units, POLICY)
    assert [[unit.unit for unit in pool] for pool in found] == case["pools"]
    shared = [pooled_quotas(pool, POLICY) for pool in found]
    assert [
        [quota.persons for quota in (*limits.maxima, *limits.minima)] for limits in shared
    ] == case["quotas"]
    assert pools(units[::-1], POLICY) == found


def _unit(unit: str, headcount: int, grade: str = "A") -> UnitHeadcount:
    return UnitHeadcount(unit=unit, siblings="S1", headcount=headcount, organisation_grade=grade)


def test_a_pool_of_one_has_the_quotas_of_its_unit() -> None:
    """Pooling changes nothing where nothing is pooled."""
    for grade in "ABCDE":
        assert pooled_quotas((_unit("T1", 23, grade),), POLICY) == quotas(23, grade, POLICY)


def test_too_few_siblings_cannot_pool() -> None:
    """A sibling group of four has no quotas, nor has a pool of four."""
    few = (_unit("T1", 1), _unit("T2", 3))
    for function in (pools, pooled_quotas):
        with pytest.raises(HeadcountTooSmall, match="at least 5 persons, found 4"):
            function(few, POLICY)


def test_a_rulebook_may_give_absolute_numbers_to_small_units() -> None:
    """Four persons of an A unit: at most one A and two B; larger units keep their shares."""
    row = SmallUnitRow(
        organisation_grade="A",
        maxima=(AbsoluteQuota(grades=("A",), persons=1), AbsoluteQuota(grades=("B",), persons=2)),
        minima=(AbsoluteQuota(grades=("D", "E"), persons=0),),
    )
    policy = msgspec.structs.replace(POLICY, small_units=(row,))
    found = quotas(4, "A", policy)
    assert [quota.persons for quota in (*found.maxima, *found.minima)] == [1, 2, 0]
    assert quotas(5, "A", policy) == quotas(5, "A", POLICY)
    with pytest.raises(UnknownGrade, match="grade B"):
        quotas(4, "B", policy)
