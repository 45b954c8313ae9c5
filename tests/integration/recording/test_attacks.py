"""The table of evidence.md, section 1: which layer notices which attack, and which cannot.

Somebody with all rights on the database attacks a log of 100 entries. An auditor keeps the
root of size 60 elsewhere, a witness that of size 100; both compare with the root over the
entries as they are now. An attack which only these two notice leaves nothing for the verifier
of the log to find: that is why checkpoints are kept outside.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from opsledger_contracts.canonical import canonical
from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_ledger.recording.log import Stored
from opsledger_ledger.recording.sqlite_log import open_log
from opsledger_ledger.recording.verification import CHAIN, HEAD, POSITION, TIME, verify
from support.log_entries import EntryMaker, filled, instant
from support.tampering import unguarded

SIZE, AUDITOR_SIZE = 100, 60
AUDITOR, WITNESS = "checkpoint kept by an auditor", "witness"
LAYERS = (POSITION, CHAIN, HEAD, AUDITOR, WITNESS, TIME)

Attack = Callable[[Path], None]


def root_of(entries: Sequence[Stored], size: int) -> bytes | None:
    """The root over the first entries as they stand, or None if there are fewer."""
    if len(entries) < size:
        return None
    frontier = Frontier()
    frontier.extend(leaf_hash(stored.entry) for stored in entries[:size])
    return frontier.root()


def rebuild(directory: Path, edit: Callable[[list[dict[str, object]]], None]) -> None:
    """Edit history, then make chain, tree and head fit again, as the ledger itself would."""
    log = open_log(directory, writing=False)
    history = [msgspec.json.decode(stored.entry) for stored in log.entries(0, SIZE)]
    log.close()
    times = [attributes["recordedtime"] for attributes in history]
    edit(history)
    for path in directory.iterdir():
        path.unlink()
    forged = open_log(directory)
    maker = EntryMaker()
    with forged.begin() as batch:
        for recorded_at, attributes in zip(times, history, strict=False):
            again = maker.next(attributes["subject"], recorded_at, **attributes["data"])
            batch.append([again], recorded_at)
    forged.close()


def edit_one_row(directory: Path) -> None:
    """Change the bytes of entry 42, and nothing else."""
    log = open_log(directory, writing=False)
    (stored,) = log.entries(41, 1)
    log.close()
    attributes = msgspec.json.decode(stored.entry)
    attributes["data"]["number"] = 4200
    with unguarded(directory) as connection:
        connection.execute(
            "UPDATE entries SET entry = ? WHERE position = 42", (canonical(attributes),)
        )


def edit_and_rebuild(position: int) -> Attack:
    """Change an entry and rebuild everything that follows from it."""

    def edit(history: list[dict[str, object]]) -> None:
        history[position - 1]["data"] = {"number": 4200}

    return lambda directory: rebuild(directory, edit)


def delete_the_last_10(directory: Path) -> None:
    """Delete ten rows at the end and leave the head."""
    with unguarded(directory) as connection:
        connection.execute("DELETE FROM entries WHERE position > 90")


def delete_the_last_10_and_reset_the_head(directory: Path) -> None:
    """Delete ten rows at the end, and set the head to what is left."""
    log = open_log(directory, writing=False)
    kept = log.entries(0, 90)
    log.close()
    frontier = Frontier()
    frontier.extend(stored.leaf for stored in kept)
    with unguarded(directory) as connection:
        connection.execute("DELETE FROM entries WHERE position > 90")
        connection.execute("DELETE FROM streams")
        connection.execute(
            "INSERT INTO streams "
            "SELECT stream, max(version), max(position) FROM entries GROUP BY stream"
        )
        recorded_at = msgspec.json.decode(kept[-1].entry)["recordedtime"]
        connection.execute(
            "UPDATE head SET position = 90, recorded_at = ?, frontier = ?",
            (recorded_at, frontier.to_bytes()),
        )


def drop_and_renumber(directory: Path) -> None:
    """Drop row 42, renumber what follows, rebuild."""

    def drop(history: list[dict[str, object]]) -> None:
        del history[41]

    rebuild(directory, drop)


def append_backdated(directory: Path) -> None:
    """Append, by the rules of the tree, an entry that claims to be older than the last."""
    log = open_log(directory, writing=False)
    head = log.head()
    log.close()
    new = EntryMaker().next("letter/backdated", instant(0))
    leaf = leaf_hash(new.entry)
    frontier = Frontier.from_bytes(head.frontier)
    frontier.extend([leaf])
    with unguarded(directory) as connection:
        connection.execute(
            "INSERT INTO entries VALUES (101, ?, 1, 0, ?, ?, ?)",
            (new.stream, new.type, leaf, new.entry),
        )
        connection.execute("INSERT INTO streams VALUES (?, 1, 101)", (new.stream,))
        connection.execute("UPDATE head SET position = 101, frontier = ?", (frontier.to_bytes(),))


def reorder_two_streams(directory: Path) -> None:
    """Exchange two neighbouring events of two streams, rebuild."""

    def reorder(history: list[dict[str, object]]) -> None:
        history[41], history[42] = history[42], history[41]

    rebuild(directory, reorder)


def swap_positions(directory: Path) -> None:
    """Exchange the positions of two rows of one commit, and nothing else."""
    with unguarded(directory) as connection:
        for position_from, position_to in [(41, -1), (44, 41), (-1, 44)]:
            connection.execute(
                "UPDATE entries SET position = ? WHERE position = ?", (position_to, position_from)
            )


TABLE: dict[str, tuple[Attack, set[str]]] = {
    "no attack": (lambda _: None, set()),
    "edit one row": (edit_one_row, {CHAIN, HEAD, AUDITOR, WITNESS}),
    "edit event 42, rebuild chain, tree, head": (edit_and_rebuild(42), {AUDITOR, WITNESS}),
    "the same at 80": (edit_and_rebuild(80), {WITNESS}),
    "delete the last 10, leave the head": (delete_the_last_10, {HEAD, WITNESS}),
    "delete the last 10, reset the head": (delete_the_last_10_and_reset_the_head, {WITNESS}),
    "drop row 42, renumber, rebuild": (drop_and_renumber, {AUDITOR, WITNESS}),
    "append with a backdated recorded time": (append_backdated, {TIME}),
    "reorder events of two streams, rebuild": (reorder_two_streams, {AUDITOR, WITNESS}),
    "swap the positions of two rows only": (swap_positions, {HEAD, AUDITOR, WITNESS}),
}


@pytest.mark.parametrize(("attack", "noticed"), TABLE.values(), ids=TABLE)
def test_exactly_these_layers_notice(tmp_path: Path, attack: Attack, noticed: set[str]) -> None:
    """Each attack is noticed by the layers of its row, and by no other of the table."""
    log = filled(tmp_path, SIZE)
    entries = log.entries(0, SIZE)
    kept = {AUDITOR: root_of(entries, AUDITOR_SIZE), WITNESS: root_of(entries, SIZE)}
    log.close()

    attack(tmp_path)

    attacked = open_log(tmp_path, writing=False, checking=False)
    firing = {finding.check for finding in verify(attacked)} & set(LAYERS)
    entries = attacked.entries(0, 2 * SIZE)
    attacked.close()
    for layer, size in ((AUDITOR, AUDITOR_SIZE), (WITNESS, SIZE)):
        if root_of(entries, size) != kept[layer]:
            firing.add(layer)
    assert firing == noticed


@pytest.mark.parametrize("position", [1, 42, 99])
def test_a_missing_row_is_a_gap(tmp_path: Path, position: int) -> None:
    """A row deleted without renumbering is named by the layer of gapless positions."""
    filled(tmp_path, SIZE).close()
    with unguarded(tmp_path) as connection:
        connection.execute("DELETE FROM entries WHERE position = ?", (position,))
    attacked = open_log(tmp_path, writing=False, checking=False)
    first = next(iter(verify(attacked)))
    attacked.close()
    assert (first.check, first.position) == (POSITION, position)
    assert (first.expected, first.found) == (str(position), str(position + 1))
