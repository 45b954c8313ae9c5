"""The relay to JetStream: three servers on this machine, every write synced, a reader beside it."""

import asyncio
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.feed_check import compared
from benchmarks.filled import filled
from benchmarks.following import leaves_of
from benchmarks.ledgers import opened_log
from benchmarks.measure import Figure, Scale, Seen, floor
from benchmarks.places import Place

from opsledger.cluster.nats import NatsCluster
from opsledger.log_feed import LogFeed
from opsledger_contracts.evidence.merkle import leaf_hash
from opsledger_ledger.feed.relay import Relay
from opsledger_ledger.recording.log import Log
from opsledger_projections.following.feed import FeedEntry, FeedUnreachable
from opsledger_projections.following.nats_feed import NatsFeed

RATE: Final = 20_000
REPLICAS: Final = 3
STREAM: Final = "MEASURED"
EVENTS_MAX: Final = 100_000
PAGE: Final = 1_000
LATE_S: Final = 60
_POLL_S: Final = 0.01


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figure of this part."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = Place(kind="ledger", directory=str(folder / "ledger"))
        events = filled(place, min(scale.events, EVENTS_MAX))
        log = opened_log(place, writing=False)
        with NatsCluster(folder / "nats", REPLICAS) as cluster:
            seconds, seen = _relayed(log, cluster.url, leaves_of(place))
        log.close()
    yield floor(
        f"relay to JetStream, {REPLICAS} replicas on one machine, sync_interval always",
        "events/s",
        events / seconds,
        RATE,
        seen=seen,
        detail=f"{events:,} events, until the broker had acknowledged the last",
    )


def _relayed(log: Log, url: str, leaves: list[bytes]) -> tuple[float, Seen]:
    """Relay a whole log while a reader follows the copy; gives seconds, and what it read."""
    relay = Relay(log, url, STREAM, replicas=REPLICAS)
    received: list[FeedEntry] = []
    reader = threading.Thread(target=_read, args=(log, url, len(leaves), received))
    reader.start()
    seconds = asyncio.run(_run(relay, len(leaves)))
    reader.join()
    # Hashed when nothing is measured any more.
    hashed = ((each.position, leaf_hash(each.entry)) for each in received)
    return seconds, compared(hashed, dict(enumerate(leaves, 1)))


async def _run(relay: Relay, position: int) -> float:
    began = time.perf_counter()
    running = asyncio.create_task(relay.run())
    while relay.state.position < position and not running.done():
        await asyncio.wait((running,), timeout=_POLL_S)
    seconds = time.perf_counter() - began
    relay.stop()
    await running
    assert relay.state.position == position, relay.state.reason
    return seconds


class _CopyOnly(LogFeed):
    """The ledger behind a broker, which gives no entries: all must come from the copy."""

    def page(self, after: int, limit: int, wait_s: float) -> Sequence[FeedEntry]:
        """Refuse to stand in for the broker."""
        raise FeedUnreachable(f"only the copy is measured: {(after, limit, wait_s)}")


def _read(log: Log, url: str, position: int, received: list[FeedEntry]) -> None:
    feed = NatsFeed(url, STREAM, _CopyOnly(log))
    after = 0
    deadline = time.monotonic() + LATE_S
    while after < position and time.monotonic() < deadline:
        try:
            page = feed.page(after, PAGE, 1)
        except FeedUnreachable:
            # The relay makes the stream; until then there is nothing to read.
            time.sleep(_POLL_S)
            continue
        received += page
        if page:
            after = page[-1].position
            deadline = time.monotonic() + LATE_S
    feed.close()
