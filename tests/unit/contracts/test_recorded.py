"""Decoders of what was recorded: the same objects as the checked reading gives."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import canonical
from opsledger_contracts.catalogue import EVENTS
from opsledger_contracts.codec import decode, decode_recorded

ENTRIES = Path(__file__).parents[3] / "contracts" / "examples" / "entries"
ADDED = "letter.item_added.v1"


def example(type_name: str) -> dict[str, Any]:
    """The example entry of a type of event."""
    entry: dict[str, Any] = json.loads((ENTRIES / f"{type_name}.json").read_bytes())
    return entry


def structs_in(value: object) -> Iterator[msgspec.Struct]:
    """Every object in a value, at any depth."""
    if isinstance(value, msgspec.Struct):
        yield value
        for name in value.__struct_fields__:
            yield from structs_in(getattr(value, name))
    elif isinstance(value, tuple | dict):
        for each in value.values() if isinstance(value, dict) else value:
            yield from structs_in(each)


@pytest.mark.parametrize("type_name", EVENTS)
def test_an_entry_is_read_into_the_same_objects(type_name: str) -> None:
    """Equal, of the very same classes at every depth, and encoded to the same bytes."""
    entry = canonical(example(type_name))
    checked, read = decode(entry), decode_recorded(entry)
    assert read == checked
    assert type(read.event) is EVENTS[type_name]
    for ours, theirs in zip(structs_in(read.event), structs_in(checked.event), strict=True):
        assert type(ours) is type(theirs)
        assert type(ours).__module__.startswith("opsledger_contracts.")
    assert canonical(read.event) == canonical(checked.event)


def test_only_a_checked_reading_asks_for_patterns() -> None:
    """In the event itself and in what it holds; who trusts the ledger reads the text as it is."""
    entry = example(ADDED)
    entry["data"]["item"]["weight"] = "ten"
    with pytest.raises(msgspec.ValidationError, match="weight"):
        decode(canonical(entry))
    assert decode_recorded(canonical(entry)).event.item.weight == "ten"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "changed",
    [
        {"weight": 10},
        {"name": ""},
        {"due": "2026-02-30"},
        {"buffer_days": 367},
        {"level": "minor"},
        {"supporting": [1]},
        {"params": {"rate": 1}},
        {"colour": "red"},
        {"clause": None},
    ],
    ids=str,
)
def test_every_other_check_is_made_by_both(changed: dict[str, Any]) -> None:
    """Types, lengths, bounds, closed lists, dates and unknown fields, in what an event holds."""
    entry = example(ADDED)
    entry["data"]["item"] |= changed
    for reader in (decode, decode_recorded):
        with pytest.raises(msgspec.ValidationError):
            reader(canonical(entry))


def test_evidence_is_checked_by_both() -> None:
    """Few events have any, so that a pattern of it costs nothing."""
    entry = example(ADDED)
    entry["data"]["evidence"] = [{"sha256": "none", "media": "text/plain", "title": "纪要"}]
    for reader in (decode, decode_recorded):
        with pytest.raises(msgspec.ValidationError, match="sha256"):
            reader(canonical(entry))
