"""`opsledger import` on the command line: what it prints, in which language, and its exit status."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from opsledger import importing
from opsledger.cli import app
from opsledger_contracts.canonical import digest
from opsledger_ledger.bootstrap.opening import open_ledger
from opsledger_ledger.config import LedgerSettings
from support.command_line import Ran
from support.import_files import approve, manifest_of, unit_lines, written

BATCH = "IMP-1"
LINES = unit_lines(*(f"U{number}" for number in range(7)))


@pytest.fixture(autouse=True)
def _untuned(monkeypatch: pytest.MonkeyPatch) -> None:
    """The collector of the tests' own process stays as it is."""
    monkeypatch.setattr(importing, "tune_garbage_collector", lambda: None)


def run(*arguments: object) -> Ran:
    """Run the command in this process; whole processes run it in the guide."""
    ended = CliRunner().invoke(app, ["import", *map(str, arguments)])
    assert ended.exception is None or isinstance(ended.exception, SystemExit)
    return Ran(ended.exit_code, ended.stdout, ended.stderr)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A sound file."""
    return written(tmp_path / "history.ndjson", LINES)


@pytest.fixture
def ledger(tmp_path: Path, history: Path) -> Path:
    """A ledger in which that file is approved, under a scripted clock."""
    clock = tmp_path / "clock"
    clock.write_text("2030-01-01T00:00:00.000000Z", encoding="ascii")
    directory = tmp_path / "ledger"
    settings = LedgerSettings(
        directory=directory / "ledger", name="HX", clock="scripted", clock_file=clock
    )
    with open_ledger(settings) as opened:
        approve(opened.log, BATCH, manifest_of(history))
    return directory


def test_an_approved_file_is_imported_and_read(ledger: Path, history: Path) -> None:
    """Every line becomes an entry; what was done is refused a second time."""
    where = ("--directory", ledger)
    clock = ("--clock-file", ledger.parent / "clock")
    ran = run("run", history, "--batch", BATCH, *where, *clock, "--chunk-lines", 3)
    assert ran.status == 0, ran.err
    assert f"{BATCH} completed: 7 events at positions 7 to 15" in ran.out
    again = run("run", history, "--batch", BATCH, *where, *clock, "--lang", "zh")
    assert (again.status, "wrong_state" in again.err, "当前状态" in again.err) == (2, True, True)
    # Whoever opens it next folds what was imported like anything else.
    settings = LedgerSettings(
        directory=ledger / "ledger", name="HX", clock="scripted", clock_file=ledger.parent / "clock"
    )
    with open_ledger(settings) as opened:
        assert opened.log.head().position == 17


def test_lines_that_cannot_be_imported_are_named(tmp_path: Path) -> None:
    """Line, code and field, in either language; beyond the first hundred only their number."""
    wrong = written(tmp_path / "wrong", [*LINES, *unit_lines("U8", person="a b") * 102])
    ran = run("check", wrong)
    assert ran.status == 1
    assert f"{wrong}:8: field_invalid person: Expected" in ran.err
    assert "and 2 more" in ran.err
    assert "字段有误" in run("check", wrong, "--lang", "zh").err
    told = orjson.loads(run("check", wrong, "--json").out)
    assert (told["manifest"], told["defects"], len(told["findings"])) == (None, 102, 100)
    assert run("propose", wrong, "--title", "x").status == 1
    empty = run("check", written(tmp_path / "empty", []))
    assert (empty.status, "is empty" in empty.err) == (1, True)


def test_a_proposal_is_the_body_of_its_command(history: Path) -> None:
    """The manifest of the proposal is the one that the check hashes."""
    body = orjson.loads(run("propose", history, "--title", "历史").out)
    manifest = manifest_of(history)
    assert body["title"] == "历史"
    assert body["manifest"]["source"] == manifest.source
    told = orjson.loads(run("check", history, "--json").out)
    assert told["content_hash"] == digest(manifest)


def test_an_import_that_cannot_be_run_says_why(ledger: Path, history: Path, tmp_path: Path) -> None:
    """Another file, another clock, no ledger, no place: each with its status, nothing recorded."""
    clock = ("--clock-file", tmp_path / "clock")
    other = written(tmp_path / "other", LINES[:-1])
    for arguments, status, words in (
        ((other, "--directory", ledger, *clock), 2, "source_differs"),
        ((history, "--directory", ledger), 3, "scripted clock"),
        ((history, "--directory", tmp_path / "nothing", *clock), 3, "there is no ledger in"),
        ((history, *clock), 2, "exactly one of"),
    ):
        ran = run("run", *arguments, "--batch", BATCH)
        assert (ran.status, words in ran.err) == (status, True), ran.err
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize("command", ["check", "propose", "run"])
def test_every_command_explains_itself(command: str) -> None:
    """`--help` ends with an example."""
    ran = run(command, "--help")
    assert ran.status == 0
    assert f"Example: opsledger import {command}" in " ".join(ran.out.split())
