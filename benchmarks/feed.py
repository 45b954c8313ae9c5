"""Pages of the feed beside constant answers of the same size: processor time of the server a page.

The pages are read as a subscriber reads that catches up: one after the other, over one connection.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.measure import Figure, Scale, alternate
from benchmarks.processes import Program, running
from benchmarks.reading import read
from benchmarks.submissions import append, prepared

SIZES: Final = (100, 1_000)
"""Entries of a page."""

EVENTS: Final = 20_000
"""Events in the ledger."""

AGAIN: Final = 5
"""Times as many pages in a run whose bytes are there already, since each takes so little."""


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figures of this part."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        files = _seeded(folder)
        load = stack.enter_context(running("load"))
        server = stack.enter_context(running("ledger_server", str(folder / "ledger")))
        constant = stack.enter_context(running("constant_server", *map(str, files)))
        address, constant_address = server.read(), constant.read()
        for number, size in enumerate(SIZES):
            count = min(scale.pages, EVENTS // size)
            shifts = iter(range(scale.rounds))
            same = f"/v1/events?after={EVENTS // 2}&limit={size}"
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


def _seeded(folder: Path) -> list[Path]:
    """Fill a ledger with real events; gives files with the bytes of a page of each size."""
    files = []
    with prepared(folder / "ledger") as ledger:
        append(ledger, "seed", EVENTS)
        for size in SIZES:
            file = folder / f"page-{size}"
            entries = ledger.log.entries(EVENTS // 2, size)
            file.write_bytes(b"".join(stored.entry + b"\n" for stored in entries))
            files.append(file)
    return files


def _cpu_ms(load: Program, server: Program, address: str, pages: tuple[str, ...]) -> float:
    """Read pages and tell the server's processor time for each of them."""
    used_before = server.cpu_s()
    measured = read(load, address, pages)
    return 1000 * (server.cpu_s() - used_before) / measured.requests
