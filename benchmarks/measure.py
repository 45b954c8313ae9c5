"""How a figure is taken: alternating runs, medians, a ratio to a peer or limit of the same run."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much to measure; the short form tells little, but in seconds."""

    rounds: int = 3
    """Turns in which the contenders run; the median counts."""
    seconds: float = 3.0
    """Length of one run under load."""
    warm_up_s: float = 1.0
    commands: int = 12_000
    """Commands of one run of the fastest contender without HTTP; slower ones get a share."""
    pages: int = 200
    """Pages of one run of the feed."""
    looks: int = 200
    """Looks at the past of one letter."""
    letters: int = 520
    """Letters that are scored, published and studied."""
    streams: int = 20_000
    """Streams of the event mix."""
    events: int = 200_000
    """Events that are folded, projected, rebuilt and read."""
    growth: int = 500_000
    """Events of the larger ledger; the smaller one has a tenth."""
    kept: Path | None = None
    """Folder in which those ledgers and their tables stay for the next run."""


FULL = Scale()
QUICK = Scale(
    rounds=1,
    seconds=0.6,
    warm_up_s=0.2,
    commands=960,
    pages=40,
    looks=30,
    letters=40,
    streams=320,
    events=8_000,
    growth=20_000,
)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader got that followed a store while it was written to."""

    events: int
    missed: int
    """Positions of the store that never came."""
    doubled: int
    """Positions that came again."""
    disordered: int = 0
    """Positions that came after a later one."""
    altered: int = 0
    """Positions whose content is another one afterwards."""

    @property
    def perfect(self) -> bool:
        """Whether every event came once, in order, with its lasting content."""
        return not (self.missed or self.doubled or self.disordered or self.altered)

    def __str__(self) -> str:
        """Tell what is asked first: how many were missed and how many came twice."""
        more = "".join(
            f", {name} {count:,}"
            for name, count in (("disordered", self.disordered), ("altered", self.altered))
            if count
        )
        return f"missed {self.missed:,}, doubled {self.doubled:,}{more} of {self.events:,}"


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
    seen: Seen | None = None
    """What a live reader got of our events in the same runs."""
    seen_of_peer: Seen | None = None
    """What a live reader got of the peer's."""
    detail: str = ""

    @property
    def ratio(self) -> float:
        """Ours over theirs."""
        return self.ours / self.theirs

    @property
    def met(self) -> bool | None:
        """Whether the promise is kept, that of the live reader included; None if there is none."""
        if self.seen is not None and not self.seen.perfect:
            return False
        if self.at_least is not None:
            return self.ratio >= self.at_least
        return None if self.at_most is None else self.ratio <= self.at_most

    @property
    def promise(self) -> str:
        """The promised bound, or nothing where the figure is for orientation."""
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """A figure that could not be taken, and why: said aloud, so that nobody takes it for met."""

    work: str
    reason: str


def limit(work: str, unit: str, ours: float, at_most: float, detail: str = "") -> Figure:
    """Hold what we need against the most that it may be."""
    return Figure(
        work=work,
        unit=unit,
        ours=ours,
        peer=f"limit: {at_most:g} {unit}",
        theirs=at_most,
        at_most=1.0,
        detail=detail,
    )


def floor(
    work: str,
    unit: str,
    ours: float,
    at_least: float,
    *,
    seen: Seen | None = None,
    detail: str = "",
) -> Figure:
    """Hold what we reach against the least that it must be."""
    return Figure(
        work=work,
        unit=unit,
        ours=ours,
        peer=f"limit: {at_least:,.0f} {unit}",
        theirs=at_least,
        at_least=1.0,
        seen=seen,
        detail=detail,
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


def wall_rate(work: Callable[[], int]) -> float:
    """Run once and give things per second of time that passes."""
    began = time.perf_counter()
    done = work()
    return done / (time.perf_counter() - began)
