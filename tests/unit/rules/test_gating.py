"""The gate and the difficulty coefficient, in the order the rulebook declares (SR-27)."""

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Rulebook, ScoringStep
from opsledger_contracts.documents.structure import DifficultyPolicy, GateBase, GatePolicy
from opsledger_contracts.rules.errors import (
    CoefficientOutside,
    InputNotUsed,
    InvalidRulebook,
    MissingCoefficient,
)
from opsledger_contracts.rules.explanation import leaves, render
from opsledger_contracts.rules.gating import GATE_RULES, Gated
from opsledger_contracts.rules.inputs import CoefficientInput, Explanation, ScoringInputs
from opsledger_contracts.rules.scoring import score
from support.released import Released
from support.scoring_examples import CORRECT, SOURCE, letter_inputs, rulebook, vectors

S5 = vectors("letter-S5")["cases"][0]["inputs"]
GATE = GatePolicy(
    clause="3.1",
    rule="gate_base_only@1",
    bases=(GateBase(scored_by="3.1", base="87", trips=True),),
)
DIFFICULTY = DifficultyPolicy(
    clause="3.1", rule="difficulty@1", min="0.95", max="1.10", when_gated="none"
)
STEPS: tuple[ScoringStep, ...] = ("items", "gate", "coefficient", "round", "grade")


def _rulebook(*steps: ScoringStep, **sections: Any) -> Rulebook:
    found = rulebook("RB-2026.2")
    order = msgspec.structs.replace(found.order, steps=steps)
    policies = {"gate": GATE, "difficulty": DIFFICULTY} | sections
    return msgspec.structs.replace(found, order=order, **policies)


def _inputs(coefficient: str | None = "1.05") -> ScoringInputs:
    inputs = msgspec.convert(S5, ScoringInputs)
    if coefficient is None:
        return inputs
    given_one = CoefficientInput(coefficient=coefficient, reason="旧改项目", sources=SOURCE)
    return msgspec.structs.replace(inputs, difficulty=given_one)


def _node(tree: Explanation, op: str) -> Explanation:
    if tree.op == op:
        return tree
    return next(_node(child, op) for child in tree.inputs if child.inputs)


@pytest.mark.parametrize("case", vectors("SR-27")["cases"], ids=lambda case: case["name"])
def test_a_gate_leaves_only_base_points_to_the_others(case: dict[str, Any]) -> None:
    """One item below its base is scored as it stands, all others get no more than their base."""
    scores = {name: Fraction(text) for name, text in case["scores"].items()}
    bases = {name: msgspec.convert(row, GateBase) for name, row in case["bases"].items()}
    nearest = case["nearest"]
    assert GATE_RULES["gate_base_only@1"](scores, bases) == Gated(
        closed_by=tuple(case["closed_by"]),
        scores={name: Fraction(text) for name, text in case["out"].items()},
        nearest=None if nearest is None else (nearest[0], Fraction(nearest[1])),
    )


def test_a_closed_gate_forbids_the_coefficient(released: Released) -> None:
    """86 is below 87: the others fall to 87, and no coefficient is applied."""
    outcome = score(_inputs(), _rulebook(*STEPS))
    assert {row.item: row.exact for row in outcome.item_scores} == {
        "L01": "87",
        "L02": "87",
        "L03": "86",
        "L04": "87",
    }
    assert outcome.total == "86.75"
    assert sum(Fraction(row.contribution) for row in outcome.item_scores) == Fraction("86.75")
    released(outcome)
    gate = _node(outcome.tree, "gate_base_only.1")
    assert gate.params == {"L01": "90 → 87", "L02": "88 → 87", "L04": "87.5 → 87"}
    assert "L03 低于基本分" in gate.zh
    assert "L03 below base" in gate.en
    assert "不乘难度系数" in _node(outcome.tree, "difficulty.1").zh


def test_a_rulebook_may_apply_the_coefficient_all_the_same(released: Released) -> None:
    """What a closed gate does to the coefficient is data."""
    always = msgspec.structs.replace(DIFFICULTY, when_gated="applied")
    outcome = score(_inputs(), _rulebook(*STEPS, difficulty=always))
    assert Fraction(outcome.total_exact) == Fraction("86.75") * Fraction("1.05")
    released(outcome)


def test_an_open_gate_changes_nothing_and_tells_the_nearest_item(released: Released) -> None:
    """All items reach 80; the nearest is 6 above it, and the coefficient multiplies each score."""
    low = msgspec.structs.replace(GATE, bases=(GateBase(scored_by="3.1", base="80", trips=True),))
    outcome = score(_inputs(), _rulebook(*STEPS, gate=low))
    assert Fraction(outcome.total_exact) == 88 * Fraction("1.05")
    assert outcome.item_scores[0].exact == "189/2"
    released(outcome)
    gate = _node(outcome.tree, "gate_base_only.1")
    assert "最近的 L03 高出 6 分" in gate.zh
    assert "the nearest, L03, by 6" in gate.en
    assert all(leaf.sources for leaf in leaves(outcome.tree))
    assert render(outcome.tree, "zh") != render(outcome.tree, "en")


def test_a_gate_that_nothing_closes_says_so(released: Released) -> None:
    """Items under other clauses are left alone."""
    other = msgspec.structs.replace(GATE, bases=(GateBase(scored_by="3.2", base="80", trips=True),))
    outcome = score(_inputs(None), _rulebook("items", "gate", "round", "grade", gate=other))
    assert outcome.total == "88.00"
    released(outcome.tree)
    assert _node(outcome.tree, "gate_base_only.1").en == "all reach their base: letter 88"


def test_a_gate_that_cuts_nothing_still_closes(released: Released) -> None:
    """Where the others have just their base, only the coefficient is lost."""
    inputs = msgspec.structs.replace(_inputs(), items=_inputs().items[2:3])
    alone = msgspec.structs.replace(inputs.items[0], weight="100")
    outcome = score(msgspec.structs.replace(inputs, items=(alone,)), _rulebook(*STEPS))
    assert outcome.total == "86.00"
    released(outcome.tree)
    assert "（无）" in _node(outcome.tree, "gate_base_only.1").zh


def test_the_order_of_gate_and_coefficient_is_data() -> None:
    """86 x 1.05 is above 87, so after the coefficient the gate stays open."""
    steps: tuple[ScoringStep, ...] = ("items", "coefficient", "gate", "round", "grade")
    assert score(_inputs(), _rulebook(*steps)).total == "92.40"


def test_a_missing_coefficient_is_named(released: Released) -> None:
    """A score that needs a coefficient nobody granted is refused, not guessed."""
    with pytest.raises(MissingCoefficient, match=r"AS-2026-LG has no difficulty") as refused:
        score(_inputs(None), _rulebook(*STEPS))
    released(refused.value)


@pytest.mark.parametrize("found", ["0.9499", "1.1001"])
def test_a_coefficient_outside_the_range_is_refused(found: str, released: Released) -> None:
    """The range of the rulebook includes both ends and nothing beyond."""
    with pytest.raises(CoefficientOutside, match=rf"0\.95 to 1\.10, found {found}") as refused:
        score(_inputs(found), _rulebook(*STEPS))
    released(refused.value)


@pytest.mark.parametrize("found", ["0.95", "1.10"])
def test_both_ends_of_the_range_are_allowed(found: str) -> None:
    """A coefficient on the edge counts."""
    outcome = score(_inputs(found), _rulebook("items", "coefficient", "round", "grade"))
    assert Fraction(outcome.total_exact) == 88 * Fraction(found)


def test_a_coefficient_without_its_step_is_refused(released: Released) -> None:
    """An input that the rulebook would pass over in silence stops the score."""
    with pytest.raises(InputNotUsed, match=r"rulebook RB-2026\.2 no such") as refused:
        score(_inputs(), rulebook("RB-2026.2"))
    released(refused.value)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"gate": msgspec.UNSET}, "gate: the section is missing"),
        ({"difficulty": msgspec.UNSET}, "difficulty: the section is missing"),
        ({"gate": msgspec.structs.replace(GATE, rule="gate@9")}, "gate.rule: no gate@9"),
        (
            {"difficulty": msgspec.structs.replace(DIFFICULTY, rule="difficulty@9")},
            "difficulty.rule: no difficulty@9",
        ),
    ],
    ids=["no gate", "no coefficient", "unknown gate", "unknown coefficient"],
)
def test_a_step_needs_its_section(
    sections: dict[str, Any], message: str, released: Released
) -> None:
    """A step without parameters, or with a rule of a newer engine, gives no score."""
    low = msgspec.structs.replace(GATE, bases=(GateBase(scored_by="3.1", base="80", trips=True),))
    with pytest.raises(InvalidRulebook, match=message) as refused:
        score(_inputs(), _rulebook(*STEPS, **({"gate": low} | sections)))
    released(refused.value)


@pytest.mark.parametrize(
    "steps",
    [
        ("items", "satisfaction", "gate", "round", "grade"),
        ("items", "clamp", "coefficient", "round", "grade"),
        ("items", "veto", "bonus_penalty", "round", "grade"),
        ("items", "veto", "satisfaction", "round", "grade"),
        ("items", "round", "grade", "status", "clamp"),
        ("items", "status", "round", "grade"),
    ],
    ids=lambda steps: "-".join(steps[1:4]),
)
def test_an_order_that_cannot_be_done_gives_no_score(
    steps: tuple[ScoringStep, ...], released: Released
) -> None:
    """Item steps come before what works on the letter, the veto after what could lift a total."""
    with pytest.raises(InvalidRulebook, match=r"order\.steps") as refused:
        score(_inputs(None), _rulebook(*steps))
    released(refused.value)


def test_an_item_deleted_by_its_unit_does_not_close_the_gate() -> None:
    """It scores 0 for its weight already; the gate looks at what was done."""
    inputs = letter_inputs(CORRECT)
    found = rulebook("RB-2026.2")
    zero = tuple(
        msgspec.structs.replace(row, effect="zero_weight") if row.cause_class == "self" else row
        for row in found.adjustment.causes
    )
    adjusted = msgspec.structs.replace(found.adjustment, causes=zero)
    own = msgspec.structs.replace(
        inputs.adjustments[0], kind="delete", cause_class="self", treatment="none", items=("M01",)
    )
    inputs = msgspec.structs.replace(inputs, adjustments=(own,))
    low = msgspec.structs.replace(GATE, bases=(GateBase(scored_by="3.1", base="80", trips=True),))
    steps: tuple[ScoringStep, ...] = ("items", "gate", "round", "grade")
    outcome = score(inputs, _rulebook(*steps, gate=low, adjustment=adjusted))
    assert {row.item: row.exact for row in outcome.item_scores}["M01"] == "0"
    assert "照常计分" in _node(outcome.tree, "gate_base_only.1").zh
    assert "低于" not in _node(outcome.tree, "gate_base_only.1").zh


def test_absent_inputs_and_sections_leave_old_digests_alone() -> None:
    """What a document does not have is not part of its canonical form."""
    for name in ("gate", "difficulty", "veto", "status", "note_zh"):
        assert name.encode() not in msgspec.json.encode(rulebook().header())
    case = vectors("letter-S1-S2")["cases"][CORRECT]
    assert digest(letter_inputs(CORRECT)) == case["inputs_digest"]


@given(
    numbers=st.dictionaries(
        st.sampled_from("ABCDEF"), st.tuples(st.integers(0, 60), st.booleans()), min_size=1
    ),
    more=st.integers(1, 30),
    who=st.sampled_from("ABCDEF"),
)
def test_a_better_item_never_lowers_anything_else(
    numbers: dict[str, tuple[int, bool]], more: int, who: str
) -> None:
    """Raising one score never closes a gate, so no other item loses by it."""
    scores = {name: Fraction(number) for name, (number, _) in numbers.items()}
    bases = {
        name: GateBase(scored_by="3.1", base="30", trips=trips)
        for name, (_, trips) in numbers.items()
    }
    raised = {**scores, **({who: scores[who] + more} if who in scores else {})}
    before, after = (GATE_RULES["gate_base_only@1"](row, bases).scores for row in (scores, raised))
    assert all(after[name] >= before[name] for name in scores)
    assert all(before[name] <= scores[name] for name in scores)
