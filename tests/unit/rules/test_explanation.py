"""The explanation tree: readable, complete, comparable (R126)."""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from opsledger_contracts.rules.adjustments import with_treatment
from opsledger_contracts.rules.explanation import diff, leaves, render
from opsledger_contracts.rules.inputs import (
    AdjustmentInput,
    Explanation,
    JudgementFact,
    Occurrence,
    OccurrencesFact,
    PointsInput,
    SourceReference,
    ValueFact,
)
from opsledger_contracts.rules.leaves import fact_leaf, terms_leaf
from opsledger_contracts.rules.scoring import score
from support.released import Released
from support.scoring_examples import CORRECT, PUBLISHED, SOURCE, letter_inputs, rulebook

RULEBOOK = rulebook()
TREE = score(letter_inputs(CORRECT), RULEBOOK).tree
PUBLISHED_TREE = score(letter_inputs(PUBLISHED), RULEBOOK).tree


def _nodes(tree: Explanation) -> Iterator[Explanation]:
    yield tree
    for child in tree.inputs:
        yield from _nodes(child)


def test_every_leaf_cites_an_entry_and_a_clause() -> None:
    """Whatever a score rests on is recorded somewhere and ruled somewhere (R126)."""
    clauses = {clause.clause for clause in RULEBOOK.clauses}
    found = leaves(TREE)
    assert len(found) == 9 * 2 + 1 + 7
    for leaf in found:
        assert leaf.sources
        assert leaf.clause in clauses


def test_every_node_names_a_clause_and_speaks_both_languages() -> None:
    """No node is without words."""
    clauses = {clause.clause for clause in RULEBOOK.clauses}
    for node in _nodes(TREE):
        assert node.clause in clauses
        assert node.zh.strip()
        assert node.en.strip()


def test_every_rounding_is_shown_with_its_point() -> None:
    """Where a value is rounded, exact value, rounded value and point stand together."""
    rounded = [node for node in _nodes(TREE) if node.point is not None]
    assert {node.point for node in rounded} == {"item_score", "component", "total"}
    for node in rounded:
        assert node.exact is not None
        assert node.rounded is not None
        assert abs(Fraction(node.exact) - Fraction(node.rounded)) <= Fraction(1, 200)


def test_the_root_is_the_total_with_its_grade() -> None:
    """The conclusion stands first: total, grade and distance to the next one."""
    assert (TREE.exact, TREE.rounded) == ("4813/50", "96.26")
    assert "等级 A" in TREE.zh
    assert "1.26 above B" in TREE.en


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ["N01 示范区开放", "延误 5 天", "第 3.8 条", "不可抗力", "work_item/BJ-2026-N01@6"]),
        ("en", ["N01: due 2026-06-03", "5 days late", "clause 3.8", "force majeure", "@6"]),
    ],
)
def test_the_assessed_party_can_read_it(
    language: str, words: list[str], released: Released
) -> None:
    """Lines name item, terms, lateness, clause and entry in the reader's language."""
    lines = render(TREE, language)  # type: ignore[arg-type]
    text = "\n".join(lines)
    for word in words:
        assert word in text
    assert len(lines) == sum(1 for _ in _nodes(TREE))
    assert not lines[0].startswith(" ")
    assert lines[1].startswith("  ")
    released(lines)


def test_a_tree_does_not_differ_from_itself() -> None:
    """Equal trees have no difference."""
    assert diff(TREE, TREE) == ()


def test_the_first_difference_names_item_clause_and_both_values() -> None:
    """S2: the omitted adjustment of N01 comes first, then its due date (R157, R158)."""
    first, second, *_ = diff(PUBLISHED_TREE, TREE)
    assert (first.item, first.clause, first.field) == ("N01", "6.2", "node")
    assert first.value_a is None
    assert "ADJ-2026-BJ-01" in str(first.value_b)
    assert (first.score_a, first.score_b) == ("64.0000", "85.0000")
    assert "无 ↔ 调整 ADJ-2026-BJ-01" in first.zh
    assert (second.item, second.clause, second.field) == ("N01", "3.8", "due")
    assert (second.value_a, second.value_b) == ("2026-05-29", "2026-06-03")
    assert "工作项 N01" in second.zh
    assert "item N01, clause 3.8, due: 2026-05-29 <-> 2026-06-03" in second.en


def test_the_same_difference_reads_backwards() -> None:
    """What one tree has more, the other has less."""
    first = diff(TREE, PUBLISHED_TREE)[0]
    assert first.value_b is None
    assert "ADJ-2026-BJ-01" in str(first.value_a)
    assert (first.score_a, first.score_b) == ("85.0000", "64.0000")


def test_values_that_only_follow_are_not_reported() -> None:
    """Letter, organisation score and grade differ because N01 does, so they are not listed."""
    assert {row.item for row in diff(PUBLISHED_TREE, TREE)} == {"N01"}


def test_cited_entries_come_last(released: Released) -> None:
    """A value from another entry is a difference, but after those that change something."""
    fields = [row.field for row in diff(PUBLISHED_TREE, TREE)]
    assert fields == ["node", "due", "sources"]
    released([diff(PUBLISHED_TREE, TREE), diff(TREE, PUBLISHED_TREE)])


def test_an_exclusion_is_first_explained_by_its_adjustment(released: Released) -> None:
    """The adjustment stands before the weights and the item that it changed."""
    inputs = with_treatment(letter_inputs(CORRECT), "ADJ-2026-BJ-01", "exclude")
    found = diff(PUBLISHED_TREE, score(inputs, RULEBOOK).tree)
    assert (found[0].op, found[0].item, found[0].clause) == ("adjustment", "N01", "6.2")
    assert ("N01", "node") in [(row.item, row.field) for row in found]
    assert ("I01", "weight") in [(row.item, row.field) for row in found]
    released([found, diff(score(inputs, RULEBOOK).tree, PUBLISHED_TREE)])


def test_another_rule_under_the_same_clause_shows_as_a_value(released: Released) -> None:
    """The same terms and facts under another rulebook differ in the exact score."""
    clauses = tuple(
        msgspec.structs.replace(clause, params={**clause.params, "base": "90"})
        if clause.clause == "3.8"
        else clause
        for clause in RULEBOOK.clauses
    )
    other = score(letter_inputs(CORRECT), msgspec.structs.replace(RULEBOOK, clauses=clauses)).tree
    found = diff(TREE, other)
    assert [(row.item, row.field) for row in found][:2] == [("N01", "exact"), ("N01", "rounded")]
    assert found[0].path[-1] == "N01"
    released(found)


def test_another_operation_or_clause_is_a_difference(released: Released) -> None:
    """A node that does something else, or under another clause, is reported as such."""
    other = msgspec.structs.replace(TREE, op="grade.2", clause="5.2")
    found = diff(TREE, other)
    assert [(row.field, row.value_a, row.value_b) for row in found] == [
        ("op", "grade.1", "grade.2"),
        ("clause", "5.1", "5.2"),
    ]
    assert found[0].en.startswith("grade, clause 5.2, op")
    released(found)


def test_only_an_entry_may_differ(released: Released) -> None:
    """The same value from a corrected entry is reported with both entries."""
    leaf = leaves(TREE)[0]
    cited = msgspec.structs.replace(leaf, sources=(SourceReference(stream="letter/X", version=2),))
    (only,) = diff(leaf, cited)
    assert (only.field, only.value_b) == ("sources", "letter/X@2")
    released(only)


def test_points_and_charged_changes_are_leaves_too(released: Released) -> None:
    """Bonus, penalty and the cost of own changes cite entry and clause."""
    points = PointsInput(clause="4.2", points="1", reason="抢险有功", sources=SOURCE)
    own = [
        AdjustmentInput(
            adjustment=f"ADJ-{number}",
            kind="delete",
            cause_class="self",
            treatment="none",
            items=("Z01",),
            requested_on=date(2026, 4, number),
            sources=SOURCE,
        )
        for number in (1, 2)
    ]
    inputs = msgspec.structs.replace(
        letter_inputs(CORRECT), bonus=(points,), penalties=(points,), adjustments=tuple(own)
    )
    outcome = score(inputs, RULEBOOK)
    assert outcome.total == "94.26"
    released(outcome)
    assert "\n".join(render(outcome.tree, "zh")).count("自身原因）扣 2 分") == 1
    ops = [leaf.op for leaf in leaves(outcome.tree)]
    assert [op for op in ops if op not in {"terms", "fact", "rating"}] == [
        "adjustment",
        "adjustment",
        "bonus",
        "penalty",
        "change_penalty",
    ]


def test_a_judgement_is_explained_with_its_reason() -> None:
    """The assessor's value and reason stand in the leaf."""
    judged = JudgementFact(value="95", reason="现场整洁", sources=SOURCE)
    leaf = fact_leaf(letter_inputs(CORRECT).items[0], judged)
    assert (leaf.exact, leaf.zh) == ("95", "评定 95：现场整洁")


def test_an_unnamed_parameter_keeps_its_name() -> None:
    """A parameter for which no word is known is shown as it is written."""
    item = msgspec.structs.replace(letter_inputs(CORRECT).items[0], params={"height": "3"})
    leaf = terms_leaf(item)
    assert leaf.zh.endswith("height 3")
    assert leaf.en.endswith("height 3")


def test_another_value_is_one_difference(released: Released) -> None:
    """A corrected measurement shows as its value, not again as what follows from it."""
    inputs = letter_inputs(CORRECT)
    first = inputs.items[0]
    assert isinstance(first.fact, ValueFact)
    corrected = msgspec.structs.replace(
        first, fact=msgspec.structs.replace(first.fact, value="205000")
    )
    other = msgspec.structs.replace(inputs, items=(corrected, *inputs.items[1:]))
    (only,) = diff(TREE, score(other, RULEBOOK).tree)
    assert (only.item, only.field, only.value_a, only.value_b) == (
        "I01",
        "value",
        "210000",
        "205000",
    )
    released(only)


def _made(path: str, *inputs: Explanation, value: str = "1", **terms: Any) -> Explanation:
    return Explanation(
        op="trial", path=path, clause="9.9", zh=path, en=path, exact=value, inputs=inputs, **terms
    )


def test_every_term_that_one_tree_lacks_is_told(released: Released) -> None:
    """Terms of both trees are compared, in order of their names; what is missing is said so."""
    one = _made("whole", _made("part", params={"c": "1", "a": "1", "e": "1"}))
    other = _made("whole", _made("part", params={"d": "1", "b": "1", "e": "2"}))
    found = diff(one, other)
    assert [row.field for row in found] == ["a", "b", "c", "d", "e"]
    released(found)


def test_a_value_that_an_entry_does_not_explain_is_told() -> None:
    """Another entry below changes no value, so a value that differs above has its own reason."""
    below = _made("part", sources=SOURCE)
    cited = msgspec.structs.replace(below, sources=(SourceReference(stream="letter/X", version=2),))
    found = diff(_made("whole", below), _made("whole", cited, value="2"))
    assert [(row.path, row.field) for row in found] == [
        (("whole",), "exact"),
        (("whole", "part"), "sources"),
    ]


def test_events_are_told_with_their_number() -> None:
    """Two persons or three days of one event are stated where they are given."""
    rows = (
        Occurrence(
            occurrence="E1", category="late", points=None, reason=None, sources=SOURCE, count=3
        ),
        Occurrence(occurrence="E2", category="defect", points="2", reason="试", sources=SOURCE),
    )
    leaf = fact_leaf(
        letter_inputs(CORRECT).items[0], OccurrencesFact(occurrences=rows, sources=SOURCE)
    )
    assert (leaf.zh, leaf.en) == (
        "事件：E1 late × 3, E2 defect",
        "events: E1 late × 3, E2 defect",
    )
    assert leaf.params == {"E1/late": "- × 3", "E2/defect": "2"}
    assert leaf.sources == SOURCE * 3
