"""The few attributes of an entry that recording itself reads; all others pass unread."""

import msgspec

from opsledger_ledger.recording.log import Stored


class Attributes(msgspec.Struct, frozen=True, gc=False):
    """What the columns beside an entry, and the checks over entries, are compared with."""

    stream: str = msgspec.field(name="subject")
    version: int = msgspec.field(name="streamversion")
    type: str
    recorded_at: str = msgspec.field(name="recordedtime")
    previous_leaf: str | None = msgspec.field(name="prev", default=None)


_decoder = msgspec.json.Decoder(Attributes)


def attributes(entry: bytes) -> Attributes:
    """Return the attributes of an entry.

    Raises:
        msgspec.MsgspecError: the bytes are not JSON, or an attribute is missing.
    """
    return _decoder.decode(entry)


def mistyped(stored: Stored) -> str | None:
    """Return the first column whose value a damaged page gave another type, if there is one.

    The database declares every type and checks it when it writes, not when it reads.
    """
    for name, kind in (
        ("position", int),
        ("stream", str),
        ("version", int),
        ("type", str),
        ("entry", bytes),
        ("leaf", bytes),
    ):
        if not isinstance(getattr(stored, name), kind):
            return name
    return None
