"""The lint of letters: assessable, quantifiable, executable, with sound weights (R090, SR-12)."""

from datetime import date
from typing import Any

import pytest

from opsledger_contracts.events.letter import LetterItem, LetterItemAdded
from opsledger_contracts.letters import LetterDocument, item_parameters, period_days
from opsledger_contracts.problems.letter import LetterNotAcceptable
from opsledger_ledger.domain.letter_lint import (
    Terms,
    require_acceptable,
    require_acceptable_items,
)
from support import scoring_examples
from support.planning import DRAFTED, ITEMS, WRITTEN, document_of, item

TERMS = Terms(
    rulebook=scoring_examples.rulebook(),
    matrix=scoring_examples.matrix(),
    goals=frozenset({"G-1"}),
    parent=None,
)


def replaced(code: str, **fields: Any) -> LetterDocument:
    """The letter of scenario S1 with other values in one item."""
    items = []
    for one in ITEMS:
        values = {name: getattr(one, name) for name in LetterItem.__struct_fields__}
        items.append(LetterItem(**(values | fields)) if one.item == code else one)
    return document_of(DRAFTED, *(LetterItemAdded(item=one) for one in items))


def codes(document: LetterDocument, terms: Terms = TERMS) -> str:
    """The codes of the findings that stand against a letter; empty when none does."""
    try:
        require_acceptable(document, terms)
    except LetterNotAcceptable as refusal:
        return str(refusal.facts["codes"])
    return ""


def test_nothing_stands_against_the_letter_of_scenario_s1() -> None:
    """R090, R092: weights 100, key share 88, every item with its terms."""
    assert codes(document_of(*WRITTEN)) == ""


@pytest.mark.parametrize(
    ("code", "fields", "finding"),
    [
        ("I02", {"weight": "14"}, "weights_total"),
        ("I01", {"weight": "31"}, "weights_total, item_weight"),
        ("I02", {"clause": "9.9"}, "clause_unknown"),
        ("I02", {"clause": "1.1"}, "unknown_primitive"),
        ("I02", {"target": None}, "missing_parameter"),
        ("I02", {"params": {"cap": "2"}}, "unexpected_parameter"),
        ("I02", {"unit": None}, "unit_missing"),
        ("N01", {"params": {"due": "2026-12-31"}}, "term_among_params"),
        ("N01", {"start": None}, "start_missing"),
        ("N01", {"due": None}, "missing_parameter"),
        ("N01", {"node_level": None}, "missing_parameter"),
        ("N01", {"due": date(2026, 1, 2)}, "dates_reversed"),
        ("N01", {"due": date(2027, 1, 1)}, "due_outside_period"),
        ("N01", {"deliverables": ()}, "deliverables_missing"),
        ("I02", {"data_owner": "BJ"}, "data_owner_assessed"),
        ("I02", {"responsible": "ENG", "data_owner": "ENG"}, "data_owner_assessed"),
        ("N01", {"supporting": ("BJ",)}, "responsible_supports"),
        ("I02", {"matrix_item": "none"}, "matrix_item_unknown"),
        ("I02", {"contributes_to": "G-9"}, "contributes_to_unknown"),
        ("I02", {"parent_item": "I01"}, "parent_item_unknown"),
        ("N01", {"depends_on": ("N09",)}, "depends_on_unknown"),
        ("N01", {"depends_on": ("N01",)}, "dependency_circle"),
    ],
    ids=str,
)
def test_each_defect_is_found(code: str, fields: dict[str, Any], finding: str) -> None:
    """R065, R066, R085, R089, R090, SR-12: one defect in one item of the sound letter, one code."""
    assert codes(replaced(code, **fields)) == finding


def test_too_few_key_items_are_found() -> None:
    """R092, SR-12: key items weigh at least the rulebook's 60 of 100."""
    items = [
        LetterItem(
            **({name: getattr(one, name) for name in LetterItem.__struct_fields__})
            | {"level": "ordinary"}
        )
        for one in ITEMS
    ]
    letter = document_of(DRAFTED, *(LetterItemAdded(item=one) for one in items))
    assert codes(letter) == "key_share"


def test_a_goal_of_the_plan_is_known() -> None:
    """R085: an item may name a goal of the plan that the letter serves."""
    assert codes(replaced("I02", contributes_to="G-1")) == ""


def test_a_parent_item_is_one_of_the_annual_letter() -> None:
    """R083: a monthly item traces to an item that the annual letter has."""
    terms = Terms(
        rulebook=TERMS.rulebook,
        matrix=TERMS.matrix,
        goals=TERMS.goals,
        parent=document_of(*WRITTEN),
    )
    assert codes(replaced("I02", parent_item="I01"), terms) == ""
    assert codes(replaced("I02", parent_item="I99"), terms) == "parent_item_unknown"


def test_dependencies_in_a_line_are_no_circle() -> None:
    """R066: dependencies form a directed graph without circles, of any depth."""
    line = replaced("N02", depends_on=("N01",))
    longer = document_of(
        DRAFTED,
        *(LetterItemAdded(item=one) for one in line.items),
    )
    assert codes(longer) == ""
    circle = [
        LetterItem(
            **({name: getattr(one, name) for name in LetterItem.__struct_fields__})
            | {"depends_on": {"N01": ("N03",), "N03": ("N02",)}.get(one.item, one.depends_on)}
        )
        for one in line.items
    ]
    letter = document_of(DRAFTED, *(LetterItemAdded(item=one) for one in circle))
    assert codes(letter) == "dependency_circle"


def test_all_findings_are_told_at_once_in_both_languages() -> None:
    """R090: the drafter sees every defect with its place, not only the first one."""
    with pytest.raises(LetterNotAcceptable) as caught:
        require_acceptable(replaced("N01", deliverables=(), matrix_item="none"), TERMS)
    assert caught.value.facts["codes"] == "deliverables_missing, matrix_item_unknown"
    assert "items.N01.deliverables" in caught.value.sentence("en")
    assert "缺少交付成果" in caught.value.sentence("zh")


def test_items_can_be_held_to_their_own_rules_alone() -> None:
    """SR-15: re-basing may carry a weight past its bounds, which is then no finding."""
    require_acceptable_items(replaced("I01", weight="31"), TERMS)
    with pytest.raises(LetterNotAcceptable):
        require_acceptable_items(replaced("I01", deliverables=()), TERMS)


def test_an_empty_letter_is_not_acceptable() -> None:
    """SR-12: nothing does not weigh 100."""
    assert codes(document_of(DRAFTED)) == "weights_total, key_share"


def test_a_value_item_needs_no_node_terms() -> None:
    """R066: dates are asked of nodes; a value counts for the whole period."""
    value = item("I09", "5", "3.1", target="9", unit="次")
    letter = replaced("I02", weight="10")
    added = document_of(DRAFTED, *(LetterItemAdded(item=one) for one in (*letter.items, value)))
    assert codes(added) == ""


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2026-Q1", date(2026, 1, 1), date(2026, 3, 31)),
        ("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
        ("2028-02", date(2028, 2, 1), date(2028, 2, 29)),
    ],
    ids=["year", "first quarter", "last quarter", "leap month"],
)
def test_a_period_is_its_first_and_last_day(period: str, first: date, last: date) -> None:
    """R066: due dates lie in the period of the letter, both ends included."""
    assert period_days(period) == (first, last)


def test_a_clause_gets_the_terms_it_asks_for() -> None:
    """R090, SR-07: a node brings due date and level; a baseline nobody asks for stays out."""
    clause = scoring_examples.rulebook().clause("3.8")
    with_baseline = replaced("N01", baseline="5", params={"grace": "3"}).item("N01")
    assert with_baseline is not None
    assert item_parameters(with_baseline, clause) == {
        "due": "2026-05-29",
        "node_level": "1",
        "grace": "3",
    }
