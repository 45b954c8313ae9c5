"""The benchmarks as a user runs them, in sizes that tell nothing about speed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def measured(folder: Path, *arguments: str) -> tuple[int, str, dict[str, object]]:
    """Run some benchmarks; gives the exit status, what was printed, and what was kept."""
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", "--quick", "--rounds", "1", "--seconds", "0.2"),
            *("--output", str(folder), *arguments),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    # A missed promise and a failure both end in 1, but only the former leaves figures.
    assert (folder / "latest.json").exists(), finished.stderr
    return (
        finished.returncode,
        finished.stdout,
        json.loads((folder / "latest.json").read_bytes()),
    )


@pytest.mark.parametrize(
    ("part", "works"),
    [
        ("commands", ["commands through HTTP", "commands without HTTP", "events missed"]),
        ("folding", ["decode and fold on replay", "a letter of 800 events as of any position"]),
        ("letters", ["GET a letter of 800 events as of any position"]),
        ("feed", ["feed page of 100 entries", "feed page of 1000 entries"]),
    ],
)
def test_every_promised_figure_comes_out_beside_something(
    part: str, works: list[str], tmp_path: Path
) -> None:
    """Each part prints and keeps its figures with a ratio; the status says if one is missed."""
    status, printed, kept = measured(tmp_path, "--only", part)

    assert "opsledger benchmarks" in printed

    figures = kept["figures"]
    assert isinstance(figures, list)
    for work in works:
        found = [figure for figure in figures if figure["work"].startswith(work)]
        assert found, f"{work} is missing in {[figure['work'] for figure in figures]}"
        for figure in found:
            assert figure["theirs"] > 0
            assert figure["ratio"] == figure["ours"] / figure["theirs"]
    assert status == (0 if all(figure["met"] for figure in figures) else 1)
    assert isinstance(kept["machine"], dict)
    assert {"cores", "python", "sqlite", "processor"} <= kept["machine"].keys()


def test_a_live_subscriber_gets_every_event_once_under_load(tmp_path: Path) -> None:
    """Missed 0, doubled 0, nothing out of order and nothing altered, whatever the speed."""
    _, _, kept = measured(tmp_path, "--only", "commands")

    assert isinstance(kept["figures"], list)
    (seen,) = [each for each in kept["figures"] if each["work"].startswith("events missed")]
    assert seen["theirs"] > 0
    assert seen["ours"] == 0
