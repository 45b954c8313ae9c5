"""Where a replay leaves the record, and which single values can be replaced."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.events.assessment import ScoreCalculated
from opsledger_contracts.events.replay import Override
from opsledger_contracts.problems.replay import OverrideUnknown
from opsledger_contracts.replaying import Divergence, divergence, overridden
from opsledger_contracts.rules.errors import UnknownAdjustment
from opsledger_contracts.rules.inputs import ScoringInputs
from support.disputed_score import ADJUSTMENT, DisputedScore


@pytest.fixture(scope="module")
def story() -> DisputedScore:
    """The whole story, told once."""
    return DisputedScore().tell()


@pytest.fixture(scope="module")
def run(story: DisputedScore) -> ScoreCalculated:
    """The first run as it was recorded."""
    outcome = story.outcomes[0]
    figures = {
        name: getattr(outcome, name)
        for name in ScoreCalculated.__struct_fields__
        if name in outcome.__struct_fields__
    }
    return ScoreCalculated(**(figures | {"run": 1, "rulebook": outcome.rulebook_hash}))


def test_a_bit_identical_replay_does_not_diverge(
    run: ScoreCalculated, story: DisputedScore
) -> None:
    """R157: every item score, figure and digest is equal."""
    assert divergence(run, story.outcomes[0]) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"total": "94.38"}, Divergence("total", None, "94.37", "94.38")),
        ({"grade": "A"}, Divergence("grade", None, "B", "A")),
        ({"total_exact": "9438/100"}, Divergence("total_exact", None, "9437/100", "9438/100")),
        ({"tree_digest": "0" * 64}, Divergence("tree_digest", None, "", "0" * 64)),
    ],
    ids=["total", "grade", "total_exact", "tree_digest"],
)
def test_the_first_figure_that_differs_is_named(
    run: ScoreCalculated,
    story: DisputedScore,
    changes: dict[str, Any],
    expected: Divergence,
) -> None:
    """One changed figure is found, with both values."""
    found = divergence(run, msgspec.structs.replace(story.outcomes[0], **changes))
    recorded = expected.recorded or run.tree_digest
    assert found == expected._replace(recorded=recorded)


def test_an_item_that_scores_otherwise_or_is_gone_comes_first(
    run: ScoreCalculated, story: DisputedScore
) -> None:
    """The item is named with both exact scores, before the total that follows from it."""
    assert divergence(run, story.outcomes[1]) == Divergence("item_score", "N01", "64", "85")
    without = msgspec.structs.replace(
        story.outcomes[0], item_scores=story.outcomes[0].item_scores[1:]
    )
    assert divergence(run, without) == Divergence("item_score", "I01", "105", "none")


def _overridden(inputs: ScoringInputs, path: str, value: str) -> ScoringInputs:
    return overridden(inputs, (Override(path=path, value=value),))


def test_values_are_replaced_one_after_the_other(story: DisputedScore) -> None:
    """R158: weight, measured value, evidence date, parameter, treatment."""
    inputs = overridden(
        story.inputs(2),
        (
            Override(path="items.I01.weight", value="25"),
            Override(path="items.I01.value", value="1"),
            Override(path="items.N01.evidence_date", value="2026-05-01"),
            Override(path="items.N01.params.due", value="2026-05-02"),
            Override(path="items.I01.weight", value="30"),
        ),
    )
    sales = msgspec.to_builtins(inputs.items[0])
    assert (sales["weight"], sales["fact"]["value"]) == ("30", "1")
    node = msgspec.to_builtins(inputs.items[4])
    assert (node["fact"]["evidence_date"], node["params"]["due"]) == ("2026-05-01", "2026-05-02")
    treated = _overridden(story.inputs(2), f"adjustments.{ADJUSTMENT}.treatment", "refuse")
    assert treated.adjustments[0].treatment == "refuse"
    assert treated.items[4].params["due"] == "2026-05-29"


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
    ],
)
def test_what_fits_nothing_is_refused(story: DisputedScore, path: str, value: str) -> None:
    """An override that leads nowhere is told instead of being ignored."""
    with pytest.raises(OverrideUnknown):
        _overridden(story.inputs(2), path, value)


def test_an_item_without_a_fact_has_no_value_to_replace(story: DisputedScore) -> None:
    """Inputs that are not complete are no reason to fail otherwise than by refusing."""
    inputs = story.inputs(2)
    bare = msgspec.structs.replace(inputs.items[0], fact=None)
    with pytest.raises(OverrideUnknown):
        _overridden(
            msgspec.structs.replace(inputs, items=(bare, *inputs.items[1:])),
            "items.I01.value",
            "1",
        )


def test_an_adjustment_that_is_not_among_the_inputs_cannot_be_treated(
    story: DisputedScore,
) -> None:
    """Revision 1 carries no adjustment: the rule says so."""
    with pytest.raises(UnknownAdjustment):
        _overridden(story.inputs(1), f"adjustments.{ADJUSTMENT}.treatment", "exclude")
