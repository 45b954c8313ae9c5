"""The read side as it is, following a ledger that holds one letter with a long life.

Run as `python -m benchmarks.letter_server DIRECTORY EVENTS`; tells its address.
"""

import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from benchmarks.folding import LETTER_ITEMS
from benchmarks.mix import letter_entries

from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_projections.bootstrap import ProjectionsServer, open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.following.feed import FeedEntry, FeedHead


class LetterFeed:
    """A feed of all events of one letter."""

    def __init__(self, events: int) -> None:
        history = letter_entries(events, LETTER_ITEMS)
        self._entries = [FeedEntry(position, entry) for position, entry in enumerate(history, 1)]
        frontier = Frontier()
        frontier.extend([leaf_hash(entry) for entry in history])
        self._head = FeedHead(position=events, root=frontier.root().hex())
        self._never = threading.Event()

    def page(self, after: int, limit: int, wait_s: float) -> Sequence[FeedEntry]:
        """Read a page; past the end there is nothing but waiting."""
        page = self._entries[after : after + limit]
        if not page:
            self._never.wait(wait_s)
        return page

    def head(self) -> FeedHead:
        """Tell the last position."""
        return self._head

    def close(self) -> None:
        """Let nobody wait any more."""
        self._never.set()


def serve(directory: Path, events: int) -> None:
    """Serve the views of the letter until told to stop."""
    settings = ProjectionsSettings(directory=directory, port=0)
    with (
        socket.create_server(("127.0.0.1", 0), backlog=64) as listener,
        open_projections(settings, LetterFeed(events), trusting=True) as projections,
    ):
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = ProjectionsServer(projections, lambda: print(address, flush=True))
        # The server raises the signal again at its end; what is open is closed after that.
        signal.signal(signal.SIGTERM, lambda _number, _frame: None)
        server.run(sockets=[listener])


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]))
