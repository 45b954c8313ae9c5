"""The benchmarks as a user runs them, in sizes that tell nothing about speed, and their checks."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from benchmarks.feed_check import compared
from benchmarks.measure import Absent, Figure, Seen, limit
from benchmarks.mix import Mix
from benchmarks.report import BEGIN, END, LATEST, report, write_readme
from benchmarks.stores import Event
from benchmarks.tail import require_stored

ROOT = Path(__file__).parents[2]

STREAMS = 8

PLAIN = Figure(
    work="work of a kind", unit="events/s", ours=50, peer="a peer", theirs=100, at_least=0.6
)

ABOUT: dict[str, Any] = dict.fromkeys(
    (
        *("cores", "processor", "memory_gib", "file_system", "python", "sqlite"),
        *("eventsourcing", "umadb", "fsync", "load_before"),
    ),
    "x",
)


def measured(folder: Path, *parts: str) -> tuple[int, str, dict[str, Any]]:
    """Run some benchmarks; gives the exit status, what was printed, and what was kept."""
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", "--quick", "--seconds", "0.2"),
            *("--events", "2000", "--output", str(folder)),
            *(argument for part in parts for argument in ("--only", part)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    # A missed promise and a failure both end in 1, but only the former leaves figures.
    assert (folder / LATEST).exists(), finished.stderr
    return finished.returncode, finished.stdout, kept_in(folder)


def kept_in(folder: Path) -> dict[str, Any]:
    """The figures that a run has kept."""
    kept: dict[str, Any] = json.loads((folder / LATEST).read_bytes())
    return kept


@pytest.mark.parametrize(
    ("parts", "works", "live"),
    [
        (
            ("commands",),
            ["commands through HTTP on SQLite", "commands through HTTP on PostgreSQL"],
            True,
        ),
        (
            ("folding", "letters", "replaying", "memory"),
            [
                "decode and fold on replay",
                "a letter of 800 events as of any position",
                "stream of 25 events",
                "stream of 10,000 events, with a snapshot",
                "GET a letter of 800 events as of any position",
                "sweep of 40 assessments by clause",
                "shadow run over 40 assessments",
                "memory of the ledger service, idle",
            ],
            False,
        ),
    ],
    ids=["commands", "others"],
)
def test_every_promised_figure_comes_out_beside_something(
    parts: tuple[str, ...], works: list[str], tmp_path: Path, *, live: bool
) -> None:
    """Each part prints and keeps its figures with a ratio; live readers get every event once."""
    status, printed, kept = measured(tmp_path, *parts)

    assert "opsledger benchmarks" in printed
    for work in works:
        found = [figure for figure in kept["figures"] if figure["work"].startswith(work)]
        assert found, f"{work} is missing in {[figure['work'] for figure in kept['figures']]}"
        for figure in found:
            assert figure["theirs"] > 0
            assert figure["ratio"] == figure["ours"] / figure["theirs"]
        if live:
            readers = {figure["seen"] for figure in found if figure["seen"]}
            assert readers
            assert all(reader.startswith("missed 0, doubled 0 of ") for reader in readers)
    assert status == (0 if all(figure["met"] is not False for figure in kept["figures"]) else 1)
    assert {"cores", "python", "sqlite", "processor", "fsync"} <= kept["machine"].keys()


def test_a_peer_is_held_to_what_was_sent(tmp_path: Path) -> None:
    """The library saves the mix; the live reader beside it gets it, byte for byte."""
    place = json.dumps({"kind": "library", "directory": str(tmp_path / "peer")})
    with (
        _program("contender", "library", place, "1", str(STREAMS * 2)) as contender,
        _program("tail", place) as tail,
    ):
        assert _said(contender) == "ready"
        assert _asked(tail, "follow") == "following"
        done = json.loads(_asked(contender, "64 4"))
        assert _asked(tail, "rest") == "resting"
        seen = json.loads(_asked(tail, f"compare 64 1 {STREAMS * 2}"))

    assert done["events"] == 64
    assert seen == {"events": 64, "missed": 0, "doubled": 0, "disordered": 0, "altered": 0}


def _stored() -> list[Event]:
    commands = Mix(STREAMS).commands(3)
    events = [
        made for _, command in zip(range(STREAMS), commands, strict=False) for made in command
    ]
    return [
        Event(position, made.stream, made.version, made.entry)
        for position, made in enumerate(events, 1)
    ]


def test_what_is_stored_must_be_what_was_sent() -> None:
    """An event that is missing, too much, there twice or another one is found in any store."""
    stored = _stored()
    require_stored(stored, STREAMS, 3, STREAMS)

    more = stored[-1]._replace(position=99, version=4)
    other = stored[-1]._replace(content=stored[0].content)
    for wrong in (
        stored[:-1],
        [*stored, more],
        [*stored, stored[-1]],
        [*stored[:-1], other],
    ):
        with pytest.raises(AssertionError):
            require_stored(wrong, STREAMS, 3, STREAMS)


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        ([(1, b"a"), (2, b"b"), (3, b"c")], Seen(events=3, missed=0, doubled=0)),
        ([(1, b"a"), (3, b"c")], Seen(events=2, missed=1, doubled=0)),
        ([(1, b"a"), (2, b"b"), (2, b"b"), (3, b"c")], Seen(events=4, missed=0, doubled=1)),
        ([(1, b"a"), (3, b"c"), (2, b"b")], Seen(events=3, missed=0, doubled=0, disordered=1)),
        ([(1, b"a"), (2, b"x"), (3, b"c")], Seen(events=3, missed=0, doubled=0, altered=1)),
        (
            [(1, b"a"), (2, b"b"), (3, b"c"), (4, b"d")],
            Seen(events=4, missed=0, doubled=0, altered=1),
        ),
    ],
    ids=["perfect", "missed", "doubled", "disordered", "altered", "vanished"],
)
def test_a_live_reader_tells_what_it_did_not_get_right(
    received: list[tuple[int, bytes]], expected: Seen
) -> None:
    """Each fault that a feed can have is counted, and makes the figure a missed one."""
    seen = compared(received, {1: b"a", 2: b"b", 3: b"c"})

    assert seen == expected
    assert seen.perfect == (received == [(1, b"a"), (2, b"b"), (3, b"c")])
    figure = Figure(work="w", unit="u", ours=1, peer="p", theirs=1, at_least=1, seen=seen)
    assert figure.met == seen.perfect


def test_what_promises_nothing_is_neither_met_nor_missed() -> None:
    """A figure without a bound has no verdict, unless its live reader found a fault."""
    oriented = Figure(work="w", unit="u", ours=1, peer="p", theirs=9)
    faulty = Seen(events=2, missed=1, doubled=0)
    assert oriented.met is None
    assert oriented.promise == ""
    assert replace(oriented, seen=faulty).met is False


def test_the_readme_shows_what_was_measured(tmp_path: Path) -> None:
    """Each part has a table of the kept figures, and the text around them stays."""
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    seen = Seen(events=7, missed=0, doubled=0)
    beside = replace(PLAIN, peer="another", at_least=None, seen=seen, seen_of_peer=seen)

    met = report(
        {
            "growth": [replace(PLAIN, seen=seen), beside],
            "memory": [
                limit("time of a kind", "ms", 3, 20),
                Absent(work="size of a kind", reason="there is none"),
            ],
        },
        ABOUT,
        tmp_path,
    )
    write_readme(tmp_path, readme)

    text = readme.read_text(encoding="utf-8")
    assert not met
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "old" not in text
    ours = "50 events/s<br>missed 0, doubled 0 of 7"
    assert f"| work of a kind | {ours} | a peer | 100 | 0.5 | >= 0.6 MISSED |" in text
    assert "|  |  | another | 100<br>missed 0, doubled 0 of 7 | 0.5 |  |" in text
    assert "| time of a kind | 3 ms | limit: 20 ms | 20 | 0.15 | <= 1 met |" in text
    assert "| size of a kind | not measured | there is none |  |  |  |" in text
    assert text.index("### Growth and disk") < text.index("### Memory")


def test_a_part_that_is_measured_again_leaves_the_others(tmp_path: Path) -> None:
    """Figures of the same machine stay until their part is measured; those of another one go."""
    report({"growth": [PLAIN], "memory": [PLAIN]}, ABOUT, tmp_path)
    report({"growth": [replace(PLAIN, ours=99)]}, ABOUT | {"load_before": 2}, tmp_path)
    found = {(figure["part"], figure["ours"]) for figure in kept_in(tmp_path)["figures"]}
    assert found == {("growth", 99), ("memory", 50)}

    report({"growth": [PLAIN]}, ABOUT | {"cores": "y"}, tmp_path)
    assert [figure["part"] for figure in kept_in(tmp_path)["figures"]] == ["growth"]


def test_a_readme_without_a_place_for_figures_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written where the marks are missing."""
    report({"growth": [PLAIN]}, {}, tmp_path)
    readme = tmp_path / "README.md"
    readme.write_text("no marks\n", encoding="utf-8")

    with pytest.raises(ValueError, match="no place for the figures"):
        write_readme(tmp_path, readme)

    assert readme.read_text(encoding="utf-8") == "no marks\n"


def test_the_readme_of_this_project_has_its_place() -> None:
    """The table of the README can be written again at any time."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert text.count(BEGIN) == text.count(END) == 1


def _program(module: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _said(program: "subprocess.Popen[str]") -> str:
    assert program.stdout is not None
    return program.stdout.readline().strip()


def _asked(program: "subprocess.Popen[str]", line: str) -> str:
    assert program.stdin is not None
    program.stdin.write(f"{line}\n")
    program.stdin.flush()
    return _said(program)
