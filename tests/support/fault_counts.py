"""How often a fault test tries, and where it writes down what it saw.

`make test` tries as often as the gate asks. For a release, `OPSLEDGER_FAULT_CYCLES` names the
number of kills (the gate has 60), and every other count grows by the same factor up to its own
release count. With `OPSLEDGER_FAULT_REPORTS`, a directory, each round writes a report and is
skipped if it is there already, so that a long run can be taken up again.
"""

import json
import os
from math import ceil
from pathlib import Path
from typing import Any

import pytest

GATE_CYCLES = 60


def count(gate: int, release: int) -> int:
    """Tell how often to try something, between its counts for the gate and for a release."""
    cycles = int(os.environ.get("OPSLEDGER_FAULT_CYCLES", GATE_CYCLES))
    return max(gate, min(release, ceil(gate * cycles / GATE_CYCLES)))


def rounds(gate: int, release: int) -> range:
    """Number the rounds in which something is tried, `gate` times in each, from 1.

    Each has a log and a report of its own, so that a long run loses no more than one of them.
    """
    return range(1, ceil(count(gate, release) / gate) + 1)


def skip_if_reported(name: str) -> None:
    """Skip a round that has been run before."""
    report = _report(name)
    if report is not None and report.exists():
        pytest.skip(f"reported in {report}")


def report(name: str, trials: int, **seen: Any) -> None:
    """Write down a round in which nothing failed.

    No failure in N trials bounds the rate of failures below 3/N at 95 %.
    """
    file = _report(name)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        content = {"name": name, "trials": trials, "rate_below": 3 / trials} | seen
        unfinished = file.with_suffix(".new")
        unfinished.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        unfinished.replace(file)


def _report(name: str) -> Path | None:
    directory = os.environ.get("OPSLEDGER_FAULT_REPORTS")
    return Path(directory) / f"{name}.json" if directory else None
