"""The Merkle tree against the recursive definitions of RFC 6962, written down naively."""

from collections.abc import Callable
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.evidence.merkle import (
    Frontier,
    ProofInvalid,
    consistency_proof,
    inclusion_proof,
    root,
    verify_consistency,
    verify_inclusion,
)
from opsledger_contracts.evidence.tiles import TileSource

SIZES = st.one_of(st.integers(0, 70), st.sampled_from([127, 128, 255, 256, 257, 511, 513, 1025]))


def leaves_of(size: int) -> list[bytes]:
    """Distinct leaf hashes."""
    return [sha256(number.to_bytes(4, "big")).digest() for number in range(size)]


def largest_power_below(size: int) -> int:
    """The k of RFC 6962: the largest power of two smaller than a size."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def tree_hash(leaves: list[bytes]) -> bytes:
    """MTH(D[n]) of RFC 6962, section 2.1, over leaf hashes."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = largest_power_below(len(leaves))
    return sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def path(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962, section 2.1.1."""
    if len(leaves) <= 1:
        return []
    k = largest_power_below(len(leaves))
    if index < k:
        return [*path(index, leaves[:k]), tree_hash(leaves[k:])]
    return [*path(index - k, leaves[k:]), tree_hash(leaves[:k])]


def subproof(size: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962, section 2.1.2."""
    if size == len(leaves):
        return [] if whole else [tree_hash(leaves)]
    k = largest_power_below(len(leaves))
    if size <= k:
        return [*subproof(size, leaves[:k], whole=whole), tree_hash(leaves[k:])]
    return [*subproof(size - k, leaves[k:], whole=False), tree_hash(leaves[:k])]


def tiles_of(leaves: list[bytes]) -> TileSource:
    """A source over the tiles that a frontier gives while the leaves are appended."""
    levels: dict[int, list[bytes]] = {0: leaves}
    for level, number, completed in Frontier().extend(leaves):
        assert number == len(levels.setdefault(level, []))
        levels[level].append(completed)
    return TileSource(lambda level, first, count: levels.get(level, [])[first : first + count])


@given(SIZES)
def test_the_frontier_and_the_tiles_have_the_root_of_the_definition(size: int) -> None:
    """Appending leaf by leaf and reading stored tiles both give MTH(D[n])."""
    leaves = leaves_of(size)
    frontier = Frontier()
    frontier.extend(leaves)
    assert frontier.root() == root(tiles_of(leaves), size) == tree_hash(leaves)


@given(SIZES, st.data())
def test_a_frontier_continues_after_being_stored(size: int, data: st.DataObject) -> None:
    """A frontier read back from bytes goes on exactly where it stopped, tiles included."""
    leaves = leaves_of(size)
    cut = data.draw(st.integers(0, size))
    at_once, first = Frontier(), Frontier()
    completed = at_once.extend(leaves)
    completed_first = first.extend(leaves[:cut])
    second = Frontier.from_bytes(first.to_bytes())
    assert completed_first + second.extend(leaves[cut:]) == completed
    assert second.to_bytes() == at_once.to_bytes()


@given(SIZES.filter(bool), st.data())
def test_an_inclusion_proof_is_the_path_of_the_definition(size: int, data: st.DataObject) -> None:
    """The audit path equals PATH, and the verifier accepts it for this leaf alone."""
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(tiles_of(leaves), index, size)
    assert proof == path(index, leaves)
    verify_inclusion(leaves[index], index, size, proof, tree_hash(leaves))
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        with pytest.raises(ProofInvalid):
            verify_inclusion(leaves[other], index, size, proof, tree_hash(leaves))
        with pytest.raises(ProofInvalid):
            verify_inclusion(leaves[index], other, size, proof, tree_hash(leaves))


@given(SIZES.filter(bool), st.data())
def test_a_consistency_proof_is_the_proof_of_the_definition(size: int, data: st.DataObject) -> None:
    """The proof equals PROOF, and the verifier accepts it for these two roots alone."""
    leaves = leaves_of(size)
    size_from = data.draw(st.integers(1, size))
    proof = consistency_proof(tiles_of(leaves), size_from, size)
    assert proof == subproof(size_from, leaves, whole=True)
    old, new = tree_hash(leaves[:size_from]), tree_hash(leaves)
    verify_consistency(size_from, size, proof, old, new)
    with pytest.raises(ProofInvalid):
        verify_consistency(size_from, size, proof, sha256(old).digest(), new)
    with pytest.raises(ProofInvalid):
        verify_consistency(size_from, size, proof, old, sha256(new).digest())


@given(SIZES.filter(lambda size: size > 1), st.data())
def test_no_altered_proof_is_accepted(size: int, data: st.DataObject) -> None:
    """A proof with a bit flipped, a hash dropped, added or swapped is refused."""
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    size_from = data.draw(st.integers(1, size - 1))
    source = tiles_of(leaves)
    inclusion = inclusion_proof(source, index, size)
    consistency = consistency_proof(source, size_from, size)
    old, new = tree_hash(leaves[:size_from]), tree_hash(leaves)
    cases: list[tuple[list[bytes], Callable[[list[bytes]], None]]] = [
        (inclusion, lambda proof: verify_inclusion(leaves[index], index, size, proof, new)),
        (consistency, lambda proof: verify_consistency(size_from, size, proof, old, new)),
    ]
    for proof, verify in cases:
        place = data.draw(st.integers(0, len(proof) - 1))
        flipped = bytearray(proof[place])
        flipped[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
        for altered in (
            [*proof[:place], bytes(flipped), *proof[place + 1 :]],
            [*proof[:place], *proof[place + 1 :]],
            [*proof[:place], bytes(32), *proof[place:]],
            [*proof, proof[place]],
        ):
            with pytest.raises(ProofInvalid):
                verify(altered)


def test_a_flipped_bit_of_every_byte_is_refused_by_definition() -> None:
    """Every one of a small tree's audit path bytes matters to the verifier."""
    leaves = leaves_of(11)
    proof = path(6, leaves)
    for place, sibling in enumerate(proof):
        for offset in range(32):
            changed = bytearray(sibling)
            changed[offset] ^= 0x80
            altered = [*proof[:place], bytes(changed), *proof[place + 1 :]]
            with pytest.raises(ProofInvalid):
                verify_inclusion(leaves[6], 6, 11, altered, tree_hash(leaves))
