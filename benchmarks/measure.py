"""How a figure is taken: alternating runs, medians, a ratio to a peer or limit of the same run."""

import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How long to measure; the short form tells little, but in seconds."""

    rounds: int = 5
    """Turns in which the contenders run; the median counts."""
    seconds: float = 4.0
    """Length of one run under load."""
    warm_up_s: float = 1.0
    commands: int = 6_000
    """Commands of one run without HTTP."""
    pages: int = 200
    """Pages of one run of the feed."""
    streams: int = 200
    """Streams of 100 events that are decoded and folded in one run."""
    looks: int = 200
    """Looks at the past of one letter."""


FULL = Scale()
QUICK = Scale(rounds=2, seconds=1.5, warm_up_s=0.5, commands=2_000, pages=100, streams=50, looks=50)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure beside its peer or limit."""

    work: str
    unit: str
    ours: float
    peer: str
    """What stands beside it: the name of a peer, or `limit`."""
    theirs: float
    at_least: float | None = None
    """Smallest ratio ours : theirs that the project promises."""
    at_most: float | None = None
    """Largest ratio, where less is better."""
    detail: str = ""

    @property
    def ratio(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs

    @property
    def met(self) -> bool:
        """Whether the promise is kept."""
        return (self.at_least is None or self.ratio >= self.at_least) and (
            self.at_most is None or self.ratio <= self.at_most
        )


def alternate(*contenders: Callable[[], float], runs: int) -> tuple[float, ...]:
    """Run contenders in turns and give the median of what each returned."""
    results: list[list[float]] = [[] for _ in contenders]
    for _ in range(runs):
        for place, contender in enumerate(contenders):
            results[place].append(contender())
    return tuple(statistics.median(found) for found in results)


def rate(work: Callable[[], int]) -> float:
    """Run once and give things per second of processor time.

    For work of one thread that waits for nothing: what else the machine does is left out.
    """
    began = time.process_time()
    done = work()
    return done / (time.process_time() - began)


def machine() -> dict[str, Any]:
    """Describe the machine as far as figures depend on it."""
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 2),
        "sqlite": sqlite3.sqlite_version,
        "python": platform.python_version(),
        "system": platform.system(),
        "architecture": platform.machine(),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def report(figures: list[Figure], about: dict[str, Any], folder: Path) -> bool:
    """Print one table, keep the JSON, and tell whether every promise is kept."""
    facts = ", ".join(f"{name} {value}" for name, value in about.items())
    table = Table(title="opsledger benchmarks", title_justify="left", caption=facts)
    for heading in ("work", "ours", "beside", "theirs", "ratio", "promise", ""):
        table.add_column(heading, justify="left" if heading in {"work", "beside", ""} else "right")
    for figure in figures:
        promise = (
            f">= {figure.at_least:g}"
            if figure.at_least is not None
            else f"<= {figure.at_most:g}"
            if figure.at_most is not None
            else ""
        )
        table.add_row(
            figure.work,
            f"{figure.ours:,.4g} {figure.unit}",
            figure.peer,
            f"{figure.theirs:,.4g}",
            f"{figure.ratio:,.3g}",
            promise,
            "" if not promise else "met" if figure.met else "MISSED",
        )
        if figure.detail:
            table.add_row(f"  {figure.detail}", "", "", "", "", "", "", style="dim")
    Console(width=150).print(table)
    folder.mkdir(parents=True, exist_ok=True)
    kept = {
        "machine": about,
        "figures": [
            asdict(figure) | {"ratio": figure.ratio, "met": figure.met} for figure in figures
        ],
    }
    (folder / "latest.json").write_bytes(
        orjson.dumps(kept, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    )
    return all(figure.met for figure in figures)
