"""How far entries of a range that changes no more can be compressed, each by itself.

A dictionary is trained on some entries and used for others; every entry must come back in its
bytes, so that its leaf hash and all proofs stay what they are.
"""

from typing import Final

import zstandard
from benchmarks.ledgers import opened_log
from benchmarks.measure import Figure
from benchmarks.places import Place

from opsledger_contracts.evidence.merkle import leaf_hash

WORK: Final = "bytes of an entry, compressed by zstd with a dictionary"
TRAINED_ON: Final = 4_000
SAMPLE: Final = 4_000
DICTIONARY_BYTES: Final = 64 * 1024


def compressed(place: Place) -> Figure:
    """Measure the figure."""
    log = opened_log(place, writing=False)
    training: list[bytes | bytearray | memoryview] = [
        stored.entry for stored in log.entries(0, TRAINED_ON)
    ]
    sample = log.entries(log.head().position - SAMPLE, SAMPLE)
    log.close()
    dictionary = zstandard.train_dictionary(DICTIONARY_BYTES, training)
    shrink = zstandard.ZstdCompressor(dict_data=dictionary, write_content_size=True)
    restore = zstandard.ZstdDecompressor(dict_data=dictionary)
    small = [shrink.compress(stored.entry) for stored in sample]
    for stored, packed in zip(sample, small, strict=True):
        assert leaf_hash(restore.decompress(packed)) == stored.leaf
    return Figure(
        work=WORK,
        unit="bytes",
        ours=sum(map(len, small)) / len(small),
        peer="the entry as it is (orientation)",
        theirs=sum(len(stored.entry) for stored in sample) / len(sample),
        detail=f"{len(small):,} entries, each compressed by itself and restored to its leaf hash",
    )
