"""One leg of the determinism matrix: computes blocks of the corpus in this very process.

Run by any interpreter that has msgspec, `contracts` and `tests` on its path, as
``python -m support.corpus_leg BLOCK,BLOCK,... [FAULT]``. The first line of the output says where it
ran, so that a matrix that did not apply is noticed; each further line is a block.
"""

import json
import locale
import platform
import sys
import time
from typing import Final

import msgspec

from support.corpus import compute, line_of
from support.corpus_faults import FAULTS

WINTER: Final = 1_768_435_200
SUMMER: Final = 1_784_073_600
"""Two instants of 2026 between which clocks are changed in many places."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a leg ran, as seen from inside."""

    python: str
    msgspec: str
    hash_of_a_text: int
    offsets: tuple[int, int]
    """Seconds that local time is ahead of UTC in winter and in summer."""
    locale: str
    collation: tuple[str, ...]
    """Four names in the order of the locale."""


def place() -> Place:
    """Tell where this process runs; puts the locale of its environment in force."""
    named = locale.setlocale(locale.LC_ALL, "")
    return Place(
        python=f"{platform.python_implementation()} {platform.python_version()}",
        msgspec=msgspec.__version__,
        hash_of_a_text=hash("opsledger"),
        offsets=(time.localtime(WINTER).tm_gmtoff, time.localtime(SUMMER).tm_gmtoff),
        locale=named,
        collation=tuple(sorted(("b", "B", "a", "C"), key=locale.strxfrm)),
    )


def main(blocks: str, *faults: str) -> None:
    """Compute the blocks and print them."""
    sys.stdout.write(json.dumps(msgspec.to_builtins(place())) + "\n")
    for fault in faults:
        FAULTS[fault]()
    for block in blocks.split(","):
        sys.stdout.write(line_of(compute(int(block))))
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
