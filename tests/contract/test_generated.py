"""The committed contracts are what the catalogues say now, on any machine."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsledger import generate
from opsledger.examples.released import release
from opsledger_contracts.catalogue import EVENTS, NOUNS
from opsledger_contracts.documents.schemas import document_schemas
from support.json_schemas import require_schema

CONTRACTS = Path(__file__).parents[2] / "contracts"
SCHEMAS = CONTRACTS / "schemas"


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.json")}


def test_the_committed_schemas_are_the_generated_ones(tmp_path: Path) -> None:
    """Byte by byte, no file more and none less (P13)."""
    generate.write(tmp_path)
    assert _contents(tmp_path / "schemas") == _contents(SCHEMAS)


def test_another_process_generates_the_same_bytes(tmp_path: Path) -> None:
    """Neither the order of hashes nor the folder, the zone or the language shows."""
    environment = os.environ | {"PYTHONHASHSEED": "1", "TZ": "America/New_York", "LC_ALL": "C"}
    command = [sys.executable, "-m", "opsledger.generate", str(tmp_path)]
    subprocess.run(command, check=True, env=environment, cwd=tmp_path, capture_output=True)
    assert _contents(tmp_path / "schemas") == _contents(SCHEMAS)
    # Entries hold Chinese text and random-looking ids, which are drawn from fixed seeds.
    again = _contents(tmp_path / "examples" / "entries")
    second = tmp_path / "second"
    assert release(second) == len(EVENTS)
    assert _contents(second) == again


def test_a_schema_of_a_type_that_is_no_more_is_removed(tmp_path: Path) -> None:
    """What the catalogue does not know must not stay behind for readers."""
    stale = tmp_path / "schemas" / "events" / "letter.forgotten.v1.json"
    stale.parent.mkdir(parents=True)
    stale.write_text("{}", encoding="utf-8")
    count = generate.write(tmp_path)
    assert not stale.exists()
    assert count == len(_contents(tmp_path / "schemas"))


def test_a_released_example_is_never_written_again(tmp_path: Path) -> None:
    """Missing examples are added; one that is there stays, whatever it holds."""
    release(tmp_path)
    kept = tmp_path / "letter.signed.v1.json"
    kept.write_bytes(b"released\n")
    (tmp_path / "letter.drafted.v1.json").unlink()
    assert release(tmp_path) == 1
    assert release(tmp_path) == 0
    assert kept.read_bytes() == b"released\n"


def test_a_type_without_an_example_stops_the_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever adds a type has to show it."""
    monkeypatch.setitem(EVENTS, "letter.unheard_of.v1", EVENTS["letter.signed.v1"])
    with pytest.raises(LookupError, match=r"letter\.unheard_of\.v1"):
        release(tmp_path)
    assert not (tmp_path / "letter.unheard_of.v1.json").exists()


def test_every_type_has_a_schema_that_says_what_it_is() -> None:
    """`$id` is the `dataschema` of entries; title, description and noun are for people (R203)."""
    paths = {path.name.removesuffix(".json"): path for path in (SCHEMAS / "events").iterdir()}
    assert paths.keys() == EVENTS.keys()
    for type_name, path in paths.items():
        schema = json.loads(path.read_bytes())
        require_schema(schema)
        assert schema["$id"] == f"urn:opsledger:schema:{type_name}"
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["title"] == EVENTS[type_name].__name__
        assert schema["description"].endswith(".")
        assert schema["x-noun"]["noun"] in NOUNS
        assert schema["additionalProperties"] is False


def test_documents_and_envelope_have_schemas() -> None:
    """Rulebook, matrix and calendar, and the envelope itself."""
    require_schema(json.loads((SCHEMAS / "envelope.json").read_bytes()))
    documents = {path.stem: path for path in (SCHEMAS / "documents").iterdir()}
    assert documents.keys() == document_schemas().keys()
    for name, path in documents.items():
        schema = json.loads(path.read_bytes())
        require_schema(schema)
        assert schema["$id"] == f"urn:opsledger:schema:{name}"


def test_the_command_line_writes_where_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without an argument it writes into `contracts` of the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["generate"])
    generate.main()
    assert (tmp_path / "contracts" / "schemas" / "envelope.json").exists()
    assert f"{len(EVENTS)} new examples under contracts" in capsys.readouterr().out


def test_the_asyncapi_document_names_every_message_once() -> None:
    """Each type arrives on each channel, and everything referred to is there (R203)."""
    document = json.loads((SCHEMAS / "asyncapi.json").read_bytes())
    messages = document["components"]["messages"]
    assert messages.keys() == EVENTS.keys()
    for channel in document["channels"].values():
        assert channel["messages"].keys() == EVENTS.keys()
    for reference in _references(document):
        place, _, pointer = reference.partition("#/")
        found = json.loads((SCHEMAS / place).read_bytes()) if place else document
        for step in pointer.split("/") if pointer else ():
            found = found[step]
        assert found


def _references(part: Any) -> Iterator[str]:
    """Yield every reference that stands in a part of a document."""
    if isinstance(part, dict):
        if "$ref" in part:
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for member in part:
            yield from _references(member)
