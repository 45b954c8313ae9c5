"""Runs the `opsledger` command as people do, and services as processes of their own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

START_S = 30.0
STOP_S = 15.0
COMMAND = (sys.executable, "-m", "opsledger")


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    status: int
    out: str
    err: str


def run(*arguments: object, environment: Mapping[str, str] | None = None) -> Ran:
    """Run the command to its end, 200 columns wide and without colours."""
    plain = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    ended = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | plain | dict(environment or {}),
    )
    return Ran(ended.returncode, ended.stdout, ended.stderr)


@contextmanager
def serving(*arguments: object, log: Path) -> Iterator["Serving"]:
    """Run a serving command until the block ends; its output goes to `log`."""
    with log.open("w+", encoding="utf-8") as said:
        process = subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=said,
            stderr=subprocess.STDOUT,
            env=os.environ | {"NO_COLOR": "1", "COLUMNS": "200"},
        )
        try:
            yield Serving(process, log)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(STOP_S)


@dataclass
class Serving:
    """A service that runs as a process."""

    process: subprocess.Popen[bytes]
    log: Path

    def address(self, name: str) -> str:
        """Wait until the service says where `ledger` or `read side` takes requests."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            for line in self.log.read_text(encoding="utf-8").splitlines():
                if line.startswith(name):
                    return line.removeprefix(name).split()[0]
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            time.sleep(0.05)
        raise AssertionError(self.log.read_text(encoding="utf-8"))

    def stop(self) -> int:
        """Send SIGTERM and wait for the end; gives the exit status."""
        self.process.terminate()
        return self.process.wait(STOP_S)


def wait_for_views(read_url: str, key: str, position: int) -> None:
    """Wait until the read side has reached a position."""
    deadline = time.monotonic() + START_S
    headers = {"Authorization": f"Bearer {key}"}
    told = ""
    while time.monotonic() < deadline:
        answer = httpx2.get(
            f"{read_url}/v1/views",
            params={"min_position": position},
            headers=headers,
            timeout=START_S,
        )
        if answer.status_code == 200:
            return
        told = answer.text
        time.sleep(0.1)
    raise AssertionError(told)
