"""The log as the writer and the feed use it: one batch is one commit, in one order."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from opsledger_contracts.evidence.merkle import (
    Frontier,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from opsledger_ledger.recording.log import (
    AppendRefused,
    Log,
    LogDamaged,
    LogInUse,
    NewEntry,
    StoredAnswer,
)
from support.log_entries import EntryMaker, fill, instant
from support.log_places import Place, PostgresPlace, SqlitePlace, filled_at

AT = instant(0)


def test_an_empty_log_has_an_empty_head(log: Log) -> None:
    """Before the first entry everything is empty and nothing is invented."""
    head = log.head()
    assert (head.position, head.recorded_at, head.root) == (0, "", Frontier().root())
    assert log.entries(0, 10) == []
    assert log.stream_version("letter/BJ-1") == 0
    assert log.position_at("9999") == 0
    assert log.root_at(0) == head.root


def test_what_was_appended_is_read_back_byte_for_byte(log: Log) -> None:
    """Positions follow the order of the call, and every column is that of the entry."""
    maker = EntryMaker()
    new = [maker.next("letter/A", AT), maker.next("letter/B", AT), maker.next("letter/A", AT)]
    with log.begin() as batch:
        leaves = batch.append(new, AT)
    stored = log.entries(0, 10)
    assert [each.position for each in stored] == [1, 2, 3]
    assert [each.entry for each in stored] == [each.entry for each in new]
    assert [(each.stream, each.version, each.type) for each in stored] == [
        (each.stream, each.version, each.type) for each in new
    ]
    assert [each.leaf for each in stored] == leaves == [leaf_hash(each.entry) for each in new]
    assert log.head().recorded_at == AT


def test_a_stream_is_read_by_version(log: Log) -> None:
    """A stream's entries come in order of version, from any version, with a limit."""
    fill(log, 21, streams=3)
    assert [each.version for each in log.stream_entries("letter/BJ-1")] == list(range(1, 8))
    assert [each.version for each in log.stream_entries("letter/BJ-1", 3)] == [4, 5, 6, 7]
    assert [each.version for each in log.stream_entries("letter/BJ-1", 3, 2)] == [4, 5]
    assert log.stream_version("letter/BJ-1") == 7


def test_a_history_is_what_a_stream_says(log: Log) -> None:
    """Positions and entries alone, of committed data and of what a batch has just appended."""
    fill(log, 21, streams=3)
    stored = log.stream_entries("letter/BJ-1")
    assert log.history("letter/BJ-1") == [(each.position, each.entry) for each in stored]
    assert log.history("letter/BJ-1", 5) == [(each.position, each.entry) for each in stored[5:]]
    assert log.history("letter/BJ-1", 7) == log.history("letter/BJ-9") == []
    with log.begin() as batch:
        batch.append([EntryMaker().next("letter/BJ-9", instant(21))], instant(21))
        assert [position for position, _ in batch.history("letter/BJ-9")] == [22]


def test_a_page_ends_before_its_bytes_do_but_holds_one_entry(log: Log) -> None:
    """A reader with a byte limit gets what fits, and never nothing while there is more."""
    fill(log, 10)
    sizes = [len(each.entry) for each in log.entries(0, 10)]
    page = log.entries(0, 10, sum(sizes[:4]))
    assert [each.position for each in page] == [1, 2, 3, 4]
    assert [each.position for each in log.entries(0, 10, sum(sizes[:4]) - 1)] == [1, 2, 3]
    assert [each.position for each in log.entries(4, 10, 1)] == [5]
    for after, limit, bound in ((0, 10, sum(sizes[:4])), (0, 10, sum(sizes[:4]) - 1), (4, 10, 1)):
        expected = [(each.position, each.entry) for each in log.entries(after, limit, bound)]
        assert log.page(after, limit, bound) == expected
    assert [each.position for each in log.entries(7, 2, 10**6)] == [8, 9]


def test_a_batch_sees_its_own_writes_and_others_do_not(log: Log) -> None:
    """Nothing of a batch is visible outside before its commit."""
    maker = EntryMaker()
    with log.begin() as batch:
        batch.append([maker.next("letter/A", AT)], AT)
        batch.put_answer("scope", "key", b"f", b"answer")
        assert batch.head.position == 1
        assert batch.stream_version("letter/A") == 1
        assert [each.position for each in batch.entries(0, 10)] == [1]
        assert batch.answer("scope", "key") == StoredAnswer(b"f", b"answer")
        assert log.head().position == 0
        assert log.entries(0, 10) == []
        assert log.answer("scope", "key") is None
        batch.append([maker.next("letter/A", AT)], AT)
    assert log.head().position == 2
    assert log.answer("scope", "key") == StoredAnswer(b"f", b"answer")


def test_a_batch_sees_answers_of_earlier_batches(log: Log) -> None:
    """A repeated key finds its stored answer, in its own scope only."""
    with log.begin() as batch:
        batch.put_answer("person/P1", "key", b"f", b"answer")
    with log.begin() as batch:
        assert batch.answer("person/P1", "key") == StoredAnswer(b"f", b"answer")
        assert batch.answer("person/P2", "key") is None


def test_a_refusal_leaves_its_answer_and_no_entry(log: Log) -> None:
    """A batch of answers only does not move the head."""
    with log.begin() as batch:
        batch.put_answer("scope", "key", b"f", b"refused")
        batch.append([], instant(5))
    assert log.head() == log.head()
    assert (log.head().position, log.head().recorded_at) == (0, "")
    assert log.answer("scope", "key") == StoredAnswer(b"f", b"refused")


def test_recorded_time_never_goes_back(log: Log) -> None:
    """An entry recorded before the head's time is refused, the same instant is not."""
    maker = EntryMaker()
    with log.begin() as batch:
        batch.append([maker.next("letter/A", instant(7))], instant(7))
        batch.append([maker.next("letter/A", instant(7))], instant(7))
    with pytest.raises(AppendRefused, match="is before"), log.begin() as batch:
        batch.append([maker.next("letter/A", instant(6))], instant(6))
    assert log.head().position == 2


@pytest.mark.parametrize("version", [0, 1, 2, 4])
def test_a_version_continues_its_stream(log: Log, version: int) -> None:
    """A version that is taken, or leaves a gap, takes the whole batch with it."""
    fill(log, 2, streams=1)
    maker = EntryMaker()
    new = [
        maker.next("letter/other", instant(9)),
        NewEntry("letter/BJ-0", version, "x.y.v1", b"{}"),
    ]
    with pytest.raises(AppendRefused, match="must continue"), log.begin() as batch:
        batch.append(new, instant(9))
    assert log.head().position == 2
    assert log.stream_version("letter/other") == 0


def test_a_refused_write_cannot_be_ignored(log: Log) -> None:
    """A batch whose write was refused half-way cannot be committed any more."""

    def carry_on() -> None:
        with log.begin() as batch:
            batch.append([EntryMaker().next("letter/A", AT)], AT)
            batch.append([NewEntry("letter/A", 9, "x.y.v1", b"{}")], AT)
            with pytest.raises(AppendRefused, match="must continue"):
                batch.entries(0, 10)

    with pytest.raises(AppendRefused, match="earlier write"):
        carry_on()
    assert log.head().position == 0
    assert log.entries(0, 10) == []


def test_a_key_is_answered_once(log: Log) -> None:
    """A second answer to a key is refused, in the same batch and in a later one."""
    with log.begin() as batch:
        batch.put_answer("scope", "key", b"f", b"first")
        with pytest.raises(AppendRefused, match="answered already"):
            batch.put_answer("scope", "key", b"f", b"second")
    with pytest.raises(AppendRefused, match="answered once"), log.begin() as batch:
        batch.put_answer("scope", "key", b"f", b"second")
    assert log.answer("scope", "key") == StoredAnswer(b"f", b"first")


@pytest.mark.parametrize("size", [1, 5, 255, 256, 257, 700])
def test_every_size_keeps_its_root_and_its_proofs(place: Place, size: int) -> None:
    """Roots, inclusion and consistency proofs from stored tiles verify at every edge."""
    log = filled_at(place, size, batch_size=60)
    head = log.head()
    assert head.size == size
    leaves = [each.leaf for each in log.entries(0, size)]
    for past in {1, size // 2 or 1, max(1, size - 1), size}:
        frontier = Frontier()
        frontier.extend(leaves[:past])
        assert log.root_at(past) == frontier.root()
        proof = log.consistency(past, size)
        verify_consistency(past, size, proof, frontier.root(), head.root)
        verify_inclusion(log.leaf(past), past - 1, size, log.inclusion(past, size), head.root)
    log.close()


def test_tiles_are_served_as_far_as_they_are_filled(place: Place) -> None:
    """A tile is the concatenation of its hashes, partial at the edge, absent beyond."""
    log = filled_at(place, 600, batch_size=100)
    leaves = [each.leaf for each in log.entries(0, 600)]
    assert log.tile(0, 0) == b"".join(leaves[:256])
    assert log.tile(0, 2) == b"".join(leaves[512:])
    frontier = Frontier()
    frontier.extend(leaves[256:512])
    assert log.tile(1, 0)[32:] == frontier.root()
    for level, index in [(0, 3), (1, 1), (2, 0)]:
        with pytest.raises(LookupError):
            log.tile(level, index)
    log.close()


@pytest.mark.parametrize("position", [-1, 0, 11])
def test_there_is_no_leaf_outside_the_log(log: Log, position: int) -> None:
    """A position that was never given has no leaf."""
    fill(log, 10)
    with pytest.raises(LookupError, match="no position"):
        log.leaf(position)


def test_nothing_is_proved_about_a_tree_that_does_not_exist_yet(log: Log) -> None:
    """Sizes beyond the head have neither a root nor proofs."""
    fill(log, 10)
    with pytest.raises(LookupError):
        log.root_at(11)
    with pytest.raises(LookupError):
        log.inclusion(1, 11)
    with pytest.raises(LookupError):
        log.consistency(10, 11)


def test_an_instant_is_translated_to_the_last_position_recorded_by_then(log: Log) -> None:
    """A cut by instant includes what was recorded at that very instant."""
    fill(log, 12, batch_size=5)
    assert log.position_at("2000-01-01T00:00:00.000000Z") == 0
    assert log.position_at(instant(0)) == 5
    assert log.position_at(instant(0).replace("000000Z", "999999Z")) == 5
    assert log.position_at(instant(1)) == 10
    assert log.position_at(instant(2)) == 12
    assert log.position_at("2099-01-01T00:00:00.000000Z") == 12


def test_a_second_writer_of_a_directory_is_refused(sqlite_place: SqlitePlace) -> None:
    """On SQLite one process writes."""
    log = filled_at(sqlite_place, 3)
    with pytest.raises(LogInUse, match="another process writes"):
        sqlite_place.open()
    log.close()


def test_a_reader_sees_what_is_committed_and_cannot_write(place: Place) -> None:
    """Any number may read beside the writer."""
    log = filled_at(place, 3)
    reader = place.open(writing=False)
    assert reader.head() == log.head()
    with log.begin() as batch:
        batch.append([EntryMaker().next("letter/later", instant(9))], instant(9))
    assert reader.head().position == 4
    with pytest.raises(LogInUse, match="for reading only"), reader.begin():
        pass
    reader.close()
    log.close()


def test_a_log_goes_on_where_it_was_closed(place: Place) -> None:
    """After the writer is closed, another may write, and continues where it stopped."""
    first = filled_at(place, 4)
    head = first.head()
    first.close()
    second = place.open()
    assert second.head() == head
    with second.begin() as batch:
        batch.append([EntryMaker().next("letter/later", instant(9))], instant(9))
    assert second.head().position == 5
    second.close()


def test_there_is_nothing_to_read_where_no_ledger_is(tmp_path: Path) -> None:
    """Opening for reading never makes a ledger."""
    with pytest.raises(LogDamaged, match="there is no ledger"):
        SqlitePlace(tmp_path / "nothing").open(writing=False)
    assert not (tmp_path / "nothing").exists()


def test_a_service_never_makes_the_tables(postgres_place: PostgresPlace) -> None:
    """On PostgreSQL a schema is made by its owner; neither writer nor reader opens another."""
    elsewhere = replace(postgres_place, schema=replace(postgres_place.schema, name="elsewhere"))
    for writing in (True, False):
        with pytest.raises(LogDamaged, match="schema: expected elsewhere, found absent"):
            elsewhere.open(writing=writing)


def test_waiting_for_the_head_ends_with_a_commit_or_with_the_time(log: Log) -> None:
    """A waiter is let go by the commit it waits for; without one it learns how things stand."""
    fill(log, 3)
    assert log.wait_for_head(2, 60) == 3
    assert log.wait_for_head(3, 0.05) == 3
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(log.wait_for_head, 3, 60)
        with log.begin() as batch:
            batch.append([EntryMaker().next("letter/later", instant(9))], instant(9))
        assert waiting.result() == 4


def test_readers_of_many_threads_see_whole_batches_only(log: Log) -> None:
    """While batches of five are written, every reader's head is a multiple of five."""
    heads: list[int] = []
    failures: list[Exception] = []

    def read() -> None:
        try:
            while not heads or heads[-1] < 300:
                head = log.head()
                page = log.entries(head.position - 5 if head.position else 0, 1_000)
                heads.append(head.position)
                assert len(page) % 5 == 0
        except Exception as failure:  # noqa: BLE001 - carried to the test's own thread.
            failures.append(failure)

    threads = [Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    fill(log, 300, batch_size=5)
    for thread in threads:
        thread.join()
    assert failures == []
    assert {head % 5 for head in heads} == {0}
