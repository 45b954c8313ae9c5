"""Scoring gives the same digits everywhere; domain, rules and views touch nothing outside."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from support.purity import (
    binary_floats,
    chance_imports,
    clock_reads,
    outside_calls,
    set_iterations,
)
from support.source import PACKAGES, modules

RULES = PACKAGES["opsledger_contracts"] / "rules"
DOMAIN = PACKAGES["opsledger_ledger"] / "domain"
VIEWS = PACKAGES["opsledger_projections"] / "views"

Check = Callable[[ast.Module], Iterable[str]]


def _found(folder: Path, check: Check) -> list[str]:
    files = list(modules(folder))
    assert files, f"{folder} holds no code to look at"
    return [f"{name}:{place}" for name, module in files for place in check(module)]


@pytest.mark.parametrize("folder", [RULES, DOMAIN, VIEWS], ids=["rules", "domain", "views"])
@pytest.mark.parametrize(
    "check", [binary_floats, chance_imports, clock_reads, outside_calls, set_iterations]
)
def test_pure_code_is_pure(folder: Path, check: Check) -> None:
    """No float, no chance, no clock, no I/O, no order of a set where a result is computed."""
    assert _found(folder, check) == []


@pytest.mark.parametrize(
    ("check", "code"),
    [
        (binary_floats, "weight = 0.5"),
        (binary_floats, "float(text)"),
        (binary_floats, "total: float = 0"),
        (binary_floats, "share = 1 / 3"),
        (binary_floats, "math.fsum(parts)"),
        (binary_floats, "sum(map(float, parts))"),
        (chance_imports, "import random"),
        (chance_imports, "from statistics import mean"),
        (clock_reads, "datetime.now(UTC)"),
        (clock_reads, "datetime.datetime.utcnow()"),
        (clock_reads, "date.today()"),
        (outside_calls, "open('file')"),
        (outside_calls, "print(score)"),
        (set_iterations, "for unit in {'a', 'b'}: pass"),
        (set_iterations, "[unit for unit in set(units)]"),
        (set_iterations, "list(set(units) - {'a'})"),
        (set_iterations, "','.join({unit for unit in units})"),
    ],
)
def test_impure_code_is_found(check: Check, code: str) -> None:
    """Each check reports the fault it is there for, once."""
    assert len(list(check(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    ("check", "code"),
    [
        (binary_floats, "Fraction(1, 3) + Decimal('0.5')"),
        (chance_imports, "from fractions import Fraction"),
        (clock_reads, "today + timedelta(days=1)"),
        (outside_calls, "store.open('case')"),
        (set_iterations, "for unit in sorted({'a', 'b'}): pass"),
        (set_iterations, "'a' in {'a', 'b'}"),
    ],
)
def test_pure_code_is_not_reported(check: Check, code: str) -> None:
    """What looks alike and is harmless passes."""
    assert list(check(ast.parse(code))) == []
