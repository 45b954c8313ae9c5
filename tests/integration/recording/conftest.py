"""A log of one test: open on a directory of its own, closed afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger_ledger.recording.sqlite_log import SqliteLog, open_log


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    """A new, empty log."""
    opened = open_log(tmp_path / "ledger")
    yield opened
    opened.close()
