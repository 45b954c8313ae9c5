"""Columns of many rows as binary arrays, for ``unnest``.

The driver dumps any list by looking at each of its elements; ours are known to be of one type,
which takes less than half the time of the writer's thread.
"""

import struct
from collections.abc import Iterable
from typing import ClassVar, Final

from psycopg import Connection
from psycopg.adapt import Dumper
from psycopg.pq import Format

_BYTEA: Final = 17
_BIGINT: Final = 20
_TEXT: Final = 25

_header = struct.Struct("!iiIii").pack
_length = struct.Struct("!i").pack
_bigint = struct.Struct("!iq").pack
_BIGINT_BYTES: Final = 8


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


def register(connection: Connection[tuple[object, ...]]) -> None:
    """Let a connection take these arrays as parameters."""
    for kind, dumper in ((Bytes, _BytesDumper), (Texts, _TextsDumper), (Bigints, _BigintsDumper)):
        connection.adapters.register_dumper(kind, dumper)
