"""The tables that are served, and how they are changed for others while readers read."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from opsledger_projections.tables.port import Tables


class _Generation:
    """One set of tables with the number of those who read in it."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.readers = 0
        self.retired = False


class ServedTables:
    """Hands out the served tables; those replaced are closed when their last reader is done."""

    def __init__(self, tables: Tables) -> None:
        self._lock = Lock()
        self._serving = _Generation(tables)

    @contextmanager
    def reading(self) -> Iterator[Tables]:
        """Read in the tables served when the block begins, whatever is served at its end."""
        with self._lock:
            generation = self._serving
            generation.readers += 1
        try:
            yield generation.tables
        finally:
            with self._lock:
                generation.readers -= 1
                unused = generation.retired and not generation.readers
            if unused:
                generation.tables.close()

    def replace(self, tables: Tables) -> None:
        """Serve other tables from now on."""
        with self._lock:
            replaced, self._serving = self._serving, _Generation(tables)
            replaced.retired = True
            unused = not replaced.readers
        if unused:
            replaced.tables.close()

    def close(self) -> None:
        """Close the served tables; no read may be under way."""
        self._serving.tables.close()
