"""Ledgers and relays for tests of the delivery copy: a log in memory, a relay that can be killed."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Condition, Thread
from typing import Any, Protocol, TypeVar

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_ledger.recording.log import Head, Stored
from support.eventually import eventually

REACHED_S = 60.0
ANSWER_S = 10.0
REFUSED_S = 1.0
"""How long to wait for an answer that must not come."""
A = TypeVar("A")

TYPES = ("letter.signed.v1", "plan.published.v1", "assessment.scored.v1")


class MemoryLog:
    """A log that grows when it is told to; any thread may read it."""

    def __init__(self, name: str = "ledger") -> None:
        self._name = name
        self._stored: list[Stored] = []
        self._frontier = Frontier()
        self._grown = Condition()

    def append(self, count: int, size: int = 600) -> None:
        """Record entries of about `size` bytes, all different."""
        with self._grown:
            for position in range(len(self._stored) + 1, len(self._stored) + 1 + count):
                entry = json.dumps(
                    {"id": f"{self._name}-{position}", "data": "x" * (size - 40)},
                    separators=(",", ":"),
                ).encode()
                leaf = leaf_hash(entry)
                type_name = TYPES[position % len(TYPES)]
                self._stored.append(
                    Stored(position, f"letter/{position}", 1, type_name, entry, leaf)
                )
                self._frontier.extend([leaf])
            self._grown.notify_all()

    def head(self) -> Head:
        """Return where the log ends."""
        with self._grown:
            return Head(len(self._stored), "", self._frontier.to_bytes())

    def entries(self, after: int, limit: int, byte_limit: int | None = None) -> Sequence[Stored]:
        """Return entries with a position greater than `after`; see `recording.log.Reads`."""
        page: list[Stored] = []
        used = 0
        for stored in self._stored[after : after + limit]:
            used += len(stored.entry)
            if page and byte_limit is not None and used > byte_limit:
                break
            page.append(stored)
        return page

    def wait_for_head(self, position: int, timeout_s: float) -> int:
        """Wait until the log is beyond a position; see `recording.log.Log`."""
        with self._grown:
            self._grown.wait_for(lambda: len(self._stored) > position, timeout_s)
            return len(self._stored)


class Relaying(Protocol):
    """A relay, be it the real one or one with a planted fault."""

    def stop(self) -> None:
        """End after what is under way."""

    async def run(self) -> None:
        """Relay until told to stop."""


class RunningRelay:
    """A relay on a thread of its own, which can be stopped, or killed in the middle."""

    def __init__(self, relay: Relaying) -> None:
        self._relay = relay
        self._loop = asyncio.new_event_loop()
        self._task = self._loop.create_task(relay.run())
        self.failure: BaseException | None = None
        """What ended the relay, if it was neither stopped nor killed."""
        self._thread = Thread(target=self._run, name="relay")
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Tell it to end, and wait until it has."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._relay.stop)
        self._thread.join()

    def kill(self) -> None:
        """Cut it off wherever it is; it learns nothing and cleans up nothing of its own."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # noqa: BLE001 - told to whoever started it.
            self.failure = error
        finally:
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()


@contextmanager
def relaying(relay: Relaying) -> Iterator[RunningRelay]:
    """Run a relay until the block ends."""
    running = RunningRelay(relay)
    try:
        yield running
    finally:
        running.stop()


class Broker:
    """The broker as its operator sees it, over a connection per question."""

    def __init__(self, url: str) -> None:
        self._url = url

    def delete(self, stream: str) -> None:
        """Delete a stream, or do nothing if there is none; asked again while no leader answers."""

        def deleted() -> bool:
            told = self._ask(f"$JS.API.STREAM.DELETE.{stream}")
            return told is not None and ("error" not in told or told["error"]["code"] == 404)

        eventually(deleted, REACHED_S)

    def create(self, stream: str, **config: object) -> None:
        """Make a stream."""
        told = self._ask(f"$JS.API.STREAM.CREATE.{stream}", {"name": stream} | config)
        assert told is not None
        assert "error" not in told, told

    def drop(self, stream: str, sequence: int) -> None:
        """Delete one message of a stream that allows it."""
        told = self._ask(f"$JS.API.STREAM.MSG.DELETE.{stream}", {"seq": sequence})
        assert told is not None
        assert "error" not in told, told

    def refused(self, subject: str) -> bool:
        """Ask something, and tell that no answer came: the broker lets nothing through."""

        async def asked(client: Client) -> None:
            await client.request(subject, timeout=REFUSED_S)

        try:
            self._with(asked)
        except (nats.errors.Error, OSError, TimeoutError):
            return True
        return False

    def last(self, stream: str) -> int | None:
        """Ask for the last sequence of a stream; None if there is none, or no answer."""
        told = self._ask(f"$JS.API.STREAM.INFO.{stream}")
        return None if told is None or "error" in told else int(told["state"]["last_seq"])

    def wait_for(self, stream: str, position: int) -> None:
        """Wait until a stream has reached a position."""
        eventually(lambda: (self.last(stream) or 0) >= position, REACHED_S)

    def messages(self, stream: str) -> list[tuple[int, bytes]]:
        """Read everything that the leader of a stream holds, with its sequences."""
        last = self.last(stream)
        assert last is not None
        return self._with(lambda client: _messages(client, stream, last))

    def publish(
        self, subject: str, *payloads: bytes, headers: dict[str, str] | None = None
    ) -> None:
        """Publish to JetStream, as anybody with the right to may."""

        async def published(client: Client) -> None:
            for payload in payloads:
                await client.jetstream().publish(subject, payload, headers=headers)

        self._with(published)

    def _ask(self, subject: str, body: dict[str, object] | None = None) -> dict[str, Any] | None:
        async def asked(client: Client) -> dict[str, Any]:
            content = json.dumps(body).encode() if body is not None else b""
            answer = await client.request(subject, content, timeout=ANSWER_S)
            told: dict[str, Any] = json.loads(answer.data)
            return told

        try:
            return self._with(asked)
        except (nats.errors.Error, OSError, TimeoutError):
            return None

    def _with(self, work: Callable[[Client], Awaitable[A]]) -> A:
        async def connected() -> A:
            async def ignored(_error: Exception) -> None:
                """Leave it to the question."""

            client = Client()
            try:
                await client.connect(
                    self._url.split(","),
                    allow_reconnect=False,
                    max_reconnect_attempts=1,
                    error_cb=ignored,
                )
                return await work(client)
            finally:
                await client.close()

        return asyncio.run(connected())


async def _messages(client: Client, stream: str, last: int) -> list[tuple[int, bytes]]:
    """Read pages from any server until the sequence `last` is there."""
    found: list[tuple[int, bytes]] = []
    ended = asyncio.Event()

    async def take(message: Msg) -> None:
        headers = message.headers or {}
        if "Status" in headers:
            ended.set()
        else:
            found.append((int(headers["Nats-Sequence"]), message.data))

    inbox = client.new_inbox()
    await client.subscribe(inbox, cb=take)
    async with asyncio.timeout(REACHED_S):
        while not found or found[-1][0] < last:
            ended.clear()
            asked = {"seq": found[-1][0] + 1 if found else 1, "batch": 1000}
            await client.publish(
                f"$JS.API.DIRECT.GET.{stream}", json.dumps(asked).encode(), reply=inbox
            )
            await ended.wait()
    return found


def copy_violations(copied: Sequence[tuple[int, bytes]], log: MemoryLog) -> list[str]:
    """Name every way in which what a stream holds is not the log, position by position."""
    stored = log.entries(0, log.head().position)
    found = [
        f"place {place} has sequence {sequence}"
        for place, (sequence, _) in enumerate(copied, 1)
        if sequence != place
    ]
    if len(copied) != len(stored):
        found.append(f"the stream holds {len(copied)} messages, the log {len(stored)} entries")
    found += [
        f"sequence {sequence} does not hold the entry of that position"
        for each, (sequence, content) in zip(stored, copied, strict=False)
        if content != each.entry
    ]
    return found
