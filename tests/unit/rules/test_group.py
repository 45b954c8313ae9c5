"""Roll-ups: the group's operating status and the annual score (SR-13, SR-25)."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.documents.structure import AnnualPolicy, GroupPolicy, StatusPolicy
from opsledger_contracts.rules.errors import (
    InvalidRulebook,
    NothingToCount,
    RepeatedName,
    UnknownStatus,
)
from opsledger_contracts.rules.explanation import leaves, render
from opsledger_contracts.rules.group import (
    GroupMember,
    PeriodTotal,
    annual_score,
    group_status,
    status_cap,
)
from support.released import Released
from support.scoring_examples import SOURCE, rulebook, vectors

RULEBOOK = rulebook("RB-2026.2")
GROUP = vectors("SR-13")["cases"]
ANNUAL = vectors("SR-25")["cases"]


def _members(case: dict[str, Any]) -> tuple[GroupMember, ...]:
    return msgspec.convert(case["members"], tuple[GroupMember, ...])


@pytest.mark.parametrize("case", GROUP, ids=lambda case: case["name"])
def test_the_group_has_one_status(case: dict[str, Any], released: Released) -> None:
    """Weighted by side, banded by the rounded score, capped by vetoes (R129)."""
    found = group_status(_members(case), RULEBOOK)
    for name in ("total_exact", "total", "by_bands", "status"):
        assert getattr(found, name) == case[name]
    assert all(leaf.sources for leaf in leaves(found.tree))
    released(found)
    assert render(found.tree, "zh") != render(found.tree, "en")


def test_the_status_of_the_group_is_explained() -> None:
    """The nearest boundary and the cap are told in both languages."""
    plain, capped = (group_status(_members(case), RULEBOOK).tree for case in GROUP[:2])
    assert "91.54 在 [90, 95)，良好，高于 normal 上限 1.54 分" in plain.zh
    assert plain.en.endswith("good, 1.54 above normal")
    assert capped.zh.endswith("；一票否决 1 项，不高于 normal：normal")
    assert "经营单位 3 个" in plain.inputs[0].inputs[0].zh


def test_units_of_other_types_do_not_count() -> None:
    """A supplier's score changes nothing, and neither does the order of units."""
    members = _members(GROUP[0])
    other = msgspec.structs.replace(members[0], unit="XX", unit_type="supplier", vetoes=2)
    assert group_status((other, *members[::-1]), RULEBOOK) == group_status(members, RULEBOOK)


def test_the_exact_score_may_be_compared(released: Released) -> None:
    """Which value the bands compare is data, and the tree says it."""
    assert isinstance(RULEBOOK.status, StatusPolicy)
    one = msgspec.structs.replace(RULEBOOK.status.bands[0], lo=None)
    status = msgspec.structs.replace(RULEBOOK.status, basis="exact", bands=(one,))
    tree = group_status(_members(GROUP[0]), msgspec.structs.replace(RULEBOOK, status=status)).tree
    assert tree.zh == "未修约集团得分 91.536 在 (-∞, ∞)，优秀"
    released(tree)


def test_a_side_without_units_has_no_mean(released: Released) -> None:
    """Nothing is assumed for a side that is not there."""
    with pytest.raises(NothingToCount, match=r"clause 5\.5: there is no functional unit") as one:
        group_status(_members(GROUP[0])[:3], RULEBOOK)
    with pytest.raises(NothingToCount) as other:
        group_status(_members(GROUP[0])[3:], RULEBOOK)
    released([one.value, other.value])


def test_a_unit_counts_once(released: Released) -> None:
    """A unit listed twice is a mistake."""
    members = _members(GROUP[0])
    with pytest.raises(RepeatedName, match="BJ occurs twice among the units") as refused:
        group_status((*members, members[0]), RULEBOOK)
    with pytest.raises(RepeatedName, match=members[-1].unit):
        group_status((*members, members[-1]), RULEBOOK)
    released(refused.value)


def test_a_veto_of_any_counted_unit_caps_the_group() -> None:
    """A functional centre counts like an operating unit."""
    members = _members(GROUP[0])
    centre = members[-1]
    assert centre.unit_type not in {row.unit_type for row in members[:3]}
    struck = (*members[:-1], msgspec.structs.replace(centre, vetoes=1))
    assert group_status(struck, RULEBOOK).status == "normal"


def test_a_cap_names_a_status(released: Released) -> None:
    """A status that has no band cannot be the cap."""
    assert isinstance(RULEBOOK.group, GroupPolicy)
    cap = msgspec.structs.replace(RULEBOOK.group.caps[0], status="gloomy")
    group = msgspec.structs.replace(RULEBOOK.group, caps=(cap,))
    with pytest.raises(UnknownStatus, match="status gloomy") as refused:
        group_status(_members(GROUP[1]), msgspec.structs.replace(RULEBOOK, group=group))
    released(refused.value)


@pytest.mark.parametrize(
    ("vetoes", "status"), [(0, None), (1, "normal"), (2, "watch"), (9, "watch")]
)
def test_vetoes_cap_the_status(vetoes: int, status: str | None) -> None:
    """One veto caps at normal, two and more at watch; rows may stand in any order."""
    assert isinstance(RULEBOOK.group, GroupPolicy)
    assert status_cap(vetoes, RULEBOOK.group) == status
    turned = msgspec.structs.replace(RULEBOOK.group, caps=RULEBOOK.group.caps[::-1])
    assert status_cap(vetoes, turned) == status


@pytest.mark.parametrize(
    ("section", "roll_up"),
    [
        ("group", lambda rules: group_status(_members(GROUP[0]), rules)),
        ("status", lambda rules: group_status(_members(GROUP[0]), rules)),
        ("annual", lambda rules: annual_score((), _period(ANNUAL[0]["annual"]), rules)),
    ],
    ids=["group", "status", "annual"],
)
def test_a_rulebook_without_the_section_gives_no_roll_up(
    section: str, roll_up: Callable[[Rulebook], object]
) -> None:
    """RB-2026.1 says nothing of group and year, so nothing is computed."""
    missing = msgspec.structs.replace(RULEBOOK, **{section: msgspec.UNSET})
    with pytest.raises(InvalidRulebook, match=f"{section}: the section is missing"):
        roll_up(missing)


def _period(given_one: Any) -> PeriodTotal:
    return msgspec.convert(given_one, PeriodTotal)


@pytest.mark.parametrize("case", ANNUAL, ids=lambda case: case["name"])
def test_months_count_towards_the_year(case: dict[str, Any], released: Released) -> None:
    """The mean of the months there are, with its share, and the annual letter with the rest."""
    months = [_period(row) for row in case["months"]]
    found = annual_score(months, _period(case["annual"]), RULEBOOK)
    assert (found.total_exact, found.total) == (case["total_exact"], case["total"])
    assert len(leaves(found.tree)) == len(months) + 1
    released(found)
    assert annual_score(months[::-1], _period(case["annual"]), RULEBOOK) == found


def test_the_year_is_explained() -> None:
    """Mean, shares and what happens without months are told in both languages."""
    case, _, none = ANNUAL
    tree = annual_score(
        [_period(row) for row in case["months"]], _period(case["annual"]), RULEBOOK
    ).tree
    assert tree.zh == "12 个月平均 93.4：0.4 × 93.4 + 0.6 × 97.4 = 95.8 → 95.80"
    assert annual_score((), _period(none["annual"]), RULEBOOK).tree.zh.startswith("无月度责任书")


def test_a_month_counts_once(released: Released) -> None:
    """The same month twice is a mistake."""
    months = [_period(row) for row in ANNUAL[0]["months"]]
    with pytest.raises(RepeatedName, match="2026-01 occurs twice") as refused:
        annual_score([*months, months[0]], _period(ANNUAL[0]["annual"]), RULEBOOK)
    released(refused.value)


def test_a_roll_up_names_a_rule_of_the_engine(released: Released) -> None:
    """A rule of a newer engine gives neither group status nor annual score."""
    assert isinstance(RULEBOOK.group, GroupPolicy)
    assert isinstance(RULEBOOK.annual, AnnualPolicy)
    newer = msgspec.structs.replace(
        RULEBOOK,
        group=msgspec.structs.replace(RULEBOOK.group, rule="group@9"),
        annual=msgspec.structs.replace(RULEBOOK.annual, rule="annual@9"),
    )
    with pytest.raises(InvalidRulebook) as group:
        group_status(_members(GROUP[0]), newer)
    with pytest.raises(InvalidRulebook) as year:
        annual_score((), _period(ANNUAL[0]["annual"]), newer)
    released([group.value, year.value])


@given(totals=st.lists(st.integers(0, 12000), min_size=2, max_size=8), vetoes=st.integers(0, 3))
def test_the_group_lies_between_its_units(totals: list[int], vetoes: int) -> None:
    """No weighting leaves the range of the units, and a veto never improves the status."""
    members = [
        GroupMember(
            unit=f"U{place}",
            unit_type="subsidiary" if place % 2 else "centre",
            weight=str(place + 1),
            total=str(Fraction(number, 100)),
            vetoes=vetoes if place == 0 else 0,
            sources=SOURCE,
        )
        for place, number in enumerate(totals)
    ]
    found = group_status(members, RULEBOOK)
    assert min(totals) <= 100 * Fraction(found.total_exact) <= max(totals)
    assert isinstance(RULEBOOK.status, StatusPolicy)
    order = [band.status for band in RULEBOOK.status.bands]
    assert order.index(found.status) >= order.index(found.by_bands)
