"""Reads from a ledger where it lies: the log itself, and views built from it for the occasion."""

import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, Self

import httpx2
import msgspec

from opsledger.folders import PROJECTIONS_FOLDER, ledger_folder
from opsledger.log_feed import LogFeed
from opsledger.reader import Parameters, Unreachable, content_of, lines_of
from opsledger_ledger.bootstrap.storage import read_database
from opsledger_ledger.errors import LedgerError
from opsledger_ledger.recording.log import Log, LogInUse, RecordingError
from opsledger_ledger.recording.sqlite_log import open_log
from opsledger_ledger.recording.verification import verify
from opsledger_projections.bootstrap import open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.http.local import local_client

POLL_S: Final = 0.02

Progressed = Callable[[int, int], None]
"""Told how far the views have been built: position reached, and position of the end."""


class LogReader(ABC):
    """Reads a ledger from its log; whoever can read that needs no API key.

    Views are built in a temporary directory when the first question needs them, so that a service on
    the same log is not disturbed.
    """

    def __init__(self, progressed: Progressed) -> None:
        self._progressed = progressed
        self._open = ExitStack()
        self._client: httpx2.Client | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def get(self, path: str, parameters: Parameters) -> Any:
        """Read JSON from the read side; see `Reader.get`."""
        return content_of(self._asked().get(path, params=dict(parameters)))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Ask the read side to compute something; see `Reader.post`."""
        return content_of(self._asked().post(path, json=dict(body)))

    def study(
        self, name: str, body: Mapping[str, Any], parameters: Parameters
    ) -> Iterator[dict[str, Any]]:
        """Ask the read side for a study; see `Reader.study`."""
        path = f"/v1/studies/{name}"
        with self._asked().stream("POST", path, json=dict(body), params=dict(parameters)) as answer:
            yield from lines_of(answer)

    @abstractmethod
    def rebuild(self) -> Iterator[dict[str, Any]]:
        """Rebuild the views and compare them; see `Reader.rebuild`."""

    def verify(self) -> Iterator[dict[str, Any]]:
        """Verify the log; see `Reader.verify`."""
        # The checks at the start would refuse a damaged log; this is to tell where it is damaged.
        log = self._log(checking=False)
        total = log.head().position
        yield {"progress": {"position": 0, "head": total}}
        findings = [msgspec.to_builtins(finding) for finding in verify(log)]
        yield from ({"finding": finding} for finding in findings)
        yield {"verdict": {"sound": not findings, "findings": len(findings), "entries": total}}

    def _asked(self) -> httpx2.Client:
        if self._client is None:
            folder = Path(self._open.enter_context(tempfile.TemporaryDirectory()))
            self._client = self._read_side(self._log(), folder)
        return self._client

    def _read_side(self, log: Log, folder: Path) -> httpx2.Client:
        projections = self._open.enter_context(
            open_projections(ProjectionsSettings(directory=folder), LogFeed(log), trusting=True)
        )
        total = log.head().position
        while projections.follower.position < total:
            if projections.follower.failure is not None:
                raise Unreachable(str(projections.follower.failure))
            self._progressed(projections.follower.position, total)
            time.sleep(POLL_S)
        return local_client(projections)

    def _log(self, *, writing: bool = False, checking: bool = True) -> Log:
        try:
            log = self._opened(writing=writing, checking=checking)
        except LogInUse as error:
            raise Unreachable(
                f"{error}; ask the running service instead, without --directory"
            ) from error
        except (LedgerError, RecordingError, OSError) as error:
            raise Unreachable(str(error)) from error
        self._open.callback(log.close)
        return log

    @abstractmethod
    def _opened(self, *, writing: bool, checking: bool) -> Log:
        """Open the log."""


class DirectoryReader(LogReader):
    """Reads a ledger that lies in `directory`.

    Only `rebuild` works on the views of the directory itself, and therefore only while no service
    does.
    """

    def __init__(self, directory: Path, progressed: Progressed) -> None:
        super().__init__(progressed)
        self._directory = directory

    def rebuild(self) -> Iterator[dict[str, Any]]:
        """Rebuild the views of the directory and compare them; see `Reader.rebuild`."""
        log = self._log(writing=True)
        client = self._read_side(log, self._directory / PROJECTIONS_FOLDER)
        with client.stream("POST", "/v1/rebuild") as answer:
            yield from lines_of(answer)

    def _opened(self, *, writing: bool, checking: bool) -> Log:
        return open_log(ledger_folder(self._directory), writing=writing, checking=checking)


class DatabaseReader(LogReader):
    """Reads a ledger that lies in a schema of PostgreSQL; any role that may read it will do."""

    def __init__(self, url_file: Path, schema: str, progressed: Progressed) -> None:
        super().__init__(progressed)
        self._url_file = url_file
        self._schema = schema

    def rebuild(self) -> Iterator[dict[str, Any]]:
        """Refuse: the views of such a ledger are those of a running read side.

        Raises:
            Unreachable: always.

        """
        raise Unreachable("views are rebuilt by the read side; leave out --database-url-file")

    def _opened(self, *, writing: bool, checking: bool) -> Log:
        del writing
        url = self._url_file.read_text(encoding="utf-8").strip()
        return read_database(url, self._schema, checking=checking)
