"""Requirement rows and the tests that prove them."""

from __future__ import annotations

from pathlib import Path

from support.citations import Requirement, read_citations, read_requirements, rows_known, uncited


def test_cited_rows_exist() -> None:
    """A docstring cites only rows that the requirements have."""
    known = rows_known()

    unknown = {row: places for row, places in read_citations().items() if row not in known}

    assert unknown == {}


def test_every_core_row_is_cited() -> None:
    """Each core row of sections 1 to 9 is cited by a test, or the list says why it is not."""
    requirements = read_requirements()

    missing = [
        row for row in uncited(requirements, read_citations()) if not row.uncited_because.strip()
    ]

    assert [f"{row.id} {row.title}" for row in missing] == []


def test_no_excuse_outlives_its_need() -> None:
    """A row with a reason for not being cited is a known row, and none cites it."""
    requirements = read_requirements()
    excused = {row.id for row in requirements.values() if row.uncited_because}

    assert sorted(excused & set(read_citations())) == []


def test_a_citation_in_a_docstring_is_found(tmp_path: Path) -> None:
    """A row is cited by the docstring of a test, not by a comment or by a string elsewhere."""
    (tmp_path / "test_example.py").write_text(
        'def test_one() -> None:\n    """Proves R037."""\n'
        'def test_two() -> None:\n    # R038\n    name = "R040"\n'
        'def other() -> None:\n    """Not a test: R041."""\n',
        encoding="utf-8",
    )

    assert read_citations(tmp_path) == {"R037": ["test_example.py::test_one"]}


def test_rows_without_a_citation_are_listed() -> None:
    """What no test cites is returned in the order of the list."""
    rows = {name: Requirement(name, 2, "title", "") for name in ("R037", "R038", "R040")}

    assert [row.id for row in uncited(rows, {"R038": ["a::b"]})] == ["R037", "R040"]
