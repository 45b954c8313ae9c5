"""The command that measures how well the tests of a package notice faults in it."""

import argparse
import os
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from support.mutation import judged
from support.mutation.covering import cover
from support.mutation.forking import Outcome
from support.mutation.mutants import Mutant
from support.mutation.report import report_of
from support.mutation.results import Result, Results
from support.mutation.running import run
from support.mutation.target import Target

ROOT: Final = Path(__file__).resolve().parents[3]
_TOLD_EVERY_S: Final = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 where enough mutants are caught and every survivor is judged."""
    options = _parser().parse_args(arguments)
    target = Target(
        root=options.root,
        package=options.package,
        folder=options.root / options.folder,
        tests=tuple(options.tests),
        judged=options.root / options.judged,
        build=options.root / options.build,
    )
    target.build.mkdir(parents=True, exist_ok=True)
    every = list(target.mutants())
    chosen = [row for row in every if not options.module or row.module in options.module]
    state = target.state()
    name = "results.jsonl"
    if options.sample:
        seed = options.seed or state[:16]
        chosen = sample(chosen, options.sample, seed)
        name = f"sample-{os.getpid()}.jsonl"
        sys.stdout.write(f"{len(chosen)} of {len(every)} mutants, drawn with seed {seed}\n")
    results = Results(target.build / name, state)
    covering = cover(target)
    progress = _Progress(sum(row.key not in results.found for row in chosen))
    run(target, chosen, covering, results, options.workers, progress.told)
    if options.sample:
        (target.build / name).unlink(missing_ok=True)
    report = report_of(
        target, every, [results.found[row.key] for row in chosen], judged.read(target.judged)
    )
    return int(not report.passes(whole=len(chosen) == len(every)))


def sample(mutants: Sequence[Mutant], size: int, seed: str) -> list[Mutant]:
    """Some mutants, spread evenly over each module: at least one of every module."""
    chance = random.Random(seed)
    by_module: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        by_module[mutant.module].append(mutant)
    return [
        mutant
        for rows in by_module.values()
        for mutant in chance.sample(rows, max(1, round(size * len(rows) / len(mutants))))
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT)
    parser.add_argument("--package", default="opsledger_contracts.rules")
    parser.add_argument("--folder", default="contracts/opsledger_contracts/rules")
    parser.add_argument("--tests", nargs="+", default=_tests())
    parser.add_argument("--judged", default="tests/mutation/survivors.toml")
    parser.add_argument("--build", default="build/mutation")
    parser.add_argument("--module", nargs="*", default=(), help="only these modules")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants, drawn at random")
    parser.add_argument("--seed", help="for the sample; else it follows from package and tests")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    return parser


def _tests() -> list[str]:
    properties = sorted((ROOT / "tests/property").glob("test_rules_*.py"))
    return [
        "tests/unit/rules",
        "tests/unit/documents/test_matrix.py",
        *(path.relative_to(ROOT).as_posix() for path in properties),
    ]


class _Progress:
    """Says now and then how far the run is, and how long the rest will take."""

    def __init__(self, total: int) -> None:
        self.total, self.counts = total, Counter[Outcome]()
        self.since = self.last = time.monotonic()
        # The run closes the usual way out in the processes that it forks.
        self.out = os.fdopen(os.dup(sys.stderr.fileno()), "w", buffering=1)

    def told(self, result: Result) -> None:
        """Take note of one more."""
        self.counts[result.outcome] += 1
        now = time.monotonic()
        done = sum(self.counts.values())
        if now - self.last >= _TOLD_EVERY_S or done == self.total:
            self.last = now
            left = (now - self.since) / done * (self.total - done)
            said = ", ".join(f"{count} {outcome}" for outcome, count in self.counts.items())
            self.out.write(f"{done} of {self.total}: {said}; {left / 60:.1f} min left\n")


if __name__ == "__main__":
    sys.exit(main())
