"""The RFC 6962 Merkle tree: frontier, proofs and their verification, without a database.

A leaf is SHA-256(0x00 || entry), a node SHA-256(0x01 || left || right), and the root of the
empty tree SHA-256 of nothing (RFC 6962, section 2.1). Indexes of leaves count from 0 here;
a ledger's position is index + 1.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
SIZE_BYTES = 8
TILE_HEIGHT = 8
"""Height of a tile: it holds up to 256 neighbouring hashes of a level."""

_LAST_OF_TILE = (1 << TILE_HEIGHT) - 1

EMPTY_ROOT = sha256(b"").digest()

#: Root of the complete subtree of height h at number i, that is over the leaves
#: [i << h, (i + 1) << h). Asked only for subtrees that lie wholly inside the tree.
HashSource = Callable[[int, int], bytes]


class ProofInvalid(Exception):
    """A proof does not prove what it was given for; the message says at which step."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the leaf hash of an entry's exact bytes."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an interior node."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A compact range over all leaves: the roots of the complete subtrees, largest first.

    It is all that is needed to append and to know the root; it holds one hash per one-bit
    of the size, so at most 64.
    """

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if size < 0 or len(peaks) != size.bit_count():
            raise ValueError(f"a frontier of size {size} cannot have {len(peaks)} hashes")
        self.size = size
        self._peaks = list(peaks)

    def extend(self, leaves: Iterable[bytes]) -> list[tuple[int, int, bytes]]:
        """Append leaf hashes; return the tile hashes that were completed on the way.

        Each is (level, number, hash), level >= 1: the root of the complete subtree of height
        8 x level at that number, in the order in which they were completed.
        """
        peaks = self._peaks
        size = self.size
        completed: list[tuple[int, int, bytes]] = []
        for leaf in leaves:
            node = leaf
            number = size
            if size & _LAST_OF_TILE == _LAST_OF_TILE:
                height = 0
                while number & 1:
                    node = sha256(b"\x01" + peaks.pop() + node).digest()
                    number >>= 1
                    height += 1
                    if height % TILE_HEIGHT == 0:
                        completed.append((height // TILE_HEIGHT, number, node))
            else:
                while number & 1:
                    node = sha256(b"\x01" + peaks.pop() + node).digest()
                    number >>= 1
            peaks.append(node)
            size += 1
        self.size = size
        return completed

    def root(self) -> bytes:
        """Return the tree's root."""
        return _fold(self._peaks) if self._peaks else EMPTY_ROOT

    def to_bytes(self) -> bytes:
        """Return the size (8 bytes, big-endian) and the hashes, largest subtree first."""
        return b"".join((self.size.to_bytes(SIZE_BYTES, "big"), *self._peaks))

    @classmethod
    def from_bytes(cls, stored: bytes) -> "Frontier":
        """Read what ``to_bytes`` wrote.

        Raises:
            ValueError: the number of hashes does not fit the size.
        """
        size = int.from_bytes(stored[:SIZE_BYTES], "big")
        if len(stored) != SIZE_BYTES + HASH_BYTES * size.bit_count():
            raise ValueError(f"a frontier of size {size} cannot be {len(stored)} bytes long")
        starts = range(SIZE_BYTES, len(stored), HASH_BYTES)
        return cls(size, [stored[start : start + HASH_BYTES] for start in starts])


def root(source: HashSource, size: int) -> bytes:
    """Return the root that the tree had at ``size``."""
    return _range_hash(source, 0, size) if size else EMPTY_ROOT


def inclusion_proof(source: HashSource, index: int, size: int) -> list[bytes]:
    """Return PATH(index, D[size]) of RFC 6962, section 2.1.1, nearest sibling first.

    Raises:
        ValueError: ``index`` is not below ``size``.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of size {size} has no leaf {index}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_hash(source, middle, end))
            end = middle
        else:
            path.append(_range_hash(source, start, middle))
            start = middle
    path.reverse()
    return path


def consistency_proof(source: HashSource, size_from: int, size_to: int) -> list[bytes]:
    """Return PROOF(size_from, D[size_to]) of RFC 6962, section 2.1.2.

    It is empty when the sizes are equal.

    Raises:
        ValueError: ``size_from`` is 0, where there is nothing to prove, or over ``size_to``.
    """
    if not 0 < size_from <= size_to:
        raise ValueError(f"no proof leads from size {size_from} to size {size_to}")
    proof: list[bytes] = []
    start, end = 0, size_to
    while size_from != end:
        middle = start + _split(end - start)
        if size_from <= middle:
            proof.append(_range_hash(source, middle, end))
            end = middle
        else:
            proof.append(_range_hash(source, start, middle))
            start = middle
    # The old tree itself needs no hash in the proof: the verifier holds its root.
    if start != 0:
        proof.append(_range_hash(source, start, end))
    proof.reverse()
    return proof


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root_expected: bytes
) -> None:
    """Prove that a leaf hash stands at ``index`` in the tree of ``size`` (RFC 9162, 2.1.3.2).

    Raises:
        ProofInvalid: it does not.
    """
    if not 0 <= index < size:
        raise ProofInvalid(f"leaf {index} is outside the tree of size {size}")
    _require_hashes(leaf, *proof)
    node, number, last = leaf, index, size - 1
    for sibling in proof:
        if last == 0:
            raise ProofInvalid("the inclusion proof is longer than the tree is high")
        if number & 1 or number == last:
            node = node_hash(sibling, node)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        number >>= 1
        last >>= 1
    if last:
        raise ProofInvalid("the inclusion proof is shorter than the tree is high")
    _require_root("inclusion", root_expected, node)


def verify_consistency(
    size_from: int,
    size_to: int,
    proof: Sequence[bytes],
    root_from: bytes,
    root_to: bytes,
) -> None:
    """Prove that the tree of ``size_to`` extends that of ``size_from`` (RFC 9162, 2.1.4.2).

    Every tree extends the empty one, so a ``size_from`` of 0 proves nothing and is refused.

    Raises:
        ProofInvalid: it does not.
    """
    if not 0 < size_from <= size_to:
        raise ProofInvalid(f"no proof leads from size {size_from} to size {size_to}")
    if size_from == size_to:
        if proof:
            raise ProofInvalid(f"two trees of size {size_to} are compared without a proof")
        _require_root("old", root_to, root_from)
        return
    _require_hashes(root_from, *proof)
    old, new = _consistent_roots(size_from, size_to, proof, root_from)
    _require_root("old", root_from, old)
    _require_root("new", root_to, new)


def _consistent_roots(
    size_from: int, size_to: int, proof: Sequence[bytes], root_from: bytes
) -> tuple[bytes, bytes]:
    """Return the roots of both sizes as a proof for 0 < size_from < size_to gives them."""
    hashes = iter(proof)
    number, last = size_from - 1, size_to - 1
    while number & 1:
        number >>= 1
        last >>= 1
    # An old tree that is one complete subtree is its own first hash.
    first = root_from if number == 0 else next(hashes, None)
    if first is None:
        raise ProofInvalid("the consistency proof is empty")
    old = new = first
    for sibling in hashes:
        if last == 0:
            raise ProofInvalid("the consistency proof is longer than the tree is high")
        if number & 1 or number == last:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        number >>= 1
        last >>= 1
    if last:
        raise ProofInvalid("the consistency proof is shorter than the tree is high")
    return old, new


def _split(width: int) -> int:
    """Return the largest power of two below ``width``, which is at least 2."""
    return 1 << ((width - 1).bit_length() - 1)


def _fold(peaks: Sequence[bytes]) -> bytes:
    """Return the hash over neighbouring subtrees, largest first."""
    node = peaks[-1]
    for left in reversed(peaks[:-1]):
        node = node_hash(left, node)
    return node


def _range_hash(source: HashSource, start: int, end: int) -> bytes:
    """Return MTH(D[start:end]) where ``start`` is aligned to the widest subtree inside."""
    peaks: list[bytes] = []
    while start < end:
        height = (end - start).bit_length() - 1
        peaks.append(source(height, start >> height))
        start += 1 << height
    return _fold(peaks)


def _require_hashes(*hashes: bytes) -> None:
    """Refuse anything that is not as long as a SHA-256 hash."""
    for given in hashes:
        if len(given) != HASH_BYTES:
            raise ProofInvalid(f"a hash has {HASH_BYTES} bytes, found {len(given)}")


def _require_root(which: str, expected: bytes, found: bytes) -> None:
    """Refuse a computed root that differs from the one claimed."""
    if expected != found:
        raise ProofInvalid(f"{which} root: expected {expected.hex()}, found {found.hex()}")
