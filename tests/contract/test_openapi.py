"""Both OpenAPI documents: valid, complete, and with examples that hold."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from opsledger_contracts.canonical import canonical
from opsledger_contracts.codec import decode
from opsledger_contracts.evidence.merkle import (
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from opsledger_contracts.problems.refusal import REFUSALS
from opsledger_ledger.domain.deciding import COMMANDS, CommandEntry
from opsledger_ledger.http.commands import routes
from support.json_schemas import faults

SCHEMAS = Path(__file__).parents[2] / "contracts" / "schemas"
DOCUMENTS = {
    service: json.loads((SCHEMAS / f"openapi-{service}.json").read_bytes())
    for service in ("ledger", "projections")
}
WITHOUT_REFUSAL = {("projections", "/healthz")}
"""A route that answers without looking at anything cannot refuse."""


class Operation(NamedTuple):
    """One operation of one document."""

    service: str
    path: str
    method: str
    content: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path}"

    def resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        """Follow a reference inside the document."""
        while "$ref" in part:
            target: Any = DOCUMENTS[self.service]
            for step in part["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            part = target
        return part

    def responses(self, *, good: bool) -> Iterator[dict[str, Any]]:
        """Give the good answers, or the refusals."""
        for status, response in self.content["responses"].items():
            if status.startswith("2") == good:
                yield self.resolved(response)


OPERATIONS = [
    Operation(service, path, method, content)
    for service, document in DOCUMENTS.items()
    for path, item in document["paths"].items()
    for method, content in item.items()
]


@pytest.mark.parametrize("service", DOCUMENTS)
def test_the_document_is_openapi(service: str) -> None:
    """The official schema of OpenAPI 3.1 finds nothing against it, and all references lead on."""
    document = DOCUMENTS[service]
    assert document["openapi"].startswith("3.1.")
    assert faults(OPENAPI_31, document) == []
    for reference in _references(document):
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        assert target


@pytest.mark.parametrize("service", DOCUMENTS)
def test_operations_have_names_of_their_own(service: str) -> None:
    """Generated clients need distinct `operationId`s."""
    names = [one.content["operationId"] for one in OPERATIONS if one.service == service]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_an_operation_says_what_it_does_and_shows_it(operation: Operation) -> None:
    """Summary, an example of the body if there is one or else of the answer, and the refusals."""
    assert operation.content["summary"]
    body = operation.content.get("requestBody")
    shown = [body] if body else list(operation.responses(good=True))
    assert any(
        "example" in form or "examples" in form
        for part in shown
        for form in part["content"].values()
    )
    if (operation.service, operation.path) not in WITHOUT_REFUSAL:
        refusals = list(operation.responses(good=False))
        assert refusals
        for refusal in refusals:
            assert refusal["content"].keys() == {"application/problem+json"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_the_parameters_of_a_path_are_declared(operation: Operation) -> None:
    """Each `{name}` of a path is a required parameter."""
    declared = {
        found["name"]
        for part in operation.content.get("parameters", ())
        if (found := operation.resolved(part))["in"] == "path" and found["required"]
    }
    assert declared == {
        step[1:-1].partition(":")[0] for step in operation.path.split("/") if step.startswith("{")
    }


@pytest.mark.parametrize("entry", COMMANDS.values(), ids=lambda entry: entry.name)
def test_the_example_of_a_command_is_one(entry: CommandEntry) -> None:
    """The body that is shown is read as the command, and fits its schema."""
    plural = next(plural for (plural, verb), found in routes().items() if found is entry)
    operation = DOCUMENTS["ledger"]["paths"][f"/v1/{plural}/{{id}}/{entry.verb}"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["examples"]["example"][
        "value"
    ]
    msgspec.convert(example, entry.command)
    document = DOCUMENTS["ledger"]
    schema = {"$ref": f"#/components/schemas/{entry.name}", "components": document["components"]}
    assert faults(schema, example) == []


def test_the_examples_of_reads_verify() -> None:
    """The entry that is shown decodes, and the proofs that are shown prove it."""
    paths = DOCUMENTS["ledger"]["paths"]

    def shown(path: str, media_type: str = "application/json") -> Any:
        response = paths[path]["get"]["responses"]["200"]
        operation = Operation("ledger", path, "get", paths[path]["get"])
        return operation.resolved(response)["content"][media_type]["example"]

    entry = canonical(shown("/v1/events/{position}", "application/cloudevents+json"))
    decode(entry)
    assert shown("/v1/events", "application/x-ndjson").encode() == entry + b"\n"
    claim = shown("/v1/proofs/inclusion")
    assert claim["leaf"] == leaf_hash(entry).hex()
    root = bytes.fromhex(claim["root"])
    proof = [bytes.fromhex(each) for each in claim["proof"]]
    verify_inclusion(leaf_hash(entry), claim["position"] - 1, claim["size"], proof, root)
    grown = shown("/v1/proofs/consistency")
    proof = [bytes.fromhex(each) for each in grown["proof"]]
    before, after = bytes.fromhex(grown["root_from"]), bytes.fromhex(grown["root_to"])
    verify_consistency(grown["from"], grown["to"], proof, before, after)
    assert shown("/v1/head")["root"] == grown["root_to"] == claim["root"]


def test_the_codes_of_the_projections_are_refusals() -> None:
    """A problem that the read side shows is one of the closed list."""
    codes = {
        code
        for operation in OPERATIONS
        if operation.service == "projections"
        for response in operation.responses(good=False)
        for form in response["content"].values()
        for code in form.get("examples", {})
    }
    assert codes
    assert codes <= REFUSALS.keys()


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for member in part.values():
            yield from _references(member)
    elif isinstance(part, list):
        for member in part:
            yield from _references(member)
