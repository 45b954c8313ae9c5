"""Counts of fault tests grow from the gate to a release, and a reported round is not run again."""

import json
from pathlib import Path

import pytest

from support.fault_counts import count, report, skip_if_reported


@pytest.mark.parametrize(
    ("cycles", "expected"),
    [(None, 20), ("60", 20), ("61", 21), ("600", 200), ("10000", 500), ("1", 20)],
)
def test_a_count_lies_between_gate_and_release(
    monkeypatch: pytest.MonkeyPatch, cycles: str | None, expected: int
) -> None:
    """It grows with the number of kills asked for, never below the gate or beyond the release."""
    if cycles is None:
        monkeypatch.delenv("OPSLEDGER_FAULT_CYCLES", raising=False)
    else:
        monkeypatch.setenv("OPSLEDGER_FAULT_CYCLES", cycles)
    assert count(20, 500) == expected


def test_a_reported_round_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long run is taken up where it stopped; the report states what the round bounds."""
    monkeypatch.setenv("OPSLEDGER_FAULT_REPORTS", str(tmp_path / "reports"))
    skip_if_reported("kill-1")
    report("kill-1", 20, acknowledged=7)
    with pytest.raises(pytest.skip.Exception):
        skip_if_reported("kill-1")
    written = json.loads((tmp_path / "reports" / "kill-1.json").read_bytes())
    assert written == {"name": "kill-1", "trials": 20, "rate_below": 0.15, "acknowledged": 7}
