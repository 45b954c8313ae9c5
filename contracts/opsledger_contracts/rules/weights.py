"""Weights of a letter: policy, added items, deleted items, displayed weights (SR-12, SR-15)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import msgspec

from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.documents.rulebook import ItemLevel, WeightPolicy
from opsledger_contracts.rules.errors import RepeatedName, UnknownItem, WeightsInvalid
from opsledger_contracts.rules.numbers import (
    decimal_text,
    largest_remainder,
    parse_decimal,
    shown,
)


class WeightedItem(msgspec.Struct, frozen=True, kw_only=True):
    """What the weight rules need to know of an item, in the letter's order."""

    item: str
    category: str
    level: ItemLevel
    weight: Fraction


def weight_findings(items: Sequence[WeightedItem], policy: WeightPolicy) -> tuple[Finding, ...]:
    """Every way in which the weights of a letter break the policy, empty when none does (SR-12).

    Codes: `weights_total`, `key_share`, `item_weight`.
    """
    findings: list[Finding] = []

    def report(code: str, path: str, zh: str, en: str) -> None:
        findings.append(Finding(code=code, path=path, zh=zh, en=en, clause=policy.clause))

    found = sum((item.weight for item in items), Fraction(0))
    if found != parse_decimal(policy.total):
        report(
            "weights_total",
            "items",
            f"权重合计应为 {policy.total}，实为 {shown(found)}",
            f"weights must total {policy.total}, found {shown(found)}",
        )
    key = sum((item.weight for item in items if item.level == "key"), Fraction(0))
    if key < parse_decimal(policy.key_share_min):
        report(
            "key_share",
            "items",
            f"关键工作项权重至少 {policy.key_share_min}，实为 {shown(key)}",
            f"key items must weigh at least {policy.key_share_min}, found {shown(key)}",
        )
    for item in items:
        if not parse_decimal(policy.item_min) <= item.weight <= parse_decimal(policy.item_max):
            report(
                "item_weight",
                f"items.{item.item}.weight",
                f"单项权重须在 {policy.item_min} 至 {policy.item_max} 之间，"
                f"{item.item} 为 {shown(item.weight)}",
                f"a single item weighs {policy.item_min} to {policy.item_max}, "
                f"{item.item} weighs {shown(item.weight)}",
            )
    return tuple(findings)


def weights_rebase_add(
    weights: Mapping[str, Fraction], item: str, weight: Fraction, total: Fraction
) -> dict[str, Fraction]:
    """Exact weights after an item of the given weight is added: all others x (total - w) / total.

    The added item comes last (SR-15(3)).

    Raises:
        RepeatedName: there is such an item already.
        WeightsInvalid: the weights do not total `total`, or the added one is not within it.

    """
    if item in weights:
        raise RepeatedName(name=item, where="items")
    _check_total(weights, total)
    if not 0 < weight < total:
        raise WeightsInvalid(expected=f"0 < w < {shown(total)}", found=shown(weight))
    factor = (total - weight) / total
    return {**{name: value * factor for name, value in weights.items()}, item: weight}


def weights_redistribute_delete(
    weights: Mapping[str, Fraction],
    deleted: Collection[str],
    total: Fraction,
    groups: Mapping[str, str] | None,
) -> dict[str, Fraction]:
    """Exact weights after items are deleted, in proportion over the remaining ones (SR-15(3)).

    With `groups` (item to category) the weight of a deleted item stays inside its category.

    Raises:
        UnknownItem: a deleted item is not among the weights.
        WeightsInvalid: the weights do not total `total`, or nothing is left to take the weight.

    """
    for item in deleted:
        if item not in weights:
            raise UnknownItem(where="weights", item=item)
    _check_total(weights, total)
    names = {name: "" if groups is None else groups[name] for name in weights}
    freed: dict[str, Fraction] = {}
    kept: dict[str, Fraction] = {}
    for name, weight in weights.items():
        pool = freed if name in deleted else kept
        pool[names[name]] = pool.get(names[name], Fraction(0)) + weight
    for group, weight in freed.items():
        if group not in kept:
            raise WeightsInvalid(
                expected="an item that takes the weight", found=f"{shown(weight)} left over"
            )
    return {
        name: weight + freed.get(names[name], Fraction(0)) * weight / kept[names[name]]
        for name, weight in weights.items()
        if name not in deleted
    }


def displayed_weights(weights: Mapping[str, Fraction], policy: WeightPolicy) -> dict[str, str]:
    """Decimal texts of exact weights that total exactly the policy's total (largest remainder).

    Raises:
        WeightsInvalid: the weights do not total it.

    """
    rounded = largest_remainder(
        tuple(weights.values()), policy.display_places, parse_decimal(policy.total)
    )
    return {
        name: decimal_text(value, policy.display_places)
        for name, value in zip(weights, rounded, strict=True)
    }


def _check_total(weights: Mapping[str, Fraction], total: Fraction) -> None:
    found = sum(weights.values(), Fraction(0))
    if found != total:
        raise WeightsInvalid(expected=shown(total), found=shown(found))


AddRule = Callable[[Mapping[str, Fraction], str, Fraction, Fraction], dict[str, Fraction]]
DeleteRule = Callable[
    [Mapping[str, Fraction], Collection[str], Fraction, Mapping[str, str] | None],
    dict[str, Fraction],
]

ADD_RULES: Final[Mapping[str, AddRule]] = MappingProxyType(
    {"weights_rebase_add@1": weights_rebase_add}
)
DELETE_RULES: Final[Mapping[str, DeleteRule]] = MappingProxyType(
    {"weights_redistribute_delete@1": weights_redistribute_delete}
)
