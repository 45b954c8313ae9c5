"""A program in which threads decode each an event of every type at once; ends well or crashes.

Run as `python -m support.decoding_threads SEED [unlocked]`; with `unlocked` decoders are made by
any thread at any time, which is the fault.
"""

import random
import sys
from contextlib import nullcontext
from pathlib import Path
from threading import Barrier, Thread
from typing import Final
from unittest import mock

from opsledger_contracts import codec
from opsledger_contracts.decoders import MAKING

ENTRIES: Final = Path(__file__).parents[2] / "contracts" / "examples" / "entries"
THREADS: Final = 4


def main(seed: int, *faults: str) -> None:
    """Decode in threads, each in an order of its own."""
    entries = [path.read_bytes() for path in sorted(ENTRIES.iterdir())]
    ready = Barrier(THREADS)

    def decode(order: int) -> None:
        mine = random.Random(seed * THREADS + order).sample(entries, len(entries))
        ready.wait()
        for entry in mine:
            codec.decode_recorded(entry)
            codec.decode(entry)

    sys.setswitchinterval(1e-6)
    lock = nullcontext() if faults else MAKING
    with mock.patch("opsledger_contracts.codec.MAKING", lock):
        threads = [Thread(target=decode, args=(order,)) for order in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
