"""Rulebooks as documents on the command line: check, compare, convert, and tell their hash."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
import typer

from opsledger import asking
from opsledger.paper import comparing, rulebook
from opsledger.paper.reading import Complaint, Unreadable, pointer_text
from opsledger.paper.rulebook import Written
from opsledger_contracts.canonical import canonical, digest
from opsledger_contracts.linting.finding import LintFinding
from opsledger_contracts.linting.linter import Surroundings, lint, of_severity

_UNKNOWN: Final = frozenset(
    (
        "RB-UNKNOWN-CLAUSE",
        "RB-UNKNOWN-PRIMITIVE",
        "RB-UNKNOWN-GRADE",
        "RB-UNKNOWN-STATUS",
        "RB-UNIT-UNKNOWN",
        "RB-INDICATOR-UNKNOWN",
        "RB-VETO-CLAUSE",
    )
)
"""Findings about a name that leads nowhere, with which a document is not converted at all."""

Lang = Literal["zh", "en"]
File = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, readable=True, help="A rulebook, YAML or JSON."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Before = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="The version that this one would follow."),
]
Calendars = Annotated[
    list[Path] | None,
    typer.Option(
        "--calendar", exists=True, dir_okay=False, help="A calendar of working days; repeatable."
    ),
]
Language = Annotated[Lang, typer.Option(help="Language of the findings.")]


def enter(app: typer.Typer) -> None:
    """Add `opsledger rulebook` with its commands."""
    group = typer.Typer(
        name="rulebook",
        help="Rulebooks as documents. Exit status: 0 nothing found; 1 something was found or "
        "differs; 2 the question was wrong.",
        no_args_is_help=True,
        rich_markup_mode="markdown",
    )
    for command, example in (
        (check, "opsledger rulebook lint scheme.yaml --calendar calendar-CN-2026.1.json"),
        (diff, "opsledger rulebook diff scheme-1.yaml scheme-2.yaml"),
        (hash_, "opsledger rulebook hash scheme.yaml"),
        (convert, "opsledger rulebook convert scheme.yaml > scheme.json"),
    ):
        name = {"check": "lint", "hash_": "hash"}.get(command.__name__, command.__name__)
        group.command(name, epilog=f"Example: {example}")(command)
    app.add_typer(group)


def check(
    file: File,
    before: Before = None,
    calendar: Calendars = None,
    lang: Language = "en",
    *,
    as_json: AsJson = False,
) -> None:
    """Check a rulebook (SR-29): every finding with its line, its clause and its figures."""
    with _reading(as_json=as_json, lang=lang):
        written = rulebook.rulebook(file)
        surroundings = Surroundings(
            before=None if before is None else rulebook.rulebook(before).document,
            calendar_years=frozenset(
                year for path in calendar or () for year in rulebook.calendar(path).years
            ),
        )
    findings = lint(written.document, surroundings)
    if as_json:
        _print_json(_report(written, findings))
    else:
        for finding in findings:
            typer.echo(_line(written, finding, lang))
        typer.echo(_counted(findings, lang))
    raise typer.Exit(asking.FOUND if any(finding.severity != "info" for finding in findings) else 0)


def diff(old: File, new: File, lang: Language = "en", *, as_json: AsJson = False) -> None:
    """Compare two rulebooks by clause: added, removed, changed, with old and new words."""
    with _reading(as_json=as_json, lang=lang):
        first, second = rulebook.rulebook(old).document, rulebook.rulebook(new).document
    outside = comparing.headlines(first, second)
    clauses = comparing.compared(first, second)
    if as_json:
        _print_json({"document": outside, "clauses": clauses})
    else:
        for change in outside:
            typer.echo(f"{change.field}: {_value(change.old)} -> {_value(change.new)}")
        for changed in clauses:
            title = changed.title_zh if lang == "zh" else changed.title_en
            typer.echo(f"{changed.clause} {title}: {changed.what}")
            for change in changed.changes if changed.what == "changed" else ():
                typer.echo(f"  {change.field}: {_value(change.old)} -> {_value(change.new)}")
    raise typer.Exit(asking.FOUND if outside or clauses else 0)


def hash_(file: File, lang: Language = "en", *, as_json: AsJson = False) -> None:
    """Tell the content hash of a rulebook: SHA-256 of its canonical JSON, however it is written."""
    document = _known(file, lang, as_json=as_json).document
    if as_json:
        _print_json({"rulebook": document.name, "content_hash": digest(document)})
    else:
        typer.echo(digest(document))


def convert(file: File, lang: Language = "en", *, as_json: AsJson = False) -> None:
    """Print the canonical JSON of a rulebook, which is what its hash is of.

    With --json the same document is laid out for reading.
    """
    document = _known(file, lang, as_json=as_json).document
    if as_json:
        _print_json(msgspec.to_builtins(document))
    else:
        sys.stdout.buffer.write(canonical(document) + b"\n")


def _known(file: Path, lang: Lang, *, as_json: bool) -> Written:
    """Read a rulebook in which every name leads somewhere, or stop with the places."""
    with _reading(as_json=as_json, lang=lang):
        written = rulebook.rulebook(file)
    refused = [one for one in lint(written.document, Surroundings()) if one.code in _UNKNOWN]
    if not refused:
        return written
    if as_json:
        _print_json(_report(written, refused))
    else:
        for finding in refused:
            typer.echo(_line(written, finding, lang), err=True)
    raise typer.Exit(asking.FOUND)


@contextmanager
def _reading(*, as_json: bool, lang: Lang) -> Iterator[None]:
    """Say where a document cannot be read, and stop."""
    try:
        yield
    except Unreadable as unreadable:
        if as_json:
            _print_json({"findings": [_complaint(one) for one in unreadable.complaints]})
        else:
            for one in unreadable.complaints:
                text = one.zh if lang == "zh" else one.en
                typer.echo(
                    f"{one.file}:{one.place.line}:{one.place.column}: error {one.code} "
                    f"{one.pointer}: {text}",
                    err=True,
                )
        raise typer.Exit(asking.FOUND) from None


def _complaint(complaint: Complaint) -> dict[str, Any]:
    return {
        "check": complaint.code,
        "severity": "error",
        "file": complaint.file,
        "pointer": complaint.pointer,
        "line": complaint.place.line,
        "column": complaint.place.column,
        "zh": complaint.zh,
        "en": complaint.en,
    }


def _report(written: Written, findings: Sequence[LintFinding]) -> dict[str, Any]:
    return {
        "rulebook": written.document.name,
        "content_hash": digest(written.document),
        "errors": len(of_severity(findings, "error")),
        "warnings": len(of_severity(findings, "warning")),
        "findings": [
            {
                "check": finding.code,
                "severity": finding.severity,
                "clause": finding.clause,
                "path": finding.path,
                "pointer": pointer_text(rulebook.pointer_of(finding.path)),
                "line": written.place(finding).line,
                "column": written.place(finding).column,
                "zh": finding.zh,
                "en": finding.en,
                "facts": finding.facts,
            }
            for finding in findings
        ],
    }


def _line(written: Written, finding: LintFinding, lang: Lang) -> str:
    place = written.place(finding)
    text = finding.zh if lang == "zh" else finding.en
    clause = f" §{finding.clause}" if finding.clause else ""
    return (
        f"{written.file}:{place.line}:{place.column}: {finding.severity} {finding.code}{clause} "
        f"{pointer_text(rulebook.pointer_of(finding.path))}: {text}"
    )


def _counted(findings: Sequence[LintFinding], lang: Lang) -> str:
    errors, warnings, infos = (
        len(of_severity(findings, severity)) for severity in ("error", "warning", "info")
    )
    if lang == "zh":
        return f"错误 {errors}，警告 {warnings}，提示 {infos}"
    return f"{errors} errors, {warnings} warnings, {infos} infos"


def _value(value: Any) -> str:
    return "-" if value is None else json.dumps(value, ensure_ascii=False)


def _print_json(content: Any) -> None:
    encoded = json.dumps(msgspec.to_builtins(content), ensure_ascii=False, indent=2)
    sys.stdout.buffer.write(f"{encoded}\n".encode())
