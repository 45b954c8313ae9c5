"""The layout of tiles against the examples of the C2SP tlog-tiles specification."""

import pytest

from opsledger_contracts.evidence.tiles import (
    TileSource,
    entries_path,
    level_size,
    split_tile,
    tile_path,
    tile_width,
)


@pytest.mark.parametrize(
    ("level", "index", "width", "path"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 273, 112, "tile/0/273.p/112"),
        (1, 999, 256, "tile/1/999"),
        (0, 1000, 256, "tile/0/x001/000"),
        (0, 1234067, 256, "tile/0/x001/x234/067"),
        (0, 1234067, 8, "tile/0/x001/x234/067.p/8"),
    ],
)
def test_a_tile_has_its_static_path(level: int, index: int, width: int, path: str) -> None:
    """Paths are those which any static server of a C2SP log would use."""
    assert tile_path(level, index, width) == path


def test_an_entry_bundle_stands_beside_its_leaf_tile() -> None:
    """Entry bundles are numbered like the tiles of level 0."""
    assert entries_path(1234067) == "tile/entries/x001/x234/067"
    assert entries_path(273, 112) == "tile/entries/273.p/112"


@pytest.mark.parametrize(
    ("level", "index", "width"),
    [(0, 0, 256), (0, 273, 112), (0, 274, 0), (1, 0, 256), (1, 1, 17), (2, 0, 1), (3, 0, 0)],
)
def test_the_specification_example_of_70000_leaves_has_its_widths(
    level: int, index: int, width: int
) -> None:
    """A tree of 70,000 has 273 full tiles and one of 112, then 256 and 17, then 1."""
    assert tile_width(70_000, level, index) == width


def test_a_level_counts_complete_subtrees_only() -> None:
    """A subtree that is not full yet has no hash in the level above."""
    assert [level_size(65_535, level) for level in range(3)] == [65_535, 255, 0]
    assert [level_size(65_536, level) for level in range(4)] == [65_536, 256, 1, 0]


def test_a_tile_reads_back_as_its_hashes() -> None:
    """Splitting a tile gives the hashes which it was joined from."""
    hashes = [bytes([number]) * 32 for number in range(256)]
    assert split_tile(b"".join(hashes)) == hashes


@pytest.mark.parametrize("length", [0, 31, 33, 257 * 32])
def test_a_tile_of_another_length_is_refused(length: int) -> None:
    """A tile holds 1 to 256 whole hashes and nothing else."""
    with pytest.raises(ValueError, match="1 to 256 hashes"):
        split_tile(bytes(length))


def test_a_subtree_that_is_not_stored_whole_is_not_made_up() -> None:
    """The hash of a subtree beyond the edge of the tree cannot be read."""
    source = TileSource(lambda *_: [bytes(32)] * 3)
    with pytest.raises(LookupError, match="holds 3 hashes, not 4"):
        source(2, 0)
