"""A range that changes no more, compressed entry by entry, against the proofs of its ledger.

An auditor may keep full tiles of entries compressed by a dictionary of their own: what comes back
is held against the checkpoint by the verifier that the README of the contracts shows.
"""

import random
import re
import runpy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import zstandard

from opsledger.examples.recording import story_recorded
from opsledger_contracts.evidence.merkle import Frontier, leaf_hash, verify_consistency
from opsledger_contracts.evidence.tiles import TILE_WIDTH, split_tile
from opsledger_ledger.recording.log import Log, NewEntry

README: Final = Path(__file__).parents[3] / "contracts" / "README.md"
DICTIONARY_BYTES: Final = 64 * 1024
ENTRY_BYTES_MAX: Final = 1024 * 1024
PROVED_EVERY: Final = 16
"""All leaves are compared; so many of them are proved by a path of their own."""

Included = Callable[[bytes, int, int, Sequence[bytes], bytes], bool]


class Sealed(NamedTuple):
    """A range from the first entry on, each entry compressed by itself."""

    dictionary: bytes
    entries: list[bytes]

    def restored(self) -> Iterator[bytes]:
        """Give the entries back."""
        zipped = zstandard.ZstdCompressionDict(self.dictionary)
        restorer = zstandard.ZstdDecompressor(dict_data=zipped)
        for entry in self.entries:
            # Read up to a bound: the length that a damaged entry names may be anything.
            with restorer.stream_reader(entry) as reader:
                yield reader.read(ENTRY_BYTES_MAX)


def sealed(entries: list[bytes]) -> Sealed:
    """Compress a range with a dictionary that is trained on it."""
    training: list[Any] = list(entries)
    dictionary = zstandard.train_dictionary(DICTIONARY_BYTES, training)
    shrinker = zstandard.ZstdCompressor(dict_data=dictionary, write_content_size=True)
    return Sealed(dictionary.as_bytes(), [shrinker.compress(entry) for entry in entries])


@pytest.fixture(scope="module")
def included(tmp_path_factory: pytest.TempPathFactory) -> Included:
    """The check of an inclusion proof in the verifier that outsiders are shown."""
    (snippet,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path_factory.mktemp("verifier") / "verify.py"
    path.write_text(snippet, encoding="utf-8")
    found: Included = runpy.run_path(str(path))["included"]
    return found


@pytest.fixture
def told(log: Log) -> Log:
    """A ledger of the story, with more than the full tiles."""
    entries = story_recorded().entries
    last = entries[-1].recorded.envelope.recorded_at
    with log.begin() as batch:
        batch.append(
            [
                NewEntry(
                    entry.recorded.envelope.stream,
                    entry.recorded.envelope.version,
                    entry.recorded.envelope.type,
                    entry.stored,
                )
                for entry in entries
            ],
            last,
        )
    assert log.head().size % TILE_WIDTH
    return log


def range_of(log: Log) -> list[bytes]:
    """The entries of all full tiles."""
    return [stored.entry for stored in log.entries(0, log.head().size // TILE_WIDTH * TILE_WIDTH)]


def test_a_compressed_range_keeps_its_leaves_proofs_and_root(told: Log, included: Included) -> None:
    """Restored entries hash to the tiles, prove to be in the ledger, and lead to its checkpoint."""
    entries = range_of(told)
    packed = sealed(entries)
    assert sum(map(len, packed.entries)) + len(packed.dictionary) < sum(map(len, entries)) / 2
    size, root = told.head().size, told.root_at(told.head().size)
    frontier = Frontier()
    for index, entry in enumerate(packed.restored()):
        leaf = leaf_hash(entry)
        assert leaf == split_tile(told.tile(0, index // TILE_WIDTH))[index % TILE_WIDTH]
        if not index % PROVED_EVERY:
            assert included(leaf, index, size, told.inclusion(index + 1, size), root)
        frontier.extend([leaf])
    # With the range alone in hand: its own root is an earlier state of the checkpoint's.
    proof = told.consistency(frontier.size, size)
    verify_consistency(frontier.size, size, proof, frontier.root(), root)


def test_a_flipped_byte_of_what_is_compressed_is_found() -> None:
    """At every place of some entries: zstd refuses it, its leaf is another, or nothing changed."""
    entries = [entry.stored for entry in story_recorded().entries]
    packed = sealed(entries)
    chosen = random.Random(1)
    flips = harmless = 0
    for index in chosen.sample(range(len(entries)), 12):
        for place in range(len(packed.entries[index])):
            damaged = bytearray(packed.entries[index])
            damaged[place] ^= 1 << chosen.randrange(8)
            flips += 1
            same = came_back(Sealed(packed.dictionary, [bytes(damaged)]), entries[index])
            harmless += same
    # A bit that means nothing to zstd, such as the one that its format leaves free.
    assert harmless < flips / 50


def test_a_damaged_dictionary_is_found() -> None:
    """Every entry that refers to what was changed is refused, or has another leaf."""
    entries = [entry.stored for entry in story_recorded().entries]
    packed = sealed(entries)
    damaged = bytearray(packed.dictionary)
    # What is referred to most stands at the end.
    for place in range(len(damaged) - 1_000, len(damaged)):
        damaged[place] ^= 1
    same = [
        came_back(Sealed(bytes(damaged), [one]), entry)
        for one, entry in zip(packed.entries, entries, strict=True)
    ]
    assert sum(same) < len(same) / 2


def came_back(packed: Sealed, entry: bytes) -> bool:
    """Tell whether a leaf hash takes what comes back for the entry; it never takes anything else."""
    try:
        (found,) = packed.restored()
    except zstandard.ZstdError:
        return False
    taken = leaf_hash(found) == leaf_hash(entry)
    assert taken is (found == entry)
    return taken
