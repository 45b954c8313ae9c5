"""Where a score computed again leaves the record."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.events.assessment import ScoreCalculated
from opsledger_contracts.replaying import Divergence, divergence
from support.disputed_score import DisputedScore


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
