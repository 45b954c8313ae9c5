"""The example documents: complete, small, content-addressed, described by their schemas."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from opsledger_contracts.canonical import canonical, digest
from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.matrix import AuthorityMatrix
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.documents.schemas import DIALECT, document_schemas
from opsledger_contracts.rules.inputs import Outcome, ScoringInputs
from support.scoring_examples import DOCUMENTS, matrix, rulebook

SIZE_MAX = 60 * 1024
RELEASED_RULEBOOK = "e4178bccfdbf978963a7eb7a5bdff2f2cc461f38b6efbbb4a5d54b824c65f8e7"
RELEASED_MATRIX = "eb3565a3a260cd9b19693ca30e893f70b16744532cc139303b0cc088abf5f505"
KINDS: dict[str, type[Rulebook | AuthorityMatrix | Calendar]] = {
    "rulebook": Rulebook,
    "matrix": AuthorityMatrix,
    "calendar": Calendar,
}
FILES = sorted(path for kind in KINDS for path in DOCUMENTS.glob(f"{kind}-*.json"))
SCORES: dict[str, type[ScoringInputs | Outcome]] = {"inputs": ScoringInputs, "outcome": Outcome}
SCORE_FILES = sorted(path for kind in SCORES for path in DOCUMENTS.glob(f"{kind}-*.json"))


def _kind(path: Path) -> str:
    return path.name.split("-")[0]


def test_all_examples_of_the_scenarios_are_there() -> None:
    """Two rulebooks, one matrix, two calendars, and two public schemes with a score each."""
    assert [path.name for path in FILES] == [
        "calendar-CN-2026.1.json",
        "calendar-CN-2027.1.json",
        "matrix-AM-2026.1.json",
        "rulebook-F1-2026.1.json",
        "rulebook-F5-2026.1.json",
        "rulebook-RB-2026.1.json",
        "rulebook-RB-2026.2.json",
    ]
    assert [path.name for path in SCORE_FILES] == [
        "inputs-F1-2026.1.json",
        "inputs-F5-2026.1.json",
        "outcome-F1-2026.1.json",
        "outcome-F5-2026.1.json",
    ]
    assert sorted(DOCUMENTS.glob("*.json")) == sorted((*FILES, *SCORE_FILES))


@pytest.mark.parametrize("path", SCORE_FILES, ids=lambda path: path.name)
def test_an_example_score_is_its_decoded_value(path: Path) -> None:
    """Decoding loses nothing, and an outcome names the rulebook that its file is named after."""
    content = path.read_bytes()
    value = msgspec.json.decode(content, type=SCORES[_kind(path)])
    assert _without_defaults(json.loads(canonical(value))) == _without_defaults(json.loads(content))
    if isinstance(value, Outcome):
        found = rulebook(value.rulebook)
        assert path.name == f"outcome-{found.name}.json"
        assert value.rulebook_hash == digest(found)


def test_optional_sections_that_are_absent_keep_the_content_hash() -> None:
    """Documents written before a section existed are the same documents as before."""
    assert digest(rulebook()) == RELEASED_RULEBOOK
    assert digest(matrix()) == RELEASED_MATRIX


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_example_is_its_decoded_document(path: Path) -> None:
    """Decoding loses nothing, the canonical form fits an entry, and the name is the file's."""
    content = path.read_bytes()
    document = msgspec.json.decode(content, type=KINDS[_kind(path)])
    written = json.loads(canonical(document))
    assert _without_defaults(written) == _without_defaults(json.loads(content))
    assert len(canonical(document)) < SIZE_MAX
    assert path.name == f"{_kind(path)}-{document.name}.json"


def _without_defaults(value: Any) -> Any:
    """The document without empty optional fields, which may be written or left out."""
    if isinstance(value, dict):
        return {
            name: _without_defaults(part)
            for name, part in value.items()
            if not (part is None or part in ([], {}, 0))
        }
    if isinstance(value, list):
        return [_without_defaults(part) for part in value]
    return value


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_example_keeps_its_schema(path: Path) -> None:
    """The generated JSON Schema accepts the example and refuses an unknown field."""
    schema = document_schemas()[_kind(path)]
    validator = jsonschema.Draft202012Validator(schema)
    document = json.loads(path.read_bytes())
    validator.validate(document)
    assert not validator.is_valid({**document, "surprise": 1})


def test_schemas_are_valid_and_in_the_stated_dialect() -> None:
    """There is one 2020-12 schema per document, and for what an import is read from."""
    schemas = document_schemas()
    assert list(schemas) == [*KINDS, "import-line", "import-manifest"]
    for schema in schemas.values():
        assert schema["$schema"] == DIALECT
        jsonschema.Draft202012Validator.check_schema(schema)


def test_content_is_the_identity_of_a_document() -> None:
    """One changed figure gives another digest; white space in the file gives none."""
    document = rulebook()
    other = msgspec.structs.replace(
        document, weights=msgspec.structs.replace(document.weights, key_share_min="61")
    )
    assert digest(document) != digest(other)
    pretty = json.dumps(json.loads(canonical(document)), indent=7).encode()
    assert digest(msgspec.json.decode(pretty, type=Rulebook)) == digest(document)


def test_a_rulebook_is_its_header_and_its_clauses() -> None:
    """Header and clauses are recorded apart and make the same document."""
    document = rulebook()
    assert Rulebook.of(document.header(), document.clauses) == document
    assert document.header().name == document.name == "RB-2026.1"


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("version", 0),
        ("rulebook", "RB 2026"),
        ("effective_from", "2026-02-30"),
        ("clauses", []),
        ("surprise", 1),
    ],
)
def test_a_malformed_rulebook_is_not_decoded(place: str, value: object) -> None:
    """Shapes are checked before anything is validated."""
    document = {**json.loads(canonical(rulebook())), place: value}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(document, Rulebook)


def test_a_binary_float_is_no_parameter() -> None:
    """A JSON number with a fraction is refused where a parameter is text."""
    document = json.loads(canonical(rulebook()))
    document["clauses"][5]["params"]["cap"] = 1.2
    with pytest.raises(msgspec.ValidationError, match="float"):
        msgspec.convert(document, Rulebook)
