"""All benchmarks: `python -m benchmarks`, which is what `make bench` runs.

Every figure stands beside a peer or a limit that was measured in the same run. The exit status is 1
if a promise is missed.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from benchmarks import commands, feed, folding, letters, replaying
from benchmarks.measure import FULL, QUICK, Figure, Scale, machine, report
from benchmarks.processes import ROOT

PARTS: Final[dict[str, Callable[[Scale], Iterator[Figure]]]] = {
    "commands": commands.figures,
    "folding": folding.figures,
    "letters": letters.figures,
    "feed": feed.figures,
    "replaying": replaying.figures,
}


def main() -> int:
    """Measure what is asked for, print one table, keep the figures as JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the short form, under a minute")
    parser.add_argument(
        "--only", choices=tuple(PARTS), action="append", help="one part; repeatable"
    )
    parser.add_argument("--rounds", type=int, help="turns in which contenders run")
    parser.add_argument("--seconds", type=float, help="length of one run under load")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "build" / "benchmarks", help="folder of latest.json"
    )
    chosen = parser.parse_args()
    scale = QUICK if chosen.quick else FULL
    if chosen.rounds:
        scale = replace(scale, rounds=chosen.rounds)
    if chosen.seconds:
        scale = replace(scale, seconds=chosen.seconds, warm_up_s=chosen.seconds / 4)
    about = machine()
    figures: list[Figure] = []
    for name in chosen.only or PARTS:
        print(f"measuring {name}", file=sys.stderr, flush=True)
        figures += PARTS[name](scale)
    return 0 if report(figures, about, chosen.output) else 1


if __name__ == "__main__":
    sys.exit(main())
