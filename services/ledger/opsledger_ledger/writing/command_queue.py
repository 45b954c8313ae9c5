"""What takes commands: the writer itself, or whoever hands them on to a writer elsewhere."""

from collections.abc import Callable
from typing import Protocol

from opsledger_ledger.writing.submission import Outcome, Submission

Deliver = Callable[[Outcome], None]
"""Takes the answer, on the thread of who gives it; must neither block nor raise."""


class CommandQueue(Protocol):
    """Takes commands from any thread and has each of them answered once."""

    @property
    def queue_length(self) -> int:
        """The number of commands that wait."""

    def ready(self) -> bool:
        """Tell whether commands are taken at this moment."""

    def submit(self, submission: Submission, deliver: Deliver) -> None:
        """Put a command on the queue; its outcome goes to `deliver` once.

        Raises:
            QueueFull: too many commands wait.
            IdempotencyKeyInFlight: a command under the same key waits or is being decided.
            LedgerStopping: the queue is closing.
            StorageUnavailable: the storage has failed.

        """

    def execute(self, submission: Submission) -> Outcome:
        """Submit a command and wait for its outcome.

        Raises:
            Refusal: as `submit` says.

        """

    def close(self) -> None:
        """Take no more commands, and end when those that wait are answered."""
