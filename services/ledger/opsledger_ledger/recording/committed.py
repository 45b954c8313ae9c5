"""What a log on either database answers from its entries, its head and its tile hashes."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from time import monotonic, sleep
from typing import Final

from opsledger_contracts.evidence.merkle import consistency_proof, inclusion_proof, root
from opsledger_contracts.evidence.tiles import TILE_WIDTH, TileSource
from opsledger_ledger.recording.attributes import attributes
from opsledger_ledger.recording.log import Head, Stored

POLL_S: Final = 0.02
"""How often the head is looked at where nobody tells that it has moved."""


class CommittedReads(ABC):
    """Reads over committed data that need nothing of the database but simpler reads."""

    @abstractmethod
    def head(self) -> Head:
        """Return the committed head."""

    @abstractmethod
    def entries(self, after: int, limit: int, byte_limit: int | None = None) -> Sequence[Stored]:
        """Return entries with position > ``after``; see ``log.Reads``."""

    @abstractmethod
    def tile_hashes(self, level: int, first: int, count: int) -> list[bytes]:
        """Return up to ``count`` stored hashes of a tile level, from number ``first`` on."""

    def leaf(self, position: int) -> bytes:
        """Return the leaf hash stored at a position; raises LookupError."""
        hashes = self.tile_hashes(0, position - 1, 1)
        if position < 1 or not hashes:
            raise LookupError(f"the log has no position {position}")
        return hashes[0]

    def position_at(self, instant: str) -> int:
        """Return the last position recorded at or before ``instant``; 0 if there is none."""
        low, high = 0, self.head().position
        while low < high:
            middle = (low + high + 1) // 2
            (stored,) = self.entries(middle - 1, 1)
            if attributes(stored.entry).recorded_at <= instant:
                low = middle
            else:
                high = middle - 1
        return low

    def root_at(self, size: int) -> bytes:
        """Return the root the tree had at ``size``; raises LookupError beyond the head."""
        return root(TileSource(self.tile_hashes), size)

    def inclusion(self, position: int, size: int) -> list[bytes]:
        """Return the audit path of a position (from 1) in the tree of ``size``."""
        return inclusion_proof(TileSource(self.tile_hashes), position - 1, size)

    def consistency(self, size_from: int, size_to: int) -> list[bytes]:
        """Return the consistency proof between two sizes of the tree."""
        return consistency_proof(TileSource(self.tile_hashes), size_from, size_to)

    def tile(self, level: int, index: int) -> bytes:
        """Return the hashes of a tile as far as it is filled; raises LookupError."""
        hashes = self.tile_hashes(level, index * TILE_WIDTH, TILE_WIDTH)
        if not hashes:
            raise LookupError(f"the tree has no tile {level}/{index}")
        return b"".join(hashes)

    @property
    def teller(self) -> int:
        """Nobody: the head is looked at."""
        return 0

    def wait_for_head(self, position: int, timeout_s: float, besides: int = 0) -> int:
        """Return the head's position once it is beyond ``position``, or when the time is over."""
        del besides
        deadline = monotonic() + timeout_s
        while True:
            found = self.head().position
            left = deadline - monotonic()
            if found > position or left <= 0:
                return found
            sleep(min(POLL_S, left))
