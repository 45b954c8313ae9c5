"""What the README of the contracts tells outsiders to run does what it says."""

import base64
import hashlib
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opsledger.examples.recording import story_recorded
from opsledger_contracts.evidence.merkle import (
    Frontier,
    inclusion_proof,
    leaf_hash,
    node_hash,
)

CONTRACTS = Path(__file__).parents[2] / "contracts"
README = (CONTRACTS / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def verifier(tmp_path: Path) -> Path:
    """The verifier that the README shows, as a file."""
    (snippet,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    path = tmp_path / "verify.py"
    path.write_text(snippet, encoding="utf-8")
    return path


def _verify(verifier: Path, entry: bytes, said: dict[str, Any]) -> tuple[int, str]:
    folder = verifier.parent
    (folder / "entry.json").write_bytes(entry)
    (folder / "proof.json").write_text(json.dumps(said), encoding="utf-8")
    command = [sys.executable, "-I", "-W", "ignore", "verify.py", "entry.json", "proof.json"]
    done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_verifier_proves_an_entry_and_refuses_another(verifier: Path) -> None:
    """With the standard library alone: the real entry is in the tree, a changed one is not."""
    entries = [entry.stored for entry in story_recorded().entries]
    leaves = [leaf_hash(entry) for entry in entries]

    def subtree(height: int, number: int) -> bytes:
        if height == 0:
            return leaves[number]
        return node_hash(subtree(height - 1, number * 2), subtree(height - 1, number * 2 + 1))

    frontier = Frontier()
    frontier.extend(leaves)
    index = 200
    proof = inclusion_proof(subtree, index, len(leaves))
    said = {
        "position": index + 1,
        "size": len(leaves),
        "leaf": leaves[index].hex(),
        "root": frontier.root().hex(),
        "proof": [each.hex() for each in proof],
    }
    status, told = _verify(verifier, entries[index], said)
    assert status == 0
    assert told == f"leaf {leaves[index].hex()} is in the tree of {len(leaves)}\n"
    status, told = _verify(verifier, entries[index].replace(b"2025", b"2024", 1), said)
    assert status == 1
    assert "IS NOT" in told
    status, _ = _verify(verifier, entries[index], said | {"position": index})
    assert status == 1


def test_the_verifier_agrees_with_the_vectors(verifier: Path) -> None:
    """All inclusion vectors of other implementations, the bad ones too."""
    included = runpy.run_path(str(verifier))["included"]
    vectors = json.loads((CONTRACTS / "vectors" / "proofs" / "inclusion.json").read_bytes())
    assert len(vectors) > 90
    for name, case in vectors.items():
        proof = [base64.b64decode(each) for each in case["proof"] or ()]
        leaf, root = base64.b64decode(case["leafHash"]), base64.b64decode(case["root"])
        found = included(leaf, case["leafIdx"], case["treeSize"], proof, root)
        assert found is not case["wantErr"], name


def test_the_line_of_shell_tells_the_leaf_hash() -> None:
    """The hash of a zero byte and the entry without the line feed of its file."""
    (line,) = re.findall(r"```sh\n(.*?)\n```", README, re.DOTALL)
    done = subprocess.run(
        ["/bin/sh", "-c", line], check=True, cwd=CONTRACTS, capture_output=True, text=True
    )
    stored = (CONTRACTS / "examples/entries/letter.signed.v1.json").read_bytes()
    expected = hashlib.sha256(b"\x00" + stored.removesuffix(b"\n")).hexdigest()
    assert done.stdout.split()[0] == expected


def test_all_that_the_table_names_is_there() -> None:
    """Every path of the table exists; `<type>` stands for any type."""
    named = re.findall(r"^\| (`[^|]*`) \|", README, re.MULTILINE)
    paths = [path for cell in named for path in re.findall(r"`([^`]+)`", cell)]
    assert len(paths) > 8
    for path in paths:
        assert (CONTRACTS / path.replace("<type>", "letter.signed.v1")).exists(), path
