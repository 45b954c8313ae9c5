"""The released example entries: one of each type, real to the byte, and plain CloudEvents."""

import json
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from opsledger.event_schemas import envelope_schema, event_schema
from opsledger.examples.recording import Entry, story_recorded
from opsledger.story.player import StoryStray
from opsledger.story.step import Step
from opsledger_contracts.canonical import canonical
from opsledger_contracts.catalogue import EVENTS
from opsledger_contracts.codec import ENTRY_BYTES_MAX, decode
from opsledger_contracts.evidence.merkle import leaf_hash
from opsledger_contracts.fields import moment
from support.json_schemas import faults

ENTRIES = Path(__file__).parents[2] / "contracts" / "examples" / "entries"


def _entry(type_name: str) -> bytes:
    stored = (ENTRIES / f"{type_name}.json").read_bytes()
    assert stored.endswith(b"}\n")
    return stored[:-1]


def test_every_type_has_exactly_one_example() -> None:
    """A new event type comes with a document that shows it."""
    assert sorted(path.name for path in ENTRIES.iterdir()) == sorted(
        f"{type_name}.json" for type_name in EVENTS
    )


@pytest.mark.parametrize("type_name", EVENTS)
def test_an_example_is_read_and_written_the_same(type_name: str) -> None:
    """Decoded by the codec and encoded again, an entry is its own bytes (P11)."""
    entry = _entry(type_name)
    envelope, event = decode(entry)
    assert type(event) is EVENTS[type_name]
    assert canonical(msgspec.structs.replace(envelope, data=msgspec.Raw(canonical(event)))) == entry
    assert canonical(json.loads(entry)) == entry
    assert len(entry) <= ENTRY_BYTES_MAX


@pytest.mark.parametrize("type_name", EVENTS)
def test_an_example_fits_its_schemas(type_name: str) -> None:
    """An independent validator finds nothing against the envelope or the event."""
    entry = json.loads(_entry(type_name))
    assert faults(envelope_schema(), entry) == []
    schema = event_schema(EVENTS[type_name])
    assert faults(schema, entry["data"]) == []
    assert entry["dataschema"] == schema["$id"]
    assert entry["subject"].partition("/")[0] == type_name.partition(".")[0]


@pytest.mark.parametrize("type_name", EVENTS)
def test_a_stock_library_reads_an_example_as_a_cloudevent(type_name: str) -> None:
    """The CloudEvents SDK accepts an entry as it stands, in structured mode (R203)."""
    entry = _entry(type_name)
    found = from_http_event(HTTPMessage({"content-type": "application/cloudevents+json"}, entry))
    said = json.loads(entry)
    assert found.get_type() == type_name
    assert found.get_subject() == said["subject"]
    assert found.get_time() == moment(said["time"])
    assert found.get_data() == said["data"]
    extensions = said.keys() - {
        *("specversion", "id", "source", "type", "subject", "time", "dataschema", "data")
    }
    for name in extensions:
        assert found.get_extension(name) == said[name]


def test_no_two_examples_have_the_same_id() -> None:
    """Source and id name one event."""
    ids = {json.loads(_entry(type_name))["id"] for type_name in EVENTS}
    assert len(ids) == len(EVENTS)


def test_the_story_behind_the_examples_is_a_whole_ledger() -> None:
    """Streams begin at 1 without a gap, each entry names the leaf of the one before, ids ascend."""
    ledger = story_recorded()
    for stream, entries in ledger.chains.streams.items():
        envelopes = [entry.recorded.envelope for entry in entries]
        assert [envelope.version for envelope in envelopes] == list(range(1, len(entries) + 1))
        assert {envelope.stream for envelope in envelopes} == {stream}
        assert [envelope.previous_leaf for envelope in envelopes] == _previous(entries)
    ids = [entry.recorded.envelope.id for entry in ledger.entries]
    assert ids == sorted(set(ids))
    times = [entry.recorded.envelope.recorded_at for entry in ledger.entries]
    assert all(earlier <= later for earlier, later in pairwise(times))


def test_a_story_that_strays_is_no_source_of_examples() -> None:
    """A step that is refused, or accepted, against what the story expects stops the recording."""
    ledger = story_recorded()
    assert ledger.version("unit/HX") == 1
    again = Step(
        at="2027-12-01 09:00",
        by="admin",
        do="units/HX/register",
        body={"type": "group", "name": "华翔集团", "valid_from": "2027-12-01"},
        en="the group is registered again",
        zh="重复登记集团",
    )
    with pytest.raises(StoryStray, match="expected None, got already_exists"):
        ledger.play(again)
    assert ledger.version("unit/HX") == 1


def _previous(entries: list[Entry]) -> list[str | None]:
    return [None, *(leaf_hash(entry.stored).hex() for entry in entries[:-1])]
