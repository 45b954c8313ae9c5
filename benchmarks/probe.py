"""Sends commands at a steady rate and tells how long each took to come to every subscriber.

Run as `python -m benchmarks.probe HOST PORT`. Reads a line with a `Probe`, connects everybody, and
says `ready` once every subscriber has all that the ledger held before: how long that takes is
another figure. Told to go on by an empty line, it sends, and answers by a line with `Probed`.
Senders and subscribers are in this one process, so that one clock tells both times.
"""

import asyncio
import gc
import sys
import time
from typing import Final

import msgspec
import uvloop
from benchmarks.feed_check import compared
from benchmarks.load import at
from benchmarks.measure import Seen
from benchmarks.requests import Requests
from benchmarks.submissions import READING_TOKENS, TOKENS
from benchmarks.subscriber import Subscriber, subscribed

SENDERS: Final = 8
"""Connections that send in turns, so that one slow answer does not hold up the next command."""


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """What to send, and who listens."""

    name: str
    """Part of every identifier and key."""
    rate: int
    """Commands per second."""
    commands: int
    subscribers: int


class Probed(msgspec.Struct, frozen=True, kw_only=True):
    """How long it took from a command sent to its last event received, over all subscribers."""

    p50_ms: float
    p99_ms: float
    most_ms: float
    seen: Seen
    """What all subscribers together received."""


class _Positions(msgspec.Struct):
    positions: list[int]


class _Sender:
    """One connection that sends a command and waits for the whole answer."""

    def __init__(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._requests = Requests(name, TOKENS[0])
        self._reader, self._writer = reader, writer

    async def send(self) -> tuple[int, float]:
        """Send the next command; gives its last position, and when it was sent."""
        sent = time.perf_counter()
        self._writer.write(self._requests.next())
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 20"), head
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        answer = msgspec.json.decode(await self._reader.readexactly(length), type=_Positions)
        return answer.positions[-1], sent


async def probed(host: str, port: int, probe: Probe) -> Probed:
    """Send at the rate once told to, and wait until every subscriber has everything."""
    # A person may have only so many open streams.
    tokens = [READING_TOKENS[number % len(READING_TOKENS)] for number in range(probe.subscribers)]
    subscribers = [await subscribed(host, port, token) for token in tokens]
    idle: asyncio.Queue[_Sender] = asyncio.Queue()
    for number in range(SENDERS):
        connection = await asyncio.open_connection(host, port)
        idle.put_nowait(_Sender(f"{probe.name}-{number}", *connection))

    async def send(sender: _Sender) -> tuple[int, float]:
        try:
            return await sender.send()
        finally:
            idle.put_nowait(sender)

    head, _ = await send(await idle.get())
    for subscriber in subscribers:
        await subscriber.reach(head)
    # What was received is kept until the end; nobody is to wait for a walk over it.
    gc.disable()
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.readline)
    began = loop.time()
    sending = []
    for number in range(probe.commands):
        await asyncio.sleep(began + number / probe.rate - loop.time())
        sending.append(asyncio.create_task(send(await idle.get())))
    sent = dict(await asyncio.gather(*sending))
    last = max(sent)
    for subscriber in subscribers:
        await subscriber.reach(last)
    return _told(sent, last, subscribers)


def _told(sent: dict[int, float], last: int, subscribers: list[Subscriber]) -> Probed:
    took = sorted(
        1000 * (subscriber.received_at[position] - sent_at)
        for subscriber in subscribers
        for position, sent_at in sent.items()
    )
    # All positions up to the last are there; bytes are held against the log in another part.
    known = dict(subscribers[0].received())
    lasting = {position: known.get(position, b"") for position in range(1, last + 1)}
    seen = [
        compared((each for each in subscriber.received() if each[0] <= last), lasting)
        for subscriber in subscribers
    ]
    together = Seen(
        events=sum(each.events for each in seen),
        missed=sum(each.missed for each in seen),
        doubled=sum(each.doubled for each in seen),
        disordered=sum(each.disordered for each in seen),
        altered=sum(each.altered for each in seen),
    )
    return Probed(p50_ms=at(took, 0.5), p99_ms=at(took, 0.99), most_ms=took[-1], seen=together)


def _main(host: str, port: int) -> None:
    probe = msgspec.json.decode(sys.stdin.readline(), type=Probe)
    result = uvloop.run(probed(host, port, probe))
    print(msgspec.json.encode(result).decode(), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
