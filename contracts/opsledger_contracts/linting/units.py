"""Units of measure that a rulebook may state, and in which units each rule takes its parameters."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

Quantity = Literal[
    "ratio",
    "percent",
    "points",
    "days",
    "count",
    "persons",
    "hours",
    "money",
    "mass",
    "area",
    "money_per_mass",
    "money_per_area",
]
Declared = Literal["measure", "ratio", "points", "days"]
"""What a rule takes a parameter in: ``measure`` is the unit of the actual value."""


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of measure; `signs` are the ways of writing it behind a number."""

    unit: str
    quantity: Quantity
    zh: str
    en: str
    signs: tuple[str, ...]


UNITS: Final[Mapping[str, Unit]] = MappingProxyType(
    {
        unit.unit: unit
        for unit in (
            Unit(unit="ratio", quantity="ratio", zh="比值", en="ratio", signs=("ratio", "比值")),
            Unit(
                unit="percent",
                quantity="percent",
                zh="百分比",
                en="per cent",
                signs=("%", "％", "percent"),
            ),
            Unit(
                unit="percentage_point",
                quantity="percent",
                zh="百分点",
                en="percentage point",
                signs=("pp", "个百分点", "百分点"),
            ),
            Unit(
                unit="points",
                quantity="points",
                zh="分",
                en="points",
                signs=("分", "points", "point"),
            ),
            Unit(
                unit="days",
                quantity="days",
                zh="日历天",
                en="calendar days",
                signs=("天", "日", "days", "day"),
            ),
            Unit(
                unit="hours", quantity="hours", zh="小时", en="hours", signs=("小时", "h", "hours")
            ),
            Unit(
                unit="count",
                quantity="count",
                zh="次",
                en="count",
                signs=("次", "件", "项", "起", "count"),
            ),
            Unit(
                unit="persons", quantity="persons", zh="人", en="persons", signs=("人", "persons")
            ),
            Unit(unit="cny", quantity="money", zh="元", en="CNY", signs=("元", "CNY")),
            Unit(
                unit="cny_10k",
                quantity="money",
                zh="万元",
                en="CNY 10,000",
                signs=("万元", "CNY10k"),
            ),
            Unit(
                unit="cny_100m",
                quantity="money",
                zh="亿元",
                en="CNY 100 million",
                signs=("亿元", "CNY100m"),
            ),
            Unit(unit="tonne", quantity="mass", zh="吨", en="tonnes", signs=("吨", "t")),
            Unit(
                unit="square_metre",
                quantity="area",
                zh="平方米",
                en="square metres",
                signs=("平方米", "㎡", "m2"),
            ),
            Unit(
                unit="cny_per_tonne",
                quantity="money_per_mass",
                zh="元/吨",
                en="CNY per tonne",
                signs=("元/吨", "CNY/t"),
            ),
            Unit(
                unit="cny_per_square_metre",
                quantity="money_per_area",
                zh="元/平方米",
                en="CNY per square metre",
                signs=("元/平方米", "CNY/m2"),
            ),
        )
    }
)
"""Every unit by its name."""

SIGNS: Final[Mapping[str, Unit]] = MappingProxyType(
    {sign: unit for unit in UNITS.values() for sign in unit.signs}
)
"""Every unit by each way of writing it."""

_STEPS: Final[Mapping[str, Declared]] = MappingProxyType(
    {
        "target": "measure",
        "base": "points",
        "step": "ratio",
        "points_up": "points",
        "points_down": "points",
        "cap_down": "points",
    }
)
_DEDUCTIONS: Final[Mapping[str, Declared]] = MappingProxyType(
    {
        "base": "points",
        "floor": "points",
        "categories.points_min": "points",
        "categories.points_max": "points",
    }
)
_RATIO: Final[Mapping[str, Declared]] = MappingProxyType(
    {"target": "measure", "floor": "ratio", "cap": "ratio", "scale": "points"}
)

DECLARED: Final[Mapping[str, Mapping[str, Declared]]] = MappingProxyType(
    {
        "proportional@1": _RATIO,
        "proportional@2": _RATIO,
        "piecewise_linear@1": {
            "threshold": "measure",
            "target": "measure",
            "stretch": "measure",
            "threshold_score": "points",
            "target_score": "points",
            "stretch_score": "points",
        },
        "step@1": {**_STEPS, "cap_up": "points"},
        "band@1": {"bands.lo": "measure", "bands.hi": "measure", "bands.score": "points"},
        "deduct_count@1": _DEDUCTIONS,
        "deduct_count@2": _DEDUCTIONS,
        "inverse_ratio@1": {
            "plan": "measure",
            "base": "points",
            "floor": "points",
            "cap": "points",
        },
        "inverse_step@1": {
            "target": "measure",
            "base": "points",
            "step": "measure",
            "points_worse": "points",
            "points_better": "points",
            "cap_worse": "points",
            "cap_better": "points",
        },
        "lateness@1": {
            "base": "points",
            "floor": "points",
            "levels.first_days": "days",
            "levels.first_points": "points",
            "levels.later_points": "points",
            "levels.zero_after": "days",
            "levels.early_points": "points",
            "levels.early_cap": "points",
        },
        "baseline_dependent_cap@1": {
            **_STEPS,
            "baseline": "measure",
            "caps_up.shortfall": "ratio",
            "caps_up.cap": "points",
        },
        "negative_target@1": {
            **_STEPS,
            "cap_up": "points",
            "reduction_share": "ratio",
            "profit_share": "ratio",
        },
        "stepped_start@1": {
            "condition": "measure",
            "start": "measure",
            "target": "measure",
            "full": "points",
            "floor": "points",
            "cap": "points",
        },
        "binary@1": {"met_score": "points", "not_met_score": "points"},
        "scale@1": {
            "floor": "points",
            "cap": "points",
            "grades.lo": "points",
            "grades.hi": "points",
        },
        "coefficient_lateness@1": {
            "coefficient": "points",
            "per_day": "points",
            "quality_min": "points",
            "quality_max": "points",
            "scale": "points",
        },
    }
)
"""In what each numeric parameter of each rule is stated; columns of tables as ``table.column``."""
