"""What a counterfactual can change: single values, the set of items, points, adjustments, rules."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.events.replay import Override
from opsledger_contracts.overriding import as_if
from opsledger_contracts.problems.replay import OverrideUnknown
from opsledger_contracts.rules.errors import UnknownAdjustment
from opsledger_contracts.rules.inputs import PointsInput, ScoringInputs, SourceReference
from opsledger_contracts.rules.scoring import score
from support.disputed_score import ADJUSTMENT, RULEBOOK, DisputedScore

SOURCE = [{"stream": "letter/BJ-2026", "version": 1}]
ADDED = {
    "title": "新增项",
    "category": "result",
    "level": "key",
    "weight": "10",
    "clause": "3.1",
    "params": {"target": "100"},
    "fact": {"kind": "value", "value": "90", "unit": "万元", "sources": SOURCE},
    "sources": SOURCE,
}
FURTHER = {"points": "0.5", "reason": "再", "sources": SOURCE}
GRANTED = PointsInput(
    clause="4.2",
    points="2",
    reason="省级表彰",
    sources=(SourceReference(stream="assessment/AS-2026-BJ", version=3),),
)


@pytest.fixture(scope="module")
def story() -> DisputedScore:
    """The whole story, told once."""
    return DisputedScore().tell()


@pytest.fixture(scope="module")
def inputs(story: DisputedScore) -> ScoringInputs:
    """The inputs of run 2, with bonus points."""
    return msgspec.structs.replace(story.inputs(2), bonus=(GRANTED,))


def _changed(inputs: ScoringInputs, path: str, value: str) -> ScoringInputs:
    return as_if(inputs, RULEBOOK, (Override(path=path, value=value),))[0]


def _total(inputs: ScoringInputs, path: str, value: str) -> str:
    return score(*as_if(inputs, RULEBOOK, (Override(path=path, value=value),))).total


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def test_a_deleted_item_leaves_its_weight_to_the_others(inputs: ScoringInputs) -> None:
    """SR-15(3): without N01 the others take its ten points in proportion; as excluded, 97.50 + 2."""
    assert _total(inputs, "items.N01.deleted", "redistribute") == "99.50"
    same_category = msgspec.structs.replace(
        RULEBOOK,
        adjustment=msgspec.structs.replace(RULEBOOK.adjustment, redistribution="same_category"),
    )
    changed, _ = as_if(
        inputs, same_category, (Override(path="items.N01.deleted", value="redistribute"),)
    )
    weights = {item.item: item.weight for item in changed.items}
    assert (weights["I01"], weights["N02"]) == ("20", "140/9")


def test_an_added_item_takes_its_weight_from_all(inputs: ScoringInputs) -> None:
    """SR-15(3): ten points for the new item, all others times 0.9; 0.9 x (0.9 x 97.4 + 9) + 10.6."""
    assert _total(inputs, "items.Z01.added", _json(ADDED)) == "97.59"
    changed, _ = as_if(inputs, RULEBOOK, (Override(path="items.Z01.added", value=_json(ADDED)),))
    assert [item.weight for item in changed.items][-2:] == ["27/5", "10"]


def test_a_fact_is_replaced_whole(inputs: ScoringInputs) -> None:
    """R158: another measurement with its own source."""
    fact = ADDED["fact"] | {"value": "150000"}  # type: ignore[operator]
    assert _total(inputs, "items.I02.fact", _json(fact)) == "100.29"


@pytest.mark.parametrize(
    ("path", "value", "total"),
    [
        ("satisfaction.U5", "9.0", "98.46"),
        ("satisfaction.U5", "none", "98.41"),
        ("bonus.4.2", "3", "99.26"),
        ("bonus.4.2", "none", "96.26"),
        ("bonus.4.1.added", _json(FURTHER), "98.76"),
        ("penalties.4.2.added", _json(FURTHER), "97.76"),
        (f"adjustments.{ADJUSTMENT}.deleted", "undo", "96.37"),
        ("clauses.3.1.params.cap", "0.80", "96.78"),
        ("clauses.3.1.params.floor", "1", "100.56"),
        ("clauses.3.7.params.cap_worse", '"1"', "98.53"),
        ("items.I02.value", "150000", "100.29"),
    ],
)
def test_one_change_moves_the_total(
    inputs: ScoringInputs, path: str, value: str, total: str
) -> None:
    """R158: ratings, points, adjustments and parameters of clauses; by the rules, to the digit."""
    assert _total(inputs, path, value) == total


def test_an_adjustment_can_be_added_that_the_letter_does_not_carry(inputs: ScoringInputs) -> None:
    """S2: the exclusion of N03 by a new adjustment is applied by scoring."""
    added = {
        "kind": "force_majeure",
        "cause_class": "force_majeure",
        "treatment": "exclude",
        "items": ["N03"],
        "requested_on": "2026-10-01",
        "sources": SOURCE,
    }
    changed, _ = as_if(
        inputs, RULEBOOK, (Override(path="adjustments.NEW.added", value=_json(added)),)
    )
    outcome = score(changed, RULEBOOK)
    assert "N03" not in {row.item for row in outcome.item_scores}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("total", "100"),
        ("items.none.weight", "1"),
        ("items.I01.params.nothing", "1"),
        ("items.I01.evidence_date", "2026-01-01"),
        ("items.N01.value", "1"),
        ("items.N01.evidence_date", "soon"),
        ("items.I01.weight", "a lot"),
        (f"adjustments.{ADJUSTMENT}.treatment", "forget"),
        ("items.I01.added", _json(ADDED)),
        ("items.Z01.deleted", "redistribute"),
        ("items.I01.deleted", "yes"),
        ("items.Z01.added", "{"),
        ("items.Z01.added", "[]"),
        ("items.Z01.fact", _json(ADDED["fact"])),
        ("satisfaction.U99", "9"),
        ("satisfaction.U5", "good"),
        ("bonus.9.9", "1"),
        ("penalties.4.2", "1"),
        ("bonus.4.2", "many"),
        ("bonus.4.2.added", "2"),
        (f"adjustments.{ADJUSTMENT}.added", "{}"),
        (f"adjustments.{ADJUSTMENT}.deleted", "yes"),
        ("clauses.9.9.params.cap", "1"),
        ("clauses.3.1.params.none", "1"),
        ("clauses.3.7.params.cap_worse", "free"),
        ("clauses.3.4.params.bands", "1.5"),
    ],
)
def test_what_fits_nothing_is_refused(inputs: ScoringInputs, path: str, value: str) -> None:
    """An override that leads nowhere, or of another shape, is told instead of being ignored."""
    with pytest.raises(OverrideUnknown):
        as_if(inputs, RULEBOOK, (Override(path=path, value=value),))


def test_without_a_survey_nobody_rated(inputs: ScoringInputs) -> None:
    """SR-11: there is no rating to replace."""
    bare = msgspec.structs.replace(inputs, satisfaction=None)
    with pytest.raises(OverrideUnknown):
        as_if(bare, RULEBOOK, (Override(path="satisfaction.U1", value="9"),))


def test_an_unknown_adjustment_cannot_be_undone(inputs: ScoringInputs) -> None:
    """The rule says so."""
    with pytest.raises(UnknownAdjustment):
        as_if(inputs, RULEBOOK, (Override(path="adjustments.X.deleted", value="undo"),))


def test_values_are_replaced_one_after_the_other(story: DisputedScore) -> None:
    """R158: weight, measured value, evidence date, parameter, treatment."""
    inputs, rulebook = as_if(
        story.inputs(2),
        RULEBOOK,
        (
            Override(path="items.I01.weight", value="25"),
            Override(path="items.I01.value", value="1"),
            Override(path="items.N01.evidence_date", value="2026-05-01"),
            Override(path="items.N01.params.due", value="2026-05-02"),
            Override(path="items.I01.weight", value="30"),
        ),
    )
    assert rulebook is RULEBOOK
    sales = msgspec.to_builtins(inputs.items[0])
    assert (sales["weight"], sales["fact"]["value"]) == ("30", "1")
    node = msgspec.to_builtins(inputs.items[4])
    assert (node["fact"]["evidence_date"], node["params"]["due"]) == ("2026-05-01", "2026-05-02")
    treated = _changed(story.inputs(2), f"adjustments.{ADJUSTMENT}.treatment", "refuse")
    assert treated.adjustments[0].treatment == "refuse"
    assert treated.items[4].params["due"] == "2026-05-29"


def test_an_item_without_a_fact_has_no_value_to_replace(story: DisputedScore) -> None:
    """Inputs that are not complete are no reason to fail otherwise than by refusing."""
    inputs = story.inputs(2)
    bare = msgspec.structs.replace(inputs.items[0], fact=None)
    with pytest.raises(OverrideUnknown):
        _changed(
            msgspec.structs.replace(inputs, items=(bare, *inputs.items[1:])),
            "items.I01.value",
            "1",
        )


def test_an_adjustment_that_is_not_among_the_inputs_cannot_be_treated(
    story: DisputedScore,
) -> None:
    """Revision 1 carries no adjustment: the rule says so."""
    with pytest.raises(UnknownAdjustment):
        _changed(story.inputs(1), f"adjustments.{ADJUSTMENT}.treatment", "exclude")
