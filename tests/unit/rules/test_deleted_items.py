"""Items that score 0 since the unit caused their deletion (SR-15)."""

from collections.abc import Iterator
from datetime import date

import msgspec
import pytest

from opsledger_contracts.documents.rulebook import CauseEffect, Rulebook
from opsledger_contracts.documents.structure import DifficultyPolicy
from opsledger_contracts.rules.errors import UnknownClause
from opsledger_contracts.rules.inputs import (
    AdjustmentInput,
    CoefficientInput,
    Explanation,
    ScoringInputs,
)
from opsledger_contracts.rules.scoring import score
from support.scoring_examples import PUBLISHED, SOURCE, letter_inputs, rulebook


def _with_coefficient() -> Rulebook:
    """The example rulebook, with a coefficient, under which external causes zero what is deleted."""
    example = rulebook()
    policy = example.adjustment
    causes = tuple(
        CauseEffect(cause_class="external", effect="zero_weight", points="0", zh="零", en="zero")
        if row.cause_class == "external"
        else row
        for row in policy.causes
    )
    steps = example.order.steps
    return msgspec.structs.replace(
        example,
        adjustment=msgspec.structs.replace(policy, causes=causes),
        order=msgspec.structs.replace(example.order, steps=(steps[0], "coefficient", *steps[1:])),
        difficulty=DifficultyPolicy(
            clause="4.3", rule="difficulty@1", min="0.5", max="1.5", when_gated="none"
        ),
    )


def _with_n01_deleted(clause: str) -> ScoringInputs:
    inputs = letter_inputs(PUBLISHED)
    deleted = AdjustmentInput(
        adjustment="AD-1",
        kind="delete",
        cause_class="external",
        treatment="none",
        items=("N01",),
        requested_on=date(2026, 5, 1),
        sources=SOURCE,
    )
    return msgspec.structs.replace(
        inputs,
        items=tuple(
            msgspec.structs.replace(row, clause=clause) if row.item == "N01" else row
            for row in inputs.items
        ),
        adjustments=(deleted,),
        difficulty=CoefficientInput(coefficient="1", reason="按平均难度", sources=SOURCE),
    )


def _walk(tree: Explanation) -> Iterator[Explanation]:
    yield tree
    for node in tree.inputs:
        yield from _walk(node)


def test_a_deleted_item_counts_nothing_for_its_weight() -> None:
    """94.37 less 0.9 x 6.4, what N01 had counted."""
    assert score(_with_n01_deleted("3.8"), _with_coefficient()).total == "88.61"


def test_a_deleted_item_under_no_clause_is_refused_like_any_other() -> None:
    """Bad input: what full marks would be is said by the clause, and there is none."""
    with pytest.raises(UnknownClause) as refused:
        score(_with_n01_deleted("99"), _with_coefficient())
    assert (refused.value.code, "N01" in str(refused.value)) == ("unknown_clause", True)


def _without_coefficient() -> Rulebook:
    example = _with_coefficient()
    steps = tuple(step for step in example.order.steps if step != "coefficient")
    return msgspec.structs.replace(
        example,
        order=msgspec.structs.replace(example.order, steps=steps),
        difficulty=msgspec.UNSET,
    )


def test_a_deleted_item_scores_by_no_clause() -> None:
    """Where no later step asks for its full marks, it is 0 whatever its clause says."""
    inputs = msgspec.structs.replace(_with_n01_deleted("99"), difficulty=msgspec.UNSET)
    outcome = score(inputs, _without_coefficient())
    assert outcome.total == "88.61"
    assert next(row.exact for row in outcome.item_scores if row.item == "N01") == "0"


def test_full_marks_of_a_deleted_item_are_not_spoken_of() -> None:
    """A clause with full marks of its own that only the deleted item uses changes no sentence."""
    example = _with_coefficient()
    assert [row.item for row in letter_inputs(PUBLISHED).items if row.clause == "3.99"] == []
    clause = msgspec.structs.replace(example.clause("3.8"), clause="3.99", full="50")
    changed = msgspec.structs.replace(example, clauses=(*example.clauses, clause))
    nodes = {node.path: node for node in _walk(score(_with_n01_deleted("3.99"), changed).tree)}
    assert "÷ 100 = " in nodes["letter"].zh
    assert "满分" not in nodes["N01"].zh


def test_adjustments_of_an_item_are_listed_by_their_number() -> None:
    """Three adjustments given from the last to the first are listed from the first to the last."""
    inputs = _with_n01_deleted("3.8")
    listed = [
        msgspec.structs.replace(inputs.adjustments[0], adjustment=name)
        for name in ("AD-3", "AD-2", "AD-1")
    ]
    tree = score(msgspec.structs.replace(inputs, adjustments=tuple(listed)), _with_coefficient())
    node = next(row for row in _walk(tree.tree) if row.path == "N01")
    assert [row.path for row in node.inputs][:3] == ["AD-1", "AD-2", "AD-3"]
