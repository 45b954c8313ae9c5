"""How pytest is run on a mutant: the project's settings, less what costs time or is left to chance."""

import os
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, settings

from support.mutation.target import Target

_ARGUMENTS = (
    "--quiet",
    "--capture=no",
    "--timeout=0",
    "--no-header",
    "--exitfirst",
    "--tb=no",
    # Libraries that are imported before pytest starts are none of the tested code.
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
    *("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:cov", "-p", "no:xdist"),
)


class _Repeatable:
    """Examples made the same way each time, none of them kept, and no search for the smallest."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """After the project's own profile is loaded, before a test module is imported."""
        settings.register_profile(
            "mutants",
            max_examples=30,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        settings.load_profile("mutants")


def session_of(target: Target, tests: Sequence[str], *plugins: object) -> int:
    """Run tests, ended by the first that fails; gives pytest's exit code."""
    os.chdir(target.root)
    return int(pytest.main([*_ARGUMENTS, *tests], plugins=[_Repeatable(), *plugins]))
