"""Leaves of the explanation tree: what they state of facts and points, and their order."""

from datetime import date

import pytest

from opsledger_contracts.rules.inputs import (
    CompletionFact,
    Fact,
    JudgementFact,
    PointsInput,
    SourceReference,
    UnfinishedFact,
)
from opsledger_contracts.rules.leaves import fact_leaf, points_leaves
from support.scoring_examples import PUBLISHED, SOURCE, letter_inputs, rulebook

RULEBOOK = rulebook()
ITEM = letter_inputs(PUBLISHED).items[0]
DAY = date(2026, 3, 20)


@pytest.mark.parametrize(
    ("fact", "params", "exact", "en"),
    [
        (
            CompletionFact(evidence_date=DAY, quality="met", sources=SOURCE),
            {"evidence_date": "2026-03-20", "quality": "met"},
            None,
            "completed by evidence of 2026-03-20, quality met",
        ),
        (
            CompletionFact(evidence_date=DAY, quality_points="2", sources=SOURCE),
            {"evidence_date": "2026-03-20", "quality_points": "2"},
            None,
            "completed by evidence of 2026-03-20, 2 off for quality: ",
        ),
        (
            UnfinishedFact(on=DAY, sources=SOURCE),
            {"unfinished_on": "2026-03-20"},
            None,
            "still not done on 2026-03-20",
        ),
        (
            JudgementFact(value="85", reason="steady", sources=SOURCE),
            {"value": "85"},
            "85",
            "judged 85: steady",
        ),
        (
            JudgementFact(value="85", reason="steady", grade="good", sources=SOURCE),
            {"value": "85", "grade": "good"},
            "85",
            "judged good 85: steady",
        ),
    ],
    ids=["quality", "points without reason", "unfinished", "judged", "graded"],
)
def test_a_fact_is_stated_with_all_its_parts(
    fact: Fact, params: dict[str, str], exact: str | None, en: str
) -> None:
    """The parameters of the leaf and its sentence hold what was recorded, and nothing else."""
    leaf = fact_leaf(ITEM, fact)
    assert (leaf.params, leaf.exact, leaf.en, leaf.sources) == (params, exact, en, SOURCE)


def _points(reason: str, clause: str, *sources: tuple[str, int]) -> PointsInput:
    return PointsInput(
        clause=clause,
        points="1",
        reason=reason,
        sources=tuple(SourceReference(stream=name, version=number) for name, number in sources),
    )


def test_points_are_listed_by_clause_then_first_entry() -> None:
    """Clause before stream before version, whatever the order given; later sources do not count."""
    first, second = sorted(row.clause for row in RULEBOOK.clauses)[:2]
    listed = [
        _points("one", first, ("point/B", 1), ("point/Z", 9)),
        _points("two", first, ("point/B", 2), ("point/A", 1)),
        _points("three", first, ("point/C", 1), ("point/A", 1)),
        _points("four", second, ("point/A", 1)),
    ]
    for given in (listed, listed[::-1], [listed[2], listed[0], listed[3], listed[1]]):
        leaves = [leaf for _, leaf in points_leaves("bonus", tuple(given), RULEBOOK)]
        assert [leaf.en for leaf in leaves] == [f"bonus 1: {row.reason}" for row in listed]
        assert [leaf.path for leaf in leaves] == [f"bonus-{place}" for place in range(1, 5)]
        assert [leaf.sources for leaf in leaves] == [row.sources for row in listed]
