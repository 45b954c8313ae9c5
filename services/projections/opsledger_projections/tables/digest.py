"""The canonical digest of a view: the same events give the same digest in any batches."""

import hashlib

import orjson

from opsledger_projections.tables.port import Tables
from opsledger_projections.views.view import View


def digest(tables: Tables, view: View, position: int) -> str:
    """Hash every row of a view as of a position, open and closed, in order of key and position.

    Each row is one line of JSON with its key, both pairs of bounds, labels and body; after them each
    element of a list that only grows is one. What happened
    after the position leaves no trace in the digest.
    """
    hashed = hashlib.sha256()
    for row in tables.every(view, position):
        hashed.update(orjson.dumps([*row[:5], *row.labels]))
        hashed.update(row.body)
        hashed.update(b"\n")
    for grown in tables.elements(view, position):
        hashed.update(orjson.dumps(grown[:3]))
        hashed.update(grown.body)
        hashed.update(b"\n")
    return hashed.hexdigest()
