"""What two processes say to each other arrives as it was said, in any pieces."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.fields import Evidence
from opsledger_ledger.domain.deciding import COMMANDS, Command, CommandEntry
from opsledger_ledger.http.fields import converted
from opsledger_ledger.http.openapi import description
from opsledger_ledger.recording.log import Stored
from opsledger_ledger.writing.submission import Outcome, Refused, Submission, Trace
from opsledger_ledger.writing.wire import (
    Frames,
    Worked,
    answered,
    asked,
    committed_of,
    framed,
    grown,
    outcome_of,
    read_asked,
    read_reply,
    submission_of,
)
from opsledger_ledger.writing.writer import Committed

PATHS = description()["paths"]


def example(entry: CommandEntry) -> Command:
    """The example of a command in its documentation."""
    path = PATHS[f"/v1/{NOUNS[entry.noun].plural}/{{id}}/{entry.verb}"]
    body = path["post"]["requestBody"]["content"]["application/json"]
    return converted(body["examples"]["example"]["value"], entry.command)


def content(message: object) -> bytes:
    """What a frame holds."""
    (frame,) = Frames().cut(framed(message))
    return frame


@pytest.mark.parametrize("entry", COMMANDS.values(), ids=lambda entry: entry.name)
def test_every_command_arrives_as_it_was_asked(entry: CommandEntry) -> None:
    """Whatever a command holds, the writing process decides on the same."""
    submission = Submission(
        entry=entry,
        command=example(entry),
        target="T",
        person="P-1",
        key="K",
        fingerprint=b"f" * 32,
        command_id="C",
        trace=Trace(correlation_id="A", causation_id="B", traceparent="00-1-2-00"),
        credential="K-1",
        scopes=frozenset(("writer", "auditor")),
        position="POS",
        delegation="D",
        occurred_at="2026-01-01T00:00:00.000000Z",
        reason="理由",
        evidence=(Evidence(sha256="a" * 64, media="application/pdf", title="批复"),),
        version_expected=3,
        salt=b"\0\xff" * 16,
    )
    (question,) = read_asked(content([asked(7, submission)]))
    assert question.number == 7
    assert submission_of(question) == submission


def test_what_came_of_it_arrives() -> None:
    """Commits with their entries, answers under their numbers, and the failure if there is one."""
    commit = Committed(
        9, frozenset(("unit/A",)), (Stored(9, "unit/A", 2, "t", b"{}", b"l" * 32),), 1, 0.5
    )
    outcome = Outcome(Refused(code="not_found", facts={"id": "甲"}), replayed=True)
    worked = Worked((grown(commit),), (answered(7, outcome),), "broken")
    again = read_reply(content(worked))
    assert isinstance(again, Worked)
    assert [committed_of(each) for each in again.commits] == [commit]
    assert [(each.number, outcome_of(each)) for each in again.answers] == [(7, outcome)]
    assert again.failure == "broken"


@given(st.lists(st.binary(max_size=40), max_size=6), st.lists(st.integers(1, 50), min_size=1))
def test_frames_are_cut_wherever_the_socket_breaks_them(
    messages: list[bytes], sizes: list[int]
) -> None:
    """Pieces of any size give the same frames in the same order."""
    stream = b"".join(framed(message) for message in messages)
    frames, found, place, turn = Frames(), [], 0, 0
    while place < len(stream):
        size = sizes[turn % len(sizes)]
        found += frames.cut(stream[place : place + size])
        place, turn = place + size, turn + 1
    assert [msgspec.msgpack.decode(frame) for frame in found] == messages
