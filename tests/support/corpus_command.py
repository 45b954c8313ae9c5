"""``make corpus``: replays the whole golden corpus in the whole matrix, adds to it, exports it.

``replay`` computes every block in every leg and writes a report as JSON, from which it goes on when
it is started again; with ``--blocks`` above the golden ones, further blocks are held against the
first leg. ``write`` adds blocks that are not there yet. ``export`` writes inputs, rulebooks and
outcomes as files for implementations in other languages. ``show`` prints one assessment.
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import msgspec

from opsledger_contracts.canonical import canonical
from opsledger_contracts.rules.explanation import render
from support import corpus
from support.corpus import Block
from support.corpus_matrix import (
    CACHE,
    Leg,
    Unprepared,
    interpreters,
    legs,
    locales,
    misplaced,
    run,
)
from support.source import ROOT

REPORT: Final = CACHE / "report.json"
TOLD_MAX: Final = 20
"""Departures of one leg that are printed."""


class LegReport(msgspec.Struct, kw_only=True):
    """What one leg computed."""

    blocks: int
    assessments: int
    departures: list[str]


class Report(msgspec.Struct, kw_only=True):
    """A replay of the corpus; `code` is a digest over the rules and the corpus it is of."""

    code: str
    blocks: int
    legs: dict[str, LegReport] = {}
    not_tried: dict[str, str] = {}
    """Why interpreters that were found could not be used."""


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def replay(blocks: int) -> int:
    """Compute blocks in every leg of every interpreter; 0 if all gave the same as recorded."""
    report = _report(blocks)
    wanted: list[Leg] = []
    for interpreter in interpreters():
        ready = legs(interpreter)
        try:
            run(ready[0], [0])
        except Unprepared as reason:
            report.not_tried[interpreter.version] = str(reason)
            continue
        wanted += ready
    _say(f"{blocks * corpus.ASSESSMENTS} assessments in {len(wanted)} legs; locales {locales()}")
    for version, why in report.not_tried.items():
        _say(f"NOT TRIED: CPython {version}: {why}")
    expected = corpus.golden()
    further = [block for block in range(blocks) if block not in expected]
    if further:
        expected |= {block.block: block for block in run(wanted[0], further).blocks}
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for leg, told in zip(
            wanted, pool.map(lambda leg: _leg(leg, blocks, expected, report), wanted), strict=True
        ):
            report.legs[str(leg)] = told
            REPORT.parent.mkdir(parents=True, exist_ok=True)
            REPORT.write_bytes(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
            _say(f"{'ok' if not told.departures else 'DIFFERS':8}{leg}")
            for line in told.departures[:TOLD_MAX]:
                _say(f"        {line}")
    red = sum(bool(row.departures) for row in report.legs.values())
    _say(f"{len(report.legs) - red} legs agree, {red} differ; {REPORT}")
    return 1 if red else 0


def _leg(leg: Leg, blocks: int, expected: dict[int, Block], report: Report) -> LegReport:
    done = report.legs.get(str(leg))
    if done is not None:
        return done
    ran = run(leg, range(blocks))
    departures = misplaced(leg, ran.place)
    for block in ran.blocks:
        departures += corpus.departures(expected[block.block], block)
    return LegReport(
        blocks=len(ran.blocks),
        assessments=len(ran.blocks) * corpus.ASSESSMENTS,
        departures=departures,
    )


def _report(blocks: int) -> Report:
    """The report of the run that was interrupted, if it was of the same code; else a new one."""
    code = hashlib.sha256()
    for folder, pattern in (
        ("contracts/opsledger_contracts", "**/*.py"),
        ("contracts/vectors/corpus", "*.ndjson"),
        ("tests/support", "corpus*.py"),
    ):
        for path in sorted((ROOT / folder).glob(pattern)):
            code.update(path.read_bytes())
    fresh = Report(code=code.hexdigest(), blocks=blocks)
    if not REPORT.exists():
        return fresh
    found = msgspec.json.decode(REPORT.read_bytes(), type=Report)
    return found if (found.code, found.blocks) == (fresh.code, blocks) else fresh


def write(blocks: int) -> int:
    """Add the blocks that are not recorded yet, and touch no other line."""
    recorded = corpus.golden()
    corpus.GOLDEN.parent.mkdir(parents=True, exist_ok=True)
    with corpus.GOLDEN.open("a", encoding="ascii") as file:
        for block in range(blocks):
            if block not in recorded:
                file.write(corpus.line_of(corpus.compute(block)))
    return 0


def export(folder: Path, blocks: Sequence[int]) -> int:
    """Write blocks as files: a rulebook, and a line per assessment with inputs and outcome."""
    folder.mkdir(parents=True, exist_ok=True)
    for block in blocks:
        rulebook = corpus.rulebook_of(block)
        (folder / f"rulebook-{block:03d}.json").write_bytes(canonical(rulebook))
        with (folder / f"assessments-{block:03d}.ndjson").open("wb") as file:
            for place in range(corpus.ASSESSMENTS):
                found = corpus.assessed(block, place, rulebook)
                row = {"place": place, "inputs": found.inputs, "word": found.word}
                row |= {"refused": found.refused, "outcome": found.outcome}
                file.write(canonical(row) + b"\n")
    _say(f"{len(blocks)} rulebooks and {len(blocks) * corpus.ASSESSMENTS} assessments in {folder}")
    return 0


def show(block: int, place: int) -> int:
    """Print one assessment: what it was computed from, what it gave, and why."""
    found = corpus.assessed(block, place, corpus.rulebook_of(block))
    _say(msgspec.json.format(canonical(found.inputs)).decode())
    _say(found.word)
    if found.outcome is not None:
        _say("\n".join(render(found.outcome.tree, "en")))
    return 0


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(prog="make corpus", description="the golden corpus")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("replay", "write"):
        commands.add_parser(name).add_argument("--blocks", type=int, default=corpus.BLOCKS)
    exported = commands.add_parser("export")
    exported.add_argument("folder", type=Path)
    exported.add_argument("--blocks", type=int, default=corpus.BLOCKS)
    shown = commands.add_parser("show")
    shown.add_argument("block", type=int)
    shown.add_argument("place", type=int)
    asked = parser.parse_args(arguments)
    match asked.command:
        case "replay":
            return replay(asked.blocks)
        case "write":
            return write(asked.blocks)
        case "export":
            return export(asked.folder, range(asked.blocks))
        case _:
            return show(asked.block, asked.place)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
