"""The C2SP ``tlog-tiles`` layout of height 8: where a hash of the tree is stored.

Tile (level, index) holds the roots of the complete subtrees of height 8 x level with the
numbers [256 x index, 256 x index + 256). Level 0 holds leaf hashes. A tile is partial, with
a width below 256, only at the right edge of the tree.
"""

from collections.abc import Callable, Sequence

from opsledger_contracts.evidence.merkle import HASH_BYTES, TILE_HEIGHT, node_hash

TILE_WIDTH = 1 << TILE_HEIGHT

#: (level, first number, count) -> that many neighbouring hashes of the level, never more
#: than one tile's; it may return fewer at the right edge of the tree.
HashReader = Callable[[int, int, int], Sequence[bytes]]


def level_size(size: int, level: int) -> int:
    """Return how many hashes a level of the tiles holds for a tree of ``size``."""
    return size >> (TILE_HEIGHT * level)


def tile_width(size: int, level: int, index: int) -> int:
    """Return how many of a tile's 256 hashes exist for a tree of ``size``; 0 means none."""
    return max(0, min(TILE_WIDTH, level_size(size, level) - index * TILE_WIDTH))


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return the static path of a tile, such as ``tile/0/x001/x234/067.p/8``.

    The index is written in groups of three digits, each but the last with a leading x; a
    partial tile ends in its width.
    """
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    path = "/".join(("tile", str(level), *reversed(groups)))
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return the static path of an entry bundle: that of its leaf tile, under entries."""
    return tile_path(0, index, width).replace("tile/0/", "tile/entries/", 1)


class TileSource:
    """A source of the hashes of complete subtrees that reads whole tiles and keeps them.

    Made for one proof or one root: it holds every tile it has read, which is at most two
    for each level of one proof.
    """

    def __init__(self, read: HashReader) -> None:
        self._read = read
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}

    def __call__(self, height: int, number: int) -> bytes:
        """Return the root of the complete subtree of ``height`` at ``number``.

        Raises:
            LookupError: the stored tiles do not hold all of it.
        """
        level, above = divmod(height, TILE_HEIGHT)
        width = 1 << above
        index, start = divmod(number << above, TILE_WIDTH)
        tile = self._tiles.get((level, index))
        if tile is None:
            tile = self._read(level, index * TILE_WIDTH, TILE_WIDTH)
            self._tiles[level, index] = tile
        hashes = list(tile[start : start + width])
        if len(hashes) != width:
            raise LookupError(f"tile {level}/{index} holds {len(tile)} hashes, not {start + width}")
        while len(hashes) > 1:
            pairs = zip(hashes[::2], hashes[1::2], strict=True)
            hashes = [node_hash(left, right) for left, right in pairs]
        return hashes[0]


def split_tile(tile: bytes) -> list[bytes]:
    """Return the hashes of a tile's bytes.

    Raises:
        ValueError: the length is not that of 1 to 256 hashes.
    """
    count, rest = divmod(len(tile), HASH_BYTES)
    if rest or not 1 <= count <= TILE_WIDTH:
        raise ValueError(f"a tile holds 1 to {TILE_WIDTH} hashes, found {len(tile)} bytes")
    return [tile[start : start + HASH_BYTES] for start in range(0, len(tile), HASH_BYTES)]
