"""The files of the tables in their directory: the served generation, and the next one being built.

`current` names the file that is served and is replaced as a whole, so that after a crash at any
moment either the old or the new tables are served.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from opsledger_projections.tables.port import Tables
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.view import View

_POINTER: Final = "current"
_FIRST: Final = "tables-1.sqlite"


class SqliteGenerations:
    """The table files of `views` in a directory, which is made if it is not there."""

    def __init__(self, directory: Path, views: Sequence[View]) -> None:
        self._directory = directory
        self._views = views
        directory.mkdir(parents=True, exist_ok=True)

    def open(self) -> SqliteTables:
        """Open the served tables; tables made by other versions of the views give way to new ones.

        New tables are empty, or as far as an interrupted rebuild has come.
        """
        tables = SqliteTables(self._directory / self._current(), self._views)
        if not tables.stale:
            return tables
        tables.close()
        following = self.open_next(parted=False)
        self.switch(following)
        return following

    def open_next(self, *, parted: bool) -> SqliteTables:
        """Open the tables that will take the place of the served ones, to go on building them."""
        number = int(self._current().removeprefix("tables-").removesuffix(".sqlite"))
        path = self._directory / f"tables-{number + 1}.sqlite"
        tables = SqliteTables(path, self._views)
        if tables.stale or (tables.parts() and not parted):
            tables.close()
            _remove(path)
            tables = SqliteTables(path, self._views)
        return tables

    def switch(self, tables: Tables) -> None:
        """Let the directory serve these tables from now on."""
        assert isinstance(tables, SqliteTables)
        replaced = self._directory / self._current()
        pointer = self._directory / f"{_POINTER}.new"
        pointer.write_text(tables.path.name, encoding="ascii")
        pointer.replace(self._directory / _POINTER)
        # Readers that are still in the replaced file keep it open until they are done.
        _remove(replaced)

    def close(self) -> None:
        """Hold nothing beside the tables themselves; see `Generations.close`."""

    def _current(self) -> str:
        pointer = self._directory / _POINTER
        return pointer.read_text(encoding="ascii").strip() if pointer.exists() else _FIRST


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
