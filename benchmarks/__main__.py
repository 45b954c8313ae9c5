"""All benchmarks: `python -m benchmarks`, which is what `make bench` runs.

Every figure stands beside a peer or a limit that was measured in the same run. The exit status is 1
if a promise is missed.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import (
    appending,
    commands,
    feed,
    folding,
    growth,
    latency,
    letters,
    memory,
    projecting,
    relaying,
    replaying,
)
from benchmarks.machine import machine
from benchmarks.measure import FULL, QUICK, Absent, Figure, Scale
from benchmarks.processes import ROOT
from benchmarks.report import report, write_readme

PARTS: Final[dict[str, Callable[[Scale], Iterator[Figure | Absent]]]] = {
    "append-sqlite": appending.on_sqlite,
    "append-postgres": appending.on_postgres,
    "commands": commands.figures,
    "latency": latency.figures,
    "folding": folding.figures,
    "projecting": projecting.figures,
    "feed": feed.figures,
    "letters": letters.figures,
    "replaying": replaying.figures,
    "growth": growth.figures,
    "memory": memory.figures,
    "relaying": relaying.figures,
}

README: Final = ROOT / "README.md"


def main() -> int:
    """Measure what is asked for, print one table, keep the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the short form, about a minute")
    parser.add_argument(
        "--only", choices=tuple(PARTS), action="append", help="one part; repeatable"
    )
    parser.add_argument("--rounds", type=int, help="turns in which contenders run")
    parser.add_argument("--seconds", type=float, help="length of one run under load")
    parser.add_argument("--events", type=int, help="events that are projected, rebuilt and read")
    parser.add_argument(
        "--growth", type=int, help="events of the larger of two ledgers, 20,000 at least"
    )
    parser.add_argument(
        "--kept",
        type=Path,
        help="folder in which the ledgers of the part growth stay from one run to the next; of one "
        "state of the code, to be removed by hand",
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "build" / "benchmarks", help="folder of figures.json"
    )
    parser.add_argument(
        "--readme",
        action="store_true",
        help="measure nothing; write the figures of figures.json into the README",
    )
    chosen = parser.parse_args()
    if chosen.readme:
        write_readme(chosen.output, README)
        return 0
    scale = QUICK if chosen.quick else FULL
    for name in ("rounds", "seconds", "events", "growth", "kept"):
        if (value := getattr(chosen, name)) is not None:
            scale = replace(scale, **{name: value})
    if chosen.seconds:
        scale = replace(scale, warm_up_s=chosen.seconds / 4)
    about = machine(Path(tempfile.gettempdir()))
    parts: dict[str, list[Figure | Absent]] = {}
    for name in chosen.only or PARTS:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        parts[name] = []
        for figure in PARTS[name](scale):
            print(f"  {figure.work}", file=sys.stderr, flush=True)
            parts[name].append(figure)
    return 0 if report(parts, about, chosen.output) else 1


if __name__ == "__main__":
    sys.exit(main())
