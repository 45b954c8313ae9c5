"""The command line by itself: serving in one process, reading a directory, exit statuses."""

import shutil
import signal
from pathlib import Path

import httpx2
import orjson
import pytest

from support.command_line import run, serving

KEY_MARK = "opl_"


@pytest.fixture(scope="module")
def demo_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger that `opsledger demo` keeps."""
    directory = tmp_path_factory.mktemp("demo") / "ledger"
    ran = run("demo", "--directory", directory)
    assert ran.status == 0, ran.err + ran.out
    for figure in ("94.37", "96.26", "97.50", "+1.89", "A ≤ 4", "A ≤ 6", "bit-identical", "sound"):
        assert figure in ran.out, figure
    return directory


def test_a_new_ledger_tells_its_first_key_once(tmp_path: Path) -> None:
    """The key is printed when the ledger is founded and never again; the key works."""
    ledger = ("serve", "--directory", tmp_path / "data", "--port", 0, "--read-port", 0)
    with serving(*ledger, log=tmp_path / "first.log") as first:
        url, read_url = first.address("ledger"), first.address("read side")
        said = first.log.read_text()
        key = next(word for word in said.split() if word.startswith(KEY_MARK))
        answer = httpx2.post(
            f"{url}/v1/units/HX/register",
            json={"type": "group", "name": "华翔集团", "valid_from": "2026-01-01"},
            headers={"Authorization": f"Bearer {key}", "Idempotency-Key": "first"},
        )
        assert answer.status_code == 201, answer.text
        assert httpx2.get(f"{url}/docs").status_code == 200
        assert httpx2.get(f"{read_url}/docs").status_code == 200
        assert first.stop() == 0
    with serving(*ledger, log=tmp_path / "second.log") as second:
        second.address("read side")
        assert KEY_MARK not in second.log.read_text()


def test_sigterm_with_an_open_stream_ends_cleanly(tmp_path: Path) -> None:
    """P24: an open event stream does not hold the process back."""
    with serving(
        *("serve", "--directory", tmp_path / "data", "--port", 0, "--read-port", 0),
        log=tmp_path / "serve.log",
    ) as service:
        url = service.address("ledger")
        key = next(w for w in service.log.read_text().split() if w.startswith(KEY_MARK))
        headers = {"Authorization": f"Bearer {key}"}
        issued = httpx2.post(
            f"{url}/v1/credentials/K-S/issue",
            json={
                "person": "administrator",
                "title": "reader",
                "scopes": ["auditor"],
                "secret_hash": "2" * 64,
            },
            headers=headers | {"Idempotency-Key": "issue"},
        )
        assert issued.status_code == 201, issued.text
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(5) == 0


def test_a_directory_is_read_without_a_service(demo_ledger: Path) -> None:
    """Whoever holds the files needs no key and no service."""
    listed = run("letters", "--directory", demo_ledger, "--json")
    assert listed.status == 0, listed.err
    assert [letter["id"] for letter in orjson.loads(listed.out)] == ["BJ-2026", "LG-2026"]
    shown = run("show", "BJ-2026", "--known-at", "2026-06-01", "--directory", demo_ledger)
    assert "2026-05-29" in shown.out
    explained = run("explain", "A-BJ-2026", "--run", 1, "--lang", "zh", "--directory", demo_ledger)
    assert (explained.status, "94.37" in explained.out) == (0, True)
    assert run("verify", "--directory", demo_ledger).status == 0
    assert run("rebuild", "--directory", demo_ledger).status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        pytest.param(("show", "NO-SUCH"), 2, "not_found", id="unknown letter"),
        pytest.param(("trail", "NO-SUCH"), 2, "not_found", id="unknown case"),
        pytest.param(
            ("replay", "A-BJ-2026", "--mode", "counterfactual"), 2, "overrides", id="no override"
        ),
        pytest.param(
            ("replay", "A-BJ-2026", "--mode", "counterfactual", "--override", "x"),
            2,
            "path=value",
            id="override without a value",
        ),
        pytest.param(("show", "BJ-2026", "--known-at", "9999"), 2, "known_at", id="ahead"),
        pytest.param(("replay", "A-BJ-2026", "--run", 1, "--mode", "as-of"), 1, "", id="differs"),
    ],
)
def test_each_answer_has_its_status(
    demo_ledger: Path, arguments: tuple[object, ...], status: int, word: str
) -> None:
    """0 ok, 1 a finding, 2 wrong or refused, in words and with the stable code."""
    ran = run(*arguments, "--directory", demo_ledger)
    assert ran.status == status, ran.out + ran.err
    assert word in ran.err + ran.out


def test_no_service_is_told_apart_from_a_refusal(tmp_path: Path) -> None:
    """Status 3 when nothing answers, or when a directory holds no ledger."""
    ran = run("letters", "--url", "http://127.0.0.1:9", "--key", "opl_x_y")
    assert (ran.status, "opsledger serve" in ran.err) == (3, True)
    assert run("verify", "--directory", tmp_path).status == 3


def test_a_damaged_ledger_is_found_and_located(demo_ledger: Path, tmp_path: Path) -> None:
    """An edited entry makes `verify` end with 1 and name the position and the field."""
    damaged = tmp_path / "damaged"
    shutil.copytree(demo_ledger, damaged)
    database = damaged / "ledger" / "ledger.db"
    content = database.read_bytes()
    place = content.index("明源ERP".encode())
    database.write_bytes(content[:place] + "明源EPR".encode() + content[place + 9 :])
    ran = run("verify", "--directory", damaged, "--json")
    assert ran.status == 1, ran.err
    findings = orjson.loads(ran.out)["findings"]
    assert findings[0]["position"] > 0


@pytest.mark.parametrize(
    "command",
    ["letters", "history", "show", "explain", "replay", "trail", "verify", "rebuild", "serve"],
)
def test_every_command_explains_itself(command: str) -> None:
    """`--help` ends with an example."""
    ran = run(command, "--help")
    assert ran.status == 0
    assert f"Example: opsledger {command}" in " ".join(ran.out.split())
