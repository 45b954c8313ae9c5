"""What a reader received, held against what the log or store says in the end."""

import struct
from collections.abc import Iterable, Mapping
from typing import Final

from benchmarks.measure import Seen

RECORD: Final = struct.Struct(">Q32s")
"""One received event: its position, and the hash of its content."""


def compared(received: Iterable[tuple[int, bytes]], lasting: Mapping[int, bytes]) -> Seen:
    """Compare positions and hashes, as they came, with those that are there to stay."""
    seen: set[int] = set()
    events = doubled = disordered = altered = last = 0
    for position, digest in received:
        events += 1
        doubled += position in seen
        disordered += position < last
        altered += lasting.get(position) != digest
        seen.add(position)
        last = max(last, position)
    return Seen(
        events=events,
        missed=len(lasting.keys() - seen),
        doubled=doubled,
        disordered=disordered,
        altered=altered,
    )
