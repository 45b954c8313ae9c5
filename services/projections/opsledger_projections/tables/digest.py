"""The canonical digest of a view: the same events give the same digest in any batches."""

import hashlib
from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

import msgspec

from opsledger_projections.tables.port import Tables
from opsledger_projections.views.view import View

ROWS_AT_ONCE: Final = 256


def digest(tables: Tables, view: View, position: int) -> str:
    """Hash every row of a view up to a position, in order of key and position, as it is stored.

    Each row is one MessagePack array of its values; after them each element of a list that only
    grows is one. What happened after the position leaves no trace in the digest. What elements say
    is in the entries, which are the rows of the audit trail.
    """
    hashed = hashlib.sha256()
    buffer = bytearray()
    encode = msgspec.msgpack.Encoder().encode_into
    for rows in _chunks(tables.every(view, position)):
        encode(rows, buffer)
        hashed.update(buffer)
    for elements in _chunks(tables.elements(view, position)):
        encode(elements, buffer)
        hashed.update(buffer)
    return hashed.hexdigest()


def _chunks(rows: Iterable[Any]) -> Iterable[list[Any]]:
    """Give rows in lists of one length, so that the same rows are always the same lists."""
    left = iter(rows)
    while chunk := list(islice(left, ROWS_AT_ONCE)):
        yield chunk
