"""A ledger service that is killed and started again on the same directory, many times."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_S = 60
"""How long a start may take on a busy machine."""


class LedgerProcess:
    """The service of one directory; between its starts there is no process and no address."""

    def __init__(self, nursery: "subprocess.Popen[str]", directory: Path) -> None:
        self._nursery = nursery
        self._process_id: int | None = None
        self.directory = directory
        self.address: str | None = None
        """Host and port while the service takes requests."""
        self.first_key = "-"
        self.starts = 0

    def start(self) -> None:
        """Start the service and wait until it takes requests."""
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(f"{self.directory}\n")
        self._nursery.stdin.flush()
        address, *rest = self._line().split()
        assert address != "ended", f"the ledger did not start, exit status {rest}"
        key, process_id = rest
        if key != "-":
            self.first_key = key
        self._process_id = int(process_id)
        self.address = address.removeprefix("http://")
        self.starts += 1

    def running(self) -> bool:
        """Tell whether there is a process."""
        return self._process_id is not None

    def stop(self, number: signal.Signals) -> tuple[int, float]:
        """Send a signal and wait for the end; gives the exit status and the seconds it took."""
        assert self._process_id is not None
        began = time.monotonic()
        self.address = None
        os.kill(self._process_id, number)
        word, status = self._line().split()
        assert word == "ended"
        self._process_id = None
        return int(status), time.monotonic() - began

    def kill(self) -> None:
        """End the process without a warning."""
        status, _ = self.stop(signal.SIGKILL)
        assert status == -signal.SIGKILL

    def ends_within(self, wait_s: float, number: signal.Signals) -> bool:
        """Send a signal and tell whether the process ends in time."""
        assert self._process_id is not None
        assert self._nursery.stdout is not None
        os.kill(self._process_id, number)
        # The only line that can come while a service runs is that it has ended.
        return bool(select.select([self._nursery.stdout], [], [], wait_s)[0])

    def _line(self) -> str:
        assert self._nursery.stdout is not None
        line = self._nursery.stdout.readline()
        assert line, f"the program that starts ledgers has ended: {self._nursery.poll()}"
        return line


@contextmanager
def ledger_process(directory: Path, *faults: str) -> Iterator[LedgerProcess]:
    """Start the service of a directory, with planted faults if any; killed at the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "support.ledger_nursery", *faults],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    ) as nursery:
        ledger = LedgerProcess(nursery, directory)
        try:
            ledger.start()
            yield ledger
        finally:
            if ledger.running():
                ledger.kill()
            assert nursery.stdin is not None
            nursery.stdin.close()
            nursery.wait(timeout=START_S)
