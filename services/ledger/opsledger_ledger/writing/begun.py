"""Which streams have events: one set of digests, for as many streams as there ever were."""

from array import array
from bisect import bisect_left
from hashlib import blake2b
from typing import Final

_BUCKET_BITS: Final = 12


class BegunStreams:
    """A set of streams that only grows, about nine bytes each.

    It keeps digests of their names: one that is taken for another costs a read of the log, and
    names in a set would take fifteen times the memory.
    """

    def __init__(self) -> None:
        """Begin empty."""
        self._buckets = [array("Q") for _ in range(1 << _BUCKET_BITS)]
        """Sorted digests by their first bits, so that little is moved for each that comes."""

    def add(self, stream: str) -> None:
        """Take a stream in."""
        digest = _digest(stream)
        bucket = self._buckets[_bucket(digest)]
        place = bisect_left(bucket, digest)
        if place == len(bucket) or bucket[place] != digest:
            bucket.insert(place, digest)

    def __contains__(self, stream: str) -> bool:
        digest = _digest(stream)
        bucket = self._buckets[_bucket(digest)]
        place = bisect_left(bucket, digest)
        return place < len(bucket) and bucket[place] == digest

    def written(self) -> bytes:
        """Write the set down, eight bytes for each stream."""
        return b"".join(bucket.tobytes() for bucket in self._buckets)

    def read(self, written: bytes) -> None:
        """Begin with a set that was written down."""
        digests = array("Q")
        digests.frombytes(written)
        first = 0
        for number in range(len(self._buckets)):
            end = bisect_left(digests, (number + 1) << (64 - _BUCKET_BITS), first)
            self._buckets[number] = digests[first:end]
            first = end


def _digest(stream: str) -> int:
    """Tell a number for a stream that is the same in every process."""
    return int.from_bytes(blake2b(stream.encode(), digest_size=8).digest(), "big")


def _bucket(digest: int) -> int:
    return digest >> (64 - _BUCKET_BITS)
