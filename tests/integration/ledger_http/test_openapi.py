"""The API document: generated from the catalogue, true, and readable without a network."""

import gzip
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from opsledger_contracts.canonical import canonical
from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.problems import general
from opsledger_contracts.problems.refusal import REFUSALS, Refusal
from opsledger_ledger.domain.deciding import COMMANDS, CommandEntry
from opsledger_ledger.http import access
from opsledger_ledger.http.body import read_object
from opsledger_ledger.http.commands import CIRCUMSTANCES
from opsledger_ledger.http.fields import converted
from opsledger_ledger.http.openapi import description
from opsledger_ledger.http.problems import KINDS, document, kind_of
from support.ledger_service import GROUP, Served, served

DOCUMENT = description()
ENTRIES = list(COMMANDS.values())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One ledger for the whole module."""
    with served(tmp_path_factory.mktemp("ledger")) as running:
        yield running


def operation(entry: CommandEntry) -> dict[str, Any]:
    """The description of a command."""
    path = f"/v1/{NOUNS[entry.noun].plural}/{{id}}/{entry.verb}"
    found: dict[str, Any] = DOCUMENT["paths"][path]["post"]
    return found


def resolved(response: dict[str, Any]) -> dict[str, Any]:
    """A response, wherever it stands in the document."""
    reference = response.get("$ref")
    if reference is None:
        return response
    found: dict[str, Any] = DOCUMENT["components"]["responses"][reference.rpartition("/")[2]]
    return found


def codes(entry: CommandEntry) -> dict[int, set[str]]:
    """The refusal codes that the document gives for a command, by status."""
    return {
        int(status): set(re.findall(r"`(\w+)`", resolved(response)["description"]))
        for status, response in operation(entry)["responses"].items()
        if int(status) >= 400
    }


def name(entry: CommandEntry) -> str:
    """The identity of a parametrised test."""
    return entry.name


@pytest.mark.parametrize("entry", ENTRIES, ids=name)
def test_every_command_has_an_example_that_is_accepted(entry: CommandEntry) -> None:
    """The example passes the strict reader, the command's own shape, and its schema."""
    content = operation(entry)["requestBody"]["content"]["application/json"]
    example = content["examples"]["example"]["value"]
    converted(read_object(canonical(example)), entry.command)
    schema = content["schema"] | {"components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(example)


@pytest.mark.parametrize("entry", ENTRIES, ids=name)
def test_every_command_lists_every_code_it_can_answer(entry: CommandEntry) -> None:
    """What the command declares is there under its status, and what any command can meet."""
    listed = codes(entry)
    always: tuple[type[Refusal], ...] = (general.QueueFull, general.CredentialInvalid)
    for refusal in entry.refuses + always:
        assert refusal.code in listed[kind_of(refusal).status]
    own: type[Refusal] = general.AlreadyExists if entry.creates else general.UnknownThing
    assert own.code in listed[kind_of(own).status]


@pytest.mark.parametrize("entry", ENTRIES, ids=name)
def test_a_command_leaves_room_for_its_circumstances(entry: CommandEntry) -> None:
    """No field of a command has the name of what the body may say about any command."""
    assert set(entry.command.__struct_fields__).isdisjoint(CIRCUMSTANCES)


def test_every_route_is_in_the_document() -> None:
    """All commands and all reads of the access policy, nothing else."""
    commands = {f"/v1/{NOUNS[each.noun].plural}/{{id}}/{each.verb}" for each in ENTRIES}
    assert set(DOCUMENT["paths"]) == commands | access.READS.keys()


def test_every_reference_in_the_document_leads_somewhere() -> None:
    """No `$ref` is broken."""
    for reference in set(re.findall(r'"\$ref":"#/([^"]+)"', canonical(DOCUMENT).decode())):
        found: Any = DOCUMENT
        for step in reference.split("/"):
            found = found[step]


def test_every_operation_has_a_name_of_its_own() -> None:
    """Generators of clients need it."""
    names = [each["operationId"] for path in DOCUMENT["paths"].values() for each in path.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
def test_every_refusal_has_a_status_and_both_languages(refusal: type[Refusal]) -> None:
    """The one table is total; both sentences say something, in their own language."""
    kind = kind_of(refusal)
    assert 400 <= kind.status < 600
    made = refusal(**dict.fromkeys(refusal.fields(), "x"))
    problem = document(made, "zh", "/x")
    assert problem["sentences"]["zh"] != problem["sentences"]["en"]
    assert re.search("[一-鿿]", problem["detail"])
    assert re.search("[一-鿿]", problem["title"])


def test_the_table_of_kinds_has_no_row_too_many() -> None:
    """Each row is used by a refusal."""
    assert {kind_of(refusal) for refusal in REFUSALS.values()} == set(KINDS.values())


def test_a_class_without_a_kind_is_noticed() -> None:
    """The look-up fails loudly, it does not guess."""
    with pytest.raises(LookupError):
        kind_of(Refusal)


def test_answers_are_as_the_document_says(service: Served) -> None:
    """An accepted command and a problem, held against their schemas."""
    accepted = service.administrator.post("/v1/units/O1/register", GROUP)
    refused = service.administrator.post("/v1/units/O1/register", GROUP)
    for answer, schema in ((accepted, "Accepted"), (refused, "Problem")):
        whole = DOCUMENT["components"]["schemas"][schema] | {"components": DOCUMENT["components"]}
        Draft202012Validator(whole).validate(answer.json())


def test_the_document_is_served(service: Served) -> None:
    """What is served is what was generated."""
    assert service.administrator.get("/openapi.json").json() == json.loads(canonical(DOCUMENT))


def test_the_page_needs_nothing_from_elsewhere(service: Served) -> None:
    """No address of another host, and a policy of the browser that forbids one."""
    page = service.administrator.get("/docs")
    assert re.search(r"(?:https?:)?//[a-z]", page.text) is None
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    script = service.administrator.get("/docs/rapidoc.js", Accept_Encoding="gzip")
    plain = service.administrator.get("/docs/rapidoc.js", Accept_Encoding="identity")
    assert script.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert b"rapi-doc" in plain.content
    assert script.content == plain.content
    assert service.administrator.get("/docs/other.js").status_code == 404


def test_the_vendored_page_names_its_licence() -> None:
    """What is not ours is marked, with the text of its licence."""
    assets = files("opsledger_ledger.http")
    notice = (assets / "assets" / "NOTICE").read_text(encoding="utf-8")
    assert "RapiDoc 9.3.8" in notice
    assert "Permission is hereby granted" in notice
    packed = gzip.decompress((assets / "assets" / "rapidoc.js.gz").read_bytes())
    assert b"RapiDoc 9.3.8" in packed
