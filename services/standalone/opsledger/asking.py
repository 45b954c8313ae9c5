"""The auditor's questions on the command line, each answered as a table or as JSON."""

import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

import orjson
import typer
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from opsledger import shown
from opsledger.reader import Parameters, Reader, Refused, ServiceReader, Unreachable

if TYPE_CHECKING:
    from opsledger.directory_reader import LogReader, Progressed

FOUND: Final = 1
WRONG: Final = 2
UNREACHABLE: Final = 3
ROUTE_UNKNOWN: Final = "route_unknown"
"""Code of the answer of a service that has no such route."""

Lang = Literal["zh", "en"]
Language = Annotated[Lang, typer.Option(help="Language of what is explained, Chinese or English.")]
Run = Annotated[int | None, typer.Option(help="Number of the run; the last one if absent.")]
KnownAt = Annotated[
    str | None, typer.Option(help="As known at: a position, an instant or a date (2026-06-30).")
]
ValidAt = Annotated[
    str | None, typer.Option(help="As valid in the business on a date (2026-06-30).")
]
AssessmentId = Annotated[str, typer.Argument(help="Identifier of the assessment.")]
LetterId = Annotated[str, typer.Argument(help="Identifier of the letter.")]

_complaints: Final = Console(stderr=True, highlight=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to a question: as data, as shown to people, and whether something was found."""

    content: Any
    shown: Sequence[RenderableType]
    found: bool = False


Question = Callable[..., Answered]


def enter(app: typer.Typer) -> None:
    """Add the questions to the command line."""
    enter_questions(
        app,
        (
            (letters, "opsledger letters --period 2026"),
            (history, "opsledger history BJ-2026"),
            (show, "opsledger show BJ-2026 --known-at 2026-06-01 --valid-at 2026-06-30"),
            (explain, "opsledger explain A-BJ-2026 --lang zh"),
            (
                replay,
                "opsledger replay A-BJ-2026 --mode as-of",
            ),
            (trail, "opsledger trail C-BJ-2026"),
            (verify, "opsledger verify --directory my-ledger"),
            (rebuild, "opsledger rebuild --json"),
        ),
    )


def enter_questions(app: typer.Typer, questions: Iterable[tuple[Question, str]]) -> None:
    """Add questions with an example each, and with the options that say whom to ask."""
    for question, example in questions:
        app.command(epilog=f"Example: {example}")(_asked(question))


_WHOM: Final = (
    inspect.Parameter(
        "url",
        inspect.Parameter.KEYWORD_ONLY,
        default="http://127.0.0.1:8601",
        annotation=Annotated[str, typer.Option(envvar="OPSLEDGER_URL", help="The read side.")],
    ),
    inspect.Parameter(
        "ledger_url",
        inspect.Parameter.KEYWORD_ONLY,
        default="http://127.0.0.1:8600",
        annotation=Annotated[str, typer.Option(envvar="OPSLEDGER_LEDGER_URL", help="The ledger.")],
    ),
    inspect.Parameter(
        "key",
        inspect.Parameter.KEYWORD_ONLY,
        default="",
        annotation=Annotated[
            str, typer.Option(envvar="OPSLEDGER_KEY", help="API key that may read, opl_….")
        ],
    ),
    inspect.Parameter(
        "directory",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            Path | None,
            typer.Option(
                "--directory",
                "-d",
                exists=True,
                file_okay=False,
                help="Read the directory of a ledger instead of asking a running service.",
            ),
        ],
    ),
    inspect.Parameter(
        "database_url_file",
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[
            Path | None,
            typer.Option(
                exists=True,
                dir_okay=False,
                help="Read the PostgreSQL database whose address is in this file.",
            ),
        ],
    ),
    inspect.Parameter(
        "database_schema",
        inspect.Parameter.KEYWORD_ONLY,
        default="opsledger",
        annotation=Annotated[str, typer.Option(help="Schema of the ledger in that database.")],
    ),
    inspect.Parameter(
        "as_json",
        inspect.Parameter.KEYWORD_ONLY,
        default=False,
        annotation=Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")],
    ),
)


def _asked(question: Question) -> Callable[..., None]:
    """Make a command of a question: it finds whom to ask, prints the answer and sets the status."""

    def command(
        *,
        url: str,
        ledger_url: str,
        key: str,
        directory: Path | None,
        database_url_file: Path | None,
        database_schema: str,
        as_json: bool,
        **asked: Any,
    ) -> None:
        place = _Place(directory, database_url_file, database_schema)
        with _reading(url, ledger_url, key, place) as reader:
            answered = question(reader, **asked)
        if as_json:
            sys.stdout.buffer.write(
                orjson.dumps(
                    answered.content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
                )
            )
        else:
            console = Console(highlight=False)
            for each in answered.shown:
                console.print(each)
        raise typer.Exit(FOUND if answered.found else 0)

    own = list(inspect.signature(question).parameters.values())[1:]
    asked_by_name = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
    command.__name__ = question.__name__
    command.__doc__ = question.__doc__
    command.__signature__ = inspect.Signature([*asked_by_name, *_WHOM])  # type: ignore[attr-defined]
    return command


class _Place(NamedTuple):
    """Where a ledger lies that is read without a service, if it is one of the two."""

    directory: Path | None
    database_url_file: Path | None
    database_schema: str

    def reader(self, progressed: "Progressed") -> "LogReader | None":
        """Make the reader of the place."""
        if self.directory is not None and self.database_url_file is not None:
            raise Unreachable("give one of --directory and --database-url-file")
        if self.directory is None and self.database_url_file is None:
            return None
        # A ledger is read where it lies by parts of both services, which take a second to import.
        from opsledger.directory_reader import DatabaseReader, DirectoryReader  # noqa: PLC0415

        if self.directory is not None:
            return DirectoryReader(self.directory, progressed)
        assert self.database_url_file is not None
        return DatabaseReader(self.database_url_file, self.database_schema, progressed)


@contextmanager
def _reading(url: str, ledger_url: str, key: str, place: _Place) -> Iterator[Reader]:
    """Open what is to be read, and turn complaints into exit statuses."""
    try:
        with progressing() as progress:
            task = progress.add_task("building views", total=None)
            reader = place.reader(
                lambda position, total: progress.update(task, completed=position, total=total)
            )
        if reader is None:
            if not key:
                _complaints.print("[red]A service answers to an API key only.[/red]")
                _complaints.print(
                    "Give one with [bold]--key[/bold] or OPSLEDGER_KEY, or name a ledger with "
                    "[bold]--directory[/bold] or [bold]--database-url-file[/bold]."
                )
                raise typer.Exit(WRONG)
            yield ServiceReader(url, ledger_url, key)
        else:
            with reader:
                yield reader
    except Refused as refused:
        code = refused.problem.get("code", "")
        _complaints.print(f"[red]{escape(str(refused))}[/red]")
        if needed := refused.problem.get("needed"):
            _complaints.print(escape(needed))
        if code == ROUTE_UNKNOWN:
            _complaints.print(
                "[bold]--url[/bold] is for the read side, [bold]--ledger-url[/bold] for the ledger."
            )
        _complaints.print(f"[dim]{code}[/dim]")
        raise typer.Exit(WRONG) from None
    except Unreachable as unreachable:
        _complaints.print(f"[red]{escape(str(unreachable))}[/red]")
        _complaints.print(
            "Start a service with [bold]opsledger serve[/bold], or name a ledger with "
            "[bold]--directory[/bold] or [bold]--database-url-file[/bold]."
        )
        raise typer.Exit(UNREACHABLE) from None


def progressing() -> Progress:
    """Make a display of progress beside the answer."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=_complaints,
        transient=True,
    )


def given(**parameters: str | int | None) -> dict[str, str | int]:
    """Keep the parameters that were given."""
    return {name: value for name, value in parameters.items() if value is not None and value != ""}


def _every(reader: Reader, path: str, parameters: Parameters) -> list[dict[str, Any]]:
    """Read all pages of a list."""
    rows: list[dict[str, Any]] = []
    after = ""
    while True:
        page = reader.get(path, {**parameters, **given(after=after)})
        rows.extend(page["rows"])
        after = page.get("next") or ""
        if not after:
            return rows


def letters(
    reader: Reader,
    unit: Annotated[str, typer.Option(help="Only letters of this unit.")] = "",
    period: Annotated[str, typer.Option(help="Only letters of this period.")] = "",
    known_at: KnownAt = None,
) -> Answered:
    """List the letters as they stand, or stood."""
    rows = _every(reader, "/v1/views/letters", given(unit=unit, period=period, known_at=known_at))
    bodies = [row["body"] for row in rows]
    empty = "No such letters." if unit or period else "No letters yet."
    return Answered(content=bodies, shown=[shown.letters(bodies) if bodies else empty])


def history(reader: Reader, letter: LetterId, known_at: KnownAt = None) -> Answered:
    """Show all that happened to a letter, with its cases, adjustments, scores and disputes."""
    answer = reader.get(f"/v1/letters/{letter}/history", given(known_at=known_at))
    return Answered(
        content=answer,
        shown=[
            shown.revisions(letter, answer["revisions"]),
            shown.trail(f"audit trail of {letter}", answer["trail"]),
        ],
    )


def show(
    reader: Reader, letter: LetterId, known_at: KnownAt = None, valid_at: ValidAt = None
) -> Answered:
    """Show what a letter said: as known then, as valid then."""
    answer = reader.get(f"/v1/letters/{letter}", given(known_at=known_at, valid_at=valid_at))
    return Answered(content=answer, shown=shown.letter(answer))


def explain(
    reader: Reader, assessment: AssessmentId, run: Run = None, lang: Language = "en"
) -> Answered:
    """Explain a score: every operation with its clause, its rounding and the entries behind it."""
    answer = reader.get(f"/v1/assessments/{assessment}/explanation", given(run=run, lang=lang))
    return Answered(
        content=answer, shown=shown.explained(answer, lang), found=not answer["matches"]
    )


def replay(
    reader: Reader,
    assessment: AssessmentId,
    mode: Annotated[
        Literal["verify", "as-of", "counterfactual"],
        typer.Option(
            help="verify: as it was done, must be bit-identical. as-of: as known at a cut. "
            "counterfactual: with single values replaced, never official."
        ),
    ] = "verify",
    run: Run = None,
    known_at: KnownAt = None,
    override: Annotated[
        list[str] | None, typer.Option(help="path=value, for a counterfactual; repeatable.")
    ] = None,
    lang: Language = "en",
) -> Answered:
    """Compute a score again and show the difference; exit status 1 if it differs."""
    asked: dict[str, Any] = {"mode": mode.replace("-", "_"), **given(run=run)}
    if known_at is not None:
        asked["known_at"] = int(known_at) if known_at.isdigit() else known_at
    if override:
        asked["overrides"] = [_override(text) for text in override]
    answer = reader.post(f"/v1/assessments/{assessment}/replay", asked)
    return Answered(content=answer, shown=shown.replayed(answer, lang), found=not answer["matches"])


def _override(text: str) -> dict[str, str]:
    path, equals, value = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text!r} is not path=value", param_hint="--override")
    return {"path": path, "value": value}


def trail(
    reader: Reader,
    case: Annotated[str, typer.Argument(help="Identifier of the approval case.")],
    known_at: KnownAt = None,
) -> Answered:
    """Show who approved what, in which order, in which post, over which content."""
    answer = reader.get(f"/v1/cases/{case}/trail", given(known_at=known_at))
    return Answered(content=answer, shown=[shown.case_acts(answer["case"])])


def verify(reader: Reader) -> Answered:
    """Compute the whole log again from its entries; exit status 1 if it is not sound."""
    findings: list[dict[str, Any]] = []
    verdict: dict[str, Any] = {}
    with progressing() as progress:
        task = progress.add_task("verifying", total=None)
        for line in reader.verify():
            if "progress" in line:
                done = line["progress"]
                progress.update(task, completed=done["position"], total=done["head"])
            elif "finding" in line:
                findings.append(line["finding"])
            else:
                verdict = line["verdict"]
    return Answered(
        content={"verdict": verdict, "findings": findings},
        shown=shown.verified(verdict, findings),
        found=not verdict.get("sound"),
    )


def rebuild(reader: Reader) -> Answered:
    """Build all views again from the log and compare them with the served ones, byte for byte."""
    views: list[dict[str, Any]] = []
    with progressing() as progress:
        task = progress.add_task("rebuilding", total=None)
        for line in reader.rebuild():
            if line["event"] == "view":
                views.append(line)
            elif line["event"] == "progress":
                progress.update(task, completed=line["position"], total=line["position_last"])
            elif line["event"] == "failed":
                raise Refused(line["problem"])
    equal = bool(views) and all(view["equal"] for view in views)
    return Answered(
        content={"views": views, "equal": equal}, shown=[shown.rebuilt(views)], found=not equal
    )
