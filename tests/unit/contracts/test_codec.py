"""The codec and the catalogue that it reads types from."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import canonical
from opsledger_contracts.catalogue import EVENTS, NOUNS, UnknownEventType, event_class
from opsledger_contracts.codec import decode, decode_envelope
from opsledger_contracts.events.letter import LetterSigned

SIGNED = Path(__file__).parents[3] / "contracts/examples/entries/letter.signed.v1.json"


@pytest.fixture
def signed() -> dict[str, Any]:
    """An entry that says that a letter was signed."""
    entry: dict[str, Any] = json.loads(SIGNED.read_bytes())
    return entry


def test_an_entry_is_read_into_envelope_and_event(signed: dict[str, Any]) -> None:
    """Attributes have the names of the domain, and the event has its class."""
    envelope, event = decode(canonical(signed))
    assert isinstance(event, LetterSigned)
    assert (envelope.stream, envelope.version) == (signed["subject"], signed["streamversion"])
    assert (envelope.person, envelope.acting_position) == ("P-ZHAO", "PRESIDENT")
    assert envelope.previous_leaf == signed["prev"]
    assert event.party == "issuer"


def test_the_attributes_are_read_without_the_event(signed: dict[str, Any]) -> None:
    """A reader that only routes entries leaves `data` alone, also of a type it does not know."""
    signed |= {"type": "letter.signed.v9", "data": {"of": "the future"}}
    envelope = decode_envelope(canonical(signed))
    assert envelope.type == "letter.signed.v9"
    assert bytes(envelope.data) == b'{"of":"the future"}'


@pytest.mark.parametrize(
    "changed",
    [
        {"specversion": "0.3"},
        {"specversion": None},
        {"streamversion": "1"},
        {"streamversion": 1.5},
        {"subject": None},
        {"data": None},
        {"data": []},
        {"data": "text"},
        {"position": 7},
        {"datacontenttype": "application/json"},
    ],
    ids=str,
)
def test_a_changed_envelope_is_refused(signed: dict[str, Any], changed: dict[str, Any]) -> None:
    """Another version of CloudEvents, another shape, an attribute that nobody knows."""
    with pytest.raises(msgspec.ValidationError):
        decode(canonical(signed | changed))


@pytest.mark.parametrize("name", ["specversion", "id", "type", "subject", "policyhash", "data"])
def test_an_envelope_that_lacks_an_attribute_is_refused(signed: dict[str, Any], name: str) -> None:
    """An entry is self-contained or it is none."""
    del signed[name]
    with pytest.raises(msgspec.ValidationError, match=name):
        decode(canonical(signed))


def test_only_types_of_the_catalogue_have_a_class() -> None:
    """A type is the product's name and leads to no other class, whatever it says."""
    assert event_class("letter.signed.v1") is LetterSigned
    for name in ("letter.signed", "letter.signed.v2", "opsledger_contracts.events.letter", ""):
        with pytest.raises(UnknownEventType):
            event_class(name)


def test_the_catalogue_knows_every_noun() -> None:
    """Each noun has a name in routes and in both languages, and something can happen to it."""
    assert len({noun.plural for noun in NOUNS.values()}) == len(NOUNS)
    for name, noun in NOUNS.items():
        assert noun.noun == name
        assert noun.en
        assert noun.zh
        assert any(type_name.startswith(f"{name}.") for type_name in EVENTS)


def test_an_event_at_its_defaults_says_nothing_of_them() -> None:
    """A field with a default is absent from the entry, so that a later field changes no old bytes."""
    event = LetterSigned(party="issuer", signer="P", position="X", content_hash="0" * 64)
    assert json.loads(canonical(event)).keys() == {"party", "signer", "position", "content_hash"}
