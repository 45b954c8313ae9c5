"""Where things are found: what stands under the keys of an index, and what stood there before.

There are as many entries as things were ever found under keys, so they are kept in columns: 32
bytes each beside the key and the identifier, where an object each would take four times as much.
"""

from array import array

import msgspec

Place = tuple[str, str]
"""Name of an index and a key in it."""

_NOBODY = 0
"""Number of the row before the first under a key, and the position until which a row holds that
has not ended."""


class IndexSnapshot(msgspec.Struct, array_like=True, frozen=True):
    """All rows, in order, and the last one under each key."""

    last: dict[str, dict[str, int]]
    identifiers: list[str]
    positions_from: bytes
    positions_to: bytes
    rows_before: bytes


class Index:
    """Identifiers under keys, each from a position on and perhaps until one.

    What was changed since `settle` was last called can be undone.
    """

    def __init__(self) -> None:
        """Begin with nothing under any key."""
        self._last: dict[str, dict[str, int]] = {}
        """Under each name and key, the row that came last; every row knows the one before it."""
        self._identifiers = [""]
        self._from = array("Q", (0,))
        self._to = array("Q", (0,))
        self._before = array("Q", (_NOBODY,))
        self._opened: list[Place] = []
        self._closed: list[int] = []

    def find(self, place: Place) -> tuple[str, ...]:
        """List the identifiers that stand at a place, in the order in which they came."""
        names, ends = self._identifiers, self._to
        return tuple([names[row] for row in self._rows(place) if not ends[row]])

    def found_at(self, place: Place, position: int) -> tuple[str, ...]:
        """List what `find` would have listed at an earlier position."""
        return tuple(
            [
                self._identifiers[row]
                for row in self._rows(place)
                if self._from[row] <= position and (not self._to[row] or position < self._to[row])
            ]
        )

    def move(
        self,
        identifier: str,
        before: tuple[Place, ...],
        now: tuple[Place, ...],
        position: int,
    ) -> None:
        """Let an identifier stand at other places than before, from a position on."""
        for place in dict.fromkeys(before):
            if place not in now:
                self._close(place, identifier, position)
        for place in dict.fromkeys(now):
            if place not in before:
                self._open(place, identifier, position)

    def settle(self) -> None:
        """Take everything so far as lasting."""
        self._opened.clear()
        self._closed.clear()

    def undo(self) -> None:
        """Go back to where `settle` was last called."""
        for name, key in reversed(self._opened):
            self._identifiers.pop()
            self._from.pop()
            self._to.pop()
            before = self._before.pop()
            if before:
                self._last[name][key] = before
            else:
                del self._last[name][key]
        for row in self._closed:
            # One that was opened since is gone already.
            if row < len(self._to):
                self._to[row] = 0
        self.settle()

    def snapshot(self) -> IndexSnapshot:
        """Write everything down."""
        return IndexSnapshot(
            self._last,
            self._identifiers,
            self._from.tobytes(),
            self._to.tobytes(),
            self._before.tobytes(),
        )

    def restore(self, snapshot: IndexSnapshot) -> None:
        """Begin where a snapshot was taken."""
        self._last = snapshot.last
        # A thing stands under several keys, with one and the same name.
        same: dict[str, str] = {}
        self._identifiers = [same.setdefault(name, name) for name in snapshot.identifiers]
        self._from = _column(snapshot.positions_from)
        self._to = _column(snapshot.positions_to)
        self._before = _column(snapshot.rows_before)

    def _rows(self, place: Place) -> list[int]:
        """List the rows of a place, the oldest first."""
        name, key = place
        rows: list[int] = []
        under = self._last.get(name)
        if under is not None:
            before, row = self._before, under.get(key, _NOBODY)
            while row:
                rows.append(row)
                row = before[row]
            rows.reverse()
        return rows

    def _open(self, place: Place, identifier: str, position: int) -> None:
        name, key = place
        last = self._last.setdefault(name, {})
        self._before.append(last.get(key, _NOBODY))
        last[key] = len(self._identifiers)
        self._identifiers.append(identifier)
        self._from.append(position)
        self._to.append(0)
        self._opened.append(place)

    def _close(self, place: Place, identifier: str, position: int) -> None:
        for row in self._rows(place):
            if not self._to[row] and self._identifiers[row] == identifier:
                self._to[row] = position
                self._closed.append(row)


def _column(written: bytes) -> "array[int]":
    column = array("Q")
    column.frombytes(written)
    return column
