"""The one canonical form of JSON, and the content address that follows from it.

Canonical JSON here is UTF-8, keys sorted, no white space, no floats, integers within ±(2^53-1) and
ASCII keys. On that subset sorted output is RFC 8785 output (property-tested against `rfc8785`).
"""

import hashlib
from typing import Any, Final

import msgspec

_encoder: Final = msgspec.json.Encoder(order="sorted")


def canonical(value: Any) -> bytes:
    """Encode a Struct or JSON-like value in the one canonical form."""
    return _encoder.encode(value)


def digest(value: Any) -> str:
    """Tell the content address of a value: SHA-256 of its canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()
