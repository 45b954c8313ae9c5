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

_ROWS: Final = (64, 32, 16, 8, 4, 2, 1)
"""Rows of one statement; few sizes, so that each is prepared once per connection."""


def insert(cursor: sqlite3.Cursor, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of all columns of a table, in their order.

    Raises:
        sqlite3.IntegrityError: a row is refused; some of those before it may be there.
    """
    first = 0
    for count in _ROWS:
        while len(rows) - first >= count:
            values = chain.from_iterable(rows[first : first + count])
            cursor.execute(_statement(table, len(rows[first]), count), tuple(values))
            first += count


@cache
def _statement(table: str, columns: int, count: int) -> str:
    row = f"({', '.join('?' * columns)})"
    return f"INSERT INTO {table} VALUES {', '.join([row] * count)}"  # noqa: S608 - names of ours.
