"""What the columns that lead through a stream say, compared with the entries themselves."""

import sqlite3
from collections.abc import Iterator
from typing import Final

from opsledger_ledger.recording.log import Finding
from opsledger_ledger.recording.verification import COLUMN

STREAM: Final = "end of stream"

_PREVIOUS: Final = (
    "SELECT entries.position, entries.previous, coalesce(before.stream, 'nothing'), "
    "coalesce(before.version, 0), entries.stream, entries.version - 1 "
    "FROM entries LEFT JOIN entries AS before ON before.position = entries.previous "
    "WHERE entries.position > ? AND CASE entries.version WHEN 1 THEN entries.previous IS NOT 0 "
    "ELSE (before.stream, before.version) IS NOT (entries.stream, entries.version - 1) END "
    "ORDER BY entries.position"
)
_BEYOND: Final = (
    "SELECT entries.position, entries.stream, entries.version, coalesce(streams.version, 0) "
    "FROM entries LEFT JOIN streams ON streams.stream = entries.stream "
    "WHERE entries.position > ? AND coalesce(streams.version, 0) < entries.version "
    "ORDER BY entries.position"
)
_ENDS: Final = (
    "SELECT streams.stream, streams.version, streams.position FROM streams "
    "LEFT JOIN entries ON entries.position = streams.position "
    "WHERE (entries.stream, entries.version) IS NOT (streams.stream, streams.version) "
    "AND streams.position > ? ORDER BY streams.position"
)


def stream_findings(connection: sqlite3.Connection, after: int = 0) -> Iterator[Finding]:
    """Yield where a column or an end of a stream leads elsewhere than the entries say.

    With ``after`` only entries beyond that position are looked at, and only ends that are.
    """
    for position, previous, stream, version, *wanted in connection.execute(_PREVIOUS, (after,)):
        expected = f"the position of version {wanted[1]} of {wanted[0]}"
        found = f"{previous}, which is version {version} of {stream}"
        yield Finding(COLUMN, position, "previous", expected, found)
    for position, stream, version, end in connection.execute(_BEYOND, (after,)):
        expected = f"version {version} or later of {stream}"
        yield Finding(STREAM, position, "end of stream", expected, f"version {end}")
    for stream, version, position in connection.execute(_ENDS, (after,)):
        expected = f"version {version} of {stream}"
        yield Finding(STREAM, position, "end of stream", expected, "another entry, or none")
