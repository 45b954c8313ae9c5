"""What every test run shares: hypothesis profiles, and the requirements no test cites yet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import HealthCheck, settings

from support import corpus_summary
from support.citations import read_citations, read_requirements, uncited

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["support.databases", "support.log_places", "support.storage"]

settings.register_profile("dev", max_examples=30, deadline=None)
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,
    print_blob=True,
    # A shared machine is slow at times; that says nothing about the code.
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


LONGEST_FIRST = ("faults", "mutation", "e2e", "integration", "property", "contract")
"""Folders whose files a worker must not begin when the others have nothing left to do."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, in whatever order the files of a folder are."""
    rank = {folder: number for number, folder in enumerate(LONGEST_FIRST)}
    tests = Path(__file__).parent
    items.sort(key=lambda item: rank.get(item.path.relative_to(tests).parts[0], len(rank)))


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Where a service wrote its log in one test is closed in the next one."""
    yield
    structlog.reset_defaults()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where the corpus was replayed, and, after a run of all tests, what no test cites yet."""
    replayed = list(
        corpus_summary.lines(
            told
            for outcome in ("passed", "failed", "skipped")
            for report in terminalreporter.stats.get(outcome, ())
            for told in report.user_properties
        )
    )
    if replayed:
        terminalreporter.section("golden corpus")
        for line in replayed:
            terminalreporter.write_line(line)
    if terminalreporter.config.args_source is pytest.Config.ArgsSource.ARGS:
        return
    requirements = read_requirements()
    open_rows = uncited(requirements, read_citations())
    cited = len(requirements) - len(open_rows)
    terminalreporter.section("requirements")
    terminalreporter.write_line(f"{cited} of {len(requirements)} core rows are cited by a test")
    for row in open_rows:
        terminalreporter.write_line(f"not cited: {row.id} (section {row.section}) {row.title}")
