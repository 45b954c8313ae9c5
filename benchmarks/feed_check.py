"""What a subscriber received, held against the log that it followed."""

import struct
from collections.abc import Iterable
from typing import Final, NamedTuple

RECORD: Final = struct.Struct(">Q32s")
"""One received event: its position, and the leaf hash of its bytes."""


class Received(NamedTuple):
    """How far a subscriber's sequence is the log."""

    events: int
    missed: int
    """Positions of the log that never came."""
    doubled: int
    """Events that came again."""
    disordered: int
    """Events that came after a later one."""
    altered: int
    """Events whose bytes are not those of the log."""

    @property
    def perfect(self) -> bool:
        """Whether every event came once, in order, in the bytes of the log."""
        return not (self.missed or self.doubled or self.disordered or self.altered)


def compared(received: Iterable[tuple[int, bytes]], leaves: list[bytes]) -> Received:
    """Compare positions and leaf hashes, as they came, with the log's leaves from position 1 on."""
    seen: set[int] = set()
    events = doubled = disordered = altered = last = 0
    for position, leaf in received:
        events += 1
        doubled += position in seen
        disordered += position < last
        altered += not 1 <= position <= len(leaves) or leaves[position - 1] != leaf
        seen.add(position)
        last = max(last, position)
    missed = len(set(range(1, len(leaves) + 1)) - seen)
    return Received(events, missed, doubled, disordered, altered)
