"""Studies on the command line: sweep, shadow run and sensitivity, with progress; nothing is recorded."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import RenderableType

from opsledger import asking
from opsledger.asking import Answered, AssessmentId, KnownAt, Language, Run
from opsledger.paper import rulebook as rulebook_paper
from opsledger.paper.reading import Unreadable
from opsledger.reader import Reader
from opsledger.shown import table

Period = Annotated[str, typer.Option(help="Period of the assessments: 2026, 2026-Q1 or 2026-03.")]
_WATERMARK: Final = "[bold red]{en} · {zh}[/bold red]"


def enter(app: typer.Typer) -> None:
    """Add the studies to the command line."""
    asking.enter_questions(
        app,
        (
            (sweep, "opsledger sweep --period 2026 --clause 6.2 --effect"),
            (shadow, "opsledger shadow rulebook-RB-2026.2.json --period 2026"),
            (sensitivity, "opsledger sensitivity A-BJ-2026 --run 1 --lang zh"),
        ),
    )


def sweep(
    reader: Reader,
    period: Period,
    clause: Annotated[str | None, typer.Option(help="Clause that was used.")] = None,
    primitive: Annotated[
        str | None, typer.Option(help="Primitive that scored an item, such as step@1.")
    ] = None,
    *,
    superseded: Annotated[
        bool,
        typer.Option(
            "--superseded",
            help="Only scores on a superseded letter revision; so too if nothing else is asked.",
        ),
    ] = False,
    effect: Annotated[
        bool, typer.Option("--effect", help="Compute what each would be if it were rescored.")
    ] = False,
    known_at: KnownAt = None,
) -> Answered:
    """Find each score that used a clause, a primitive or superseded terms; status 1 if any did."""
    asked: dict[str, Any] = {"period": period, "superseded": superseded, "effect": effect}
    asked |= asking.given(clause=clause, primitive=primitive)
    told = _told(reader, "sweep", asked, known_at)
    summary = told["summary"]
    sentence = f"{summary['affected']} of {summary['scores']} published scores are affected."
    made = table(
        f"sweep of {period}",
        (
            "unit",
            "assessment",
            "version#",
            "total#",
            "grade",
            "revision#",
            "in force#",
            "places or items",
            "rescored",
        ),
        (_affected(row) for row in told["rows"]),
    )
    shown: list[RenderableType] = [made] if told["rows"] else []
    return Answered(content=told, shown=[*shown, sentence], found=bool(told["rows"]))


def _affected(row: dict[str, Any]) -> Sequence[Any]:
    return (
        row["subject"],
        row["assessment"],
        row["score_version"],
        row["total"],
        row["grade"],
        row["letter_revision"],
        row["letter_revision_in_force"],
        ", ".join([*row["clause_places"], *row["primitive_items"]]),
        _effect(row),
    )


def _effect(row: dict[str, Any]) -> str:
    found = row["effect"]
    told = f"{found['total']} {found['grade']} ({found['delta']})" if found else ""
    return str((row["not_computed"] or {}).get("en", told))


def shadow(
    reader: Reader,
    rulebook: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="A rulebook document, YAML or JSON, or the name of a draft in the ledger.",
        ),
    ],
    period: Period,
    known_at: KnownAt = None,
) -> Answered:
    """Score a past period by another rulebook and show what changes for each unit."""
    asked = {"period": period, "rulebook": _rulebook(rulebook)}
    told = _told(reader, "shadow", asked, known_at)
    summary = told["summary"]
    shown: list[RenderableType] = [_WATERMARK.format(**summary["watermark"])]
    shown.append(
        table(
            f"{summary['rulebook']} over {period}",
            ("unit", "assessment", "before#", "grade", "after#", "grade", "delta#", "crosses"),
            (
                (
                    row["subject"],
                    row["assessment"],
                    row["total_before"],
                    row["grade_before"],
                    row["total_after"],
                    row["grade_after"],
                    row["delta"],
                    (row["not_computed"] or {}).get("en") or row["crosses"],
                )
                for row in told["rows"]
            ),
        )
    )
    shown.append(
        f"{summary['scores']} scores, {summary['changed']} change, {summary['crossing_up']} move up, "
        f"{summary['crossing_down']} move down, {summary['not_computed']} cannot be computed."
    )
    shown.append(f"report {summary['report']}")
    return Answered(content=told, shown=shown)


def _rulebook(named: str) -> Any:
    path = Path(named)
    if not path.is_file():
        return named
    try:
        return msgspec.to_builtins(rulebook_paper.rulebook(path).document)
    except Unreadable as unreadable:
        first = unreadable.complaints[0]
        where = f"{first.file}:{first.place.line}:{first.place.column}"
        raise typer.BadParameter(f"{where}: {first.en}", param_hint="FILE") from None


def sensitivity(
    reader: Reader, assessment: AssessmentId, run: Run = None, lang: Language = "en"
) -> Answered:
    """Name the single fact nearest to moving the grade, and rank the others behind it."""
    answer = reader.get(f"/v1/assessments/{assessment}/sensitivity", asking.given(run=run))
    return Answered(
        content=answer,
        shown=[
            _WATERMARK.format(**answer["watermark"]),
            table(
                f"what moves {answer['total']} {answer['grade']} of {answer['assessment']}, "
                f"run {answer['run']}",
                ("#", "what", "example", "total#", "grade"),
                (
                    (row["rank"], row[lang], row["example"], row["total"], row["grade"])
                    for row in answer["facts"]
                ),
            ),
        ],
    )


def _told(
    reader: Reader, study: str, asked: dict[str, Any], known_at: str | None
) -> dict[str, Any]:
    """Follow a study to its end; gives its rows and its sum."""
    rows: list[dict[str, Any]] = []
    summary: dict[str, Any] = {}
    lines: Iterator[dict[str, Any]] = reader.study(study, asked, asking.given(known_at=known_at))
    with asking.progressing() as progress:
        task = progress.add_task(study, total=None)
        for line in lines:
            event = line.pop("event")
            if event == "progress":
                progress.update(task, completed=line["done"], total=line["of"])
            elif event == "row":
                rows.append(line)
            else:
                summary = line
    return {"rows": rows, "summary": summary}
