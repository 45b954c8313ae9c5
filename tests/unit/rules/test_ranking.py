"""Quotas of unit grades and declared tie-breaks (SR-14)."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.documents.section import GradeShare, IntegerRounding
from opsledger_contracts.documents.structure import UnitQuotaPolicy
from opsledger_contracts.rules.errors import InvalidRulebook, RepeatedName, UnknownGrade
from opsledger_contracts.rules.ranking import QUOTA_RULES, TIE_RULES, RankedUnit, ranked_units
from support.released import Released
from support.scoring_examples import rulebook, vectors

RULEBOOK = rulebook("RB-2026.2")
CASES = vectors("SR-14b")["cases"]
unit_grade_quota = QUOTA_RULES["unit_grade_quota@1"]


def _units(case: dict[str, Any]) -> tuple[RankedUnit, ...]:
    return msgspec.convert(case["units"], tuple[RankedUnit, ...])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_places_go_by_total_and_then_by_the_declared_tie_breaks(
    case: dict[str, Any], released: Released
) -> None:
    """At most 20 % of the units are A, and who gets the last place is told (R132)."""
    found = ranked_units(_units(case), RULEBOOK)
    count = len(case["order"])
    assert [row.unit for row in found[:count]] == case["order"]
    assert [row.grade for row in found[:count]] == case["grades"]
    assert [row.tie_broken_by for row in found[:count]] == case["broken"]
    assert [row.rank for row in found] == list(range(1, len(found) + 1))
    assert ranked_units(_units(case)[::-1], RULEBOOK) == found
    released(found)


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


def test_a_unit_counts_once(released: Released) -> None:
    """A unit listed twice cannot be ranked."""
    unit = _units(CASES[0])[0]
    with pytest.raises(RepeatedName, match="U01 occurs twice") as refused:
        ranked_units((unit, unit), RULEBOOK)
    released(refused.value)
    (alone,) = ranked_units((unit,), RULEBOOK)
    assert (alone.rank, alone.tie_broken_by) == (1, None)


def test_a_unit_has_a_grade_of_the_rulebook(released: Released) -> None:
    """A grade without a band is named."""
    lost = msgspec.structs.replace(_units(CASES[0])[0], grade="S")
    with pytest.raises(UnknownGrade, match="grade S") as refused:
        ranked_units((lost,), RULEBOOK)
    released(refused.value)


@pytest.mark.parametrize(
    "change", [None, {"rule": "unit_grade_quota@9"}, {"tie_rule": "tie_break@9"}], ids=str
)
def test_without_section_or_rule_nobody_is_ranked(
    change: dict[str, str] | None, released: Released
) -> None:
    """A rulebook without quotas, or of a newer engine, is refused."""
    assert isinstance(RULEBOOK.unit_quota, UnitQuotaPolicy)
    section: Any = msgspec.UNSET
    if change is not None:
        section = msgspec.structs.replace(RULEBOOK.unit_quota, **change)
    with pytest.raises(InvalidRulebook, match="unit_quota") as refused:
        ranked_units((), msgspec.structs.replace(RULEBOOK, unit_quota=section))
    released(refused.value)


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


def _ranked(totals: Sequence[int], grades: str) -> tuple[RankedUnit, ...]:
    return tuple(
        RankedUnit(
            unit=f"U{place:02}",
            total=str(total),
            grade=grade,
            vetoes=0,
            warnings=0,
            key_subtotal="0",
        )
        for place, (total, grade) in enumerate(zip(totals, grades, strict=True))
    )


@pytest.mark.parametrize(
    ("rounding", "grades"), [("half_up", "AABBCC"), ("floor", "ABBBCC"), ("ceiling", "AABBCC")]
)
def test_places_are_rounded_to_whole_units(rounding: IntegerRounding, grades: str) -> None:
    """A quarter of six units is two places, or one where the rulebook rounds down."""
    assert isinstance(RULEBOOK.unit_quota, UnitQuotaPolicy)
    rows = (GradeShare(grades=("A",), share="0.25"), GradeShare(grades=("B",), share="0.5"))
    policy = msgspec.structs.replace(RULEBOOK.unit_quota, maxima=rows, rounding=rounding)
    rules = msgspec.structs.replace(RULEBOOK, unit_quota=policy)
    found = ranked_units(_ranked(range(99, 93, -1), "AABBCC"), rules)
    assert "".join(row.grade for row in found) == grades


def test_a_lost_grade_tells_its_own_number_of_places() -> None:
    """Whoever loses a B reads how many get B, not how many get A."""
    assert isinstance(RULEBOOK.unit_quota, UnitQuotaPolicy)
    rows = (GradeShare(grades=("A",), share="1"), GradeShare(grades=("B",), share="0.5"))
    policy = msgspec.structs.replace(RULEBOOK.unit_quota, maxima=rows)
    rules = msgspec.structs.replace(RULEBOOK, unit_quota=policy)
    last = ranked_units(_ranked((90, 89), "BB"), rules)[1]
    assert last.en.endswith("at most 1 get B, no place is left, so C")


def test_the_tie_breaks_count_in_their_order() -> None:
    """Declared the other way round, warnings come before vetoes."""
    one, other = _units(CASES[1])[1:3]
    rule = TIE_RULES["tie_break@1"]
    first = rule((one, other), ("fewer_vetoes", "fewer_warnings", "unit_code"))
    second = rule((one, other), ("fewer_warnings", "fewer_vetoes", "unit_code"))
    assert [row.unit for row, _ in first] == ["U03", "U02"]
    assert [row.unit for row, _ in second] == ["U02", "U03"]
    assert second[1][1] == "fewer_warnings"
