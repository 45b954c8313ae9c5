"""The feed from the ledger's delivery copy on NATS JetStream: sequence is position.

The copy is read by position, from whichever server of the broker answers; nothing is kept about a
reader. What it holds is never more than what the ledger has, and may be less for a while. Where it
gives nothing, the ledger itself is asked, so that a broker that is away or behind costs the ledger
some reads and nobody an entry. Where the ledger stands is always told by the ledger: the root over
all entries shows whether the copy is one.
"""

import asyncio
import json
import threading
import time
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from opsledger_contracts.relayed import announcements
from opsledger_projections.following.feed import Feed, FeedEntry, FeedHead

PAGE_BYTES_MAX: Final = 8 * 1024 * 1024
CONNECT_S: Final = 5.0
WAIT_MAX_S: Final = 0.5
"""Longest wait for the copy to go on, before the ledger is asked whether it has."""
ANSWER_S: Final = 5.0
"""Longest wait for a whole page."""
POLL_S: Final = 0.25
"""Longest wait for an announcement before the copy is looked at anyway."""
POLL_FIRST_S: Final = 0.002
"""First wait for a server that is behind the announcement."""
AVOID_FIRST_S: Final = 0.1
AVOID_MAX_S: Final = 5.0
"""How long a broker that gives no answer is left alone, at first and at most."""
RECONNECT_WAIT_S: Final = 0.1

_SEQUENCE: Final = "Nats-Sequence"
_STATUS: Final = "Status"
_END_OF_BATCH: Final = "204"
_NOTHING_THERE: Final = "404"

A = TypeVar("A")

_log = structlog.get_logger()


class CopyUnreadable(Exception):
    """The broker gave no page, or one that does not go on where it was asked to."""


class NatsFeed:
    """Reads the copy called `stream`, and `ledger` where the copy gives nothing."""

    def __init__(self, url: str, stream: str, ledger: Feed) -> None:
        """`url` names the servers of the broker, separated by commas."""
        self._ledger = ledger
        self._copy = _Copy(url, stream)
        self._avoided_until = 0.0
        self._avoid_s = AVOID_FIRST_S
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="nats", daemon=True)
        self._thread.start()

    def page(self, after: int, limit: int, wait_s: float) -> Sequence[FeedEntry]:
        """Read at most `limit` entries after a position; see `Feed.page`.

        An empty page may come before `wait_s` is over.
        """
        if time.monotonic() < self._avoided_until:
            return self._ledger.page(after, limit, wait_s)
        try:
            page = self._run(self._copy.page(after, limit, min(wait_s, WAIT_MAX_S)))
        except CopyUnreadable as error:
            _log.warning("reading from the ledger", detail=str(error), for_s=self._avoid_s)
            self._avoided_until = time.monotonic() + self._avoid_s
            self._avoid_s = min(2 * self._avoid_s, AVOID_MAX_S)
            page = []
        else:
            self._avoid_s = AVOID_FIRST_S
        return page or self._ledger.page(after, limit, 0)

    def head(self) -> FeedHead:
        """Ask the ledger where it stands; see `Feed.head`."""
        return self._ledger.head()

    def close(self) -> None:
        """Give the connections back."""
        self._run(self._copy.close())
        self._run(_ended())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._ledger.close()

    def _run(self, reading: Coroutine[Any, Any, A]) -> A:
        return asyncio.run_coroutine_threadsafe(reading, self._loop).result()


async def _ended() -> None:
    """End what a connection that was closed has left to be done on this loop."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


class _Copy:
    """The copy, as read on one loop; a connection that failed is made anew."""

    def __init__(self, url: str, stream: str) -> None:
        self._url = url
        self._stream = stream
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._announced = 0
        self._news = asyncio.Event()
        self._asking: set[asyncio.Future[str]] = set()

    async def page(self, after: int, limit: int, wait_s: float) -> list[FeedEntry]:
        """Read a page, waiting for its first entry if need be.

        Raises:
            CopyUnreadable: there is no page to be had.

        """
        deadline = time.monotonic() + wait_s
        pause_s = POLL_FIRST_S
        while True:
            news = self._news
            page = await self._tried(after, limit)
            left_s = deadline - time.monotonic()
            if page or left_s <= 0:
                return page
            if self._announced > after:
                # The server that answered has not heard yet of what others have acknowledged.
                await asyncio.sleep(min(pause_s, left_s))
                pause_s = min(2 * pause_s, POLL_S)
            else:
                await _bounded(news.wait(), min(POLL_S, left_s))

    async def close(self) -> None:
        """End the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    async def _tried(self, after: int, limit: int) -> list[FeedEntry]:
        """Read, and read once more by another connection if the first is lost meanwhile."""
        try:
            return await self._read(after, limit)
        except CopyUnreadable:
            return await self._read(after, limit)

    async def _read(self, after: int, limit: int) -> list[FeedEntry]:
        try:
            client = await self._connected()
            return await self._got(client, after, limit)
        except (nats.errors.Error, OSError, TimeoutError) as error:
            await self.close()
            raise CopyUnreadable(str(error) or type(error).__name__) from error

    async def _got(self, client: Client, after: int, limit: int) -> list[FeedEntry]:
        """Ask for the messages behind a sequence, and take those that follow it without a gap."""
        page: list[FeedEntry] = []
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def take(message: Msg) -> None:
            headers = message.headers or {}
            status = headers.get(_STATUS)
            if status is not None:
                if not ended.done():
                    ended.set_result(status)
            elif int(headers[_SEQUENCE]) == after + 1 + len(page):
                page.append(FeedEntry(after + 1 + len(page), message.data))

        asked = {"seq": after + 1, "batch": limit, "max_bytes": PAGE_BYTES_MAX}
        inbox = client.new_inbox()
        subscription = await client.subscribe(inbox, cb=take)
        try:
            await client.publish(
                f"$JS.API.DIRECT.GET.{self._stream}", json.dumps(asked).encode(), reply=inbox
            )
            self._asking.add(ended)
            async with asyncio.timeout(ANSWER_S):
                status = await ended
        finally:
            self._asking.discard(ended)
            if client.is_connected:
                await subscription.unsubscribe()
        if status == _NOTHING_THERE:
            return []
        if status != _END_OF_BATCH:
            raise CopyUnreadable(f"the broker has no stream {self._stream} (status {status})")
        if not page:
            raise CopyUnreadable(f"the stream {self._stream} does not go on at {after + 1}")
        return page

    async def _connected(self) -> Client:
        async with self._connecting:
            if self._client is None or not self._client.is_connected:
                self._announced = 0
                # Kept at once, so that it is closed also if it does not come about.
                self._client = client = Client()
                async with asyncio.timeout(CONNECT_S):
                    await client.connect(
                        self._url.split(","),
                        name="opsledger projections",
                        allow_reconnect=False,
                        max_reconnect_attempts=1,
                        reconnect_time_wait=RECONNECT_WAIT_S,  # type: ignore[arg-type] # It sleeps.
                        error_cb=_ignored,
                        closed_cb=self._lost,
                    )
                    await client.subscribe(announcements(self._stream), cb=self._heard)
            return self._client

    async def _lost(self) -> None:
        for ended in self._asking:
            if not ended.done():
                ended.set_exception(CopyUnreadable("the connection was lost"))

    async def _heard(self, message: Msg) -> None:
        if message.data.isdigit():
            self._announced = int(message.data)
            news, self._news = self._news, asyncio.Event()
            news.set()


async def _ignored(_error: Exception) -> None:
    """Ignore what the question under way will be told itself."""


async def _bounded(waiting: Coroutine[Any, Any, Any], longest_s: float) -> None:
    try:
        async with asyncio.timeout(longest_s):
            await waiting
    except TimeoutError:
        return
