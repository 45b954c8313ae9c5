"""Every check of SR-29: a document that triggers it, and one beside it that does not."""

import ast
from typing import Any

import pytest

from opsledger_contracts.linting.catalogue import CHECKS
from opsledger_contracts.linting.linter import structural_check
from support.lint_examples import examples, found
from support.source import PACKAGES

EXAMPLES = examples()
VALIDATION = PACKAGES["opsledger_contracts"] / "rules"


def test_every_check_has_an_example_and_every_example_a_check() -> None:
    """SR-29: no check without both documents."""
    assert set(EXAMPLES) == set(CHECKS)


@pytest.mark.parametrize("check", EXAMPLES)
def test_a_document_triggers_the_check_as_published(check: str) -> None:
    """Severity, place, clause, both texts and all figures are those of the example."""
    example = EXAMPLES[check]
    expected: dict[str, Any] = example["finding"]
    told = [
        {
            "severity": finding.severity,
            "path": finding.path,
            "clause": finding.clause,
            "zh": finding.zh,
            "en": finding.en,
            "facts": finding.facts,
        }
        for finding in found(example, "triggers")
    ]
    assert expected in told
    assert {row["severity"] for row in told} == {CHECKS[check].severity}


@pytest.mark.parametrize("check", EXAMPLES)
def test_a_document_beside_it_does_not_trigger_the_check(check: str) -> None:
    """The check looks for the defect, not for what stands around it."""
    assert found(EXAMPLES[check], "passes") == []


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: check.check)
def test_every_check_explains_itself_in_both_languages(check: Any) -> None:
    """Whoever reads a report understands why it matters."""
    assert check.zh
    assert check.en


def test_every_code_of_the_structural_validation_is_a_check() -> None:
    """The catalogue is closed: what the validation of structure may report stands in it."""
    codes: set[str] = set()
    for name in ("rulebook_validation", "structure_validation", "checks"):
        module = ast.parse((VALIDATION / f"{name}.py").read_text("utf-8"))
        codes |= {code for node in ast.walk(module) for code in _codes(node)}
    assert len(codes) > 30
    assert {structural_check(code) for code in codes} <= set(CHECKS)


def _codes(node: ast.AST) -> list[str]:
    """The codes that a call of a finding's constructor names."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return []
    named = [word.value for word in node.keywords if word.arg == "code"]
    place = {"finding": 0, "_finding": 1, "known": 2}.get(node.func.id)
    if place is not None:
        named.append(node.args[place])
    return [
        str(one.value)
        for one in named
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and one.value
    ]
