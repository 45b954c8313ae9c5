"""Entries to objects: the envelope of an entry, and the typed event in its `data`."""

from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

import msgspec

from opsledger_contracts.catalogue import event_class
from opsledger_contracts.decoders import MAKING
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.recorded import decoder_of_recorded

ENTRY_BYTES_MAX: Final = 65_536
"""Largest entry that is written."""

_envelope_decoder: Final = msgspec.json.Decoder(Envelope)


class Recorded(NamedTuple):
    """A decoded entry: what happened, and under which attributes it was recorded."""

    envelope: Envelope
    event: Event


def decode_envelope(entry: bytes) -> Envelope:
    """Read the attributes of an entry and leave its `data` raw.

    Raises:
        msgspec.ValidationError: the bytes are not an envelope.
        msgspec.DecodeError: the bytes are not JSON.

    """
    return _envelope_decoder.decode(entry)


def decode(entry: bytes) -> Recorded:
    """Read an entry into its envelope and its typed event, and check all of it.

    Raises:
        opsledger_contracts.catalogue.UnknownEventType: the catalogue has no such type.
        msgspec.ValidationError: envelope or data do not have the declared shape.
        msgspec.DecodeError: the bytes are not JSON.

    """
    envelope = _envelope_decoder.decode(entry)
    return Recorded(envelope, _data_decoder(envelope.type).decode(envelope.data))


def decode_recorded(entry: bytes) -> Recorded:
    """Read an entry that its ledger checked before it was recorded.

    It gives what `decode` gives, and refuses what `decode` refuses, but for texts that do not have
    the pattern of their field: the entry's hash tells that it is the one that was checked.

    Raises:
        opsledger_contracts.catalogue.UnknownEventType: as `decode`.
        msgspec.ValidationError: as `decode`, but for patterns.
        msgspec.DecodeError: as `decode`.

    """
    envelope = _envelope_decoder.decode(entry)
    return Recorded(envelope, recorded_event(envelope))


def recorded_event(envelope: Envelope) -> Event:
    """Read the event of an entry that its ledger checked; raises as `decode_recorded`."""
    return _recorded_decoder(envelope.type)(envelope.data)


@cache
def _recorded_decoder(type_name: str) -> Callable[[bytes], Event]:
    with MAKING:
        return decoder_of_recorded(event_class(type_name))


@cache
def _data_decoder(type_name: str) -> msgspec.json.Decoder[Event]:
    with MAKING:
        return msgspec.json.Decoder(event_class(type_name))
