"""A subscriber to the event stream in a process of its own, and what it has against the log."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.feed_check import RECORD, compared
from benchmarks.ledgers import opened_log
from benchmarks.measure import Seen
from benchmarks.places import Place
from benchmarks.processes import running
from benchmarks.submissions import TOKENS

PAGE: Final = 1_000


class Following:
    """Follows the feed from its first event on."""

    def __init__(self, stack: ExitStack, host: str, port: int, folder: Path) -> None:
        self._file = folder / "received"
        arguments = (host, str(port), TOKENS[0], str(self._file))
        self._subscriber = stack.enter_context(running("subscriber", *arguments))
        assert self._subscriber.read() == "following"

    def reach(self, position: int) -> float:
        """Wait until it has a position, and end it; gives the seconds since it connected."""
        self._subscriber.write(str(position))
        return float(self._subscriber.read())

    def seen(self, leaves: list[bytes]) -> Seen:
        """Hold what it received against the log's leaves, once it has ended."""
        received = RECORD.iter_unpack(self._file.read_bytes())
        return compared(received, dict(enumerate(leaves, 1)))


def leaves_of(place: Place) -> list[bytes]:
    """Read all leaf hashes of a log, to which nobody writes any more."""
    log = opened_log(place, writing=False)
    leaves: list[bytes] = []
    try:
        while page := log.entries(len(leaves), PAGE):
            leaves += [stored.leaf for stored in page]
    finally:
        log.close()
    return leaves
