"""Where the read side's time comes from; it decides only whether an API key has expired."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from opsledger_contracts.fields import instant, moment
from opsledger_projections.errors import ClockUnreadable


class Clock(Protocol):
    """Tells the present instant in the fixed text form."""

    def now(self) -> str:
        """Tell the present instant."""


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> str:
        """Tell the present instant."""
        return instant(datetime.now(UTC))


class ScriptedClock:
    """A clock that stands at the instant written in a file, as a scripted ledger's does."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> str:
        """Tell the instant in the file.

        Raises:
            ClockUnreadable: the file is missing or does not hold one instant.

        """
        try:
            return instant(moment(self._file.read_text(encoding="ascii").strip()))
        except (OSError, ValueError) as error:
            message = f"{self._file} does not hold an instant: {error}"
            raise ClockUnreadable(message) from error
