"""What holds for every structure of the rules: values are named, fixed, and none is unheard of."""

import importlib
import inspect
import pkgutil
from typing import Any

import msgspec
import pytest

from opsledger_contracts import rules
from opsledger_contracts.rules.primitives import PRIMITIVES
from support.released import Released

WORKING_VALUES = frozenset(
    {
        "Boundary",
        "ForceMajeureFacts",
        "Gated",
        "Satisfaction",
        "TierDays",
        "Verdict",
        "WeightedItem",
        "Working",
        "_Place",
    }
)
"""Structures that only pass between functions: none of them is read from a document."""


def _structs() -> list[type[msgspec.Struct]]:
    modules = [
        importlib.import_module(f"{rules.__name__}.{found.name}")
        for found in pkgutil.iter_modules(rules.__path__)
    ]
    return [
        value
        for module in modules
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, msgspec.Struct)
        and value.__module__ == module.__name__
    ]


def _bare(schema: Any) -> Any:
    """A schema without its prose, which may be said better at any time."""
    match schema:
        case dict():
            return {
                name: _bare(part)
                for name, part in schema.items()
                # A field may be called so too; its schema is no text.
                if isinstance(part, dict) or name not in {"title", "description", "examples"}
            }
        case list():
            return [_bare(part) for part in schema]
        case _:
            return schema


READ = [struct for struct in _structs() if struct.__name__ not in WORKING_VALUES]


@pytest.mark.parametrize("struct", _structs(), ids=lambda struct: struct.__name__)
def test_a_structure_is_fixed_and_its_values_are_named(struct: type[msgspec.Struct]) -> None:
    """What was computed from stays as it was, and no two values are mistaken for each other."""
    assert struct.__struct_config__.frozen
    kinds = {parameter.kind for parameter in inspect.signature(struct).parameters.values()}
    assert kinds <= {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("struct", _structs(), ids=lambda struct: struct.__name__)
def test_a_structure_that_is_read_refuses_what_it_does_not_know(
    struct: type[msgspec.Struct],
) -> None:
    """A misspelt field is an error, not a value left out."""
    read = struct.__name__ not in WORKING_VALUES
    assert struct.__struct_config__.forbid_unknown_fields is read


@pytest.mark.parametrize("struct", READ, ids=lambda struct: struct.__name__)
def test_a_structure_that_is_read_has_its_released_schema(
    struct: type[msgspec.Struct], released: Released
) -> None:
    """Fields, tags, closed lists, bounds and patterns are those that were released."""
    _, components = msgspec.json.schema_components([struct])
    released(_bare(components[struct.__name__]))


def test_every_primitive_is_registered_as_it_was_released(released: Released) -> None:
    """Rule, facts, direction and what it reads of quality, for each name and version."""
    released(
        {
            name: {
                "name": row.name,
                "rule": row.rule,
                "parameters": row.parameters.__name__,
                "facts": [kind.__name__ for kind in (row.fact, *row.also)],
                "direction": row.direction,
                "reads_quality": row.reads_quality,
                "computes": row.compute.__name__,
            }
            for name, row in PRIMITIVES.items()
        }
    )
