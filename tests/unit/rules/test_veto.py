"""One-vote veto: strictest effects, the day of the accident, lifting (SR-17, scenario S5)."""

from datetime import date
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.documents.structure import CapScore, StatusPolicy, VetoEffect, VetoPolicy
from opsledger_contracts.rules.errors import (
    InputNotUsed,
    InvalidRulebook,
    RepeatedName,
    UnknownVeto,
)
from opsledger_contracts.rules.explanation import leaves
from opsledger_contracts.rules.inputs import Explanation, Outcome, ScoringInputs, VetoInput
from opsledger_contracts.rules.scoring import score
from opsledger_contracts.rules.veto import VETO_RULES, Verdict, responsible_get_lowest, worse
from support.released import Released
from support.scoring_examples import SOURCE, rulebook, vectors

RULEBOOK = rulebook("RB-2026.2")
PUBLISHED, VETOED, LIFTED = (
    msgspec.convert(case["inputs"], ScoringInputs) for case in vectors("letter-S5")["cases"]
)


def _veto(incident: str, category: str, severity: str, **changes: Any) -> VetoInput:
    terms: dict[str, Any] = {
        "incident": incident,
        "category": category,
        "severity": severity,
        "degree": "主要责任",
        "accident_date": date(2026, 11, 20),
        "determination": "认定书",
        "sources": SOURCE,
    }
    return VetoInput(**terms | changes)


def _scored(*vetoes: VetoInput) -> Outcome:
    return score(msgspec.structs.replace(PUBLISHED, vetoes=vetoes), RULEBOOK)


def _node(tree: Explanation, op: str) -> Explanation:
    if tree.op == op:
        return tree
    return next(_node(child, op) for child in tree.inputs if child.inputs)


@pytest.mark.parametrize("case", vectors("SR-17")["cases"], ids=lambda case: case["name"])
def test_of_several_effects_the_strictest_counts(case: dict[str, Any]) -> None:
    """The lowest cap of the total, the worst grade, all components (R136)."""
    effects = msgspec.convert(case["effects"], tuple[VetoEffect, ...])
    cap = case["total_max"]
    assert VETO_RULES["veto@1"](effects, vectors("SR-17")["grades"]) == Verdict(
        zeroed=tuple(case["zeroed"]),
        total_max=None if cap is None else Fraction(cap),
        grade_max=case["grade_max"],
        no_bonus=case["no_bonus"],
        responsible_lowest=case["responsible_lowest"],
    )


def test_a_fatal_accident_caps_score_and_grade_and_takes_the_bonus() -> None:
    """S5: 88.40 (B) becomes 59.99 (E); persons responsible get the lowest grade (R127, R136)."""
    outcome = score(VETOED, RULEBOOK)
    assert (outcome.total, outcome.grade) == ("59.99", "E")
    assert next(row.contribution for row in outcome.components if row.component == "bonus") == "0"
    assert responsible_get_lowest(outcome)
    node = _node(outcome.tree, "veto.1")
    assert "总分不高于 59.99" in node.zh
    assert "no bonus (-1)" in node.en
    assert [child.path for child in node.inputs[1:]] == ["IN-2026-11"]
    assert "一票否决限于 E" in _node(outcome.tree, "grade.1").zh
    assert all(leaf.sources for leaf in leaves(outcome.tree))


def test_a_lifted_veto_gives_the_score_back_and_stays_listed() -> None:
    """S5: 88.40 again, and the tree still shows the incident with the entry that lifted it."""
    outcome = score(LIFTED, RULEBOOK)
    assert (outcome.total, outcome.grade) == ("88.40", "B")
    assert outcome.vetoes is msgspec.UNSET
    leaf = _node(outcome.tree, "veto.1").inputs[1]
    assert "已解除：上级机关改为无责任" in leaf.zh
    assert leaf.params["in_force"] == "no"
    assert {row.stream for row in leaf.sources} == {"incident/IN-2026-11", "assessment/AS-2026-LG"}
    assert not responsible_get_lowest(outcome)


@pytest.mark.parametrize(
    ("day", "total"),
    [
        (date(2025, 12, 31), "88.40"),
        (date(2026, 1, 1), "59.99"),
        (date(2026, 12, 31), "59.99"),
        (date(2027, 1, 1), "88.40"),
    ],
)
def test_the_day_of_the_accident_decides_the_period(
    day: date, total: str, released: Released
) -> None:
    """Both ends of the period count; the day of the determination does not (R136)."""
    outcome = _scored(_veto("IN-1", "work_safety", "fatal", accident_date=day))
    assert outcome.total == total
    leaf = _node(outcome.tree, "veto.1").inputs[1]
    assert ("不适用" in leaf.zh) == (total == "88.40")
    released(leaf)


def test_several_vetoes_are_all_listed(released: Released) -> None:
    """A zeroed component, a worse grade and a lower cap come from three incidents."""
    outcome = _scored(
        _veto("IN-3", "integrity", "proven"),
        _veto("IN-1", "work_safety", "severe_injury"),
        _veto("IN-2", "quality", "major"),
    )
    assert outcome.vetoes is not msgspec.UNSET
    assert [row.incident for row in outcome.vetoes] == ["IN-1", "IN-2", "IN-3"]
    assert {row.item: row.exact for row in outcome.item_scores}["L04"] == "0"
    lost = Fraction(20) * Fraction("87.5") / 100 * Fraction("0.9")
    assert Fraction(outcome.total_exact) == Fraction("88.40") - 1 - lost
    assert outcome.grade == "D"
    released(outcome)
    assert responsible_get_lowest(outcome)
    letter = next(row for row in outcome.components if row.component == "letter")
    assert Fraction(letter.exact) == sum(Fraction(row.contribution) for row in outcome.item_scores)


def test_a_grade_cap_does_not_lift_a_worse_grade() -> None:
    """The veto allows at most a C; 59.99 stays an E."""
    outcome = _scored(_veto("IN-1", "work_safety", "fatal"), _veto("IN-2", "quality", "major"))
    assert outcome.grade == "E"


def test_a_unit_without_bonus_loses_none() -> None:
    """No bonus taken away from nobody."""
    bare = msgspec.structs.replace(PUBLISHED, bonus=())
    vetoed = msgspec.structs.replace(bare, vetoes=(_veto("IN-2", "quality", "major"),))
    outcome = score(vetoed, RULEBOOK)
    assert (outcome.total, outcome.grade) == ("87.40", "C")
    assert "bonus" not in {row.component for row in outcome.components}


def test_an_incident_without_a_row_is_refused(released: Released) -> None:
    """A veto needs its clause: category and severity lead to a row, or the score stops."""
    with pytest.raises(UnknownVeto, match=r"clause 4\.4 has no veto for work_safety") as refused:
        _scored(_veto("IN-1", "work_safety", "minor"))
    released(refused.value)


def test_an_incident_counts_once() -> None:
    """The same incident twice is a mistake, not two vetoes."""
    twice = _veto("IN-1", "quality", "major")
    with pytest.raises(RepeatedName, match="IN-1 occurs twice among the vetoes") as refused:
        _scored(twice, twice)
    assert refused.value.facts == {"name": "IN-1", "where": "vetoes"}


def test_a_veto_without_its_step_is_refused() -> None:
    """A rulebook without veto does not pass over an incident in silence."""
    inputs = msgspec.structs.replace(PUBLISHED, vetoes=(_veto("IN-1", "quality", "major"),))
    with pytest.raises(InputNotUsed, match="input for veto"):
        score(inputs, rulebook())


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"veto": msgspec.UNSET}, "veto"),
        ({"veto": "unknown"}, "veto.rule"),
        ({"status": msgspec.UNSET}, "status"),
    ],
    ids=str,
)
def test_a_step_needs_its_section_and_rule(change: dict[str, Any], path: str) -> None:
    """Missing sections and rules of a newer engine give no score; the refusal names the place."""
    if change.get("veto") == "unknown":
        assert isinstance(RULEBOOK.veto, VetoPolicy)
        change = {"veto": msgspec.structs.replace(RULEBOOK.veto, rule="veto@9")}
    with pytest.raises(InvalidRulebook) as refused:
        score(PUBLISHED, msgspec.structs.replace(RULEBOOK, **change))
    assert refused.value.facts["path"] == path


def test_a_veto_says_only_what_it_does() -> None:
    """A cap of the total alone caps no grade, and a cap of the grade concerns no person."""
    capped = _node(_scored(_veto("IN-3", "integrity", "proven")).tree, "veto.1")
    assert "total at most 74.99" in capped.en
    assert "grade at most" not in capped.en
    graded = _node(_scored(_veto("IN-2", "quality", "major")).tree, "veto.1")
    assert "grade at most C" in graded.en
    assert "responsible" not in graded.en


def test_a_status_without_neighbour_names_no_boundary() -> None:
    """Where one status holds for every total there is nothing to be near to."""
    assert isinstance(RULEBOOK.status, StatusPolicy)
    only = msgspec.structs.replace(RULEBOOK.status.bands[0], lo=None, hi=None)
    policy = msgspec.structs.replace(RULEBOOK.status, bands=(only,))
    tree = score(PUBLISHED, msgspec.structs.replace(RULEBOOK, status=policy)).tree
    assert tree.zh.endswith(f"，{only.zh}")
    assert tree.en.endswith(f", {only.en}")


def test_the_worse_grade_is_by_rank_and_not_by_letter() -> None:
    """Grades may be called anything; their order in the rulebook decides."""
    assert worse("excellent", "average", ["excellent", "good", "average"]) == "average"
    assert worse("average", "excellent", ["excellent", "good", "average"]) == "average"


caps = st.integers(0, 12000).map(
    lambda number: CapScore(score=f"{number // 100}.{number % 100:02}")
)


@given(effects=st.lists(caps, min_size=1), more=caps)
def test_one_more_veto_never_helps(effects: list[CapScore], more: CapScore) -> None:
    """Another effect leaves the cap where it was or lowers it."""
    before = VETO_RULES["veto@1"](effects, ["A"]).total_max
    after = VETO_RULES["veto@1"]([*effects, more], ["A"]).total_max
    assert before is not None
    assert after is not None
    assert after <= before
