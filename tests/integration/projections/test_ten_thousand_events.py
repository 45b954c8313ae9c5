"""P10 at the size that is promised: ten thousand events, followed and rebuilt in every way."""

import re
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Final

import pytest

from opsledger_contracts.codec import decode_envelope
from opsledger_projections.following.feed import FeedEntry
from opsledger_projections.following.projector import Projector
from opsledger_projections.tables.digest import digest
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from opsledger_projections.views.view import View
from support.crashing_tables import CrashingTables
from support.disputed_score import DisputedScore
from support.feeds import MemoryLedger

VIEW_LIST: Final[list[View]] = list(VIEWS.values())
EVENTS: Final = 10_000
PAGE: Final = 500


@pytest.fixture(scope="module")
def ledger(story: DisputedScore) -> MemoryLedger:
    """The story told by many companies at once, each event of one beside those of the others."""
    told = story.ledger.entries
    subjects = {decode_envelope(entry).stream.partition("/")[2] for entry in told} - {"main"}
    # Longest first, so that no name is taken for the beginning of another.
    names = "|".join(sorted(map(re.escape, subjects), key=len, reverse=True))
    named = re.compile(rf'(?<=["/])({names})(?=")'.encode())
    companies = -(-EVENTS // len(told))
    made = MemoryLedger()
    founding, *further = told
    made.append(founding)
    for entry in further:
        for company in range(companies):
            made.append(named.sub(rb"\1-%d" % company, entry))
    return made


@pytest.fixture(scope="module")
def expected(ledger: MemoryLedger, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The digests after whole pages."""
    return _followed(ledger, tmp_path_factory.mktemp("tables") / "whole.sqlite", [PAGE])


@pytest.mark.parametrize("sizes", [[1], [7], [1, 64, 3, 300]], ids=["one", "seven", "as-they-come"])
def test_any_batches_give_the_same_tables(
    ledger: MemoryLedger, expected: dict[str, str], tmp_path: Path, sizes: list[int]
) -> None:
    """P10: one by one, in sevens, and in batches of changing size, as a live follower gets them."""
    assert ledger.position > EVENTS
    assert _followed(ledger, tmp_path / "tables.sqlite", sizes) == expected


def test_a_crash_at_every_checkpoint_leaves_the_same_tables(
    ledger: MemoryLedger, expected: dict[str, str], tmp_path: Path
) -> None:
    """P10: each page crashes once, in turns before and after its commit, and tables are reopened."""
    path = tmp_path / "tables.sqlite"
    for number, entries in enumerate(_pages(ledger, [PAGE])):
        after_commit = number % 2 == 1
        tables = SqliteTables(path, VIEW_LIST)
        with pytest.raises(OSError, match="crash"):
            Projector(VIEW_LIST, CrashingTables(tables, 1, after_commit=after_commit)).project(
                entries
            )
        tables.close()
        if not after_commit:
            # Gone with all that it had written, and done again.
            _project(path, entries)
    assert _followed(ledger, path, []) == expected


def _followed(ledger: MemoryLedger, path: Path, sizes: list[int]) -> dict[str, str]:
    """Give the digests after batches of these sizes, in turns; with none, of what is there."""
    tables = SqliteTables(path, VIEW_LIST)
    projector = Projector(VIEW_LIST, tables)
    for page in _pages(ledger, sizes):
        projector.project(page)
    assert projector.root == ledger.head().root
    assert tables.parked() == []
    position = tables.progress().position
    digests = {view.name: digest(tables, view, position) for view in VIEW_LIST}
    tables.close()
    return digests


def _project(path: Path, entries: Sequence[FeedEntry]) -> None:
    tables = SqliteTables(path, VIEW_LIST)
    assert tables.progress().position == entries[0].position - 1
    Projector(VIEW_LIST, tables).project(entries)
    tables.close()


def _pages(ledger: MemoryLedger, sizes: list[int]) -> Iterator[Sequence[FeedEntry]]:
    after = 0
    for size in cycle(sizes):
        page = ledger.page(after, size, 0)
        if not page:
            return
        yield page
        after += len(page)
