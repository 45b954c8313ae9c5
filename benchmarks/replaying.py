"""Scoring one assessment of 25 items with its full tree, and studies over all published ones."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.measure import Figure, Scale, limit
from benchmarks.processes import ROOT

from opsledger_contracts.rules.scoring import score
from opsledger_projections.following.projector import Projector
from opsledger_projections.replay.runs import run_of
from opsledger_projections.replay.sensitivity import sensitivity
from opsledger_projections.replay.shadowing import shadow
from opsledger_projections.replay.sweeping import Search, sweep
from opsledger_projections.tables.port import Tables
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS

ITEMS: Final = 25
PAGE: Final = 2_000
RUNS_PER_ROUND: Final = 40


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figures of this part; times are processor time of one thread."""
    # The period is told by the same support that the tests use.
    sys.path.append(str(ROOT / "tests"))
    from support.scored_period import PERIOD, ScoredPeriod  # noqa: PLC0415 - see above

    ledger = ScoredPeriod(scale.letters, ITEMS).tell().ledger
    with tempfile.TemporaryDirectory() as folder:
        tables = SqliteTables(Path(folder) / "tables.sqlite", list(VIEWS.values()))
        projector = Projector(list(VIEWS.values()), tables)
        for page in ledger.pages(PAGE):
            projector.project(page)
        # Without its indexes, each read of a row would scan a table.
        projector.settle()
        yield from _figures(scale, tables, PERIOD)
        tables.close()


def _figures(scale: Scale, tables: Tables, period: str) -> Iterator[Figure]:
    position = tables.progress().position
    run = run_of(tables, "AS-U0000", None, position)

    def scoring() -> object:
        for _ in range(RUNS_PER_ROUND):
            score(run.inputs, run.rulebook)
        return None

    yield limit(
        f"one assessment of {ITEMS} items with its full tree",
        "ms",
        1000 * _seconds(scoring, scale.rounds) / RUNS_PER_ROUND,
        5,
    )
    for work, search in (
        (f"sweep of {scale.letters} assessments by clause", Search(clause="3.8")),
        (f"sweep of {scale.letters} assessments by superseded revision", Search(superseded=True)),
    ):

        def sweeping(search: Search = search) -> object:
            return list(sweep(tables, period, search, position))

        yield limit(work, "s", _seconds(sweeping, 2), 5)
    yield Figure(
        work=f"shadow run over {scale.letters} assessments",
        unit="s",
        ours=_seconds(lambda: list(shadow(tables, period, run.rulebook, position)), 1),
        peer="scoring them one by one",
        theirs=scale.letters * _seconds(scoring, 1) / RUNS_PER_ROUND,
    )
    yield Figure(
        work=f"sensitivity of one assessment of {ITEMS} items",
        unit="ms",
        ours=1000 * _seconds(lambda: sensitivity(tables, "AS-U0001", None, position), scale.rounds),
        peer="one score",
        theirs=1000 * _seconds(scoring, 1) / RUNS_PER_ROUND,
    )


def _seconds(work: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return median(times)
