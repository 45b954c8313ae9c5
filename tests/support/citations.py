"""Which requirement rows the tests cite: `R123` in the docstring of a test."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).resolve().parents[1]
ROW_IDS = re.compile(r"\bR\d{3}\b")


class Requirement(NamedTuple):
    """One core row of the requirements."""

    id: str
    section: int
    title: str
    uncited_because: str
    """Why no test needs to cite the row; empty when one must."""


def read_requirements(path: Path = TESTS / "requirements.toml") -> dict[str, Requirement]:
    """All core rows by id, in their order."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    reasons: dict[str, str] = document["uncited"]
    rows = [
        Requirement(row, section["number"], title, reasons.get(row, ""))
        for section in document["section"]
        for row, title in section["rows"].items()
    ]
    return {row.id: row for row in rows}


def rows_known(path: Path = TESTS / "requirements.toml") -> frozenset[str]:
    """The ids of all rows of every class and section."""
    last: int = tomllib.loads(path.read_text(encoding="utf-8"))["last_row"]
    return frozenset(f"R{number:03}" for number in range(1, last + 1))


def read_citations(tests: Path = TESTS) -> dict[str, list[str]]:
    """The places that cite each row, as `file::test`; rows nobody cites are absent."""
    citations: dict[str, list[str]] = {}
    for path in sorted(tests.rglob("test_*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        for name, docstring in _docstrings(module):
            place = f"{path.relative_to(tests).as_posix()}::{name}"
            for row in ROW_IDS.findall(docstring):
                citations.setdefault(row, []).append(place)
    return citations


def uncited(
    requirements: Mapping[str, Requirement], citations: Mapping[str, list[str]]
) -> list[Requirement]:
    """The rows that no test cites."""
    return [row for row in requirements.values() if row.id not in citations]


def _docstrings(module: ast.Module) -> Iterator[tuple[str, str]]:
    """Name and docstring of every test function in a module."""
    for node in ast.walk(module):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("test"):
            yield node.name, ast.get_docstring(node) or ""
