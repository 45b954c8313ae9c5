"""The library's own recorder cases, run against the ledger's recorder.

Run: the application recorder's case and the one on interleaved positions. Not run, because
they test something which the ledger's recorder is not:

- ``AggregateRecorderTestCase`` asks for no positions in return; an application recorder
  (the library's own included) returns them. Its case on atomic insertion is in
  ``test_log.py``.
- ``TrackingRecorderTestCase``, ``ProcessRecorderTestCase``: tracking belongs to the read
  side, which has its own tables.
- ``optional_test_insert_subscribe``: no SQLite recorder of the library has subscriptions;
  the feed is the ledger's own.
"""

import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from eventsourcing.tests.persistence import (
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

from opsledger_ledger.recording.connections import LedgerDatastore
from opsledger_ledger.recording.recorder import LedgerRecorder
from opsledger_ledger.recording.schema import expected

READER_S = 30.0
"""Longest wait for a reading thread that was told to stop."""


class OnOneDirectory:
    """Gives every case a recorder on a directory of its own."""

    # The library counts versions from 0 in its concurrent cases, the ledger from 1.
    INITIAL_VERSION = 0

    # A counter of the interpreter: the cases ask for streams from many threads at once.
    numbers = count()

    @pytest.fixture(autouse=True)
    def _directory(self, tmp_path: Path) -> Iterator[None]:
        self.datastore = LedgerDatastore(tmp_path, writing=True)
        before = set(threading.enumerate())
        yield
        # The library's cases tell their readers to stop and do not wait for them; a connection that is
        # closed under a reader takes the whole process down.
        for thread in set(threading.enumerate()) - before:
            thread.join(READER_S)
        self.datastore.close()

    def new_originator_id(self) -> str:
        """A new stream; a ledger's streams are named by text."""
        return f"letter/{next(self.numbers)}"

    def create_recorder(self) -> LedgerRecorder:
        """A recorder whose guard lets the first version of a stream be 0."""
        recorder = LedgerRecorder(self.datastore)
        recorder.create_table()
        guard = expected()["trigger", "entries_append"]
        relaxed = guard.replace("SELECT 0, 0 LIMIT 1", "SELECT -1, 0 LIMIT 1")
        assert relaxed != guard
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute("DROP TRIGGER entries_append")
            cursor.execute(relaxed)
        return recorder


class TestApplicationRecorder(OnOneDirectory, ApplicationRecorderTestCase[LedgerRecorder]):
    """The library's case of an application recorder."""

    def test_inserting_nothing_gives_no_positions(self) -> None:
        """An empty insertion is no commit: it gives no position and moves nothing."""
        recorder = self.create_recorder()
        assert recorder.insert_events([]) == []
        assert recorder.max_notification_id() is None


class TestPositionsDoNotInterleave(OnOneDirectory, NonInterleavingNotificationIDsBaseCase):
    """The library's case of two long insertions at once."""


del ApplicationRecorderTestCase, NonInterleavingNotificationIDsBaseCase
