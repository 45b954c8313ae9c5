"""Columns of many rows as binary arrays, for ``unnest``; and many entries as they are for COPY.

The driver dumps any list by looking at each of its elements; ours are known to be of one type,
which takes less than half the time of the writer's thread.
"""

import struct
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Final

from psycopg import Connection
from psycopg.abc import AdaptContext
from psycopg.adapt import Dumper
from psycopg.pq import Format

from opsledger_ledger.recording.batch import Row

BYTEA: Final = 17
BIGINT: Final = 20
TEXT: Final = 25
"""The numbers of types in the catalogue, the same in every database."""

_header = struct.Struct("!iiIii").pack
_length = struct.Struct("!i").pack
bigint = struct.Struct("!q").pack
_BIGINT_BYTES: Final = 8

# Six columns: position, version and type with the lengths of their types, then that of the stream.
_entry = struct.Struct("!h iq ii ih i").pack
_COLUMNS: Final = 6
_INTEGER_BYTES: Final = 4
_SMALLINT_BYTES: Final = 2
_COPY_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END: Final = b"\xff\xff"
_PART_ROWS: Final = 1_000


class _Array:
    """One dimension of values of one type in the wire's binary form, none of them NULL."""

    element: ClassVar[int]
    oid: ClassVar[int]
    """The numbers of both types in the catalogue."""
    __slots__ = ("wire",)

    def __init__(self, values: Collection[bytes]) -> None:
        parts = [b""] * (2 * len(values))
        parts[::2] = map(_length, map(len, values))
        parts[1::2] = values
        # Dimensions, whether there are NULLs, the type; then length and lower bound of the one.
        self.wire = _header(1, 0, self.element, len(values), 1) + b"".join(parts)


class Bytes(_Array):
    """A ``bytea[]``."""

    element = BYTEA
    oid = 1001
    __slots__ = ()


class Texts(_Array):
    """A ``text[]``."""

    element = TEXT
    oid = 1009
    __slots__ = ()

    def __init__(self, values: Iterable[str]) -> None:
        super().__init__(list(map(str.encode, values)))


class Bigints(_Array):
    """A ``bigint[]``."""

    element = BIGINT
    oid = 1016
    __slots__ = ()

    def __init__(self, values: Iterable[int]) -> None:
        super().__init__(list(map(bigint, values)))


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def __init__(self, cls: type[_Array], context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self.oid = cls.oid

    def dump(self, obj: _Array) -> bytes:
        """Return the array as it was built."""
        return obj.wire


def copied_entries(rows: Sequence[Row], types: Mapping[str, int]) -> Iterator[bytes]:
    """Yield entries in the binary form of COPY, with the numbers of their types."""
    yield _COPY_BEGIN
    for first in range(0, len(rows), _PART_ROWS):
        parts: list[bytes] = []
        for position, stream, version, kind, leaf, entry in rows[first : first + _PART_ROWS]:
            name = stream.encode()
            numbers = (
                *(_COLUMNS, _BIGINT_BYTES, position, _INTEGER_BYTES, version),
                *(_SMALLINT_BYTES, types[kind], len(name)),
            )
            parts += (_entry(*numbers), name, _length(len(leaf)), leaf, _length(len(entry)), entry)
        yield b"".join(parts)
    yield _COPY_END


def register(connection: Connection[tuple[object, ...]]) -> None:
    """Let a connection take these arrays as parameters."""
    for kind in (Bytes, Texts, Bigints):
        connection.adapters.register_dumper(kind, _ArrayDumper)
