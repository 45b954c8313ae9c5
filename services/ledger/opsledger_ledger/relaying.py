"""Putting a relay together: settings in, a process that relays or a look at the copy out."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from opsledger_ledger.bootstrap.storage import read_database
from opsledger_ledger.errors import StreamUnfit
from opsledger_ledger.feed.jetstream import connected
from opsledger_ledger.feed.relay import Relay, require_same
from opsledger_ledger.recording.log import Log
from opsledger_ledger.recording.sqlite_log import open_log
from opsledger_ledger.relay_config import RelaySettings
from opsledger_ledger.relay_health import served_health

STOP_S: Final = 3.0
"""Longest wait for the batch under way when the process is told to stop."""

Announce = Callable[[str], None]
"""Told once where health and lag are served."""


class CopyStatus(NamedTuple):
    """How a copy stands beside its ledger."""

    stream: str
    position: int
    head: int
    replicas: int
    leader: str

    @property
    def lag(self) -> int:
        """Entries of the ledger that the copy has not got yet."""
        return max(0, self.head - self.position)


def relay(settings: RelaySettings, announce: Announce) -> None:
    """Relay until the process is told to stop.

    Raises:
        ExtraMissing: the driver of the database is not installed.
        RecordingError: the log cannot be opened.
        StreamForeign: the stream holds something else than this ledger.
        StreamUnfit: the stream may lose messages, or has lost some.
        OSError: an address cannot be had, or a file cannot be read.

    """
    url = settings.nats()
    with _log(settings) as log:
        asyncio.run(
            _relay(Relay(log, url, settings.stream, replicas=settings.replicas), settings, announce)
        )


def status(settings: RelaySettings) -> CopyStatus:
    """Look at the copy without changing it.

    Raises:
        BrokerUnreachable: the broker gives no answer.
        ExtraMissing: the driver of the database is not installed.
        RecordingError: the log cannot be opened.
        StreamForeign: the stream holds something else than this ledger.
        StreamUnfit: there is no stream, or it may lose messages, or has lost some.

    """

    async def looked(log: Log) -> CopyStatus:
        async with connected(settings.nats(), settings.stream) as stream:
            copy = await stream.copy()
            if copy is None:
                raise StreamUnfit(f"there is no stream {settings.stream}")
            head = await require_same(stream, copy, log)
            return CopyStatus(settings.stream, copy.position, head, copy.replicas, copy.leader)

    with _log(settings) as log:
        return asyncio.run(looked(log))


async def _relay(running: Relay, settings: RelaySettings, announce: Announce) -> None:
    relaying = asyncio.create_task(running.run())

    def stop() -> None:
        running.stop()
        # A batch that is not answered by then is there or not; the next start asks.
        loop.call_later(STOP_S, relaying.cancel)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    with served_health(settings.host, settings.port, lambda: running.state) as address:
        announce(address)
        try:
            await relaying
        except asyncio.CancelledError:
            return


@contextmanager
def _log(settings: RelaySettings) -> Iterator[Log]:
    """Open the log for reading; no personal value is relayed, and no key of theirs is needed."""
    log: Log
    if settings.directory is not None:
        log = open_log(settings.directory, writing=False, personal_key_file=Path(os.devnull))
    else:
        log = read_database(settings.database(), settings.database_schema)
    try:
        yield log
    finally:
        log.close()
