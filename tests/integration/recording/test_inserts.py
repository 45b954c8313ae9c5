"""Rows that are written and keys that are asked together behave as if one after the other."""

import pytest

from opsledger_ledger.recording.log import AppendRefused, Log, StoredAnswer
from support.log_entries import EntryMaker, instant

AT = instant(0)


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 127, 200])
def test_a_batch_of_any_size_is_written_whole_and_in_order(log: Log, count: int) -> None:
    """Every entry and every answer of a batch is there, whatever statements it is cut into."""
    maker = EntryMaker()
    new = [maker.next(f"letter/L{number % 5}", AT) for number in range(count)]
    with log.begin() as batch:
        batch.append(new, AT)
        for number in range(count):
            batch.put_answer("scope", f"key-{number}", b"f", b"%d" % number)

    assert [stored.entry for stored in log.entries(0, count + 1)] == [each.entry for each in new]
    for number in range(count):
        assert log.answer("scope", f"key-{number}") == StoredAnswer(b"f", b"%d" % number)


@pytest.mark.parametrize("misfit", [0, 1, 63, 64, 99])
def test_one_entry_that_does_not_fit_refuses_the_whole_batch(log: Log, misfit: int) -> None:
    """The guard looks at each row of a statement, and nothing of the batch stays."""
    maker = EntryMaker()
    new = [maker.next(f"letter/L{number}", AT) for number in range(100)]
    maker.next("letter/GAP", AT)
    new[misfit] = maker.next("letter/GAP", AT)
    with pytest.raises(AppendRefused), log.begin() as batch:
        batch.append(new, AT)
    assert log.head().position == 0
    assert log.entries(0, 1) == []


def test_keys_are_asked_together_in_the_order_asked(log: Log) -> None:
    """Answers of the log and none at all come with the head, each in its place."""
    with log.begin() as batch:
        batch.put_answer("P1", "key", b"1", b"of the log")
        batch.put_answer("P2", 'a "quoted" key', b"2", b"of the log too")
        assert batch.known == []
    asked = [("P2", 'a "quoted" key'), ("P1", "none"), ("P1", "key"), ("P2", "key")]
    with log.begin(asked) as batch:
        assert batch.known == [
            StoredAnswer(b"2", b"of the log too"),
            None,
            StoredAnswer(b"1", b"of the log"),
            None,
        ]
    with log.begin(asked[:1]) as batch:
        assert batch.known == [StoredAnswer(b"2", b"of the log too")]


def test_one_key_is_answered_by_the_batch_or_by_the_log(log: Log) -> None:
    """A batch tells what it keeps itself before it is written, and what was there before."""
    with log.begin() as batch:
        batch.put_answer("P1", "key", b"1", b"of the log")
    with log.begin() as batch:
        batch.put_answer("P2", "key", b"2", b"of the batch")
        assert batch.answer("P1", "key") == StoredAnswer(b"1", b"of the log")
        assert batch.answer("P2", "key") == StoredAnswer(b"2", b"of the batch")
        assert batch.answer("P3", "key") is None
