"""Quotas of unit grades and declared tie-breaks (SR-14)."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.documents.structure import UnitQuotaPolicy
from opsledger_contracts.rules.errors import InvalidRulebook, RepeatedName, UnknownGrade
from opsledger_contracts.rules.ranking import QUOTA_RULES, TIE_RULES, RankedUnit, ranked_units
from support.scoring_examples import rulebook, vectors

RULEBOOK = rulebook("RB-2026.2")
CASES = vectors("SR-14b")["cases"]
unit_grade_quota = QUOTA_RULES["unit_grade_quota@1"]


def _units(case: dict[str, Any]) -> tuple[RankedUnit, ...]:
    return msgspec.convert(case["units"], tuple[RankedUnit, ...])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_places_go_by_total_and_then_by_the_declared_tie_breaks(case: dict[str, Any]) -> None:
    """At most 20 % of the units are A, and who gets the last place is told (R132)."""
    found = ranked_units(_units(case), RULEBOOK)
    count = len(case["order"])
    assert [row.unit for row in found[:count]] == case["order"]
    assert [row.grade for row in found[:count]] == case["grades"]
    assert [row.tie_broken_by for row in found[:count]] == case["broken"]
    assert [row.rank for row in found] == list(range(1, len(found) + 1))
    assert ranked_units(_units(case)[::-1], RULEBOOK) == found


def test_the_loss_of_a_grade_is_explained() -> None:
    """The unit reads its place, its tie and the number of places, in both languages."""
    moved = ranked_units(_units(CASES[0]), RULEBOOK)[2]
    assert moved.grade_by_bands == "A"
    assert (
        moved.zh
        == "第 3 名，总分 95.5，与前一名同分，前者预警较少：A 级至多 2 个，名额已满，改为 B"
    )
    assert moved.en == (
        "rank 3, total 95.5, as the one before, which has fewer warnings: "
        "at most 2 get A, no place is left, so B"
    )


def test_a_unit_counts_once() -> None:
    """A unit listed twice cannot be ranked."""
    unit = _units(CASES[0])[0]
    with pytest.raises(RepeatedName, match="U01 occurs twice"):
        ranked_units((unit, unit), RULEBOOK)


def test_a_unit_has_a_grade_of_the_rulebook() -> None:
    """A grade without a band is named."""
    lost = msgspec.structs.replace(_units(CASES[0])[0], grade="S")
    with pytest.raises(UnknownGrade, match="grade S"):
        ranked_units((lost,), RULEBOOK)


@pytest.mark.parametrize(
    "change", [None, {"rule": "unit_grade_quota@9"}, {"tie_rule": "tie_break@9"}], ids=str
)
def test_without_section_or_rule_nobody_is_ranked(change: dict[str, str] | None) -> None:
    """A rulebook without quotas, or of a newer engine, is refused."""
    assert isinstance(RULEBOOK.unit_quota, UnitQuotaPolicy)
    section: Any = msgspec.UNSET
    if change is not None:
        section = msgspec.structs.replace(RULEBOOK.unit_quota, **change)
    with pytest.raises(InvalidRulebook, match="unit_quota"):
        ranked_units((), msgspec.structs.replace(RULEBOOK, unit_quota=section))


@pytest.mark.parametrize(
    ("grades", "allowed", "final"),
    [
        ("AAAB", {("A",): 2}, "AABB"),
        ("AAAB", {("A",): 1, ("B",): 1}, "ABCC"),
        ("AABB", {("A", "B"): 3}, "AABC"),
        ("ABCE", {}, "ABCE"),
        ("EE", {("E",): 1}, "EE"),
        ("AAAAA", {("A",): 0, ("B",): 0, ("C",): 0, ("D",): 1}, "DEEEE"),
    ],
)
def test_who_finds_no_place_moves_down(
    grades: str, allowed: dict[tuple[str, ...], int], final: str
) -> None:
    """One grade at a time, each with its own places; the lowest takes everybody."""
    assert unit_grade_quota(tuple(grades), allowed, "ABCDE") == tuple(final)


@given(
    grades=st.lists(st.sampled_from("ABCDE")).map(sorted),
    places=st.integers(0, 5),
    more=st.integers(0, 5),
)
def test_quotas_are_kept_and_nobody_rises(grades: list[str], places: int, more: int) -> None:
    """No more A than places, nobody above the own band, and more places never hurt."""
    few = unit_grade_quota(grades, {("A",): places}, "ABCDE")
    many = unit_grade_quota(grades, {("A",): places + more}, "ABCDE")
    assert few.count("A") <= places
    assert all(after >= before for before, after in zip(grades, few, strict=True))
    assert all(after <= before for before, after in zip(few, many, strict=True))


def test_the_tie_breaks_count_in_their_order() -> None:
    """Declared the other way round, warnings come before vetoes."""
    one, other = _units(CASES[1])[1:3]
    rule = TIE_RULES["tie_break@1"]
    first = rule((one, other), ("fewer_vetoes", "fewer_warnings", "unit_code"))
    second = rule((one, other), ("fewer_warnings", "fewer_vetoes", "unit_code"))
    assert [row.unit for row, _ in first] == ["U03", "U02"]
    assert [row.unit for row, _ in second] == ["U02", "U03"]
    assert second[1][1] == "fewer_warnings"
