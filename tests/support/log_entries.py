"""Valid entries for tests of the log: canonical, chained per stream, cheap to make."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opsledger_contracts.canonical import canonical
from opsledger_contracts.evidence.merkle import leaf_hash
from opsledger_ledger.recording.log import Log, NewEntry
from opsledger_ledger.recording.sqlite_log import SqliteLog, open_log

TYPE = "letter.noted.v1"


def instant(number: int) -> str:
    """The recorded time of the number-th batch: a second each."""
    return f"2027-01-28T{9 + number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000000Z"


class EntryMaker:
    """Makes the next entry of any stream, after those which there are already."""

    def __init__(self, before: Sequence[NewEntry] = ()) -> None:
        self._last = {
            entry.stream: (entry.version, leaf_hash(entry.entry).hex()) for entry in before
        }

    def next(self, stream: str, recorded_at: str, **data: Any) -> NewEntry:
        """The next entry of a stream."""
        version, previous_leaf = self._last.get(stream, (0, None))
        attributes: dict[str, Any] = {
            "specversion": "1.0",
            "type": TYPE,
            "subject": stream,
            "streamversion": version + 1,
            "recordedtime": recorded_at,
            "data": data,
        }
        if previous_leaf is not None:
            attributes["prev"] = previous_leaf
        entry = canonical(attributes)
        self._last[stream] = (version + 1, leaf_hash(entry).hex())
        return NewEntry(stream, version + 1, TYPE, entry)


def fill(log: Log, count: int, *, streams: int = 7, batch_size: int = 5) -> EntryMaker:
    """Record entries 1 to ``count`` in turn over the streams, a batch a second."""
    maker = EntryMaker()
    for start in range(0, count, batch_size):
        recorded_at = instant(start // batch_size)
        numbers = range(start, min(start + batch_size, count))
        with log.begin() as batch:
            batch.append(
                [
                    maker.next(f"letter/BJ-{number % streams}", recorded_at, number=number + 1)
                    for number in numbers
                ],
                recorded_at,
            )
    return maker


def filled(directory: Path, count: int, **options: int) -> SqliteLog:
    """A new log in a directory with ``count`` entries."""
    log = open_log(directory)
    fill(log, count, **options)
    return log
