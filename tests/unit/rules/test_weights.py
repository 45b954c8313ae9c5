"""Weights of letters: policy, added and deleted items, displayed weights (SR-12, SR-15)."""

from fractions import Fraction
from typing import Any

import pytest

from opsledger_contracts.documents.rulebook import ItemLevel
from opsledger_contracts.rules.errors import RepeatedName, UnknownItem, WeightsInvalid
from opsledger_contracts.rules.numbers import decimal_text, exact, parse_decimal, quantise
from opsledger_contracts.rules.weights import (
    ADD_RULES,
    DELETE_RULES,
    WeightedItem,
    displayed_weights,
    weight_findings,
    weights_rebase_add,
    weights_redistribute_delete,
)
from support.released import Released
from support.scoring_examples import rulebook, vectors

ADDED, DELETED = vectors("SR-15")["cases"]
POLICY = rulebook().weights
HUNDRED = Fraction(100)


def _parsed(weights: dict[str, str]) -> dict[str, Fraction]:
    return {name: Fraction(text) for name, text in weights.items()}


def _texts(weights: dict[str, Fraction]) -> dict[str, str]:
    return {name: exact(value) for name, value in weights.items()}


def test_an_added_item_shrinks_the_others_in_proportion() -> None:
    """The imposed item takes 10, the others keep their proportions exactly (R116)."""
    weights = ADD_RULES[ADDED["rule"]](
        _parsed(ADDED["weights"]), ADDED["item"], Fraction(ADDED["weight"]), HUNDRED
    )
    assert _texts(weights) == ADDED["out"]
    assert displayed_weights(weights, POLICY) == ADDED["displayed"]


def test_a_deleted_item_leaves_its_weight_to_the_others() -> None:
    """Weights stay exact; shown with two places they total 100.00, not 99.99 (R117)."""
    weights = DELETE_RULES[DELETED["rule"]](
        _parsed(DELETED["weights"]), DELETED["deleted"], HUNDRED, None
    )
    assert _texts(weights) == DELETED["out"]
    assert displayed_weights(weights, POLICY) == DELETED["displayed"]
    plain = sum(quantise(weight, 2, "half_up") for weight in weights.values())
    assert plain == Fraction("99.99")
    letter = sum(
        weights[name] * parse_decimal(score) / HUNDRED for name, score in DELETED["scores"].items()
    )
    assert decimal_text(quantise(Fraction(letter), 4, "half_up"), 4) == DELETED["letter"]


def test_a_weight_can_stay_in_its_category() -> None:
    """With categories, only items of the same one take the weight."""
    weights = weights_redistribute_delete(
        {"A": Fraction(40), "B": Fraction(20), "C": Fraction(40)},
        ["B"],
        HUNDRED,
        {"A": "node", "B": "node", "C": "cost"},
    )
    assert weights == {"A": 60, "C": 40}
    two = weights_redistribute_delete(
        {"A": Fraction(40), "B": Fraction(20), "C": Fraction(30), "D": Fraction(10)},
        ["A", "B"],
        HUNDRED,
        {"A": "node", "B": "node", "C": "node", "D": "cost"},
    )
    assert two == {"C": 90, "D": 10}


def test_a_weight_needs_someone_to_take_it(released: Released) -> None:
    """The last item of a category, or of a letter, cannot leave its weight to nobody."""
    weights = {"A": Fraction(60), "B": Fraction(40)}
    with pytest.raises(WeightsInvalid, match="40 left over") as one:
        weights_redistribute_delete(weights, ["B"], HUNDRED, {"A": "node", "B": "cost"})
    with pytest.raises(WeightsInvalid, match="100 left over") as all_:
        weights_redistribute_delete(weights, ["A", "B"], HUNDRED, None)
    released([one.value, all_.value])


def test_weights_that_do_not_total_the_total_are_not_changed() -> None:
    """Both rules start from weights that total exactly 100."""
    weights = {"A": Fraction(99)}
    with pytest.raises(WeightsInvalid, match="expected 100, found 99"):
        weights_rebase_add(weights, "B", Fraction(10), HUNDRED)
    with pytest.raises(WeightsInvalid, match="expected 100, found 99"):
        weights_redistribute_delete(weights, [], HUNDRED, None)


def test_only_items_that_are_there_are_deleted_and_others_added(released: Released) -> None:
    """An unknown item cannot be deleted, a known one not added, and none can weigh everything."""
    weights = {"A": HUNDRED}
    with pytest.raises(UnknownItem, match="names item B") as unknown:
        weights_redistribute_delete(weights, ["B"], HUNDRED, None)
    with pytest.raises(RepeatedName, match="A occurs twice") as repeated:
        weights_rebase_add(weights, "A", Fraction(10), HUNDRED)
    released([unknown.value, repeated.value])
    for weight in (0, 100):
        with pytest.raises(WeightsInvalid) as refused:
            weights_rebase_add(weights, "B", Fraction(weight), HUNDRED)
        released(refused.value)


def _item(name: str, weight: str, level: ItemLevel = "key") -> WeightedItem:
    return WeightedItem(item=name, category="trial", level=level, weight=Fraction(weight))


@pytest.mark.parametrize(
    ("items", "codes"),
    [
        pytest.param([_item(str(n), "25") for n in range(4)], [], id="fine"),
        pytest.param(
            [_item("A", "29"), *(_item(str(n), "35/2") for n in range(4))],
            ["weights_total"],
            id="99 is not 100",
        ),
        pytest.param(
            [_item(str(n), "20", "key" if n < 2 else "major") for n in range(5)],
            ["key_share"],
            id="key items weigh 40",
        ),
        pytest.param(
            [_item(str(n), "20", "key" if n < 3 else "major") for n in range(5)],
            [],
            id="key items weigh 60",
        ),
        pytest.param(
            [_item(str(n), weight) for n, weight in enumerate(("3", "30", "30", "30", "7"))],
            [],
            id="3 and 30 are within 3 to 30",
        ),
        pytest.param(
            [
                _item("A", "2"),
                _item("B", "31"),
                _item("C", "30"),
                _item("D", "30"),
                _item("E", "7"),
            ],
            ["item_weight", "item_weight"],
            id="2 and 31 are outside 3 to 30",
        ),
    ],
)
def test_a_letter_keeps_the_weight_policy(
    items: list[WeightedItem], codes: list[str], released: Released
) -> None:
    """Total, share of key items and single weights are checked against the rulebook (R092)."""
    findings = weight_findings(items, POLICY)
    assert [finding.code for finding in findings] == codes
    assert all(finding.clause == POLICY.clause for finding in findings)
    released(findings)


def test_displayed_weights_always_have_two_places() -> None:
    """Even a whole weight is shown with the places of the policy."""
    shown: dict[str, Any] = displayed_weights({"A": Fraction(50), "B": Fraction(50)}, POLICY)
    assert shown == {"A": "50.00", "B": "50.00"}
