"""Parts: how the work of projecting is divided over processes, some views by stream.

Part `i/n` takes in every entry and folds its share. A view whose rows each depend on one stream is
divided by a hash of the stream's name; one that joins streams is folded by one part, as a whole. The
division depends on nothing but the views and the number of parts, so that a part that is begun again
goes on with the share that it had.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self
from zlib import crc32

from opsledger_projections.views.view import View

PARTS_MAX: Final = 64
HASHES: Final = 2**32
"""How many values the hash of a stream has."""
WORK: Final = 100
"""The work of all views, in the unit of `View.undivided_percent`."""

_PART: Final = re.compile(r"([1-9][0-9]?)/([1-9][0-9]?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """One of some equal parts, written `2/3`."""

    number: int
    count: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a part.

        Raises:
            ValueError: it is not written like `2/3`, or there are more than 64.

        """
        matched = _PART.fullmatch(text)
        number, count = (int(matched[1]), int(matched[2])) if matched else (0, 0)
        if not 1 <= number <= count <= PARTS_MAX:
            raise ValueError(f"{text!r} is no part such as 1/2, of {PARTS_MAX} at most")
        return cls(number, count)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


class Share:
    """What one part folds: some views of all streams, the others of the streams it is given."""

    def __init__(self, views: Sequence[View], hashes: range) -> None:
        """`views` are those of which it has rows; it is given the streams with these `hashes`."""
        self.views = views
        self.hashes = hashes
        self._nouns = {
            type_name.partition(".")[0]
            for view in views
            if view.undivided_percent
            for type_name in view.types
        }

    def has(self, stream: str) -> bool:
        """Tell whether it is given a stream."""
        return crc32(stream.encode()) in self.hashes

    def folds(self, stream: str) -> bool:
        """Tell whether it folds anything of a stream.

        If it does it looks at every entry of the stream: one that nobody can read parks it in all
        views that follow it.
        """
        return stream.partition("/")[0] in self._nouns or self.has(stream)

    def following(self, views: Sequence[View], stream: str) -> Sequence[View]:
        """Choose of its views those that it folds for a stream."""
        if self.has(stream):
            return views
        return [view for view in views if view.undivided_percent]


def division(views: Sequence[View], count: int) -> list[Share]:
    """Divide the work of views into shares that are as equal as whole views let them be."""
    loads = [0] * count
    undivided: list[set[View]] = [set() for _ in range(count)]
    for view in sorted(views, key=lambda view: (-view.undivided_percent, view.name)):
        if view.undivided_percent:
            lightest = loads.index(min(loads))
            undivided[lightest].add(view)
            loads[lightest] += view.undivided_percent
    left = WORK - sum(loads)
    level = _level(loads, left)
    shares = []
    lifted = Fraction(0)
    for load, own in zip(loads, undivided, strict=True):
        begin = int(lifted * HASHES / left)
        lifted += max(Fraction(0), level - load)
        followed = [view for view in views if not view.undivided_percent or view in own]
        shares.append(Share(followed, range(begin, int(lifted * HASHES / left))))
    return shares


def _level(loads: Sequence[int], left: int) -> Fraction:
    """Tell up to which load parts can be filled with the work that is left."""
    total = left
    for place, load in enumerate(sorted(loads)):
        if place and load * place >= total:
            return Fraction(total, place)
        total += load
    return Fraction(total, len(loads))
