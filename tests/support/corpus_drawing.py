"""Numbers, texts and days drawn for the golden corpus, the same on every machine and for ever.

The stream is SHA-256 over a name and a counter: no generator of the standard library, whose
streams may change between versions, no hash seed and no clock has a part in it.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TypeVar

T = TypeVar("T")
BYTES_A_NUMBER = 8


class Draw:
    """The stream of a name such as ``corpus/17/42``; every call takes the next of it."""

    def __init__(self, *name: object) -> None:
        self._seed = "/".join(map(str, name)).encode("ascii")
        self._counter = 0
        self._rest = b""

    def below(self, limit: int) -> int:
        """A number from 0 up to, but not including, the limit."""
        if not self._rest:
            self._rest = hashlib.sha256(b"%s#%d" % (self._seed, self._counter)).digest()
            self._counter += 1
        number, self._rest = self._rest[:BYTES_A_NUMBER], self._rest[BYTES_A_NUMBER:]
        return int.from_bytes(number, "big") % limit

    def between(self, low: int, high: int) -> int:
        """A number within both ends."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """Yes in so many of a hundred cases."""
        return self.below(100) < percent

    def pick(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All options in another order."""
        left = list(options)
        return [left.pop(self.below(len(left))) for _ in options]

    def some(self, options: Sequence[T], count: int) -> list[T]:
        """So many of the options, in another order."""
        return self.shuffled(options)[:count]

    def decimal(self, low: int, high: int, places: int) -> str:
        """Decimal text within both ends, in one of the ways in which it can be written."""
        return decimal(self.between(low * 10**places, high * 10**places), places)

    def day(self, first: date, last: date) -> date:
        """A day within both ends."""
        return first + timedelta(days=self.below((last - first).days + 1))


def decimal(scaled: int, places: int) -> str:
    """The decimal text of ``scaled / 10**places``, with all places written."""
    if not places:
        return str(scaled)
    whole, rest = divmod(abs(scaled), 10**places)
    return f"{'-' if scaled < 0 else ''}{whole}.{rest:0{places}d}"
