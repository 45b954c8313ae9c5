"""Every mutant against the tests that may see it, several at a time."""

import gc
import importlib
import os
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

import pytest
from _pytest.runner import runtestprotocol

from support.mutation.covering import Covering, file_of
from support.mutation.forking import Ended, Forked, Outcome, forked
from support.mutation.mutants import Mutant
from support.mutation.planting import exchange, import_faulty
from support.mutation.results import Result, Results
from support.mutation.sessions import session_of
from support.mutation.target import Target

_PATIENCE: Final = 5
"""How many times longer than without a fault the tests may take."""
_LEAST_S: Final = 5
_LIKELY_FILES: Final = 2
_ALIVE: Final = frozenset({Outcome.SURVIVED, Outcome.NOT_RUN})


@dataclass(frozen=True)
class _Job:
    """A mutant, and the tests or files of tests that it is still to meet, in turn."""

    mutant: Mutant
    stages: tuple[tuple[str, ...], ...]


def run(
    target: Target,
    chosen: Sequence[Mutant],
    covering: Covering,
    results: Results,
    workers: int,
    told: Callable[[Result], None],
) -> None:
    """Find out about all chosen mutants that have no result yet, first those never caught."""
    for known in (False, True):
        part = [row for row in chosen if (row.key in results.killers) is known]
        part = [row for row in part if row.key not in results.found]
        quick = [row for row in part if row.body and not covering.runs_on_import(row)]
        if quick:
            warm = _Warm(target, quick, covering, results, workers, told)
            ended = forked(partial(_collect, target, warm)).wait()
            assert ended.outcome is Outcome.SURVIVED, f"tests cannot be collected: {ended.killer}"
            results.reread()
            for row in quick:
                if row.key in results.found:
                    told(results.found[row.key])
        left = [row for row in part if row.key not in results.found]
        _cold(target, left, covering, results, workers, told)


def _collect(target: Target, plugin: object) -> str:
    code = session_of(target, target.tests, plugin)
    return "" if code == pytest.ExitCode.OK else f"pytest ends with {code}"


class _Warm:
    """Collects all tests once; each mutant then is a fork of the process that did."""

    def __init__(
        self,
        target: Target,
        mutants: Sequence[Mutant],
        covering: Covering,
        results: Results,
        workers: int,
        told: Callable[[Result], None],
    ) -> None:
        self.target, self.mutants, self.covering = target, mutants, covering
        self.results, self.workers, self.told = results, workers, told
        self.recent: dict[tuple[str, str], list[str]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of all tests, once: for each mutant, those that see it."""
        assert not session.testsfailed, "a test module cannot be imported"
        items = {item.nodeid: item for item in session.items}
        _forget_caches(self.target)
        gc.collect()
        gc.freeze()

        def start(job: _Job) -> Forked:
            tests = self._ordered(job)
            bound = _LEAST_S + _PATIENCE * sum(self.covering.seconds[test] for test in tests)
            return forked(
                lambda: _meet(self.target, job.mutant, [items[test] for test in tests]), bound
            )

        def done(job: _Job, ended: Ended, seconds: float) -> None:
            again = ended.outcome in _ALIVE and self.covering.makers(job.mutant)
            if again or ended.outcome is Outcome.REFUSED:
                return
            if ended.killer:
                place = (job.mutant.module, job.mutant.function)
                self.recent.setdefault(place, []).append(ended.killer)
            _keep(self.results, self.told, job.mutant, ended, seconds)

        jobs = []
        for mutant in self.mutants:
            tests = tuple(self.covering.of(mutant))
            if tests:
                jobs.append(_Job(mutant, (tests,)))
            else:
                done(_Job(mutant, ()), Ended(Outcome.NOT_RUN), 0)
        _pooled(jobs, self.workers, start, done)
        return True

    def _ordered(self, job: _Job) -> list[str]:
        """The tests that see a mutant, first those that caught it, or others of its function."""
        tests = job.stages[0]
        place = (job.mutant.module, job.mutant.function)
        hints = [
            self.results.killers.get(job.mutant.key, ""),
            *reversed(self.recent.get(place, [])),
        ]
        seen = set(tests)
        return list(dict.fromkeys([*(hint for hint in hints if hint in seen), *tests]))


def _forget_caches(target: Target) -> None:
    """Empty what functions remembered while tests were collected."""
    for name, module in list(sys.modules.items()):
        if name.startswith(target.package.partition(".")[0]):
            for value in vars(module).values():
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def _meet(target: Target, mutant: Mutant, items: Sequence[pytest.Item]) -> str:
    exchange(target, mutant)
    for item, following in zip(items, [*items[1:], None], strict=True):
        if any(row.failed for row in runtestprotocol(item, nextitem=following, log=False)):
            return item.nodeid
    return ""


class _First:
    """Remembers the first test that failed, or the file that could not even be imported."""

    def __init__(self) -> None:
        self.failed = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Any phase counts."""
        if report.failed:
            self.failed = self.failed or report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A fault can stop the import."""
        if report.failed:
            self.failed = self.failed or report.nodeid


def _cold(
    target: Target,
    mutants: Sequence[Mutant],
    covering: Covering,
    results: Results,
    workers: int,
    told: Callable[[Result], None],
) -> None:
    """Mutants that are seen only by those who import the package anew: likely tests first."""
    caught: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for library in covering.libraries:
        # What all of them need is loaded once, here, before they part.
        with suppress(ImportError):
            importlib.import_module(library)

    def start(job: _Job) -> Forked:
        files = job.stages[0]
        expected = sum(
            seconds for test, seconds in covering.seconds.items() if file_of(test) in files
        )
        return forked(lambda: _import(target, job.mutant, files), _LEAST_S + _PATIENCE * expected)

    def done(job: _Job, ended: Ended, seconds: float) -> _Job | None:
        if ended.outcome is Outcome.SURVIVED and len(job.stages) > 1:
            return _Job(job.mutant, job.stages[1:])
        if ended.killer:
            for kin in _kin(job.mutant):
                caught[kin][file_of(ended.killer)] += 1
        _keep(results, told, job.mutant, ended, seconds)
        return None

    jobs = (_Job(row, _stages(row, covering, results, caught)) for row in mutants)
    _pooled(jobs, workers, start, done)


def _kin(mutant: Mutant) -> tuple[tuple[str, ...], ...]:
    """Under what mutants are alike, closest first: a class's fields, or a module's tables."""
    kind = "class" if mutant.function else "module"
    return ((mutant.module, mutant.function), (mutant.module, kind), (kind,))


def _stages(
    mutant: Mutant,
    covering: Covering,
    results: Results,
    caught: Mapping[tuple[str, ...], Counter[str]],
) -> tuple[tuple[str, ...], ...]:
    """Files of tests: those that probably catch the mutant, one by one, then all others."""
    if mutant.body and not covering.runs_on_import(mutant):
        # All other tests have met it already.
        return (tuple(covering.makers(mutant) or covering.test_files(mutant.module)),)
    files = covering.test_files(mutant.module)
    hint = file_of(results.killers.get(mutant.key, ""))
    usual = [file for kin in _kin(mutant) for file, _ in caught[kin].most_common(1)]
    likely = [hint] if hint in files else list(dict.fromkeys([*usual, *files[:_LIKELY_FILES]]))
    rest = tuple(file for file in files if file not in likely)
    return (*((file,) for file in likely), rest)


def _import(target: Target, mutant: Mutant, files: Sequence[str]) -> str:
    first = _First()
    import_faulty(target, mutant)
    code = session_of(target, files, first)
    return first.failed or ("" if code == pytest.ExitCode.OK else f"pytest ends with {code}")


def _keep(
    results: Results,
    told: Callable[[Result], None],
    mutant: Mutant,
    ended: Ended,
    seconds: float,
) -> None:
    result = Result(
        key=mutant.key,
        module=mutant.module,
        outcome=ended.outcome,
        killer=ended.killer,
        seconds=round(seconds, 3),
    )
    results.add(result)
    told(result)


def _pooled(
    jobs: Iterable[_Job],
    workers: int,
    start: Callable[[_Job], Forked],
    done: Callable[[_Job, Ended, float], _Job | None],
) -> None:
    """Do jobs, so many at a time; one that is done may ask for another."""
    under_way: dict[int, tuple[_Job, Forked, float]] = {}
    follow_ups: deque[_Job] = deque()

    def begin(job: _Job) -> None:
        process = start(job)
        under_way[process.pid] = (job, process, time.monotonic())

    def end() -> None:
        pid, status = os.waitpid(-1, 0)
        job, process, since = under_way.pop(pid)
        follow_up = done(job, process.ended(status), time.monotonic() - since)
        if follow_up is not None:
            follow_ups.append(follow_up)

    for job in jobs:
        while len(under_way) >= workers:
            end()
        while follow_ups and len(under_way) < workers:
            begin(follow_ups.popleft())
        while len(under_way) >= workers:
            end()
        begin(job)
    while under_way or follow_ups:
        while follow_ups and len(under_way) < workers:
            begin(follow_ups.popleft())
        end()
