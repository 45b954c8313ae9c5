"""The page for implementers in other languages says what is so."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import corpus
from support.corpus_command import export, show
from support.scoring_examples import VECTORS

PAGE = (VECTORS / "README.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_computes_the_recorded_digest() -> None:
    """From item scores to the result digest, by the standard library alone, as the page prints."""
    program = re.search(r"```python\n# walked_through\.py\n(.*?)```", PAGE, re.DOTALL)
    printed = re.search(r"It prints\n\n```text\n(.*?)```", PAGE, re.DOTALL)
    assert program is not None
    assert printed is not None
    ran = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", "-c", program[1]],
        cwd=VECTORS,
        check=True,
        capture_output=True,
        text=True,
    )
    assert ran.stdout == printed[1]


def test_every_file_of_vectors_stands_on_the_page() -> None:
    """Nobody has to guess what a file holds."""
    first, last = (int(number) for number in re.findall(r"`SR-0(\d)` … `SR-0(\d)`", PAGE)[0])
    named = {f"SR-{number:02d}" for number in range(first, last + 1)}
    named |= set(re.findall(r"`([A-Za-z]+(?:-[A-Za-z0-9]+)*)`", PAGE))
    files = {path.stem for path in VECTORS.glob("*.json")}
    assert {
        name for name in files if name not in named and name.rstrip("abc") not in named
    } == set()


def test_the_corpus_is_exported_for_other_languages(tmp_path: Path) -> None:
    """Inputs, rulebook and outcome of each assessment, with the word that is recorded for it."""
    assert export(tmp_path, [4]) == 0
    lines = (tmp_path / "assessments-004.ndjson").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    recorded = corpus.golden()[4].scores.split(" ")
    assert [row["word"] for row in rows] == recorded
    assert all((row["refused"] is None) == (row["outcome"] is not None) for row in rows)
    assert json.loads((tmp_path / "rulebook-004.json").read_bytes())["rulebook"] == "CORPUS-4"


def test_one_assessment_is_shown_with_its_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever breaks a score can look at it: inputs, recorded word, reasons."""
    word = next(word for word in corpus.golden()[4].scores.split(" ") if "/" in word)
    assert show(4, corpus.golden()[4].scores.split(" ").index(word)) == 0
    said = capsys.readouterr().out
    assert word in said.splitlines()
    assert f"grade {word.split('/')[1]}" in said
