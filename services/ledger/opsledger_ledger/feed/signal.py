"""How readers that wait learn that the ledger has grown, or that the service stops."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, get_ident


class HeadSignal:
    """The last committed position, for readers of one event loop that wait for more.

    `advance` and `close` may be called from any thread. On the thread of the loop they are heard
    before they return; from elsewhere, many commits in quick succession wake the loop once.
    """

    def __init__(self, position: int = 0) -> None:
        self._position = position
        self._closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        self._waiting: set[asyncio.Future[None]] = set()
        self._listeners: list[Callable[[], None]] = []
        self._lock = Lock()
        self._scheduled = False

    @property
    def position(self) -> int:
        """The last committed position that was announced."""
        return self._position

    @property
    def closed(self) -> bool:
        """Whether the service stops, so that nobody should wait any more."""
        return self._closed

    def advance(self, position: int) -> None:
        """Announce a commit."""
        self._position = max(self._position, position)
        self._wake()

    def close(self) -> None:
        """Let every reader that waits go at once."""
        self._closed = True
        self._wake()

    def listen(self, listener: Callable[[], None]) -> None:
        """Have a function called on the loop at each change, once `attach` has told which it is.

        It must neither block nor raise.
        """
        self._listeners.append(listener)

    def attach(self) -> None:
        """Take the running loop for the one whose readers are told."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._waiting.clear()
            self._thread = get_ident()
            self._loop = loop

    async def beyond(self, position: int, wait_s: float) -> bool:
        """Wait until the ledger is past a position; False when the time is over or it stops."""
        self.attach()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        while True:
            # Among those who wait before the look, so that an advance in between is not missed.
            changed: asyncio.Future[None] = loop.create_future()
            self._waiting.add(changed)
            try:
                if self._position > position:
                    return True
                if self._closed:
                    return False
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(deadline):
                        await changed
                        continue
                return self._position > position
            finally:
                self._waiting.discard(changed)

    def _wake(self) -> None:
        with self._lock:
            loop = self._loop
            if loop is None or loop.is_closed():
                return
            here = get_ident() == self._thread
            if not here:
                if not self._scheduled:
                    self._scheduled = True
                    loop.call_soon_threadsafe(self._release)
                return
        self._release()

    def _release(self) -> None:
        with self._lock:
            self._scheduled = False
        for listener in self._listeners:
            listener()
        waiting, self._waiting = self._waiting, set()
        for changed in waiting:
            if not changed.done():
                changed.set_result(None)
