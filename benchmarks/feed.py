"""The feed: whole pages, one reader that catches up, and pages beside constant answers.

Pages are read as a subscriber reads that catches up: one after the other, over one connection.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Final

import umadb
from benchmarks.append_umadb import uma_server
from benchmarks.filled import filled, streams_for
from benchmarks.following import Following, leaves_of
from benchmarks.ledgers import opened_log
from benchmarks.load import place_of
from benchmarks.measure import Figure, Scale, Seen, alternate, floor, wall_rate
from benchmarks.mix import Mix
from benchmarks.places import Place
from benchmarks.processes import Program, running
from benchmarks.reading import read

SIZES: Final = (100, 1_000)
"""Entries of a page."""

PAGE: Final = 1_000

NDJSON: Final = 250_000
SSE: Final = 100_000
"""Events per second that are promised to one reader."""

AGAIN: Final = 5
"""Times as many pages in a run whose bytes are there already, since each takes so little."""


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figures of this part."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        place = Place(kind="ledger", directory=str(folder / "ledger"))
        events = filled(place, scale.events)
        files = _bodies(place, folder, events)
        load = stack.enter_context(running("load"))
        server = stack.enter_context(running("ledger_server", str(place)))
        constant = stack.enter_context(running("constant_server", *map(str, files)))
        address, constant_address = server.read(), constant.read()
        yield from _whole(place, load, address, events, scale)
        yield from _paged(load, server, address, constant, constant_address, files, events, scale)


def _whole(
    place: Place, load: Program, address: str, events: int, scale: Scale
) -> Iterator[Figure]:
    """Read everything from the first event to the last, by pages and as a stream."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pages = tuple(f"/v1/events?after={after}&limit={PAGE}" for after in range(0, events, PAGE))
        paged, streamed, theirs = [], [], []
        leaves = leaves_of(place)
        content = _content(place)
        seen: Seen | None = None
        with uma_server(folder) as url:
            client = umadb.Client(url)
            _fill_uma(client, events)
            for number in range(scale.rounds):
                # Other pages each time: none has been read before.
                size = PAGE - number
                pages = tuple(
                    f"/v1/events?after={after}&limit={size}" for after in range(0, events, size)
                )
                measured = read(load, address, pages)
                assert measured.content == content, "the pages are not what the log says"
                paged.append(events / measured.seconds)
                with ExitStack() as stack:
                    following = Following(stack, *place_of(address), folder)
                    streamed.append(events / following.reach(events))
                    seen = following.seen(leaves)
                theirs.append(wall_rate(lambda: _read_uma(client, events)))
            client.close()
        all_read = Seen(events=events, missed=0, doubled=0)
        detail = f"{events:,} events, SHA-256 over all bytes that came equals that of the log"
        work = "feed to one reader, NDJSON pages of 1,000"
        yield floor(work, "events/s", median(paged), NDJSON, seen=all_read, detail=detail)
        yield Figure(
            work=work,
            unit="events/s",
            ours=median(paged),
            peer="UmaDB over gRPC, Python client (orientation)",
            theirs=median(theirs),
        )
        yield floor("SSE catch-up of one reader", "events/s", median(streamed), SSE, seen=seen)


def _fill_uma(client: umadb.Client, events: int) -> None:
    batch: list[umadb.Event] = []
    made = Mix(streams_for(events)).events()
    for number, each in enumerate(made, 1):
        batch.append(umadb.Event(event_type=each.type, data=each.entry, tags=[each.stream]))
        if len(batch) == PAGE or number == events:
            client.append(batch)
            batch = []
        if number == events:
            return
    if batch:
        client.append(batch)


def _read_uma(client: umadb.Client, events: int) -> int:
    response = client.read()
    count = 0
    while batch := response.next_batch():
        count += sum(1 for each in batch if each.event.data)
    assert count <= events
    return count


def _content(place: Place) -> str:
    """Tell the SHA-256 over all lines of the feed."""
    log = opened_log(place, writing=False)
    state = sha256()
    after = 0
    while page := log.entries(after, PAGE):
        for stored in page:
            state.update(stored.entry + b"\n")
        after = page[-1].position
    log.close()
    return state.hexdigest()


def _paged(
    load: Program,
    server: Program,
    address: str,
    constant: Program,
    constant_address: str,
    files: list[Path],
    events: int,
    scale: Scale,
) -> Iterator[Figure]:
    """Hold processor time of the server for a page against that for a constant answer."""
    for number, size in enumerate(SIZES):
        count = min(scale.pages, events // size - 1)
        shifts = iter(range(1, scale.rounds + 1))
        same = f"/v1/events?after={events // 2}&limit={size}"
        again = partial(_cpu_ms, load, server, address, (same,) * scale.pages * AGAIN)
        peer = (f"/{number}",) * scale.pages * AGAIN
        constantly = partial(_cpu_ms, load, constant, constant_address, peer)

        def first(size: int, count: int, shifts: Iterator[int]) -> float:
            return _cpu_ms(load, server, address, _pages(size, count, next(shifts)))

        read_first, read_again, theirs = alternate(
            partial(first, size, count, shifts), again, constantly, runs=scale.rounds
        )
        work = f"feed page of {size} entries, NDJSON, {files[number].stat().st_size:,} bytes"
        yield Figure(
            work=f"{work}, when it was read before",
            unit="ms CPU",
            ours=read_again,
            peer="constant answer of the same size, bare Starlette route",
            theirs=theirs,
            at_most=1.5,
        )
        yield Figure(
            work=f"{work}, read for the first time",
            unit="ms CPU",
            ours=read_first,
            peer="constant answer of the same size, bare Starlette route (orientation)",
            theirs=theirs,
            detail=f"{1000 * size / read_first:,.0f} events in a second of the server's CPU",
        )


def _pages(size: int, count: int, shift: int) -> tuple[str, ...]:
    """Name pages that follow each other; with another shift there is no page twice."""
    return tuple(f"/v1/events?after={page * size + shift}&limit={size}" for page in range(count))


def _bodies(place: Place, folder: Path, events: int) -> list[Path]:
    """Write the bytes of a page of each size into a file."""
    files = []
    log = opened_log(place, writing=False)
    for size in SIZES:
        file = folder / f"page-{size}"
        entries = log.entries(events // 2, size)
        file.write_bytes(b"".join(stored.entry + b"\n" for stored in entries))
        files.append(file)
    log.close()
    return files


def _cpu_ms(load: Program, server: Program, address: str, pages: tuple[str, ...]) -> float:
    """Read pages and tell the server's processor time for each of them."""
    used_before = server.cpu_s()
    measured = read(load, address, pages)
    return 1000 * (server.cpu_s() - used_before) / measured.requests
