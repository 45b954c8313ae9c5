"""Entries to objects: the envelope of an entry, and the typed event in its `data`."""

from functools import cache
from typing import Final, NamedTuple

import msgspec

from opsledger_contracts.catalogue import event_class
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event

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
    """Read an entry into its envelope and its typed event.

    Raises:
        opsledger_contracts.catalogue.UnknownEventType: the catalogue has no such type.
        msgspec.ValidationError: envelope or data do not have the declared shape.
        msgspec.DecodeError: the bytes are not JSON.

    """
    envelope = _envelope_decoder.decode(entry)
    return Recorded(envelope, _data_decoder(envelope.type).decode(envelope.data))


@cache
def _data_decoder(type_name: str) -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(event_class(type_name))
