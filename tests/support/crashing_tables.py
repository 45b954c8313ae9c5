"""Tables of the read side that crash while they are written."""

from typing import Any

from opsledger_projections.tables.port import Tables


class CrashingTables:
    """Tables whose `write` fails at its k-th call, before or after the commit."""

    def __init__(self, tables: Tables, crash_at: int, *, after_commit: bool) -> None:
        self._tables = tables
        self._left = crash_at
        self._after_commit = after_commit

    def write(self, *args: Any) -> None:
        """Write, unless it is time to crash."""
        self._left -= 1
        if self._left == 0 and not self._after_commit:
            raise OSError("crash before the commit")
        self._tables.write(*args)
        if self._left == 0:
            raise OSError("crash after the commit")

    def __getattr__(self, name: str) -> Any:
        """Hand everything else through."""
        return getattr(self._tables, name)
