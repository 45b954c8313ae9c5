"""Which tests run which lines of the package, found by one run of all tests."""

import importlib
import json
import sys
from collections import defaultdict
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import coverage
import pytest

from support.mutation.forking import Outcome, forked
from support.mutation.mutants import Mutant
from support.mutation.sessions import session_of
from support.mutation.target import Target

_BEFORE: Final = "before any test: "
_IMPORTED: Final = f"{_BEFORE}importing"
_COLLECTED: Final = f"{_BEFORE}collecting "


@dataclass(kw_only=True)
class Covering:
    """The tests by module and line; how long each took; what runs before any test does.

    Durations are in seconds. Lines are texts, as in JSON. `imported` are lines that are run as the
    package is imported, `collected` those that a file of tests runs as it is imported, by file and
    module. `libraries` are the installed modules that all this needs.
    """

    tests: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    imported: dict[str, list[int]] = field(default_factory=dict)
    collected: dict[str, dict[str, list[int]]] = field(default_factory=dict)
    libraries: list[str] = field(default_factory=list)

    def of(self, mutant: Mutant) -> list[str]:
        """The tests that run the place of a mutant, quickest first."""
        lines = self.tests.get(mutant.module, {})
        found = {test for line in mutant.lines for test in lines.get(str(line), [])}
        return sorted(found, key=lambda test: (self.seconds[test], test))

    def runs_on_import(self, mutant: Mutant) -> bool:
        """Whether the function of a mutant takes part in what importing the package makes."""
        return any(line in mutant.body for line in self.imported.get(mutant.module, []))

    def makers(self, mutant: Mutant) -> list[str]:
        """Files of tests that run the function of a mutant as they are imported."""
        return [
            file
            for file, modules in self.collected.items()
            if any(line in mutant.body for line in modules.get(mutant.module, []))
        ]

    def test_files(self, module: str) -> list[str]:
        """All files of tests, those first that run most of a module."""
        counts: dict[str, int] = defaultdict(int)
        for test in self.seconds:
            counts[file_of(test)] += 0
        for tests in self.tests.get(module, {}).values():
            for test in tests:
                counts[file_of(test)] += 1
        named = f"test_{module}.py"
        return sorted(counts, key=lambda file: (not file.endswith(named), -counts[file], file))


class _Watching:
    """Tells coverage which test runs, and keeps how long each took and whether one failed."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed: list[str] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, object, object]:
        """What a file of tests makes while it is imported is a context too."""
        if isinstance(collector, pytest.Module):
            self.measured.switch_context(_COLLECTED + collector.nodeid)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """One test is one context."""
        self.measured.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Set-up, call and tear-down count together."""
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed.append(report.nodeid)


def cover(target: Target) -> Covering:
    """Run all tests once, in a process of its own.

    Raises:
        AssertionError: a test fails without any fault planted.

    """
    file = target.build / "covering.json"
    file.unlink(missing_ok=True)
    ended = forked(lambda: _measure(target, file)).wait()
    assert ended.outcome is Outcome.SURVIVED, f"the tests fail without a fault: {ended.killer}"
    return Covering(**json.loads(file.read_bytes()))


def _measure(target: Target, file: Path) -> str:
    measured = coverage.Coverage(
        data_file=None, config_file=False, include=[f"{target.folder}/*"], messages=False
    )
    watching = _Watching(measured)
    measured.start()
    measured.switch_context(_IMPORTED)
    for module in target.files():
        importlib.import_module(f"{target.package}.{module}")
    code = session_of(target, target.tests, watching)
    measured.stop()
    if code != pytest.ExitCode.OK or watching.failed:
        return " ".join(watching.failed) or f"pytest ends with {code}"
    covering = _read(measured.get_data(), target.files())
    covering.seconds = dict(watching.seconds)
    covering.libraries = sorted(
        name
        for name, module in sys.modules.items()
        if "/lib/python" in (getattr(module, "__file__", None) or "")
    )
    file.write_text(json.dumps(vars(covering)), encoding="utf-8")
    return ""


def _read(data: coverage.CoverageData, files: Mapping[str, Path]) -> Covering:
    covering = Covering()
    for module, path in files.items():
        lines = data.contexts_by_lineno(str(path))
        covering.tests[module] = {
            str(line): [test for test in tests if test and not test.startswith(_BEFORE)]
            for line, tests in lines.items()
        }
        covering.imported[module] = sorted(
            line for line, tests in lines.items() if _IMPORTED in tests
        )
        for line, tests in lines.items():
            for test in tests:
                if test.startswith(_COLLECTED):
                    made = covering.collected.setdefault(test.removeprefix(_COLLECTED), {})
                    made.setdefault(module, []).append(line)
    return covering


def file_of(test: str) -> str:
    """The file that holds a test."""
    return test.partition("::")[0]
