"""Properties of the codec: what is written is read back the same, and nothing else is read."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from opsledger.event_schemas import envelope_schema, event_schema
from opsledger_contracts.canonical import canonical
from opsledger_contracts.catalogue import EVENTS, UnknownEventType
from opsledger_contracts.codec import decode, decode_envelope, decode_recorded
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from support.event_strategies import values
from support.json_schemas import faults

ENTRIES = Path(__file__).parents[2] / "contracts" / "examples" / "entries"
EXAMPLES_EACH = 8
# Shrinking a whole rulebook takes minutes and tells little more than the first failure.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)


def _enveloped(event: Event) -> Envelope:
    return Envelope(
        specversion="1.0",
        id="0199c155-0a80-7b51-8f0e-2f6c1d84e5b9",
        source="urn:opsledger:test",
        type=event.TYPE,
        stream=f"{event.TYPE.partition('.')[0]}/X-1",
        occurred_at="2026-06-01T02:00:00.000000Z",
        recorded_at="2026-06-01T02:00:00.000001Z",
        version=1,
        schema=f"urn:opsledger:schema:{event.TYPE}",
        command_id="C-1",
        correlation_id="C-1",
        person="P-1",
        policy_hash="0" * 64,
        data=msgspec.Raw(canonical(event)),
    )


@pytest.mark.parametrize("type_name", EVENTS)
@settings(
    max_examples=EXAMPLES_EACH,
    phases=UNSHRUNK,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)
@given(data=st.data())
def test_an_event_is_read_back_as_it_was_written(type_name: str, data: st.DataObject) -> None:
    """Encode, decode and encode again gives the same bytes, and the schema allows them."""
    event: Event = data.draw(values(EVENTS[type_name]))
    entry = canonical(_enveloped(event))
    envelope, read = decode(entry)
    assert read == event
    assert decode_recorded(entry) == (envelope, event)
    again = msgspec.structs.replace(envelope, data=msgspec.Raw(canonical(read)))
    assert canonical(again) == entry
    assert faults(event_schema(EVENTS[type_name]), json.loads(bytes(envelope.data))) == []


@pytest.mark.parametrize("type_name", EVENTS)
def test_an_event_with_a_field_that_nobody_knows_is_refused(type_name: str) -> None:
    """A field that the class does not have is refused in `data`, by codec and schema alike."""
    example = _example(type_name)
    example["data"]["nobody_knows"] = 1
    for reader in (decode, decode_recorded):
        with pytest.raises(msgspec.ValidationError, match="nobody_knows"):
            reader(canonical(example))
    assert faults(event_schema(EVENTS[type_name]), example["data"])


@pytest.mark.parametrize("type_name", EVENTS)
def test_a_version_that_the_catalogue_does_not_know_is_refused(type_name: str) -> None:
    """An entry of another version of its type is not read as the version that is known."""
    example = _example(type_name)
    name, _, version = type_name.rpartition(".v")
    example["type"] = f"{name}.v{int(version) + 1}"
    for reader in (decode, decode_recorded):
        with pytest.raises(UnknownEventType):
            reader(canonical(example))


@given(st.text().filter(lambda name: name not in EVENTS))
def test_a_type_that_the_catalogue_does_not_know_is_refused(type_name: str) -> None:
    """Whatever a database row names, only a type of the catalogue leads to a class."""
    example = _example("unit.registered.v1")
    example["type"] = type_name.encode("utf-8", "replace").decode()
    with pytest.raises(UnknownEventType):
        decode(canonical(example))


@given(
    st.dictionaries(
        st.sampled_from([*Envelope.__struct_encode_fields__, "nobodyknows"]),
        st.one_of(st.none(), st.booleans(), st.integers(-1, 1), st.text(max_size=3)),
        min_size=1,
    )
)
def test_what_the_envelope_refuses_its_schema_refuses(changed: dict[str, Any]) -> None:
    """No bytes pass the codec's envelope that its own re-encoding would change."""
    entry = _example("unit.registered.v1") | {
        name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for name, value in changed.items()
    }
    try:
        envelope = decode_envelope(canonical(entry))
    except msgspec.ValidationError:
        assert faults(envelope_schema(), entry)
    else:
        assert msgspec.json.decode(canonical(envelope)) == {
            name: value for name, value in entry.items() if value is not None or name == "data"
        }


@given(st.binary(max_size=200))
def test_bytes_that_are_no_entry_are_refused(noise: bytes) -> None:
    """Noise raises one of the documented errors and nothing else."""
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        decode(noise)


@given(st.data())
def test_an_entry_that_is_cut_is_refused(data: st.DataObject) -> None:
    """A prefix of an entry is never an entry."""
    entry = canonical(_example("letter.signed.v1"))
    length = data.draw(st.integers(0, len(entry) - 1))
    with pytest.raises(msgspec.DecodeError):
        decode(entry[:length])


def _example(type_name: str) -> dict[str, Any]:
    path = ENTRIES / f"{type_name}.json"
    example: dict[str, Any] = json.loads(path.read_bytes())
    return example
