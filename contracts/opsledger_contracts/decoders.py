"""Decoders made while other threads run.

msgspec looks at a class when the first decoder that needs it is made, and lets other threads run
meanwhile. One that decodes by what is not there yet ends the process. So decoders of events are
made by one thread at a time, and a service has all its classes looked at before it has threads.
"""

from collections.abc import Iterator
from contextlib import suppress
from threading import RLock
from typing import Final

import msgspec
from msgspec import Struct

MAKING: Final = RLock()
"""Held by who makes a decoder at a time when there may be other threads."""


def look_at_classes() -> None:
    """Have msgspec look at every class that was imported, as far as it can be decoded."""
    with MAKING:
        for kind in list(_below(Struct)):
            # Some classes are never decoded, and hold what cannot be.
            with suppress(TypeError):
                msgspec.json.Decoder(kind)


def _below(kind: type[Struct]) -> Iterator[type[Struct]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)
