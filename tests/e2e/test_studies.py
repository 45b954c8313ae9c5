"""Studies on the command line, over the ledger of the demonstration."""

import json
from pathlib import Path

import pytest

from support.command_line import run

PAPERS = Path(__file__).parents[2] / "contracts" / "examples" / "documents"
RULEBOOK = PAPERS / "rulebook-RB-2026.1.json"


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger that `opsledger demo` keeps."""
    directory = tmp_path_factory.mktemp("studies") / "ledger"
    ran = run("demo", "--directory", directory)
    assert ran.status == 0, ran.err + ran.out
    return directory


def test_a_sweep_finds_the_second_unit(ledger: Path) -> None:
    """R159: the other subsidiary was scored on superseded terms too; its effect is computed."""
    ran = run("sweep", "--directory", ledger, "--period", "2026", "--superseded", "--effect")
    assert ran.status == 1, ran.err
    assert "A-LG-2026" in ran.out
    assert "1 of 2 published scores are affected." in ran.out
    none = run("sweep", "--directory", ledger, "--period", "2025", "--json")
    assert none.status == 0, none.err
    assert json.loads(none.out)["summary"]["scores"] == 0
    wrong = run("sweep", "--directory", ledger, "--period", "2026", "--clause", "99")
    assert wrong.status == 2
    assert "clause_not_in_rulebook" in wrong.err


def test_a_shadow_run_reads_a_document_or_a_name(ledger: Path, tmp_path: Path) -> None:
    """S4: a report with a digest to cite, watermarked; a file that is none says where."""
    by_file = run("shadow", RULEBOOK, "--directory", ledger, "--period", "2026")
    assert by_file.status == 0, by_file.err
    assert "not an official score" in by_file.out
    by_name = run("shadow", "RB-2026.1", "--directory", ledger, "--period", "2026", "--json")
    report = json.loads(by_name.out)["summary"]["report"]
    assert f"report {report}" in by_file.out
    broken = tmp_path / "broken.yaml"
    broken.write_text("rulebook: RB\n", encoding="utf-8")
    refused = run("shadow", broken, "--directory", ledger, "--period", "2026")
    assert refused.status == 2
    assert f"{broken.name}:1:1" in refused.err.replace("\n", "").replace("│", "").replace(" ", "")


def test_sensitivity_names_the_nearest_fact(ledger: Path) -> None:
    """S2: the evidence date of N01 decided the grade."""
    ran = run("sensitivity", "A-BJ-2026", "--run", 1, "--directory", ledger, "--lang", "zh")
    assert ran.status == 0, ran.err
    assert "items.N01.evidence_date 由 2026-06-08 变为 2026-06-06" in ran.out
