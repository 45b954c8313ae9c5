"""Randomness of the operating system, drawn in larger pieces."""

import os
from typing import Final

PIECE_BYTES: Final = 8_192


class RandomBytes:
    """Hands out each random byte once; one owner, one thread.

    Each call to the system lets other threads go first, and costs more than all the rest of making
    an identifier; a piece is enough for some hundred commands.
    """

    def __init__(self) -> None:
        self._piece = b""
        self._used = 0

    def take(self, count: int) -> bytes:
        """Give fresh random bytes, at most `PIECE_BYTES` of them."""
        if self._used + count > len(self._piece):
            self._piece = os.urandom(PIECE_BYTES)
            self._used = 0
        taken = self._piece[self._used : self._used + count]
        self._used += count
        return taken

    def bits(self, count: int) -> int:
        """Give a number of fresh random bits."""
        size = (count + 7) // 8
        return int.from_bytes(self.take(size), "big") >> (8 * size - count)
