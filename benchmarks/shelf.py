"""Ledgers of a size and the tables of their views, filled once and read by several figures.

A folder that is kept from one run to the next spares the filling. What stands on the shelf is
complete: it gets its name when it is. Nobody writes to it; whoever appends is given a copy.
"""

import os
import shutil
from pathlib import Path
from typing import Final

import msgspec
from benchmarks.databases import Databases
from benchmarks.filled import filled
from benchmarks.ledgers import made_ready
from benchmarks.places import SCHEMA, Place
from benchmarks.processes import Program, running
from benchmarks.projector import Projected
from psycopg.conninfo import conninfo_to_dict

from opsledger_ledger.recording.copying import copy_log
from opsledger_ledger.recording.sqlite_log import KEY_FILE_NAME

_READ_AT_ONCE: Final = 4 * 1024 * 1024


class Shelf:
    """The ledgers and tables in a folder and on a server."""

    def __init__(self, folder: Path, server: Databases) -> None:
        self._folder = folder
        self._server = server

    def ledger(self, database: str, events: int) -> Place:
        """Give the ledger with about so many events of the mix.

        That on PostgreSQL is a copy of the other, as that of a ledger that has moved.
        """
        name = f"ledger_{events}"
        found = self._found(database, name, "ledger")
        if found is not None:
            return found
        partial = self._partial(database, name, "ledger")
        if database == "SQLite":
            filled(partial, events)
        else:
            made_ready(partial)
            copy_log(self.ledger("SQLite", events).folder, partial.url, SCHEMA)
        return self._finished(database, name, "ledger")

    def tables(self, database: str, events: int) -> Place:
        """Give the tables of all views, as far as the ledger goes."""
        ledger = self.ledger(database, events)
        name = f"views_{events}"
        found = self._found(database, name, "views")
        if found is not None:
            return found
        partial = self._partial(database, name, "views")
        with running("projector", str(ledger), str(partial)) as projector:
            asked(projector, "catch up")
        return self._finished(database, name, "views")

    def copied(self, place: Place) -> Place:
        """Copy a ledger, to be written to; in place of the copy that was made before."""
        name = _name(place)
        if not place.directory:
            copied = self._server.made(f"{name}_copy", place.kind, like=name)
            return msgspec.structs.replace(place, url=copied.url)
        copy = self._folder / f"{name}_copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(place.folder, copy)
        _synced(_files(copy))
        return Place(kind=place.kind, directory=str(copy))

    def drop(self, copy: Place) -> None:
        """Remove a copy."""
        if copy.directory:
            shutil.rmtree(copy.folder)
        else:
            self._server.drop(_name(copy))

    def warm(self, *places: Place) -> None:
        """Let the system hold the files of places in its cache, as far as its memory goes."""
        for place in places:
            for path in self._files(place):
                with path.open("rb", buffering=0) as file:
                    while file.read(_READ_AT_ONCE):
                        pass

    def cool(self, *places: Place) -> None:
        """Let the system forget the files of places, which nobody has open."""
        files = [path for place in places for path in self._files(place)]
        if all(place.directory for place in places):
            _forget(files)
        else:
            with self._server.stopped():
                _forget(files)

    def _found(self, database: str, name: str, kind: str) -> Place | None:
        if database == "SQLite":
            folder = self._folder / name
            return Place(kind=kind, directory=str(folder)) if folder.exists() else None
        if name not in self._server.names():
            return None
        place = self._server.place(name, kind)
        # A copied ledger goes on with the key of the one that it is a copy of.
        own_key = self._folder / name / KEY_FILE_NAME
        return msgspec.structs.replace(place, key_file=str(own_key)) if own_key.exists() else place

    def _partial(self, database: str, name: str, kind: str) -> Place:
        if database == "SQLite":
            folder = self._folder / f"{name}_partial"
            shutil.rmtree(folder, ignore_errors=True)
            return Place(kind=kind, directory=str(folder))
        return self._server.made(f"{name}_partial", kind)

    def _finished(self, database: str, name: str, kind: str) -> Place:
        if database == "SQLite":
            partial, folder = self._folder / f"{name}_partial", self._folder / name
            _synced(_files(partial))
            partial.rename(folder)
            return Place(kind=kind, directory=str(folder))
        self._server.settle(f"{name}_partial")
        self._server.rename(f"{name}_partial", name)
        found = self._found(database, name, kind)
        assert found is not None
        return found

    def _files(self, place: Place) -> list[Path]:
        return _files(place.folder) if place.directory else self._server.files(_name(place))


def asked(projector: Program, step: str) -> Projected:
    """Have a projector do a step; gives what came of it."""
    projector.write(step)
    return msgspec.json.decode(projector.read(), type=Projected)


def _name(place: Place) -> str:
    if place.directory:
        return place.folder.name
    return str(conninfo_to_dict(place.url)["dbname"])


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]


def _synced(files: list[Path]) -> None:
    """Write files to the disk; the system forgets only what is there."""
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def _forget(files: list[Path]) -> None:
    _synced(files)
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
