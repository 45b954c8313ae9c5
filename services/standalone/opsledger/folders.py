"""Where ledger and read side lie in a directory that `opsledger serve` has made."""

from pathlib import Path
from typing import Final

LEDGER_FOLDER: Final = "ledger"
PROJECTIONS_FOLDER: Final = "projections"


def ledger_folder(directory: Path) -> Path:
    """Tell where the ledger lies in a directory that `serve` made, or that is a ledger itself."""
    inside = directory / LEDGER_FOLDER
    return inside if inside.is_dir() else directory
