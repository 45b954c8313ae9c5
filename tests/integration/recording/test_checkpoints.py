"""The write-ahead log of SQLite is copied beside the commits, and stays within its bound."""

import sqlite3
from pathlib import Path

import pytest

from opsledger_ledger.recording import checkpoints
from opsledger_ledger.recording.checkpoints import Checkpoints
from opsledger_ledger.recording.connections import DATABASE_NAME
from opsledger_ledger.recording.log import StorageFailed
from opsledger_ledger.recording.sqlite_log import SqliteLog, open_log
from opsledger_ledger.recording.verification import verify
from support.log_entries import EntryMaker

AT = "2026-11-02T08:00:00.000000Z"
ROUNDS = 40


