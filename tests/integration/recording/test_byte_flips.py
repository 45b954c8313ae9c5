"""Bytes flipped in the database file: found and located, or without effect on the content."""

import random
from pathlib import Path

import pytest

from opsledger_ledger.recording.connections import DATABASE_NAME
from opsledger_ledger.recording.log import Finding, RecordingError, Stored
from opsledger_ledger.recording.sqlite_log import SqliteLog, open_log
from opsledger_ledger.recording.verification import verify
from support.log_entries import filled

ENTRIES = 300
FLIPS = 400
GROUPS = 8
"""The flips are run in groups, so that a failing one is named by a short run."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[Stored]]:
    """The bytes of a closed log's file, and its entries."""
    directory = tmp_path_factory.mktemp("original")
    log = filled(directory, ENTRIES, batch_size=60)
    entries = log.entries(0, ENTRIES)
    log.close()
    return (directory / DATABASE_NAME).read_bytes(), entries


def read_one_by_one(log: SqliteLog) -> dict[int, Stored]:
    """Every entry that the damaged file still gives, in whatever condition."""
    given: dict[int, Stored] = {}
    for position in range(1, ENTRIES + 1):
        try:
            given.update((stored.position, stored) for stored in log.entries(position - 1, 1))
        except RecordingError:
            continue
    return given


def first_difference(log: SqliteLog, entries: list[Stored]) -> int | None:
    """The first position at which the damaged file no longer gives what was stored."""
    given = read_one_by_one(log)
    for stored in entries:
        if given.get(stored.position) != stored:
            return stored.position
    return None


@pytest.mark.parametrize("group", range(GROUPS))
def test_a_flipped_byte_is_located_or_harmless(
    tmp_path: Path, original: tuple[bytes, list[Stored]], group: int
) -> None:
    """No flip changes an entry without a finding at or before that very position."""
    content, entries = original
    choice = random.Random(group)
    outcomes: dict[str, int] = {"located": 0, "found": 0, "harmless": 0}
    for number in range(FLIPS // GROUPS):
        offset, bit = choice.randrange(len(content)), choice.randrange(8)
        damaged = bytearray(content)
        damaged[offset] ^= 1 << bit
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / DATABASE_NAME).write_bytes(damaged)
        log = open_log(directory, writing=False, checking=False)
        findings: list[Finding] = list(verify(log))
        changed = first_difference(log, entries)
        where = f"group {group}, flip of bit {bit} at {offset}: {findings[:3]}"
        if changed is not None:
            assert findings, where
            located = [finding.position for finding in findings if finding.position]
            assert not located or located[0] <= changed, where
            outcomes["located" if changed in located else "found"] += 1
        else:
            outcomes["found" if findings else "harmless"] += 1
        log.close()
    # Most of a ledger's file is entries; a run that located nothing has not looked.
    assert outcomes["located"] > FLIPS // GROUPS // 3, outcomes
