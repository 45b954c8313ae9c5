"""The tree of rule errors: stable codes, facts, both languages."""

import inspect
import string

import pytest

from opsledger_contracts.rules import errors
from opsledger_contracts.rules.errors import RuleError
from support.released import Released

CONCRETE = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, RuleError) and "code" in kind.__dict__
]


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.mark.parametrize("kind", CONCRETE, ids=lambda kind: kind.__name__)
def test_an_error_says_the_same_in_both_languages(kind: type[RuleError]) -> None:
    """Both sentences state facts of the error, and the message is the English one."""
    facts = {name: f"<{name}>" for name in _fields(kind.en_template)}
    assert _fields(kind.zh_template) <= facts.keys()
    error = kind(**facts)
    assert str(error) == error.en
    assert error.facts == facts
    assert all(text in error.en for text in facts.values())
    assert error.zh != error.en


def test_codes_are_unique() -> None:
    """One code, one situation."""
    codes = [kind.code for kind in CONCRETE]
    assert len(codes) == len(set(codes))


def test_the_tree_in_the_docstring_is_complete() -> None:
    """Every concrete error stands in the tree on top of the module."""
    assert errors.__doc__ is not None
    drawn = {word for word in errors.__doc__.split() if word[0].isupper()}
    assert {kind.__name__ for kind in CONCRETE} <= drawn


def test_codes_and_what_errors_state_are_as_released(released: Released) -> None:
    """A code is stable for ever; each sentence states the facts that it stated when released."""
    released(
        {
            kind.__name__: {
                "code": kind.code,
                "en": sorted(_fields(kind.en_template)),
                "zh": sorted(_fields(kind.zh_template)),
            }
            for kind in CONCRETE
        }
    )
