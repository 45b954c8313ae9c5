"""The read side's answer to what a letter said as of a position, over HTTP."""

import random
import tempfile
from collections.abc import Iterator

from benchmarks.folding import LETTER_EVENTS, LIMIT_MS
from benchmarks.measure import Figure, Scale, limit
from benchmarks.processes import running
from benchmarks.reading import read

WARM_UP_LOOKS = 10


def figures(scale: Scale) -> Iterator[Figure]:
    """Measure and yield the figure of this part."""
    chosen = random.Random(1)
    looks = tuple(
        f"/v1/letters/L-000000?known_at={chosen.randint(1, LETTER_EVENTS)}"
        f"&min_position={LETTER_EVENTS}"
        for _ in range(scale.looks)
    )
    with (
        tempfile.TemporaryDirectory() as folder,
        running("letter_server", folder, str(LETTER_EVENTS)) as server,
        running("load") as load,
    ):
        address = server.read()
        read(load, address, looks[:WARM_UP_LOOKS])
        measured = read(load, address, looks)
    yield limit(
        f"GET a letter of {LETTER_EVENTS} events as of any position, over HTTP (p99)",
        "ms",
        measured.p99_ms,
        LIMIT_MS,
        f"p50 {measured.p50_ms:.1f} ms",
    )
