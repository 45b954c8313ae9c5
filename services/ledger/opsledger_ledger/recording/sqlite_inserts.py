"""Inserting many rows in few statements.

While a statement runs, and only then, the other threads of the process may run. The writer that
gives way once a row waits once a row for the threads that answer requests: measured with 64 clients
on two cores, most of the time of a batch was spent in getting back to work.
"""

import sqlite3
from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any, Final

_ROWS_MAX: Final = 64
"""Rows of one statement, else a smaller power of two: few sizes, each prepared once."""

blob: Final = bytearray
"""Bytes in the form that the driver binds at once.

For each value of `bytes` it first looks for somebody who would adapt it, and makes and drops an
exception when there is nobody: 2,500 instructions, a copy of an entry takes 300.
"""


def insert(cursor: sqlite3.Cursor, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of all columns of a table, in their order.

    Raises:
        sqlite3.IntegrityError: a row is refused; some of those before it may be there.
    """
    first, left = 0, len(rows)
    while left:
        count = min(_ROWS_MAX, 1 << left.bit_length() - 1)
        values = chain.from_iterable(rows[first : first + count])
        cursor.execute(_statement(table, len(rows[first]), count), tuple(values))
        first += count
        left -= count


@cache
def _statement(table: str, columns: int, count: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"INSERT INTO {table} VALUES {', '.join([row] * count)}"  # noqa: S608 - names of ours.
