"""Forced distribution of individual grades (SR-21)."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.documents.rulebook import QuotaRow
from opsledger_contracts.documents.section import GradeShare
from opsledger_contracts.documents.structure import AbsoluteQuota, SmallUnitRow
from opsledger_contracts.rules.distribution import (
    Quota,
    Quotas,
    UnitHeadcount,
    distribution_findings,
    pooled_quotas,
    pools,
    quotas,
)
from opsledger_contracts.rules.errors import HeadcountTooSmall, UnknownGrade
from support.released import Released
from support.scoring_examples import rulebook, vectors

POLICY = rulebook().distribution


def _unit(unit: str, headcount: int, grade: str = "A") -> UnitHeadcount:
    return UnitHeadcount(unit=unit, siblings="S1", headcount=headcount, organisation_grade=grade)


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


def test_a_small_unit_pools(released: Released) -> None:
    """Four persons have no quotas of their own."""
    with pytest.raises(HeadcountTooSmall, match="at least 5 persons, found 4") as refused:
        quotas(4, "A", POLICY)
    released(refused.value)
    assert quotas(5, "A", POLICY).headcount == 5


def test_quotas_are_whole_persons() -> None:
    """2.5 persons are three where the rulebook rounds half up, alone and in a pool."""
    row = QuotaRow(
        organisation_grade="A", maxima=(GradeShare(grades=("A",), share="0.25"),), minima=()
    )
    policy = msgspec.structs.replace(POLICY, rows=(row,), maxima_rounding="half_up")
    pool = (_unit("T2", 6), _unit("T1", 4))
    assert quotas(10, "A", policy).maxima[0].persons == 3
    assert pooled_quotas(pool, policy).maxima[0].persons == 3


def test_a_pool_tells_its_grades_and_persons(released: Released) -> None:
    """Each grade once and in order, and all persons."""
    found = pooled_quotas((_unit("T1", 4, "B"), _unit("T2", 3, "A"), _unit("T3", 2, "B")), POLICY)
    assert (found.organisation_grade, found.headcount) == ("A+B", 9)
    released(found)


def test_the_grades_of_a_pool_are_told_in_order() -> None:
    """Nine grades, given from the last to the first, are told from the first to the last."""
    rows = tuple(
        msgspec.structs.replace(POLICY.rows[0], organisation_grade=grade) for grade in "ABCDEFGHI"
    )
    policy = msgspec.structs.replace(POLICY, rows=rows)
    pool = tuple(_unit(f"T{grade}", 2, grade) for grade in "IHGFEDCBA")
    assert pooled_quotas(pool, policy).organisation_grade == "A+B+C+D+E+F+G+H+I"


def test_units_that_are_just_large_enough_stand_alone() -> None:
    """Five persons are not too few, one by one or together."""
    assert pools((_unit("T1", 5), _unit("T2", 5)), POLICY) == ((_unit("T1", 5),), (_unit("T2", 5),))
    few = (_unit("T2", 2), _unit("T1", 3), _unit("T3", 9))
    assert [[row.unit for row in pool] for pool in pools(few, POLICY)] == [["T1", "T2"], ["T3"]]


def test_the_first_of_equal_siblings_joins_a_pool() -> None:
    """Of two large siblings of one size the first by code takes the small one in."""
    units = (_unit("T3", 6), _unit("T1", 2), _unit("T2", 6))
    found = [[row.unit for row in pool] for pool in pools(units, POLICY)]
    assert found == [["T1", "T2"], ["T3"]]


def test_an_unknown_grade_has_no_quotas(released: Released) -> None:
    """Only grades of the table have a row."""
    with pytest.raises(UnknownGrade, match="grade F") as refused:
        quotas(23, "F", POLICY)
    released(refused.value)


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
def test_a_distribution_keeps_its_quotas(
    assigned: dict[str, int], codes: list[str], released: Released
) -> None:
    """A unit of 23 persons with organisation grade B (R145)."""
    findings = distribution_findings(assigned, quotas(23, "B", POLICY))
    assert [finding.code for finding in findings] == codes
    released(findings)


def test_cumulative_quotas_pass_unused_places_on(released: Released) -> None:
    """Where the rulebook says so, an unused A may be a B."""
    policy = msgspec.structs.replace(POLICY, cumulative=True)
    limits = quotas(23, "B", policy)
    assert distribution_findings({"A": 3, "B": 12, "C": 7, "D": 1}, limits) == ()
    released(distribution_findings({"A": 3, "B": 13, "C": 6, "D": 1}, limits))
    # Whoever was too many in a better grade takes no place from a worse one.
    too_many = distribution_findings({"A": 6, "B": 11, "C": 5, "D": 1}, limits)
    assert [finding.path for finding in too_many] == ["assigned.A"]
    # Nothing was left of the better grade, so nothing passes on.
    full = distribution_findings({"A": 4, "B": 12, "C": 6, "D": 1}, limits)
    assert [finding.path for finding in full] == ["assigned.B"]


@pytest.mark.parametrize(
    ("assigned", "paths"),
    [
        ({"A": 4, "C": 6}, []),
        ({"A": 5, "C": 5}, ["assigned.A+B"]),
        ({"A": 3, "B": 2, "C": 5}, ["assigned.A+B"]),
    ],
    ids=["four A and no B", "five A and no B", "three A and two B"],
)
def test_a_grade_that_nobody_has_counts_as_none(assigned: dict[str, int], paths: list[str]) -> None:
    """Grades that share a quota are counted together."""
    limits = Quotas(
        organisation_grade="A",
        headcount=10,
        clause="5.2",
        cumulative=False,
        maxima=(Quota(grades=("A", "B"), persons=4),),
        minima=(),
    )
    assert [finding.path for finding in distribution_findings(assigned, limits)] == paths


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


def test_a_pool_of_one_has_the_quotas_of_its_unit() -> None:
    """Pooling changes nothing where nothing is pooled."""
    for grade in "ABCDE":
        assert pooled_quotas((_unit("T1", 23, grade),), POLICY) == quotas(23, grade, POLICY)


def test_too_few_siblings_cannot_pool() -> None:
    """A sibling group of four has no quotas, nor has a pool of four."""
    few = (_unit("T1", 1), _unit("T2", 3))
    for function in (pools, pooled_quotas):
        with pytest.raises(
            HeadcountTooSmall, match=r"^clause 5\.2 needs at least 5 persons, found 4$"
        ):
            function(few, POLICY)


def test_a_rulebook_may_give_absolute_numbers_to_small_units(released: Released) -> None:
    """Four persons of an A unit: at most one A and two B; larger units keep their shares."""
    row = SmallUnitRow(
        organisation_grade="A",
        maxima=(AbsoluteQuota(grades=("A",), persons=1), AbsoluteQuota(grades=("B",), persons=2)),
        minima=(AbsoluteQuota(grades=("D", "E"), persons=0),),
    )
    policy = msgspec.structs.replace(POLICY, small_units=(row,))
    found = quotas(4, "A", policy)
    assert [quota.persons for quota in (*found.maxima, *found.minima)] == [1, 2, 0]
    few = msgspec.structs.replace(policy, small_units=(msgspec.structs.replace(row, maxima=()),))
    assert quotas(5, "A", few) == quotas(5, "A", POLICY)
    with pytest.raises(UnknownGrade, match="grade B") as refused:
        quotas(4, "B", policy)
    released([found, refused.value])
