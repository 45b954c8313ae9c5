"""How readers that wait learn that the ledger has grown, or that the service stops."""

import asyncio
from threading import Lock


class HeadSignal:
    """The last committed position, for readers of one event loop that wait for more.

    `advance` and `close` may be called from any thread; many commits in quick succession wake the
    loop once.
    """

    def __init__(self, position: int = 0) -> None:
        self._position = position
        self._closed = False
        self._event = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
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

    async def beyond(self, position: int, wait_s: float) -> bool:
        """Wait until the ledger is past a position; False when the time is over or it stops."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._event = asyncio.Event()
        deadline = loop.time() + wait_s
        while True:
            # Taken before the look, so that an advance in between is not missed.
            event = self._event
            if self._position > position:
                return True
            if self._closed:
                return False
            try:
                async with asyncio.timeout_at(deadline):
                    await event.wait()
            except TimeoutError:
                return self._position > position

    def _wake(self) -> None:
        with self._lock:
            loop = self._loop
            if loop is None or self._scheduled or loop.is_closed():
                return
            self._scheduled = True
            loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        with self._lock:
            self._scheduled = False
        event, self._event = self._event, asyncio.Event()
        event.set()
