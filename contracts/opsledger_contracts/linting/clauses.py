"""Checks of the clauses that score items: what their parameters make of the score (SR-29)."""

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final

from opsledger_contracts.documents.rulebook import Clause, Rulebook
from opsledger_contracts.linting.finding import LintFinding, Severity
from opsledger_contracts.rules.errors import InvalidNumber
from opsledger_contracts.rules.numbers import parse_decimal, shown

_DIVISORS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "proportional@1": ("target",),
        "proportional@2": ("target",),
        "step@1": ("target", "step"),
        "inverse_ratio@1": ("plan",),
        "inverse_step@1": ("step",),
        "baseline_dependent_cap@1": ("target", "baseline", "step"),
        "negative_target@1": ("step",),
        "coefficient_lateness@1": ("coefficient",),
    }
)
"""What each rule divides by; it must be above zero."""

_ASCENDING: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "piecewise_linear@1": ("threshold", "target", "stretch"),
        "stepped_start@1": ("start", "target"),
    }
)
"""Points between which each rule interpolates; each lies above the one before."""

_CAPS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        "proportional@1": (("floor", "cap"), ("1", "cap")),
        "proportional@2": (("floor", "cap"), ("1", "cap")),
        "step@1": (("0", "cap_up"), ("0", "cap_down")),
        "inverse_ratio@1": (("floor", "base"), ("base", "cap")),
        "inverse_step@1": (("0", "cap_worse"), ("0", "cap_better")),
        "deduct_count@1": (("floor", "base"), ("0", "categories.points_min")),
        "deduct_count@2": (("floor", "base"), ("0", "categories.points_min")),
        "lateness@1": (("floor", "base"), ("0", "levels.early_cap")),
        "baseline_dependent_cap@1": (("0", "caps_up.cap"), ("0", "cap_down")),
        "negative_target@1": (("0", "cap_up"), ("0", "cap_down")),
        "stepped_start@1": (("floor", "full"), ("full", "cap")),
        "scale@1": (("floor", "cap"),),
        "coefficient_lateness@1": (("quality_min", "quality_max"),),
    }
)
"""Pairs of parameters (or a number and a parameter) of which the second is not the smaller one."""

_RANGES: Final = (("points_min", "points_max"),)
"""Columns of a table of which the second is not the smaller one."""

_ROW_KEYS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "bands": ("lo", "hi"),
        "categories": ("category",),
        "levels": ("level",),
        "grades": ("grade",),
        "caps_up": ("shortfall",),
    }
)
"""The columns by which a row of each table is told from the others."""

_SAYS_WHOLE: Final = re.compile(r"不足|每满|整|满一档")
_SAYS_PRO_RATA: Final = re.compile(r"按比例|折算|线性")

Check = Iterator[LintFinding]


def each(rulebook: Rulebook) -> Iterator[LintFinding]:
    """Every check of every clause that scores items."""
    for place, clause in enumerate(rulebook.clauses):
        if clause.rule is not None:
            path = f"clauses[{place}]"
            for check in (
                _divisors,
                _ascending,
                _caps,
                _row_keys,
                _row_ranges,
                _mode,
            ):
                yield from check(clause, path)


def _report(
    clause: Clause,
    code: str,
    path: str,
    zh: str,
    en: str,
    *,
    severity: Severity = "error",
    **facts: str,
) -> LintFinding:
    return LintFinding(
        code=code, severity=severity, path=path, zh=zh, en=en, clause=clause.clause, facts=facts
    )


def number(value: Any) -> Fraction | None:
    """The exact value of a parameter that is a number, else None."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        return parse_decimal(str(value))
    except InvalidNumber:
        return None


def numbers(clause: Clause, name: str) -> Iterator[tuple[str, Fraction]]:
    """Paths and values of a parameter, or of a column of one that is a table (``levels.base``)."""
    parameter, _, column = name.partition(".")
    value = clause.params.get(parameter)
    if not column:
        found = number(value)
        if found is not None:
            yield f"params.{parameter}", found
        return
    for place, row in enumerate(value if isinstance(value, list) else ()):
        found = number(row.get(column))
        if found is not None:
            yield f"params.{parameter}[{place}].{column}", found


def _divisors(clause: Clause, path: str) -> Check:
    for name in _DIVISORS.get(str(clause.rule), ()):
        for where, value in numbers(clause, name):
            if value == 0:
                yield _report(
                    clause,
                    "RB-DIVISION-BY-ZERO",
                    f"{path}.{where}",
                    f"{name} 为 0，规则要除以它",
                    f"{name} is 0, and the rule divides by it",
                )
            elif value < 0:
                yield _report(
                    clause,
                    "RB-SIGN",
                    f"{path}.{where}",
                    f"{name} 须大于 0，实为 {shown(value)}",
                    f"{name} must be above 0, found {shown(value)}",
                )
    if clause.rule == "negative_target@1":
        for where, value in numbers(clause, "target"):
            if value >= 0:
                yield _report(
                    clause,
                    "RB-DIVISION-BY-ZERO" if value == 0 else "RB-SIGN",
                    f"{path}.{where}",
                    f"亏损目标须小于 0，实为 {shown(value)}",
                    f"a planned loss lies below 0, found {shown(value)}",
                )


def _ascending(clause: Clause, path: str) -> Check:
    points = [
        (name, value)
        for name in _ASCENDING.get(str(clause.rule), ())
        for _, value in numbers(clause, name)
    ]
    for (lower, low), (upper, high) in pairwise(points):
        if low == high:
            yield _report(
                clause,
                "RB-DIVISION-BY-ZERO",
                f"{path}.params.{upper}",
                f"{lower} 与 {upper} 同为 {shown(low)}，插值要除以二者之差",
                f"{lower} and {upper} are both {shown(low)}, and the rule divides by their "
                "difference",
            )
        elif low > high:
            yield _report(
                clause,
                "RB-POINTS-ORDER",
                f"{path}.params.{upper}",
                f"{upper} {shown(high)} 须大于 {lower} {shown(low)}",
                f"{upper} {shown(high)} must lie above {lower} {shown(low)}",
            )


def _caps(clause: Clause, path: str) -> Check:
    for lower, upper in _CAPS.get(str(clause.rule), ()):
        low = (
            number(lower) if lower.isdigit() else next((v for _, v in numbers(clause, lower)), None)
        )
        for where, high in numbers(clause, upper):
            if low is not None and high < low:
                yield _report(
                    clause,
                    "RB-CAP-BELOW-BASE",
                    f"{path}.{where}",
                    f"{upper} {shown(high)} 低于 {lower if lower != shown(low) else ''} {shown(low)}",
                    f"{upper} {shown(high)} lies below "
                    f"{shown(low) if lower.isdigit() else f'{lower} {shown(low)}'}",
                    cap=shown(high),
                    base=shown(low),
                )


def _row_keys(clause: Clause, path: str) -> Check:
    for name, columns in _ROW_KEYS.items():
        rows = clause.params.get(name)
        seen: list[tuple[Any, ...]] = []
        for place, row in enumerate(rows if isinstance(rows, list) else ()):
            key = tuple(row.get(column) for column in columns)
            if key in seen:
                text = " ".join(str(part) for part in key)
                yield _report(
                    clause,
                    "RB-DUPLICATE-KEY",
                    f"{path}.params.{name}[{place}]",
                    f"{name} 中 {text} 重复：两行各执一词",
                    f"{text} is listed twice in {name}, and the rows may say different things",
                    key=text,
                )
            seen.append(key)


def _row_ranges(clause: Clause, path: str) -> Check:
    for name in clause.params:
        for lower, upper in _RANGES:
            lows = [value for _, value in numbers(clause, f"{name}.{lower}")]
            highs = list(numbers(clause, f"{name}.{upper}"))
            for low, (where, high) in zip(lows, highs, strict=False):
                if high < low:
                    yield _report(
                        clause,
                        "RB-CAP-BELOW-BASE",
                        f"{path}.{where}",
                        f"{upper} {shown(high)} 低于 {lower} {shown(low)}",
                        f"{upper} {shown(high)} lies below {lower} {shown(low)}",
                        cap=shown(high),
                        base=shown(low),
                    )


def _mode(clause: Clause, path: str) -> Check:
    if clause.rule not in {
        "step@1",
        "inverse_step@1",
        "baseline_dependent_cap@1",
        "negative_target@1",
    }:
        return
    mode = clause.params.get("mode")
    if mode is None:
        yield _report(
            clause,
            "RB-STEP-MODE",
            f"{path}.params.mode",
            "“每 x%” 未言明：不足一档不计（whole_step），还是按比例折算（pro_rata）",
            "“per x %” is ambiguous: say whether a broken step counts not at all (whole_step) or "
            "in part (pro_rata)",
        )
        return
    says = _SAYS_WHOLE if mode == "whole_step" else _SAYS_PRO_RATA
    if says.search(clause.zh) is None:
        yield _report(
            clause,
            "RB-STEP-WORDING",
            f"{path}.zh",
            f"参数为 {mode}，条款文字却未写明不足一档如何计",
            f"the parameter says {mode}, the clause does not say what a broken step counts",
            severity="warning",
        )
