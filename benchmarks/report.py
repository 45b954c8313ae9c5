"""What comes of a run: one table on the terminal, the figures as JSON, a table in the README."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import orjson
from benchmarks.measure import Absent, Figure
from rich.console import Console
from rich.table import Table

LATEST: Final = "figures.json"

BEGIN: Final = "<!-- measured: written by `python -m benchmarks --readme` -->"
END: Final = "<!-- /measured -->"

TITLES: Final = {
    "append-sqlite": "Appending on SQLite",
    "append-postgres": "Appending on PostgreSQL",
    "commands": "Commands through HTTP",
    "latency": "From a command to its subscribers",
    "folding": "Decoding and folding",
    "projecting": "Projecting and rebuilding",
    "feed": "The feed",
    "letters": "Letters over HTTP",
    "replaying": "Scores, sweeps and shadow runs",
    "growth": "Growth and disk",
    "memory": "Memory",
    "relaying": "Relay to JetStream",
}
"""Headings of the parts in the README."""

_WIDTH: Final = 180


Parts = Mapping[str, Sequence[Figure | Absent]]
"""What was measured, by the name of the part it belongs to."""


def kept(parts: Parts, about: dict[str, Any]) -> dict[str, Any]:
    """Put a run into the form in which it is kept."""
    return {
        "machine": about,
        "figures": [
            {"part": part}
            | asdict(figure)
            | {
                "seen": None if figure.seen is None else str(figure.seen),
                "seen_of_peer": None if figure.seen_of_peer is None else str(figure.seen_of_peer),
                "ratio": figure.ratio,
                "promise": figure.promise,
                "met": figure.met,
            }
            for part, figures in parts.items()
            for figure in figures
            if isinstance(figure, Figure)
        ],
        "absent": [
            {"part": part} | asdict(figure)
            for part, figures in parts.items()
            for figure in figures
            if isinstance(figure, Absent)
        ],
    }


def report(parts: Parts, about: dict[str, Any], folder: Path) -> bool:
    """Print one table, keep the JSON, and tell whether every promise is kept.

    Parts that were measured before on the same machine, and not this time, stay in the JSON.
    """
    run = kept(parts, about)
    folder.mkdir(parents=True, exist_ok=True)
    latest = folder / LATEST
    before = orjson.loads(latest.read_bytes()) if latest.exists() else None
    latest.write_bytes(
        orjson.dumps(_put_into(before, run), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    facts = ", ".join(f"{name} {value}" for name, value in about.items())
    table = Table(title="opsledger benchmarks", title_justify="left", caption=facts)
    for heading in ("work", "ours", "beside", "theirs", "ratio", "promise", "", "live reader"):
        right = heading in {"ours", "theirs", "ratio", "promise"}
        table.add_column(heading, justify="right" if right else "left")
    for part in parts:
        table.add_section()
        table.add_row(part, style="bold")
        for row in _of(part, run["figures"]):
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
        for row in _of(part, run["absent"]):
            table.add_row(row["work"], "NOT MEASURED", row["reason"], style="bold")
    Console(width=_WIDTH).print(table)
    return all(row["met"] is not False for row in run["figures"])


def _put_into(before: dict[str, Any] | None, run: dict[str, Any]) -> dict[str, Any]:
    """Give a run with the parts of the one before that it has not measured."""
    if before is None or _lasting(before["machine"]) != _lasting(run["machine"]):
        return run
    measured = {row["part"] for row in (*run["figures"], *run["absent"])}
    return run | {
        kind: sorted(
            (*(row for row in before[kind] if row["part"] not in measured), *run[kind]),
            key=lambda row: list(TITLES).index(row["part"]),
        )
        for kind in ("figures", "absent")
    }


def _lasting(machine: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in machine.items() if name != "load_before"}


def _of(part: str, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["part"] == part]


def number(value: float) -> str:
    """Write a number with three or four digits that count."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _verdict(row: dict[str, Any]) -> str:
    return {True: "met", False: "MISSED", None: ""}[row["met"]]


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
    """Write a run as a table of Markdown for each part, after a line on the machine.

    What stands beside one figure of ours follows it in rows of its own.
    """
    about = run["machine"]
    lines = [
        (
            f"{about['cores']} cores ({about['processor']}), {about['memory_gib']} GiB, "
            f"{about['file_system']}; Python {about['python']}, SQLite {about['sqlite']}, "
            f"eventsourcing {about['eventsourcing']}, UmaDB {about['umadb']}; {about['fsync']}."
        ),
    ]
    for part in dict.fromkeys(row["part"] for row in (*run["figures"], *run["absent"])):
        lines += [
            "",
            f"### {TITLES[part]}",
            "",
            "| Work | Ours | Beside | Theirs | Ratio | Promise |",
            "|---|--:|---|--:|--:|---|",
        ]
        work = ""
        for row in _of(part, run["figures"]):
            again, work = row["work"] == work, row["work"]
            lines.append(
                _line(
                    "" if again else work,
                    "" if again else _measured(row["ours"], row["unit"], row["seen"]),
                    row["peer"],
                    _measured(row["theirs"], "", row["seen_of_peer"]),
                    number(row["ratio"]),
                    f"{row['promise']} {_verdict(row)}".strip(),
                )
            )
        lines += [
            _line(row["work"], "not measured", row["reason"], "", "", "")
            for row in _of(part, run["absent"])
        ]
    return "\n".join(lines)


def _measured(value: float, unit: str, seen: str | None) -> str:
    """Write a measured value, with what its live reader saw under it."""
    return f"{number(value)} {unit}".strip() + (f"<br>{seen}" if seen else "")


def _line(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
