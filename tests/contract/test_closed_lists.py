"""The closed lists that readers rely on: refusal codes, event types, commands, enumerations."""

import importlib
import json
import pkgutil
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsledger.event_schemas import event_schema
from opsledger_contracts import problems
from opsledger_contracts.catalogue import EVENTS, NOUNS
from opsledger_contracts.problems.document import kind_of
from opsledger_contracts.problems.refusal import REFUSALS, Refusal
from opsledger_ledger.domain.deciding import COMMANDS, CommandEntry
from opsledger_ledger.http.openapi import refusals_of

SCHEMAS = Path(__file__).parents[2] / "contracts" / "schemas"

for found in pkgutil.iter_modules(problems.__path__):
    importlib.import_module(f"{problems.__name__}.{found.name}")


CHINESE = r"[\u4e00-\u9fff]"


def _fields(sentence: str) -> set[str]:
    """Name the facts of a sentence; one that is itself in words has its language at the end."""
    names = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
    return {re.sub("_(en|zh)$", "", name) for name in names}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_says_the_same_in_both_languages(refusal: type[Refusal]) -> None:
    """A stable code in snake case, a sentence in each language, the same facts in both."""
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", refusal.code)
    assert _fields(refusal.en) == _fields(refusal.zh)
    assert _fields(refusal.needed_en) == _fields(refusal.needed_zh)
    assert bool(refusal.needed_en) == bool(refusal.needed_zh)
    assert not re.search(CHINESE, refusal.en)
    assert re.search(CHINESE, refusal.zh)
    assert refusal.en.endswith((".", "?", "}"))
    assert (refusal.__doc__ or "").partition("\n")[0].endswith(".")
    assert 400 <= kind_of(refusal).status < 600


def test_all_refusals_are_published() -> None:
    """Every code that any module defines stands in `problems.json`, with its facts."""
    published = json.loads((SCHEMAS / "problems.json").read_bytes())
    assert {problem["code"] for problem in published} == REFUSALS.keys()
    assert [problem["code"] for problem in published] == sorted(REFUSALS)
    for problem in published:
        refusal = REFUSALS[problem["code"]]
        assert set(problem["facts"]) == refusal.fields()
        assert problem["status"] == kind_of(refusal).status


@pytest.mark.parametrize("type_name", EVENTS)
def test_a_type_is_named_after_its_noun(type_name: str) -> None:
    """`noun.words.vN`, where the noun is the module of the class."""
    event = EVENTS[type_name]
    matched = re.fullmatch(r"([a-z]+(?:_[a-z]+)*)\.([a-z]+(?:_[a-z]+)*)\.v([1-9][0-9]*)", type_name)
    assert matched is not None
    assert matched[1] == event.__module__.rpartition(".")[2]
    assert matched[1] in NOUNS
    assert type_name == event.TYPE
    assert (event.__doc__ or "").partition("\n")[0].endswith(".")


def test_no_type_is_defined_twice() -> None:
    """Each class is found under a type name of its own."""
    assert len({id(event) for event in EVENTS.values()}) == len(EVENTS)
    for noun in NOUNS.values():
        defined = [
            member.TYPE
            for member in vars(noun.module).values()
            if getattr(member, "__module__", None) == noun.module.__name__
            and "TYPE" in vars(member)
        ]
        assert len(defined) == len(set(defined))


@pytest.mark.parametrize("type_name", EVENTS)
def test_numbers_of_an_event_are_exact(type_name: str) -> None:
    """No binary float anywhere; the integers of an event have bounds that JSON can hold (P11)."""
    schema = event_schema(EVENTS[type_name])
    assert not [part for part in _parts(schema) if part.get("type") == "number"]
    for part in _parts(schema["properties"]):
        if part.get("type") == "integer":
            assert part["minimum"] >= -(2**53) + 1
            assert part["maximum"] <= 2**53 - 1


@pytest.mark.parametrize("type_name", EVENTS)
def test_a_choice_of_an_event_is_explained(type_name: str) -> None:
    """Every closed list of words under the event's own fields says what is chosen."""
    schema = event_schema(EVENTS[type_name])
    for name, member in schema["properties"].items():
        choices = [part for part in _parts(member) if "enum" in part]
        described = "description" in member or all("description" in part for part in choices)
        assert described, f"{name} offers {choices[0]['enum']} and does not say of what"


@pytest.mark.parametrize("entry", COMMANDS.values(), ids=lambda entry: entry.name)
def test_the_refusals_of_a_command_are_documented(entry: CommandEntry) -> None:
    """What a command declares stands in the OpenAPI document under its status, and in the list."""
    document = json.loads((SCHEMAS / "openapi-ledger.json").read_bytes())
    path = f"/v1/{NOUNS[entry.noun].plural}/{{id}}/{entry.verb}"
    responses = document["paths"][path]["post"]["responses"]
    for refusal in refusals_of(entry):
        response = _resolved(document, responses[str(kind_of(refusal).status)])
        (content,) = response["content"].values()
        codes = content["schema"]["allOf"][1]["properties"]["code"]["enum"]
        assert refusal.code in codes
    published = {
        (command["noun"], command["verb"]): command
        for command in json.loads((SCHEMAS / "commands.json").read_bytes())
    }[entry.noun, entry.verb]
    assert {refusal.code for refusal in entry.refuses} <= set(published["refusals"])
    assert published["route"] == f"POST {path}"
    name = published["body"]["$ref"].rpartition("/")[2]
    assert name in document["components"]["schemas"]


def _parts(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for member in schema.values():
            yield from _parts(member)
    elif isinstance(schema, list):
        for member in schema:
            yield from _parts(member)


def _resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in part:
        target: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part
