"""The recorded log against a plain list: any mix of batches, kept or given up."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.evidence.merkle import (
    Frontier,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from opsledger_ledger.recording.log import NewEntry
from opsledger_ledger.recording.sqlite_log import open_log
from opsledger_ledger.recording.verification import verify
from support.log_entries import EntryMaker, instant

STREAMS = st.lists(st.sampled_from(["letter/A", "letter/B", "case/1"]), max_size=6)
BATCHES = st.lists(
    st.tuples(st.lists(STREAMS, max_size=3), st.booleans(), st.booleans(), st.booleans()),
    max_size=8,
)


class GivenUp(Exception):
    """The batch is not wanted any more."""


def keep_or_give_up(*, commit: bool) -> None:
    """End a batch early unless it is to be kept."""
    if not commit:
        raise GivenUp


@given(BATCHES, st.data())
def test_the_log_is_the_list_of_what_was_committed(
    batches: list[tuple[list[list[str]], bool, bool, bool]], data: st.DataObject
) -> None:
    """Positions, streams, roots, proofs and answers follow from the committed entries alone."""
    kept: list[NewEntry] = []
    answers: dict[str, bool] = {}
    with TemporaryDirectory() as place:
        log = open_log(Path(place))
        for number, (commands, read_between, commit, reopen) in enumerate(batches):
            maker = EntryMaker(kept)
            new: list[NewEntry] = []
            try:
                with log.begin() as batch:
                    assert batch.head.position == len(kept)
                    for streams in commands:
                        entries = [maker.next(stream, instant(number)) for stream in streams]
                        leaves = batch.append(entries, instant(number))
                        assert leaves == [leaf_hash(entry.entry) for entry in entries]
                        new += entries
                        if read_between:
                            read = batch.entries(0, 1000)
                            assert [each.entry for each in read] == [
                                each.entry for each in kept + new
                            ]
                    batch.put_answer("scope", str(number), b"f", b"a")
                    keep_or_give_up(commit=commit)
            except GivenUp:
                answers[str(number)] = False
            else:
                kept += new
                answers[str(number)] = True
            if reopen:
                log.close()
                log = open_log(Path(place))

        stored = log.entries(0, 1000)
        assert [each.position for each in stored] == list(range(1, len(kept) + 1))
        assert [each.entry for each in stored] == [each.entry for each in kept]
        assert {key: log.answer("scope", key) is not None for key in answers} == answers
        for stream in ("letter/A", "letter/B", "case/1"):
            own = [each.entry for each in kept if each.stream == stream]
            assert [each.entry for each in log.stream_entries(stream)] == own
            assert log.stream_version(stream) == len(own)
        frontier = Frontier()
        frontier.extend(leaf_hash(each.entry) for each in kept)
        assert log.head().root == frontier.root()
        if kept:
            position = data.draw(st.integers(1, len(kept)))
            size = data.draw(st.integers(position, len(kept)))
            verify_inclusion(
                log.leaf(position),
                position - 1,
                size,
                log.inclusion(position, size),
                log.root_at(size),
            )
            verify_consistency(
                size,
                len(kept),
                log.consistency(size, len(kept)),
                log.root_at(size),
                log.head().root,
            )
        assert list(verify(log)) == []
        log.close()
