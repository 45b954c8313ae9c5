"""Columns of many rows as binary arrays, for ``unnest``; and many entries as they are for COPY.

The driver dumps any list by looking at each of its elements; ours are known to be of one type,
which takes less than half the time of the writer's thread.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar, Final

from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

from opsledger_ledger.recording.batch import Row

_BYTEA: Final = 17
_BIGINT: Final = 20
_TEXT: Final = 25

_header = struct.Struct("!iiIii").pack
_length = struct.Struct("!i").pack
_bigint = struct.Struct("!iq").pack
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
    """The type's number in the catalogue, the same in every database."""
    __slots__ = ("wire",)

    def __init__(self, parts: list[bytes], count: int) -> None:
        # Dimensions, whether there are NULLs, the type; then length and lower bound of the one.
        self.wire = _header(1, 0, self.element, count, 1) + b"".join(parts)


class Bytes(_Array):
    """A ``bytea[]``."""

    element = _BYTEA
    __slots__ = ()

    def __init__(self, values: Iterable[bytes]) -> None:
        parts: list[bytes] = []
        count = 0
        for value in values:
            parts += (_length(len(value)), value)
            count += 1
        super().__init__(parts, count)


class Texts(_Array):
    """A ``text[]``."""

    element = _TEXT
    __slots__ = ()

    def __init__(self, values: Iterable[str]) -> None:
        parts: list[bytes] = []
        count = 0
        for value in values:
            encoded = value.encode()
            parts += (_length(len(encoded)), encoded)
            count += 1
        super().__init__(parts, count)


class Bigints(_Array):
    """A ``bigint[]``."""

    element = _BIGINT
    __slots__ = ()

    def __init__(self, values: Iterable[int]) -> None:
        parts = [_bigint(_BIGINT_BYTES, value) for value in values]
        super().__init__(parts, len(parts))


class _ArrayDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Array) -> bytes:
        """Return the array as it was built."""
        return obj.wire


class _BytesDumper(_ArrayDumper):
    oid = 1001


class _TextsDumper(_ArrayDumper):
    oid = 1009


class _BigintsDumper(_ArrayDumper):
    oid = 1016


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
    for kind, dumper in ((Bytes, _BytesDumper), (Texts, _TextsDumper), (Bigints, _BigintsDumper)):
        connection.adapters.register_dumper(kind, dumper)
