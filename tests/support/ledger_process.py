"""A ledger service that is killed and started again on the same log, many times."""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

from support.log_places import Place

Victims = Literal["serving", "writing", "both"]
"""Which processes of a service are killed."""

START_S = 60
"""How long a start may take on a busy machine."""


class Nursery:
    """What starts services one after the other, all with the same planted faults."""

    def __init__(self, control: socket.socket, faults: tuple[str, ...]) -> None:
        theirs_asked, ours_asked = os.pipe()
        ours_told, theirs_told = os.pipe()
        message = json.dumps(faults).encode()
        socket.send_fds(control, [message], [theirs_asked, theirs_told])
        os.close(theirs_asked)
        os.close(theirs_told)
        self._asked = os.fdopen(ours_asked, "w", encoding="utf-8")
        # What was read ahead would hide from who waits for a line.
        self._told = os.fdopen(ours_told, "rb", buffering=0)

    def ask(self, settings: Mapping[str, str], environment: Mapping[str, str]) -> None:
        """Have a service started; it tells when it serves, or that it has ended."""
        self._asked.write(f"{json.dumps([settings, environment])}\n")
        self._asked.flush()

    def tells_within(self, wait_s: float) -> bool:
        """Wait until there is a line to read; tells whether there is one in time."""
        return bool(select.select([self._told], [], [], wait_s)[0])

    def told(self) -> list[str]:
        """Read the words of the next line."""
        assert self.tells_within(START_S), "a ledger neither starts nor ends"
        line = self._told.readline()
        assert line, "the program that starts ledgers has ended"
        return line.decode().split()

    def close(self) -> None:
        """Let it end; its last service has ended."""
        self._asked.close()
        self._told.close()


class _Program:
    """A process that has imported the service and forks nurseries."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        # Most of what these services do is done to them: which lines run is known from elsewhere.
        measured = {name for name in os.environ if name.startswith("COVERAGE_")}
        inherited = {name: os.environ[name] for name in os.environ.keys() - measured}
        paths = {"PYTHONPATH": str(Path(__file__).parents[1])}
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "support.ledger_nursery"],
                stdin=theirs.fileno(),
                env={**inherited, **environment, **paths},
            )

    def close(self) -> None:
        """Let it end."""
        self.control.close()
        self._process.wait(timeout=START_S)


@cache
def _program() -> _Program:
    """The program of this test process, which ends with it."""
    started = _Program({})
    atexit.register(started.close)
    return started


@contextmanager
def _nursery(faults: tuple[str, ...], environment: Mapping[str, str]) -> Iterator[Nursery]:
    """Make a nursery, by a program of its own where the environment is not that of the tests."""
    if not environment:
        with closing(Nursery(_program().control, faults)) as nursery:
            yield nursery
        return
    with (
        closing(_Program(environment)) as program,
        closing(Nursery(program.control, faults)) as nursery,
    ):
        yield nursery


class LedgerProcess:
    """The service of one log; between its starts there is no process and no address."""

    def __init__(self, nursery: Nursery, place: Place, environment: Mapping[str, str]) -> None:
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
        self._nursery.ask(self.place.settings(), self.environment)
        address, *rest = self._nursery.told()
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
        if not self._nursery.tells_within(wait_s):
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
        if self.running() and self.end_by_itself(0) is None:
            self.kill()

    def pause_writer(self) -> None:
        """Stop the process that writes, where it is."""
        os.kill(self.writer_id, signal.SIGSTOP)

    def resume_writer(self) -> None:
        """Let the process that writes go on."""
        os.kill(self.writer_id, signal.SIGCONT)

    def _ended(self) -> int:
        """Wait for the end of the process that serves; gives its exit status."""
        word, status = self._nursery.told()
        assert word == "ended"
        self._process_id = None
        return int(status)

    def ends_within(self, wait_s: float, number: signal.Signals) -> bool:
        """Send a signal and tell whether the process ends in time."""
        assert self._process_id is not None
        os.kill(self._process_id, number)
        return self.end_by_itself(wait_s) is not None


@contextmanager
def ledger_process(place: Place, *faults: str, **environment: str) -> Iterator[LedgerProcess]:
    """Start the service of a log, with planted faults if any; killed at the end."""
    with _nursery(faults, environment) as nursery:
        ledger = LedgerProcess(nursery, place, environment)
        try:
            ledger.start()
            yield ledger
        finally:
            ledger.kill_if_running()
