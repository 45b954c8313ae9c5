"""`opsledger demo`: the story of one disputed score, played through the public HTTP API and shown."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from opsledger import shown
from opsledger.asking import Lang, Language
from opsledger.reader import ServiceReader
from opsledger.story.cast import AUDITOR, ROLES, SUBSCRIBER
from opsledger.story.chapters import CHAPTERS, PEOPLE
from opsledger.story.founding import FOUNDED
from opsledger.story.letters import LETTER
from opsledger.story.player import Player
from opsledger.story.scoring import ASSESSMENT, DISTRIBUTION
from opsledger.story.step import Step

START_S: Final = 30.0
"""Longest wait for the service to take requests, and to stop."""
POLL_S: Final = 0.1

_said: Final = Console(highlight=False)


def enter(app: typer.Typer) -> None:
    """Add `demo` to the command line."""
    app.command(epilog="Example: opsledger demo --directory demo-ledger")(demo)


def demo(
    directory: Annotated[
        Path | None,
        typer.Option(
            *("--directory", "-d"),
            help="Keep the ledger of the story here; a temporary directory if absent.",
        ),
    ] = None,
    lang: Language = "en",
) -> None:
    """Play the story of a disputed score against a service of its own, and show what happened."""
    if directory is not None and directory.exists() and any(directory.iterdir()):
        Console(stderr=True).print(f"[red]{directory} is not empty[/red]", highlight=False)
        raise typer.Exit(2)
    folder = directory or Path(tempfile.mkdtemp(prefix="opsledger-demo-"))
    try:
        with _service(folder) as service:
            player = _play(service, lang)
            reader = ServiceReader(
                service.read_url, service.ledger_url, player.key_of(AUDITOR.position)
            )
            _wait_for_views(reader, player.position())
            _show(reader, lang)
            player.close()
    finally:
        if directory is None:
            shutil.rmtree(folder)
    _what_next(directory)


@dataclass(frozen=True, slots=True)
class _Service:
    ledger_url: str
    read_url: str
    key: str
    clock_file: Path


@contextmanager
def _service(folder: Path) -> Iterator[_Service]:
    """Run `opsledger serve` on a directory, with a scripted clock, on ports that the system chooses."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    clock_file, key_file, said_file = folder / "clock", folder / "first.key", folder / "serve.log"
    first = Step(at=FOUNDED, by="admin", do="", en="", zh="").moment()
    clock_file.write_text(first, encoding="ascii")
    options = {
        "--directory": folder,
        "--name": "HX",
        "--title": "华翔集团",
        "--clock-file": clock_file,
        "--key-file": key_file,
        "--port": 0,
        "--read-port": 0,
    }
    command = [sys.executable, "-m", "opsledger", "serve"]
    command += [str(part) for option in options.items() for part in option]
    with said_file.open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(  # noqa: S603 - this very program.
            command, stdout=said, stderr=subprocess.STDOUT, env=os.environ | {"NO_COLOR": "1"}
        )
        try:
            addresses = _addresses(process, said_file)
            yield _Service(
                *addresses, key=key_file.read_text(encoding="ascii").strip(), clock_file=clock_file
            )
        finally:
            process.terminate()
            process.wait(START_S)


def _addresses(process: subprocess.Popen[bytes], said_file: Path) -> tuple[str, str]:
    """Wait until the service says where it takes requests."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        told = dict(
            line.split()[:2]
            for line in said_file.read_text(encoding="utf-8")
            .replace("read side", "read")
            .splitlines()
            if line.startswith(("ledger ", "read "))
        )
        if told.keys() == {"ledger", "read"}:
            return told["ledger"], told["read"]
        time.sleep(POLL_S)
    raise SystemExit(f"the service did not start:\n{said_file.read_text(encoding='utf-8')}")


def _play(service: _Service, lang: Lang) -> Player:
    """Play every chapter with a progress display."""
    player = Player(service.ledger_url, service.key, service.clock_file)
    introduction = player.introduce((*ROLES, AUDITOR, SUBSCRIBER), FOUNDED)
    chapters = [(PEOPLE, [*PEOPLE.steps(), *introduction])]
    chapters += [(chapter, chapter.steps()) for chapter in CHAPTERS]
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=_said
    ) as progress:
        tasks = [
            progress.add_task(chapter.zh if lang == "zh" else chapter.en, total=len(steps))
            for chapter, steps in chapters
        ]
        for task, (_, steps) in zip(tasks, chapters, strict=True):
            for step in steps:
                player.play(step)
                progress.advance(task)
    return player


def _wait_for_views(reader: ServiceReader, position: int) -> None:
    reader.get("/v1/views", {"min_position": position})


def _show(reader: ServiceReader, lang: Lang) -> None:
    """Show what an auditor sees, in the order of the story."""
    history = reader.get(f"/v1/letters/{LETTER}/history", {})
    assessment = reader.get(f"/v1/assessments/{ASSESSMENT}", {})["assessment"]
    _heading("The letter and its revisions", "责任书及其版本", lang)
    for each in shown.letter(reader.get(f"/v1/letters/{LETTER}", {})):
        _said.print(each)
    _said.print(shown.revisions(LETTER, history["revisions"]))
    _heading("Its approval", "审批轨迹", lang)
    _said.print(shown.case_acts(reader.get(f"/v1/cases/C-{LETTER}/trail", {})["case"]))
    _heading("The score as it was published, and why", "公布的得分与解释", lang)
    _said.print(shown.score_versions(assessment))
    explanation = reader.get(f"/v1/assessments/{ASSESSMENT}/explanation", {"run": 1, "lang": lang})
    for each in shown.explained(explanation, lang):
        _said.print(each)
    _heading("The dispute", "申诉", lang)
    dispute = reader.get("/v1/views/disputes", {"assessment": ASSESSMENT})["rows"][0]["body"]
    _said.print(shown.dispute(dispute))
    first = _show_replays(reader, lang)
    _heading("The remedy", "补救", lang)
    rescored = assessment["rescores"][-1]
    _said.print(
        f"run {rescored['previous_run']} → run {rescored['run']}: "
        f"[bold]{shown.signed(rescored['delta'])}[/bold]; the reason: clause {first['clause']}, "
        f"item {first['item']}"
    )
    quotas = reader.get(f"/v1/views/distributions/{DISTRIBUTION}/history", {})["rows"]
    _said.print(shown.quota_change(row["body"] for row in quotas))
    _heading("The log", "账本", lang)
    _show_log(reader)


def _show_replays(reader: ServiceReader, lang: Lang) -> dict[str, Any]:
    """Show the replays of the disputed run; gives the first difference of the one as known."""
    path = f"/v1/assessments/{ASSESSMENT}/replay"
    _heading("Replayed as it was done", "按原样回放", lang)
    for each in shown.replayed(reader.post(path, {"mode": "verify", "run": 1}), lang):
        _said.print(each)
    _heading("Replayed as it was known", "按当时已知回放", lang)
    as_of = reader.post(path, {"mode": "as_of", "run": 1})
    for each in shown.replayed(as_of, lang):
        _said.print(each)
    _heading("Had the item been excluded instead", "假如改为剔除", lang)
    override = {"path": "adjustments.AD-N01.treatment", "value": "exclude"}
    excluded = reader.post(path, {"mode": "counterfactual", "run": 2, "overrides": [override]})
    for each in shown.replayed(excluded | {"differences": []}, lang):
        _said.print(each)
    swept = reader.get("/v1/views/replays/RP-SWEEP", {})["row"]["body"]["affected"]
    _heading("Who else", "还有谁", lang)
    _said.print(shown.affected(swept))
    first: dict[str, Any] = as_of["first_difference"]
    return first


def _show_log(reader: ServiceReader) -> None:
    """Verify the log in the running service, and its root in the read side."""
    verdict: dict[str, Any] = {}
    for line in reader.verify():
        verdict = line.get("verdict", verdict)
    for each in shown.verified(verdict, ()):
        _said.print(each)
    integrity = reader.get("/v1/integrity", {})
    _said.print(
        f"head: position {integrity['root_position']}, Merkle root {integrity['root']}, "
        f"the same in ledger and views up to position {integrity['root_checked_position']}"
    )


def _heading(en: str, zh: str, lang: Lang) -> None:
    _said.print()
    _said.rule(f"[bold]{zh if lang == 'zh' else en}[/bold]", align="left")


def _what_next(directory: Path | None) -> None:
    """End by saying what to try."""
    if directory is None:
        keep = "opsledger demo --directory demo-ledger"
        lines = ["Keep the ledger of the story, and ask it yourself:", f"  {keep}"]
        directory = Path("demo-ledger")
    else:
        lines = [f"The ledger of the story is in {directory}. Ask it yourself:"]
    lines += [
        f"  opsledger history {LETTER} --directory {directory}",
        f"  opsledger show {LETTER} --known-at 2026-06-01 --directory {directory}",
        f"  opsledger explain {ASSESSMENT} --run 1 --lang zh --directory {directory}",
        f"  opsledger replay {ASSESSMENT} --run 1 --mode as-of --directory {directory}",
        f"  opsledger verify --directory {directory}",
        "",
        "Start a ledger of your own, with its API documents at /docs:",
        "  opsledger serve --directory my-ledger",
        "",
        "The command lies in .venv/bin; every command has --help with an example.",
    ]
    _said.print()
    _said.print(Panel("\n".join(lines), title="What to try next", title_align="left"))
