"""The read side as a process of its own: it serves, and ends cleanly when told to."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

from opsledger_projections.config import ProjectionsSettings
from support.ledger_service import served

PROGRAM = """
import sys
from pathlib import Path
from opsledger_projections.bootstrap import serve
from opsledger_projections.config import ProjectionsSettings

settings = ProjectionsSettings(
    directory=Path(sys.argv[1]), ledger_url=sys.argv[2], ledger_key_file=Path(sys.argv[3]), port=0
)
serve(settings, lambda _projections, address: print(address, flush=True))
"""


def test_it_serves_until_sigterm(tmp_path: Path) -> None:
    """P24: reads work while it follows; SIGTERM ends it within five seconds with status 0."""
    with served(tmp_path / "ledger") as service:
        auditor = service.administrator.caller("auditor", ["auditor"])
        key_file = tmp_path / "key"
        key_file.write_text(auditor.token, encoding="ascii")
        command = [sys.executable, "-c", PROGRAM]
        arguments = [str(tmp_path / "projections"), auditor.address, str(key_file)]
        process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            position = service.ledger.log.head().position
            answer = _asked(f"{address}/v1/views/persons?min_position={position}", auditor.token)
            keys = [row["key"] for row in json.loads(answer.content)["rows"]]
            assert "auditor" in keys
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0
            assert time.monotonic() - began < 5
        finally:
            process.kill()
            _, complaints = process.communicate()
        assert "Traceback" not in complaints


def _asked(url: str, token: str) -> httpx2.Response:
    """Ask until the key itself has been projected."""
    deadline = time.monotonic() + 10
    while True:
        answer = httpx2.get(url, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 200:
            return answer
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)


@pytest.mark.parametrize("given", [{}, {"ledger_key": "a", "ledger_key_file": "b"}])
def test_the_key_of_the_feed_is_given_once(tmp_path: Path, given: dict[str, str]) -> None:
    """Neither or both ways of giving the key are refused; a key never shows in the settings."""
    settings = ProjectionsSettings(directory=tmp_path, **given)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="exactly one"):
        settings.key()
    secret = ProjectionsSettings(directory=tmp_path, ledger_key="opl_a_b")
    assert secret.key() == "opl_a_b"
    assert "opl_a_b" not in repr(secret)
