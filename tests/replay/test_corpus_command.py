"""`make corpus`: replays in every leg, goes on where it stopped, and tells what departs."""

from pathlib import Path

import msgspec
import pytest

from support import corpus, corpus_command
from support.corpus_command import LegReport, Report, replay, write
from support.corpus_matrix import Interpreter, Leg, interpreters, legs


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One interpreter with two legs, and a report of its own."""
    here = interpreters()[0]

    def two(interpreter: Interpreter) -> tuple[Leg, ...]:
        return legs(interpreter)[:2]

    monkeypatch.setattr(corpus_command, "interpreters", lambda: (here,))
    monkeypatch.setattr(corpus_command, "legs", two)
    monkeypatch.setattr(corpus_command, "REPORT", tmp_path / "corpus" / "report.json")


def _report() -> Report:
    return msgspec.json.decode(corpus_command.REPORT.read_bytes(), type=Report)


def test_a_replay_reports_every_leg_and_goes_on_where_it_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """P11: a leg that was computed by the same code is not computed again."""
    assert replay(1) == 0
    first = _report()
    assert [(row.assessments, row.departures) for row in first.legs.values()] == [(100, [])] * 2
    assert "2 legs agree, 0 differ" in capsys.readouterr().out

    left = next(iter(first.legs))
    first.legs = {left: LegReport(blocks=1, assessments=100, departures=["as it was told"])}
    corpus_command.REPORT.write_bytes(msgspec.json.encode(first))
    assert replay(1) == 1
    assert _report().legs[left].departures == ["as it was told"]
    assert len(_report().legs) == 2

    monkeypatch.setattr(corpus_command, "ROOT", corpus_command.REPORT.parent)
    assert replay(1) == 0, "other code begins anew"


def test_what_departs_is_told_and_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bad golden, or bad rules: the leg, the part and the assessment are printed."""
    recorded = corpus.golden()
    words = recorded[0].scores.split(" ")
    words[3] = "100.00/A/00000000"
    recorded[0] = msgspec.structs.replace(recorded[0], scores=" ".join(words))
    monkeypatch.setattr(corpus, "golden", lambda: recorded)
    assert replay(1) == 1
    said = capsys.readouterr().out
    assert "0 legs agree, 2 differ" in said
    assert "block 0: first at assessment 3: 100.00/A/00000000 ->" in said


def test_blocks_that_are_not_recorded_are_held_against_the_first_leg(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """More assessments than are recorded still have to be alike everywhere."""
    monkeypatch.setattr(corpus, "golden", dict)
    assert replay(1) == 0
    assert all(row.blocks == 1 for row in _report().legs.values())


def test_what_is_recorded_is_added_to_and_never_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line that is there stays, even a wrong one; a missing block is computed."""
    file = tmp_path / "blocks.ndjson"
    old = msgspec.structs.replace(corpus.golden()[0], trees="0" * 64)
    file.write_text(corpus.line_of(old), "ascii")
    recorded = corpus.golden()
    monkeypatch.setattr(corpus, "GOLDEN", file)
    assert write(2) == 0
    assert corpus.golden() == {0: old, 1: recorded[1]}
