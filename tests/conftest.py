"""What every test run shares: hypothesis profiles, and the requirements no test cites yet."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from support.citations import read_citations, read_requirements, uncited

settings.register_profile("dev", max_examples=30, deadline=None)
settings.register_profile(
    "ci",
    max_examples=200,
    deadline=None,
    derandomize=True,
    print_blob=True,
    # A shared machine is slow at times; that says nothing about the code.
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The core rows that no test cites yet, after a run of all tests."""
    if terminalreporter.config.args_source is pytest.Config.ArgsSource.ARGS:
        return
    requirements = read_requirements()
    open_rows = uncited(requirements, read_citations())
    cited = len(requirements) - len(open_rows)
    terminalreporter.section("requirements")
    terminalreporter.write_line(f"{cited} of {len(requirements)} core rows are cited by a test")
    for row in open_rows:
        terminalreporter.write_line(f"not cited: {row.id} (section {row.section}) {row.title}")
