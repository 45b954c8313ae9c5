"""What is kept of an answer beside its key, and how it is given again from the log."""

from pathlib import Path

import pytest

from opsledger_ledger.recording.log import LogDamaged
from opsledger_ledger.recording.sqlite_log import SqliteLog, open_log
from opsledger_ledger.writing.submission import (
    Accepted,
    Answer,
    RecordedEvent,
    Refused,
    from_kept_form,
    kept_form,
)
from support.log_entries import EntryMaker, instant

AT = instant(7)


def recorded(log: SqliteLog, *streams: str) -> Accepted:
    """Append an entry to each stream, and give the answer of the command that did it."""
    maker = EntryMaker()
    new = [maker.next(stream, AT) for stream in streams]
    with log.begin() as batch:
        before = batch.head.position
        leaves = batch.append(new, AT)
    events = tuple(
        RecordedEvent(
            stream=each.stream,
            type=each.type,
            position=before + number,
            version=each.version,
            leaf=leaf.hex(),
        )
        for number, (each, leaf) in enumerate(zip(new, leaves, strict=True), 1)
    )
    return Accepted(
        stream=streams[0],
        version=new[0].version,
        positions=tuple(event.position for event in events),
        events=events,
        recorded_at=AT,
    )


def test_an_accepted_answer_is_given_again_from_its_entries(tmp_path: Path) -> None:
    """Everything that was said is said again, and only where it stands was kept."""
    log = open_log(tmp_path)
    recorded(log, "letter/before")
    answer = recorded(log, "letter/A", "work-item/B", "work-item/C")
    kept = kept_form(answer)
    assert kept == b'["letter/A",1,2,3]'
    assert from_kept_form(kept, log) == answer
    log.close()


@pytest.mark.parametrize(
    "answer",
    [
        Refused(code="not_found", facts={"noun": "letter", "id": "A"}),
        Accepted(stream="letter/A", version=3, positions=(), events=(), recorded_at=AT),
    ],
)
def test_an_answer_without_entries_is_kept_whole(tmp_path: Path, answer: Answer) -> None:
    """A refusal, or a command that recorded nothing, has no entry to be read in."""
    log = open_log(tmp_path)
    assert from_kept_form(kept_form(answer), log) == answer
    log.close()


def test_an_answer_whose_entries_are_gone_is_not_given(tmp_path: Path) -> None:
    """An answer that stands for more entries than the log has is damage, not an answer."""
    log = open_log(tmp_path)
    answer = recorded(log, "letter/A", "letter/B")
    longer = kept_form(
        Accepted(
            stream=answer.stream,
            version=answer.version,
            positions=(*answer.positions, 3),
            events=answer.events,
            recorded_at=AT,
        )
    )
    with pytest.raises(LogDamaged, match="from 1 on"):
        from_kept_form(longer, log)
    log.close()
