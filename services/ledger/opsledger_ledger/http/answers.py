"""The bridge between the event loop of the service and whoever brings what was decided."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from threading import Lock, get_ident

from opsledger_ledger.writing.command_queue import Deliver
from opsledger_ledger.writing.submission import Outcome, Submission

_Arrival = tuple[asyncio.Future[Outcome], Outcome]


class Answers:
    """Hands outcomes back to the loop; those from another thread all that arrive together."""

    def __init__(self, submit: Callable[[Submission, Deliver], None]) -> None:
        self._submit = submit
        self._arrived: list[_Arrival] = []
        self._lock = Lock()

    async def ask(self, submission: Submission) -> Outcome:
        """Submit a command and wait; who stops waiting does not stop the command.

        Raises:
            Refusal: as `Writer.submit` says.

        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        self._submit(submission, partial(self._arrive, loop, get_ident(), future))
        return await future

    def _arrive(
        self,
        loop: asyncio.AbstractEventLoop,
        thread: int,
        future: asyncio.Future[Outcome],
        outcome: Outcome,
    ) -> None:
        if get_ident() == thread and not loop.is_closed():
            _give(future, outcome)
            return
        with self._lock:
            self._arrived.append((future, outcome))
            if len(self._arrived) > 1:
                return
        # A closed loop means that nobody waits; the command is decided all the same.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        with self._lock:
            arrived, self._arrived = self._arrived, []
        for future, outcome in arrived:
            _give(future, outcome)


def _give(future: asyncio.Future[Outcome], outcome: Outcome) -> None:
    if not future.done():
        future.set_result(outcome)
