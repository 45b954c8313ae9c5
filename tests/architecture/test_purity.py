"""Scoring gives the same digits everywhere; domain, rules and views touch nothing outside."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest

from support.purity import (
    binary_floats,
    chance,
    clock_reads,
    customs,
    outside_calls,
    set_iterations,
    surroundings,
)
from support.source import PACKAGES, modules

CONTRACTS = PACKAGES["opsledger_contracts"]
PURE = {
    "rules": CONTRACTS / "rules",
    "linting": CONTRACTS / "linting",
    "collecting": CONTRACTS / "collecting.py",
    "overriding": CONTRACTS / "overriding.py",
    "replaying": CONTRACTS / "replaying.py",
    "domain": PACKAGES["opsledger_ledger"] / "domain",
    "views": PACKAGES["opsledger_projections"] / "views",
    "replay": PACKAGES["opsledger_projections"] / "replay",
}
CHECKS = (
    binary_floats,
    chance,
    clock_reads,
    customs,
    outside_calls,
    set_iterations,
    surroundings,
)

Check = Callable[[ast.Module], Iterable[str]]

IMPURE: list[tuple[Check, str]] = [
    (binary_floats, "weight = 0.5"),
    (binary_floats, "float(text)"),
    (binary_floats, "total: float = 0"),
    (binary_floats, "share = 1 / 3"),
    (binary_floats, "math.fsum(parts)"),
    (binary_floats, "sum(map(float, parts))"),
    (binary_floats, "sum(parts, 0.0)"),
    (chance, "import random"),
    (chance, "from statistics import mean"),
    (chance, "import time"),
    (chance, "hash(unit)"),
    (chance, "sorted(units, key=lambda unit: id(unit))"),
    (clock_reads, "datetime.now(UTC)"),
    (clock_reads, "datetime.datetime.utcnow()"),
    (clock_reads, "date.today()"),
    (clock_reads, "datetime.fromtimestamp(seconds)"),
    (clock_reads, "moment.astimezone()"),
    (clock_reads, "moment.timestamp()"),
    (customs, "sorted(units, key=str.casefold)"),
    (customs, "unit.casefold()"),
    (customs, "sorted(units, key=lambda unit: unit.name.lower())"),
    (customs, "sorted(units, key=strxfrm.strxfrm)"),
    (customs, "day.strftime('%x')"),
    (customs, "f'{total:n}'"),
    (outside_calls, "open('file')"),
    (outside_calls, "print(score)"),
    (set_iterations, "for unit in {'a', 'b'}: pass"),
    (set_iterations, "[unit for unit in set(units)]"),
    (set_iterations, "list(set(units) - {'a'})"),
    (set_iterations, "','.join({unit for unit in units})"),
    (set_iterations, "seen = set(units)\nfor unit in seen: pass"),
    (set_iterations, "seen: set[str] = make()\ntuple(seen)"),
    (set_iterations, "def listed(units: frozenset[str]): return [*units]"),
    (set_iterations, "self.zeroed: frozenset[str] = given\n[item for item in run.zeroed]"),
    (set_iterations, "dict.fromkeys({*units})"),
    (set_iterations, "max({*units}, key=total_of)"),
    (set_iterations, "{'a', 'b'}.pop()"),
    (set_iterations, "set(units).union(others).pop()"),
    (surroundings, "import os"),
    (surroundings, "from os import environ"),
    (surroundings, "import locale"),
    (surroundings, "from pathlib import Path"),
]
"""The fault that each check is there for, in the forms in which it comes."""


@cache
def _trees(place: Path) -> list[tuple[str, ast.Module]]:
    if place.is_dir():
        return list(modules(place))
    return [(place.name, ast.parse(place.read_text(encoding="utf-8")))]


def _found(place: Path, check: Check) -> list[str]:
    trees = _trees(place)
    assert trees, f"{place} holds no code to look at"
    return [f"{name}:{line}" for name, module in trees for line in check(module)]


@pytest.mark.parametrize("place", PURE)
@pytest.mark.parametrize("check", CHECKS)
def test_pure_code_is_pure(place: str, check: Check) -> None:
    """No float, chance, clock, custom, I/O, set order or environment where a result is computed."""
    assert _found(PURE[place], check) == []


@pytest.mark.parametrize(("check", "code"), IMPURE)
def test_impure_code_is_found(check: Check, code: str) -> None:
    """Each check reports the fault it is there for, once."""
    assert len(list(check(ast.parse(code)))) == 1


def test_every_check_has_a_fault_that_it_finds() -> None:
    """No check is without the proof that it can fail."""
    assert {check for check, _ in IMPURE} == set(CHECKS)


@pytest.mark.parametrize(
    ("check", "code"),
    [
        (binary_floats, "Fraction(1, 3) + Decimal('0.5')"),
        (binary_floats, "sum(parts, Fraction(0))"),
        (chance, "from fractions import Fraction"),
        (chance, "node.hash()"),
        (clock_reads, "today + timedelta(days=1)"),
        (clock_reads, "moment.astimezone(GROUP_TIME_ZONE)"),
        (customs, "code.upper()"),
        (customs, "sorted(units, key=lambda unit: unit.name)"),
        (customs, "f'{total:02d}'"),
        (outside_calls, "store.open('case')"),
        (set_iterations, "for unit in sorted({'a', 'b'}): pass"),
        (set_iterations, "'a' in {'a', 'b'}"),
        (set_iterations, "seen = set(units)\nlen(seen)\nmin(seen)\nif 'a' in seen: pass"),
        (set_iterations, "rows = list(units)\nfor row in rows: pass"),
        (surroundings, "from datetime import date"),
    ],
)
def test_pure_code_is_not_reported(check: Check, code: str) -> None:
    """What looks alike and is harmless passes."""
    assert list(check(ast.parse(code))) == []
