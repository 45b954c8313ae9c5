"""A sample of the faults that `make mutants` plants one and all."""

import os
import subprocess
import sys
from typing import Final

from support.source import ROOT

SIZE: Final = 80
"""Mutants of the sample; at least one of every module."""


def test_a_sample_of_faults_in_the_rules_is_caught() -> None:
    """Of mutants drawn by a seed that follows from code and tests, 95 % and more are caught."""
    surroundings = {
        # The coverage of a gate is not to be measured in what is mutated.
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("COV", "PYTEST"))
    }
    run = subprocess.run(
        (sys.executable, "-m", "support.mutation", "--sample", str(SIZE), "--workers", "1"),
        cwd=ROOT,
        env=surroundings | {"PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        check=False,
        timeout=270,
    )
    assert run.returncode == 0, run.stdout + run.stderr
