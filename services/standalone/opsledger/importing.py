"""`opsledger import`: history from a file, checked by anybody, run by who holds the storage."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import orjson
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from opsledger import asking
from opsledger.folders import ledger_folder
from opsledger.serving_options import (
    LEDGER_DATABASE,
    LEDGER_DIRECTORY,
    Given,
    Setting,
    with_settings,
)
from opsledger.starting import settings_of
from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.import_file import ImportManifest
from opsledger_contracts.problems.import_batch import SourceDefective
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.bootstrap.garbage import tune_garbage_collector
from opsledger_ledger.bootstrap.opening import open_importer
from opsledger_ledger.clock import SystemClock
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.errors import LedgerError
from opsledger_ledger.recording.log import RecordingError
from opsledger_ledger.writing.import_checking import Checked, checked
from opsledger_ledger.writing.importing import CHUNK_LINES, Watcher

Lang = Literal["zh", "en"]
File = Annotated[
    Path,
    typer.Argument(
        exists=True, dir_okay=False, readable=True, help="A file with history: one event a line."
    ),
]
Language = Annotated[Lang, typer.Option(help="Language of what is found.")]

_said: Final = Console(highlight=False, soft_wrap=True)
_complaints: Final = Console(stderr=True, highlight=False, soft_wrap=True)


def enter(app: typer.Typer) -> None:
    """Add `opsledger import` with its commands."""
    group = typer.Typer(
        name="import",
        help="Take over history from a file as one approved batch. Exit status: 0 done; 1 the file "
        "has lines that cannot be imported; 2 refused; 3 the ledger cannot be opened or written.",
        no_args_is_help=True,
        rich_markup_mode="markdown",
    )
    for command, example in (
        (check, "opsledger import check history.ndjson"),
        (propose, "opsledger import propose history.ndjson --title 'Measurements of 2024'"),
        (run, "opsledger import run history.ndjson --batch IMP-2024 --directory my-ledger"),
    ):
        group.command(command.__name__, epilog=f"Example: {example}")(command)
    app.add_typer(group)


def check(
    file: File,
    lang: Language = "en",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check a file and tell what it amounts to: digest, counts, control totals, span of time.

    No ledger is needed. Each line that cannot be imported is named with its field and a code.
    """
    told = _checked(file)
    if as_json:
        _print_json(
            {
                "manifest": told.manifest,
                "content_hash": None if told.manifest is None else digest(told.manifest),
                "defects": told.defects,
                "findings": told.findings,
            }
        )
    else:
        _show_findings(file, told, lang)
        if told.manifest is not None:
            _show_manifest(told.manifest)
    raise typer.Exit(0 if told.manifest is not None else asking.FOUND)


def propose(
    file: File,
    title: Annotated[str, typer.Option(help="What history it is, for who approves it.")],
    lang: Language = "en",
) -> None:
    """Check a file and print the body of the command that proposes it.

    The body is for `POST /v1/import-batches/{id}/propose`.
    """
    told = _checked(file)
    if told.manifest is None:
        _show_findings(file, told, lang)
        raise typer.Exit(asking.FOUND)
    _print_json({"title": title, "manifest": told.manifest})


@with_settings(
    LedgerSettings,
    LEDGER_DIRECTORY,
    *LEDGER_DATABASE,
    Setting(
        *("personal_key_file", Path | None),
        typer.Option(help="Key of the personal values, as the ledger is served with."),
    ),
    Setting(
        *("clock_file", Path | None),
        typer.Option(help="The file of a scripted clock, for such a ledger."),
    ),
)
def run(
    given: Given,
    file: File,
    batch: Annotated[str, typer.Option(help="Identifier of the approved batch.")],
    chunk_lines: Annotated[
        int, typer.Option(min=1, max=50_000, help="Lines of one commit.")
    ] = CHUNK_LINES,
    lang: Language = "en",
) -> None:
    """Import an approved file, or go on where an import was interrupted.

    The file is checked once more before the first line is recorded. A ledger in a directory must not
    be in service meanwhile; one in a database may be.
    """
    directory = given["directory"]
    settings = settings_of(
        LedgerSettings,
        {
            **given,
            "directory": None if directory is None else ledger_folder(directory),
            "clock": "system" if given["clock_file"] is None else "scripted",
        },
    )
    tune_garbage_collector()
    with (
        _complaining(lang),
        open_importer(settings, chunk_lines) as importer,
        _progress() as progress,
    ):
        reading = progress.add_task("checking", total=file.stat().st_size, rate="")
        recording = progress.add_task("recording", total=None, rate="", visible=False)
        rate = _Rate()

        def recorded(lines: int, events: int) -> None:
            rate.reached(lines)
            progress.update(reading, visible=False)
            progress.update(recording, completed=lines, total=events, rate=rate, visible=True)

        done = importer.run(
            batch,
            file,
            Watcher(
                checked=lambda read: progress.update(reading, completed=read),
                found=lambda told: _show_findings(file, told, lang),
                recorded=recorded,
            ),
        )
    _said.print(
        f"{batch} completed: {done.lines:,} events at positions {done.position_from} to "
        f"{done.position_to}; in this run {rate}"
    )


class _Rate:
    """How fast lines have been recorded since the first report."""

    def __init__(self) -> None:
        self._first: tuple[float, int] | None = None
        self._lines = 0
        self._seconds = 0.0

    def reached(self, lines: int) -> None:
        now = time.monotonic()
        began, first = self._first = self._first or (now, lines)
        self._seconds, self._lines = now - began, lines - first

    def __str__(self) -> str:
        if not self._lines:
            return ""
        return f"{self._lines:,} events, {self._lines / self._seconds:,.0f} events/s"


def _checked(file: Path) -> Checked:
    tune_garbage_collector()
    with _progress() as progress:
        task = progress.add_task("checking", total=file.stat().st_size, rate="")
        return checked(
            file, SystemClock().now(), lambda read: progress.update(task, completed=read)
        )


@contextmanager
def _complaining(lang: Lang) -> Iterator[None]:
    """Turn what stands against an import into words and an exit status."""
    try:
        yield
    except SourceDefective as refusal:
        _complain(refusal, lang)
        raise typer.Exit(asking.FOUND) from None
    except Refusal as refusal:
        _complain(refusal, lang)
        raise typer.Exit(asking.WRONG) from None
    except (LedgerError, RecordingError, OSError) as error:
        _complaints.print(f"[red]{error}[/red]")
        raise typer.Exit(asking.UNREACHABLE) from None


def _complain(refusal: Refusal, lang: Lang) -> None:
    _complaints.print(f"[red]{refusal.sentence(lang)}[/red]")
    if needed := refusal.needed(lang):
        _complaints.print(needed)
    _complaints.print(f"[dim]{refusal.code}[/dim]")


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        console=_complaints,
        transient=True,
    )


def _show_findings(file: Path, told: Checked, lang: Lang) -> None:
    for finding in told.findings:
        text = finding.zh if lang == "zh" else finding.en
        place = f"{file}:{finding.line}: {finding.code}"
        _complaints.print(
            f"{place} {finding.field}: {text}" if finding.field else f"{place}: {text}",
            markup=False,
        )
    if told.defects > len(told.findings):
        _complaints.print(f"and {told.defects - len(told.findings)} more")
    if told.manifest is None and not told.defects:
        _complaints.print(f"{file} is empty")


def _show_manifest(manifest: ImportManifest) -> None:
    table = Table(show_header=False, box=None)
    for name, value in (
        ("source", manifest.source),
        ("bytes", f"{manifest.size:,}"),
        ("events", f"{manifest.events:,}"),
        ("streams", f"{manifest.streams:,}"),
        ("occurred", f"{manifest.occurred_from} to {manifest.occurred_to}"),
        ("content hash", digest(manifest)),
        *((count.type, f"{count.events:,}") for count in manifest.counts),
        *((f"{total.type} {total.field}", total.total) for total in manifest.totals),
    ):
        table.add_row(name, value)
    _said.print(table)


def _print_json(content: Any) -> None:
    sys.stdout.buffer.write(
        orjson.dumps(
            msgspec.to_builtins(content), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )
    )
