"""A piece of work in a process of its own, forked from this one, with bounds on what it may use."""

import os
import resource
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_MEMORY_BYTES: Final = 4 << 30
_WAIT_S: Final = 600
"""How long bounded work may take by the clock; the bound on its own time is far below."""
_KILLED: Final = 1
_BROKEN: Final = 2
_READ_BYTES: Final = 1 << 16


class Outcome(StrEnum):
    """What became of a mutant: a test failed, ran too long or crashed; or all passed, or none ran.

    `REFUSED` is no outcome: the mutant could not be planted by this way.
    """

    KILLED = "killed"
    TIMED_OUT = "timed out"
    CRASHED = "crashed"
    SURVIVED = "survived"
    NOT_RUN = "not run"
    REFUSED = "refused"


@dataclass(frozen=True)
class Ended:
    """How a process ended: `killer` is the test that failed, empty where none did."""

    outcome: Outcome
    killer: str = ""


class Refused(Exception):
    """A mutant cannot be planted by this way."""


@dataclass(frozen=True)
class Forked:
    """A process under way."""

    pid: int
    answer: int

    def wait(self) -> Ended:
        """Wait for its end."""
        return self.ended(os.waitpid(self.pid, 0)[1])

    def ended(self, status: int) -> Ended:
        """How it ended, by the status that waiting for it gave."""
        text = os.read(self.answer, _READ_BYTES).decode()
        os.close(self.answer)
        if os.WIFSIGNALED(status):
            timed_out = os.WTERMSIG(status) in {signal.SIGXCPU, signal.SIGALRM, signal.SIGKILL}
            return Ended(Outcome.TIMED_OUT if timed_out else Outcome.CRASHED)
        match os.WEXITSTATUS(status):
            case 0:
                return Ended(Outcome.SURVIVED)
            case code if code == _KILLED:
                return Ended(Outcome.KILLED, text)
            case code if code == _BROKEN:
                return Ended(Outcome.REFUSED, text)
        return Ended(Outcome.CRASHED, text)


def forked(work: Callable[[], str], seconds: float | None = None) -> Forked:
    """Start work that answers with the name of the test that failed, empty where none did.

    `seconds` bounds the processor time. What it prints goes nowhere.
    """
    sys.stdout.flush()
    answer, own = os.pipe()
    pid = os.fork()
    if pid:
        os.close(own)
        return Forked(pid, answer)
    code = _BROKEN
    try:
        _silence()
        if seconds is not None:
            _bound(seconds)
        killer = work()
        os.write(own, killer.encode()[:_READ_BYTES])
        code = _KILLED if killer else 0
    except Refused as refused:
        os.write(own, str(refused).encode()[:_READ_BYTES])
    except BaseException as error:  # noqa: BLE001 - whatever it is, the process ends here
        with suppress(OSError):
            os.write(own, repr(error).encode()[:_READ_BYTES])
        code = _BROKEN + 1
    finally:
        os._exit(code)


def _bound(seconds: float) -> None:
    signal.alarm(_WAIT_S)
    whole = int(seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
