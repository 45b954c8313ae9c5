"""A ledger service that is killed and started again on the same log, many times."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from support.log_places import Place

Victims = Literal["serving", "writing", "both"]
"""Which processes of a service are killed."""

START_S = 60
"""How long a start may take on a busy machine."""


class LedgerProcess:
    """The service of one log; between its starts there is no process and no address."""

    def __init__(
        self, nursery: "subprocess.Popen[str]", place: Place, environment: Mapping[str, str]
    ) -> None:
        self._nursery = nursery
        self._process_id: int | None = None
        self.writer_id = 0
        """Process that writes, while the service runs."""
        self.place = place
        self.environment = dict(environment)
        """What the service has in its environment from its next start on."""
        self.address: str | None = None
        """Host and port while the service takes requests."""
        self.first_key = "-"
        self.starts = 0

    def start(self) -> None:
        """Start the service and wait until it takes requests."""
        status = self.attempt()
        assert status is None, f"the ledger did not start, exit status {status}"

    def attempt(self) -> int | None:
        """Start the service; gives its exit status if it ends before it takes requests."""
        assert self._nursery.stdin is not None
        line = json.dumps([self.place.settings(), self.environment])
        self._nursery.stdin.write(f"{line}\n")
        self._nursery.stdin.flush()
        address, *rest = self._line().split()
        if address == "ended":
            return int(rest[0])
        key, process_id, writer_id = rest
        if key != "-":
            self.first_key = key
        self._process_id, self.writer_id = int(process_id), int(writer_id)
        self.address = address.removeprefix("http://")
        self.starts += 1
        return None

    def end_by_itself(self, wait_s: float) -> int | None:
        """Wait for the service to end; gives its exit status, or None if it still runs."""
        assert self._nursery.stdout is not None
        if not select.select([self._nursery.stdout], [], [], wait_s)[0]:
            return None
        self.address = None
        return self._ended()

    def running(self) -> bool:
        """Tell whether there is a process."""
        return self._process_id is not None

    def stop(self, number: signal.Signals) -> tuple[int, float]:
        """Send a signal and wait for the end; gives the exit status and the seconds it took."""
        assert self._process_id is not None
        began = time.monotonic()
        self.address = None
        os.kill(self._process_id, number)
        return self._ended(), time.monotonic() - began

    def kill(self, victims: Victims = "both") -> None:
        """End the service without a warning: all of it, or one of its two processes."""
        assert self._process_id is not None
        self.address = None
        if victims != "serving":
            os.kill(self.writer_id, signal.SIGKILL)
        if victims != "writing":
            os.kill(self._process_id, signal.SIGKILL)
        # Who serves goes by itself when nobody writes any more, and says that it has failed.
        assert self._ended() in ({1} if victims == "writing" else {-signal.SIGKILL})

    def kill_if_running(self) -> None:
        """End the service without a warning, if it has not ended by itself."""
        if self.end_by_itself(0) is None:
            self.kill()

    def pause_writer(self) -> None:
        """Stop the process that writes, where it is."""
        os.kill(self.writer_id, signal.SIGSTOP)

    def resume_writer(self) -> None:
        """Let the process that writes go on."""
        os.kill(self.writer_id, signal.SIGCONT)

    def _ended(self) -> int:
        """Wait for the end of the process that serves; gives its exit status."""
        word, status = self._line().split()
        assert word == "ended"
        self._process_id = None
        return int(status)

    def ends_within(self, wait_s: float, number: signal.Signals) -> bool:
        """Send a signal and tell whether the process ends in time."""
        assert self._process_id is not None
        os.kill(self._process_id, number)
        return self.end_by_itself(wait_s) is not None

    def _line(self) -> str:
        assert self._nursery.stdout is not None
        line = self._nursery.stdout.readline()
        assert line, f"the program that starts ledgers has ended: {self._nursery.poll()}"
        return line


@contextmanager
def ledger_process(place: Place, *faults: str, **environment: str) -> Iterator[LedgerProcess]:
    """Start the service of a log, with planted faults if any; killed at the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "support.ledger_nursery", *faults],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment | {"PYTHONPATH": str(Path(__file__).parents[1])},
    ) as nursery:
        ledger = LedgerProcess(nursery, place, environment)
        try:
            ledger.start()
            yield ledger
        finally:
            if ledger.running():
                ledger.kill_if_running()
            assert nursery.stdin is not None
            nursery.stdin.close()
            nursery.wait(timeout=START_S)
