"""The project's own files, as tests about the source read them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = {
    "opsledger_contracts": ROOT / "contracts/opsledger_contracts",
    "opsledger_ledger": ROOT / "services/ledger/opsledger_ledger",
    "opsledger_projections": ROOT / "services/projections/opsledger_projections",
    "opsledger": ROOT / "services/standalone/opsledger",
}
"""The folder of each import package."""


def modules(folder: Path) -> Iterator[tuple[str, ast.Module]]:
    """Every Python file under a folder: its path from the root, and its syntax tree."""
    for path in sorted(folder.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def tracked_files() -> list[Path]:
    """Every file that is in the repository or would be added to it."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = (ROOT / name for name in listing.split("\0") if name)
    return sorted(path for path in paths if path.is_file())
