"""Who may import whom: the rules of pyproject.toml hold, and each of them bites."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parents[2]

SKELETON = {
    "opsledger_contracts/rules/score.py": "import fractions\n",
    "opsledger_contracts/codec.py": "import msgspec\n",
    "opsledger_contracts/evidence/signature.py": "import cryptography\n",
    "opsledger_ledger/bootstrap/serving.py": "import opsledger_ledger.http.app\n",
    "opsledger_ledger/http/app.py": "import fastapi\nimport starlette\n",
    "opsledger_ledger/feed/pages.py": "",
    "opsledger_ledger/feed/jetstream.py": "import nats\n",
    "opsledger_ledger/writing/writer.py": "import opsledger_ledger.domain.letter\n",
    "opsledger_ledger/recording/log.py": (
        "import eventsourcing\nimport psycopg\nimport psycopg_pool\nimport sqlite3\n"
    ),
    "opsledger_ledger/domain/letter.py": "import opsledger_contracts.rules.score\n",
    "opsledger_projections/bootstrap.py": "",
    "opsledger_projections/http/app.py": "import fastapi\nimport starlette\n",
    "opsledger_projections/replay/run.py": "",
    "opsledger_projections/following/follower.py": "",
    "opsledger_projections/following/nats_feed.py": "import nats\n",
    "opsledger_projections/tables/store.py": "import sqlite3\n",
    "opsledger_projections/views/letter.py": "",
    "opsledger/cli.py": "import opsledger_ledger.bootstrap.serving\n",
}
"""The smallest tree that has every package the rules name, and keeps all of them."""

FAULTS = [
    ("distributions", "opsledger_ledger/feed/pages.py", "opsledger_projections.views.letter"),
    ("distributions", "opsledger_contracts/codec.py", "opsledger_ledger.domain.letter"),
    ("ledger-layers", "opsledger_ledger/domain/letter.py", "opsledger_ledger.feed.pages"),
    ("ledger-layers", "opsledger_ledger/writing/writer.py", "opsledger_ledger.http.app"),
    (
        "projections-layers",
        "opsledger_projections/views/letter.py",
        "opsledger_projections.following.follower",
    ),
    ("contracts-dependencies", "opsledger_contracts/codec.py", "orjson"),
    ("contracts-cryptography", "opsledger_contracts/codec.py", "cryptography"),
    ("pure", "opsledger_contracts/rules/score.py", "random"),
    ("pure", "opsledger_ledger/domain/letter.py", "logging"),
    ("pure", "opsledger_projections/views/letter.py", "time"),
    ("eventsourcing", "opsledger_ledger/writing/writer.py", "eventsourcing"),
    ("database", "opsledger_ledger/writing/writer.py", "sqlite3"),
    ("broker", "opsledger_ledger/feed/pages.py", "nats"),
    ("web", "opsledger_ledger/feed/pages.py", "starlette"),
    ("acyclic", "opsledger_contracts/rules/score.py", "opsledger_contracts.rules.grades"),
]
"""The rule to break, the file that breaks it, what that file must not import."""


def _plant(tree: Path) -> None:
    for name, text in SKELETON.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for package in path.relative_to(tree).parents[:-1]:
            (tree / package / "__init__.py").touch()
    (tree / "opsledger_contracts/rules/grades.py").write_text(
        "import opsledger_contracts.rules.score\n", encoding="utf-8"
    )
    shutil.copy(ROOT / "pyproject.toml", tree)


def _lint(tree: Path, rule: str | None = None) -> subprocess.CompletedProcess[str]:
    chosen = ["--contract", rule] if rule else []
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as lint; lint()",
            "--no-cache",
            *chosen,
        ],
        cwd=tree,
        # The planted tree comes before the installed packages of the same names.
        env={**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_every_import_rule_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of all four distributions keeps every rule."""
    monkeypatch.chdir(ROOT)

    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_the_planted_tree_keeps_every_rule(tmp_path: Path) -> None:
    """Without a planted fault nothing is reported, so what is reported below is the fault."""
    _plant(tmp_path)

    result = _lint(tmp_path)

    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("rule", "importer", "imported"), FAULTS)
def test_every_import_rule_bites(tmp_path: Path, rule: str, importer: str, imported: str) -> None:
    """One forbidden import breaks its rule, and the report names both ends."""
    _plant(tmp_path)
    (tmp_path / importer).write_text(f"import {imported}\n", encoding="utf-8")

    result = _lint(tmp_path, rule)

    assert result.returncode == 1
    assert "BROKEN" in result.stdout
    assert Path(importer).stem in result.stdout
    assert imported.rpartition(".")[2] in result.stdout


def test_every_import_rule_has_a_planted_fault() -> None:
    """A rule that is added without a fault of its own is not known to bite."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rules = {contract["id"] for contract in settings["tool"]["importlinter"]["contracts"]}

    assert {rule for rule, _, _ in FAULTS} == rules
