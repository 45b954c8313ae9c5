"""The relay: keeps a delivery copy of the ledger on NATS JetStream, and remembers nothing.

Where it goes on is what the stream itself says, each time it begins, after every fault, and whenever
it has nothing to do. It can be killed at any moment, run twice by mistake, and be let loose on a
stream that was deleted: the sequence of the stream is the position of the ledger in all cases.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import structlog

from opsledger_ledger.errors import BrokerUnreachable, StreamForeign
from opsledger_ledger.feed.jetstream import (
    BATCH_BYTES_MAX,
    BATCH_ENTRIES_MAX,
    Copy,
    DeliveryStream,
    connected,
)
from opsledger_ledger.recording.log import Head, RecordingError, Stored
from opsledger_ledger.relay_config import REPLICAS

BATCHES_MAX: Final = 2
"""Batches under way at once: the next is sent while the broker writes one to its disks."""
IDLE_S: Final = 1.0
"""Longest wait for new entries before the stream is looked at again."""
BEHIND_TOLD_EVERY_S: Final = 10.0
"""How often the log says that the copy is behind, while it is."""
BACKOFF_FIRST_S: Final = 0.1
BACKOFF_MAX_S: Final = 5.0

_log = structlog.get_logger()


class Source(Protocol):
    """What of a log is relayed; see `recording.log.Log`."""

    def head(self) -> Head:
        """Return the committed head."""

    def entries(self, after: int, limit: int, byte_limit: int | None = None) -> Sequence[Stored]:
        """Return entries with a position greater than `after`, ascending."""

    def wait_for_head(self, position: int, timeout_s: float) -> int:
        """Wait until the head is beyond a position; gives where it stands."""


class RelayState(NamedTuple):
    """How far the copy has come, as the relay last saw it."""

    position: int
    """Position up to which the broker has acknowledged everything."""
    head: int
    """Last position of the ledger."""
    following: bool
    """Whether log and broker answer."""
    reason: str
    """Why it does not follow; empty while it does."""

    @property
    def lag(self) -> int:
        """Entries of the ledger that the copy has not got yet."""
        return max(0, self.head - self.position)


class Relay:
    """Relays the entries of `log` to the stream of a broker."""

    def __init__(self, log: Source, url: str, stream: str, *, replicas: int = REPLICAS) -> None:
        """`url` names the servers of the broker, separated by commas."""
        self._ledger = log
        self._url = url
        self._stream = stream
        self._replicas = replicas
        self._stopping = asyncio.Event()
        self._told_at = 0.0
        self.state = RelayState(0, 0, following=False, reason="not connected yet")

    def stop(self) -> None:
        """End after the batch under way; call it on the relay's own loop."""
        self._stopping.set()

    async def run(self) -> None:
        """Relay until told to stop; whatever passes by itself is waited out with growing pauses.

        Raises:
            StreamForeign: the stream holds something else than this ledger.
            StreamUnfit: the stream may lose messages, or has lost some.

        """
        pause_s = BACKOFF_FIRST_S
        while not self._stopping.is_set():
            try:
                async with connected(self._url, self._stream) as stream:
                    position = await self._standing(stream)
                    pause_s = BACKOFF_FIRST_S
                    await self._follow(stream, position)
            except (BrokerUnreachable, RecordingError) as passing:
                self.state = self.state._replace(following=False, reason=str(passing))
                _log.warning("not relaying", detail=str(passing), retry_in_s=pause_s)
                await self._pause(pause_s)
                pause_s = min(2 * pause_s, BACKOFF_MAX_S)

    async def _follow(self, stream: DeliveryStream, position: int) -> None:
        """Relay from a position on until told to stop."""
        sent = position
        # Each expects the sequence that the one before it leads to, so that none overtakes.
        under_way: deque[asyncio.Task[int]] = deque()
        try:
            while not self._stopping.is_set():
                entries = await self._entries(sent)
                if entries:
                    under_way.append(asyncio.create_task(stream.publish(sent, entries)))
                    sent = entries[-1].position
                if under_way and (not entries or len(under_way) == BATCHES_MAX):
                    await self._acknowledged(stream, await under_way.popleft())
                elif not under_way:
                    sent = await self._awaited(stream, sent)
            while under_way:
                await self._acknowledged(stream, await under_way.popleft())
        finally:
            for publishing in under_way:
                publishing.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _acknowledged(self, stream: DeliveryStream, position: int) -> None:
        await stream.announce(position)
        self._saw(position, max(self.state.head, position))

    async def _awaited(self, stream: DeliveryStream, position: int) -> int:
        """Wait for new entries; gives the position to go on from."""
        head = await asyncio.to_thread(self._ledger.wait_for_head, position, IDLE_S)
        self._saw(position, head)
        # If nothing came, it is time to see whether the stream is still what it was.
        return position if head > position else await self._standing(stream)

    async def _standing(self, stream: DeliveryStream) -> int:
        """Ask the stream where it ends, and make it if there is none.

        Raises:
            BrokerUnreachable: no answer came.
            StreamForeign: what it holds there is not what the ledger has there.
            StreamUnfit: it may lose messages, or has lost some.

        """
        copy = await stream.copy()
        if copy is None:
            await stream.create(self._replicas)
            _log.info("made the stream", stream=stream.name, replicas=self._replicas)
            copy = Copy(0, "", self._replicas)
        head = await require_same(stream, copy, self._ledger)
        self._saw(copy.position, head)
        return copy.position

    async def _entries(self, after: int) -> Sequence[Stored]:
        return await asyncio.to_thread(
            self._ledger.entries, after, BATCH_ENTRIES_MAX, BATCH_BYTES_MAX
        )

    def _saw(self, position: int, head: int) -> None:
        began = not self.state.following
        self.state = RelayState(position, head, following=True, reason="")
        now = time.monotonic()
        if began or (self.state.lag and now - self._told_at > BEHIND_TOLD_EVERY_S):
            self._told_at = now
            _log.info("relaying", position=position, head=head, lag=self.state.lag)

    async def _pause(self, pause_s: float) -> None:
        try:
            async with asyncio.timeout(pause_s):
                await self._stopping.wait()
        except TimeoutError:
            return


async def require_same(stream: DeliveryStream, copy: Copy, log: Source) -> int:
    """Require that a stream ends with an entry of the ledger; gives the ledger's last position.

    Entries have unique ids, so that one that is the same to the byte tells that all before it are.

    Raises:
        BrokerUnreachable: no answer came.
        StreamForeign: it does not.

    """
    # The ledger is asked after the stream, so that it cannot be behind its own copy.
    head = (await asyncio.to_thread(log.head)).position
    if copy.position > head:
        raise StreamForeign(
            f"the stream {stream.name} ends at {copy.position}, the ledger at {head}: it is the "
            "copy of another ledger, or this ledger has lost its end"
        )
    if copy.position:
        (stored,) = await asyncio.to_thread(log.entries, copy.position - 1, 1)
        if await stream.entry(copy.position) != stored.entry:
            raise StreamForeign(
                f"at {copy.position} the stream {stream.name} holds another entry than the ledger: "
                "it is the copy of another ledger"
            )
    return head
