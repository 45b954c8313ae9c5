"""The delivery copy of a ledger on NATS JetStream, as the relay sees it: where it ends, and on.

The sequence of the stream is the position of the ledger. What is published goes as one atomic batch
whose first message expects the sequence that the stream ends with: the broker takes all of it, right
behind that sequence, or nothing. Nothing depends on the broker's memory of message ids, which is
two minutes long.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple, TypeVar

import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError

from opsledger_contracts.relayed import MEDIA_TYPE, announcements, subject, subjects
from opsledger_ledger.errors import BrokerUnreachable, StreamUnfit
from opsledger_ledger.recording.log import Stored

BATCH_ENTRIES_MAX: Final = 1_000
"""The broker's own limit of messages in an atomic batch."""
BATCH_BYTES_MAX: Final = 4 * 1024 * 1024

CONNECT_S: Final = 5.0
ANSWER_S: Final = 5.0
"""Longest wait for an answer of the broker; a majority has to write a batch to disk for it."""
RECONNECT_WAIT_S: Final = 0.1
_WRITES_MAX: Final = 2 * BATCH_BYTES_MAX

REPLICAS_REFUSED: Final = frozenset((10_005, 10_074))
"""The broker's codes for more replicas than it has servers."""

_REQUIRED: Final[dict[str, Any]] = {
    "retention": RetentionPolicy.LIMITS,
    "storage": StorageType.FILE,
    "discard": DiscardPolicy.NEW,
    "deny_delete": True,
    "deny_purge": True,
    "allow_atomic": True,
    "allow_direct": True,
    "max_msgs": -1,
    "max_bytes": -1,
    "max_age": 0,
    "max_msgs_per_subject": -1,
}
"""A stream that keeps every message, and takes batches whole or not at all."""

A = TypeVar("A")


class Copy(NamedTuple):
    """What a stream holds: the positions up to one, on so many servers."""

    position: int
    leader: str
    """Server that takes the batches; empty where a server stands alone."""
    replicas: int


@asynccontextmanager
async def connected(url: str, stream: str) -> AsyncIterator["DeliveryStream"]:
    """Connect to a broker, one of several whose addresses stand in `url` between commas.

    A connection that is lost is not taken up again: what was under way has to be asked for first.

    Raises:
        BrokerUnreachable: no server takes the connection.

    """
    lost = asyncio.Event()

    async def closed() -> None:
        lost.set()

    async def failed(_error: Exception) -> None:
        """Ignore what an operation will be told itself."""

    client = Client()
    try:
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect(
                    url.split(","),
                    name="opsledger relay",
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    reconnect_time_wait=RECONNECT_WAIT_S,  # type: ignore[arg-type] # It sleeps.
                    pending_size=_WRITES_MAX,
                    # Stream and types are checked where they are named; this is once a message.
                    skip_subject_validation=True,
                    closed_cb=closed,
                    error_cb=failed,
                )
        except (nats.errors.Error, OSError, TimeoutError) as error:
            raise BrokerUnreachable(_reason(error)) from error
        yield DeliveryStream(client, stream, lost)
    finally:
        await client.close()


class DeliveryStream:
    """One stream of a broker that is connected; made by `connected`."""

    def __init__(self, client: Client, name: str, lost: asyncio.Event) -> None:
        self.name = name
        self._client = client
        self._manager: JetStreamContext = client.jetstream(timeout=ANSWER_S)
        self._lost = lost
        self._session = secrets.token_hex(8)
        self._batches = 0

    async def copy(self) -> Copy | None:
        """Ask the server that leads the stream where it ends; None if there is no such stream.

        Raises:
            BrokerUnreachable: no answer came.
            StreamUnfit: positions are missing, or the stream would not keep every message.

        """
        try:
            info = await self._answer(self._manager.stream_info(self.name))
        except NotFoundError:
            return None
        except APIError as error:
            raise BrokerUnreachable(_reason(error)) from error
        self._require_fit(info)
        leader = info.cluster.leader if info.cluster is not None else None
        return Copy(info.state.last_seq, leader or "", info.config.num_replicas or 1)

    async def create(self, replicas: int) -> None:
        """Make the stream; if another relay has just made it, that is the one.

        Raises:
            BrokerUnreachable: no answer came.
            StreamUnfit: the broker has fewer servers than `replicas`.

        """
        config = StreamConfig(
            name=self.name,
            description="Delivery copy of a ledger: the sequence is the position.",
            subjects=[subjects(self.name)],
            num_replicas=replicas,
            **_REQUIRED,
        )
        try:
            await self._answer(self._manager.add_stream(config))
        except APIError as error:
            if error.err_code in REPLICAS_REFUSED:
                raise StreamUnfit(
                    f"the broker cannot keep {replicas} replicas: {error.description}"
                ) from error
            raise BrokerUnreachable(_reason(error)) from error

    async def entry(self, position: int) -> bytes:
        """Read the bytes that the leading server has stored under a position.

        Raises:
            BrokerUnreachable: no answer came, or the stream is no longer there.

        """
        try:
            message = await self._answer(self._manager.get_msg(self.name, position))
        except APIError as error:
            raise BrokerUnreachable(_reason(error)) from error
        return message.data or b""

    async def publish(self, after: int, entries: Sequence[Stored]) -> int:
        """Publish entries as one batch right behind the position `after`; gives the last position.

        Raises:
            BrokerUnreachable: the batch was refused, or no answer came and it may be there or not.

        """
        # Never used twice, so that what two relays send is never taken for one batch.
        self._batches += 1
        batch = f"{self._session}-{self._batches}"
        place = 0
        try:
            for place, stored in enumerate(entries[:-1], 1):
                await self._client.publish(
                    subject(self.name, stored.type),
                    stored.entry,
                    headers=_headers(batch, place, after if place == 1 else None),
                )
            last = entries[-1]
            commit = _headers(batch, place + 1, None if place else after)
            commit["Nats-Batch-Commit"] = "1"
            answer = await self._answer(
                self._client.request(
                    subject(self.name, last.type), last.entry, timeout=ANSWER_S, headers=commit
                )
            )
        except nats.errors.Error as error:
            raise BrokerUnreachable(_reason(error)) from error
        told = json.loads(answer.data)
        if "error" in told:
            raise BrokerUnreachable(f"a batch was refused: {told['error'].get('description')}")
        position: int = told["seq"]
        # The broker keeps what it was asked to expect; anything else would be a hole or a double.
        assert position == after + len(entries)
        return position

    async def announce(self, position: int) -> None:
        """Tell readers that wait how far the stream has come.

        Raises:
            BrokerUnreachable: the connection is lost.

        """
        try:
            await self._client.publish(announcements(self.name), b"%d" % position)
        except nats.errors.Error as error:
            raise BrokerUnreachable(_reason(error)) from error

    async def _answer(self, question: Awaitable[A]) -> A:
        """Wait for an answer, but not for one that cannot come since the connection is lost."""
        asking = asyncio.ensure_future(question)
        losing = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({asking, losing}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise BrokerUnreachable("the connection was lost")
            return await asking
        except APIError:
            raise
        except (nats.errors.Error, OSError, TimeoutError) as error:
            raise BrokerUnreachable(_reason(error)) from error
        finally:
            for task in (asking, losing):
                task.cancel()

    def _require_fit(self, info: StreamInfo) -> None:
        found = info.config
        wrong = [
            f"{field} is {getattr(found, field)}, not {wanted}"
            for field, wanted in _REQUIRED.items()
            if getattr(found, field) != wanted
        ]
        if found.subjects != [subjects(self.name)]:
            wrong.append(f"subjects are {found.subjects}")
        if info.state.messages != info.state.last_seq:
            wrong.append(
                f"it ends at {info.state.last_seq} but holds {info.state.messages} messages"
            )
        if wrong:
            raise StreamUnfit(f"the stream {self.name} is no copy of a ledger: {'; '.join(wrong)}")


def _headers(batch: str, place: int, expected: int | None) -> dict[str, str]:
    headers = {
        "Nats-Batch-Id": batch,
        "Nats-Batch-Sequence": str(place),
        "Content-Type": MEDIA_TYPE,
    }
    if expected is not None:
        headers["Nats-Expected-Last-Sequence"] = str(expected)
    return headers


def _reason(error: BaseException) -> str:
    return str(error) or type(error).__name__
