"""What tells how the served views stand to the ledger, whoever projects them."""

import threading
from abc import ABC, abstractmethod

import structlog

from opsledger_projections.errors import ProjectionsError

_log = structlog.get_logger()


class Standing(ABC):
    """A loop on a thread of its own: it projects, or watches tables that others project into."""

    def __init__(self, name: str) -> None:
        """`name` is that of the thread."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.failure: ProjectionsError | None = None
        """What stopped the loop; None while it runs."""
        self.caught_up = False
        """Whether the tables have once been where the ledger was."""
        self.head_position = 0
        """Last position of the ledger, as it was last asked."""
        self.checked_position = 0
        """Last position at which the root over all entries was found equal to the ledger's."""

    @property
    @abstractmethod
    def position(self) -> int:
        """The position up to which the tables are written."""

    @property
    @abstractmethod
    def root(self) -> str:
        """Hexadecimal Merkle root over all entries up to the position."""

    @property
    def running(self) -> bool:
        """Whether the loop runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after what is under way; a long poll is given up on within its waiting time."""
        self._stopping.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the loop to end; tells whether it has."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def fail(self, failure: ProjectionsError) -> None:
        """Stop for good: feed or tables were found wrong."""
        self.failure = failure
        self.stop()
        _log.error("following stopped", detail=str(failure))

    @abstractmethod
    def check_root(self) -> None:
        """Compare the root over all that was fed with the ledger's, as of the ledger's head.

        Raises:
            FeedForged: they differ.
            FeedUnreachable: the ledger gave no answer.
            ProjectionsError: feed or tables are wrong.

        """

    @abstractmethod
    def _run(self) -> None:
        """Run until told to stop."""
