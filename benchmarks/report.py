"""What comes of a run: one table on the terminal, the figures as JSON, a table in the README."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson
from benchmarks.measure import Absent, Figure
from rich.console import Console
from rich.table import Table

LATEST: Final = "latest.json"

BEGIN: Final = "<!-- measured: written by `python -m benchmarks --readme` -->"
END: Final = "<!-- /measured -->"

_WIDTH: Final = 180


def kept(figures: Sequence[Figure | Absent], about: dict[str, Any]) -> dict[str, Any]:
    """Put a run into the form in which it is kept."""
    return {
        "machine": about,
        "figures": [
            asdict(figure)
            | {
                "seen": None if figure.seen is None else str(figure.seen),
                "seen_of_peer": None if figure.seen_of_peer is None else str(figure.seen_of_peer),
                "ratio": figure.ratio,
                "promise": figure.promise,
                "met": figure.met,
            }
            for figure in figures
            if isinstance(figure, Figure)
        ],
        "absent": [asdict(figure) for figure in figures if isinstance(figure, Absent)],
    }


def report(figures: Sequence[Figure | Absent], about: dict[str, Any], folder: Path) -> bool:
    """Print one table, keep the JSON, and tell whether every promise is kept."""
    run = kept(figures, about)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / LATEST).write_bytes(
        orjson.dumps(run, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    facts = ", ".join(f"{name} {value}" for name, value in about.items())
    table = Table(title="opsledger benchmarks", title_justify="left", caption=facts)
    for heading in ("work", "ours", "beside", "theirs", "ratio", "promise", "", "live reader"):
        right = heading in {"ours", "theirs", "ratio", "promise"}
        table.add_column(heading, justify="right" if right else "left")
    for row in run["figures"]:
        reader = row["seen"] or ""
        if row["seen_of_peer"]:
            reader += f"\npeer: {row['seen_of_peer']}"
        table.add_row(
            row["work"],
            f"{number(row['ours'])} {row['unit']}",
            row["peer"],
            number(row["theirs"]),
            number(row["ratio"]),
            row["promise"],
            _verdict(row),
            reader.strip(),
        )
        if row["detail"]:
            table.add_row(f"  {row['detail']}", style="dim")
    for row in run["absent"]:
        table.add_row(row["work"], "NOT MEASURED", row["reason"], style="bold")
    Console(width=_WIDTH).print(table)
    return all(row["met"] for row in run["figures"])


def number(value: float) -> str:
    """Write a number with three or four digits that count."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _verdict(row: dict[str, Any]) -> str:
    if not row["met"]:
        return "MISSED"
    return "met" if row["promise"] else ""


def write_readme(folder: Path, readme: Path) -> None:
    """Put the figures of the run that was kept last between the marks of a README.

    Raises:
        ValueError: the README has not both marks.

    """
    run = orjson.loads((folder / LATEST).read_bytes())
    text = readme.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"{readme} has no place for the figures between {BEGIN} and {END}"
        raise ValueError(message)
    readme.write_text(f"{before}{BEGIN}\n{markdown(run)}\n{END}{after}", encoding="utf-8")


def markdown(run: dict[str, Any]) -> str:
    """Write a run as a table of Markdown, after a line on the machine."""
    about = run["machine"]
    lines = [
        (
            f"{about['cores']} cores ({about['processor']}), {about['memory_gib']} GiB, "
            f"{about['file_system']}; Python {about['python']}, SQLite {about['sqlite']}, "
            f"eventsourcing {about['eventsourcing']}, UmaDB {about['umadb']}; {about['fsync']}."
        ),
        "",
        "| Work | Ours | Beside | Theirs | Ratio | Promise | Live reader |",
        "|---|--:|---|--:|--:|---|---|",
    ]
    for row in run["figures"]:
        promise = f"{row['promise']} {_verdict(row)}".strip()
        reader = row["seen"] or ""
        if row["seen_of_peer"]:
            reader = f"{reader}; peer: {row['seen_of_peer']}".strip("; ")
        cells = (
            row["work"],
            f"{number(row['ours'])} {row['unit']}",
            row["peer"],
            number(row["theirs"]),
            number(row["ratio"]),
            promise,
            reader,
        )
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    lines += [f"| {row['work']} | not measured: {row['reason']} |" for row in run["absent"]]
    return "\n".join(lines)
