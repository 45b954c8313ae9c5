"""The Merkle tree against the published vectors of RFC 6962."""

import json
from base64 import b64decode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from opsledger_contracts.evidence.merkle import (
    EMPTY_ROOT,
    Frontier,
    ProofInvalid,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)

VECTORS = Path(__file__).parents[3] / "contracts" / "vectors" / "proofs"


def published(kind: str) -> dict[str, dict[str, Any]]:
    """The published cases of one kind of proof."""
    cases: dict[str, dict[str, Any]] = json.loads((VECTORS / f"{kind}.json").read_bytes())
    return cases


TREE = json.loads((VECTORS / "tree.json").read_bytes())
INCLUSION = published("inclusion")
CONSISTENCY = published("consistency")


def decoded(case: dict[str, Any], *names: str) -> list[bytes]:
    """The hashes of a case, decoded."""
    return [b64decode(case[name] or "") for name in names]


def test_the_published_vectors_are_complete() -> None:
    """All 196 vectors are run, with cases to accept and cases to refuse among them."""
    cases = [*INCLUSION.values(), *CONSISTENCY.values()]
    assert len(cases) == 196
    assert {case["wantErr"] for case in cases} == {True, False}


@pytest.mark.parametrize("name", INCLUSION)
def test_inclusion_is_judged_as_published(name: str) -> None:
    """An inclusion proof is accepted or refused as transparency-dev/merkle does."""
    case = INCLUSION[name]
    leaf, root = decoded(case, "leafHash", "root")
    proof = [b64decode(each) for each in case["proof"] or ()]
    arguments = (leaf, case["leafIdx"], case["treeSize"], proof, root)
    if case["wantErr"]:
        with pytest.raises(ProofInvalid):
            verify_inclusion(*arguments)
    else:
        verify_inclusion(*arguments)


@pytest.mark.parametrize("name", CONSISTENCY)
def test_consistency_is_judged_as_published(name: str) -> None:
    """A consistency proof is accepted or refused as transparency-dev/merkle does."""
    case = CONSISTENCY[name]
    roots = decoded(case, "root1", "root2")
    proof = [b64decode(each) for each in case["proof"] or ()]
    if case["wantErr"]:
        with pytest.raises(ProofInvalid):
            verify_consistency(case["size1"], case["size2"], proof, *roots)
    else:
        verify_consistency(case["size1"], case["size2"], proof, *roots)


@pytest.mark.parametrize("size", range(9))
def test_the_root_of_each_size_is_as_published(size: int) -> None:
    """The frontier gives the root known for the first leaves of Certificate Transparency."""
    frontier = Frontier()
    frontier.extend(leaf_hash(bytes.fromhex(entry)) for entry in TREE["leaves"][:size])
    assert frontier.root().hex() == TREE["roots"][size]


def test_an_empty_tree_has_the_hash_of_nothing_as_its_root() -> None:
    """An empty log has a root of its own, and its frontier is its size only."""
    assert Frontier().root() == EMPTY_ROOT
    assert Frontier().to_bytes() == bytes(8)


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(b"", id="empty"),
        pytest.param((1).to_bytes(8, "big"), id="hash missing"),
        pytest.param((1).to_bytes(8, "big") + bytes(31), id="hash short"),
        pytest.param((2).to_bytes(8, "big") + bytes(64), id="hash too many"),
    ],
)
def test_a_frontier_of_the_wrong_length_is_refused(stored: bytes) -> None:
    """Stored bytes which do not fit their size are never read as a frontier."""
    with pytest.raises(ValueError, match=f"cannot be {len(stored)} bytes long"):
        Frontier.from_bytes(stored)


def test_a_frontier_needs_one_hash_for_each_bit_of_its_size() -> None:
    """A frontier cannot be made of a size and hashes that do not belong together."""
    with pytest.raises(ValueError, match="cannot have 1 hashes"):
        Frontier(3, [bytes(32)])


def no_source(height: int, number: int) -> bytes:
    """A source that holds nothing."""
    raise LookupError(f"{height}/{number}")


@pytest.mark.parametrize(("index", "size"), [(-1, 4), (4, 4), (0, 0)])
def test_no_proof_is_made_for_a_leaf_outside_the_tree(index: int, size: int) -> None:
    """A leaf outside the tree has no audit path."""
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_proof(no_source, index, size)


@pytest.mark.parametrize(("size_from", "size_to"), [(-1, 4), (0, 4), (5, 4)])
def test_no_proof_is_made_from_a_larger_or_an_empty_tree(size_from: int, size_to: int) -> None:
    """A tree never extends a larger one, and extends the empty one without a proof."""
    with pytest.raises(ValueError, match="no proof leads from"):
        consistency_proof(no_source, size_from, size_to)


@pytest.mark.parametrize(
    ("leaf", "sibling"),
    [
        pytest.param(bytes(31), bytes(33), id="cut one byte early"),
        pytest.param(bytes(33), bytes(31), id="cut one byte late"),
        pytest.param(bytes(32), b"", id="no sibling"),
    ],
)
def test_a_hash_of_the_wrong_length_is_refused(leaf: bytes, sibling: bytes) -> None:
    """Two hashes cut at another place would hash alike, so each must have 32 bytes."""
    root = sha256(b"\x01" + leaf + sibling).digest()
    with pytest.raises(ProofInvalid, match="a hash has 32 bytes"):
        verify_inclusion(leaf, 0, 2, [sibling], root)
    with pytest.raises(ProofInvalid, match="a hash has 32 bytes"):
        verify_consistency(1, 2, [sibling], leaf, root)
