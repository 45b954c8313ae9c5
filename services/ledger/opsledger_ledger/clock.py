"""Where the ledger's time comes from: the machine's clock, or a file that scripts it.

A ledger is founded with one kind of clock and believes no other: what a demonstration recorded
under a scripted time can never pass for what a machine's clock has seen.
"""

from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import ClassVar, Final, Literal, Protocol

from opsledger_contracts.fields import instant, moment
from opsledger_contracts.problems.general import ClockBehind
from opsledger_ledger.errors import ClockUnreadable

ClockKind = Literal["system", "scripted"]

CLOCK_STEP_S: Final = 1
"""How far a clock may be set back and be taken as standing still; beyond, nothing is written."""


class Clock(Protocol):
    """Tells the present instant in the fixed text form."""

    kind: ClassVar[ClockKind]

    def now(self) -> str:
        """Tell the present instant."""


class SystemClock:
    """The machine's clock, in UTC; it may be set back, which is for the reader to notice."""

    kind: ClassVar[ClockKind] = "system"

    def now(self) -> str:
        """Tell the present instant."""
        return instant(datetime.now(UTC))


class ScriptedClock:
    """A clock that stands at the instant written in a file, and never goes back.

    Raises:
        ClockUnreadable: the file is missing or does not hold one instant.

    """

    kind: ClassVar[ClockKind] = "scripted"

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        self._latest = self._read()

    def now(self) -> str:
        """Tell the instant in the file, or the latest one seen if the file went back.

        Raises:
            ClockUnreadable: the file is missing or does not hold one instant.

        """
        with self._lock:
            self._latest = max(self._latest, self._read())
            return self._latest

    def _read(self) -> str:
        try:
            text = self._file.read_text(encoding="ascii").strip()
            return instant(moment(text))
        except (OSError, ValueError) as error:
            message = f"{self._file} does not hold an instant: {error}"
            raise ClockUnreadable(message) from error


def instant_of_recording(clock: Clock, latest: str) -> str:
    """Tell the instant under which to record next; `latest` is that of the last entry.

    Raises:
        ClockBehind: the clock was set back before the last entry.

    """
    now = clock.now()
    if now >= latest:
        return now
    if (moment(latest) - moment(now)).total_seconds() > CLOCK_STEP_S:
        raise ClockBehind(now=now, found=latest)
    return latest
