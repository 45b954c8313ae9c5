"""The tables of a ledger on SQLite: migrations, each numbered and bound by its checksum.

See docs/decisions/log-layout.md. A migration that was ever released is never edited.
"""

import sqlite3
from hashlib import sha256
from typing import Final

from msgspec import Struct

from opsledger_ledger.recording.log import LogDamaged

APPLICATION_ID: Final = 0x4F50_4C44
"""``OPLD``: tells a ledger's file from any other SQLite file."""


class Migration(Struct, frozen=True):
    """One step of the layout; its number is the ``user_version`` it leads to."""

    number: int
    name: str
    statements: tuple[str, ...]

    @property
    def checksum(self) -> str:
        """SHA-256 over the statements, to find a file made by an edited migration."""
        return sha256("\0".join(self.statements).encode()).hexdigest()


def _append_only(table: str) -> tuple[str, ...]:
    """Return the triggers that refuse to change or remove a row of a table."""
    return tuple(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    )


_LOG = Migration(
    number=1,
    name="log",
    statements=(
        (
            "CREATE TABLE migrations ("
            "number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT"
        ),
        # The leaf stands before the entry so that reading it never walks the entry's pages.
        # `previous` is the position of the entry before in the stream, 0 before the first.
        (
            "CREATE TABLE entries ("
            "position INTEGER PRIMARY KEY, stream TEXT NOT NULL, version INTEGER NOT NULL, "
            "previous INTEGER NOT NULL, type TEXT NOT NULL, leaf BLOB NOT NULL, "
            "entry BLOB NOT NULL) STRICT"
        ),
        # Where each stream ends; kept by the database itself, from the entries.
        (
            "CREATE TABLE streams ("
            "stream TEXT PRIMARY KEY, version INTEGER NOT NULL, position INTEGER NOT NULL) "
            "STRICT, WITHOUT ROWID"
        ),
        # One guard is gapless positions, contiguous versions, and INSERT OR REPLACE, which
        # walks past triggers on UPDATE and DELETE.
        (
            "CREATE TRIGGER entries_append BEFORE INSERT ON entries "
            "WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM entries) "
            "OR (NEW.version - 1, NEW.previous) IS NOT (SELECT version, position FROM streams "
            "WHERE stream = NEW.stream UNION ALL SELECT 0, 0 LIMIT 1) "
            "BEGIN SELECT RAISE(ROLLBACK, 'an entry must continue the log and its stream'); END"
        ),
        (
            "CREATE TRIGGER entries_begin AFTER INSERT ON entries WHEN NEW.previous = 0 "
            "BEGIN INSERT INTO streams VALUES (NEW.stream, NEW.version, NEW.position); END"
        ),
        (
            "CREATE TRIGGER entries_advance AFTER INSERT ON entries WHEN NEW.previous > 0 "
            "BEGIN UPDATE streams SET version = NEW.version, position = NEW.position "
            "WHERE stream = NEW.stream; END"
        ),
        (
            "CREATE TRIGGER streams_begin BEFORE INSERT ON streams WHEN "
            "(NEW.stream, NEW.version, NEW.position) IS NOT "
            "(SELECT stream, version, position FROM entries ORDER BY position DESC LIMIT 1) "
            "BEGIN SELECT RAISE(ROLLBACK, 'a stream ends with its last entry'); END"
        ),
        (
            "CREATE TRIGGER streams_advance BEFORE UPDATE ON streams "
            "WHEN NEW.stream IS NOT OLD.stream OR "
            "(NEW.stream, NEW.version, NEW.position) IS NOT "
            "(SELECT stream, version, position FROM entries ORDER BY position DESC LIMIT 1) "
            "BEGIN SELECT RAISE(ROLLBACK, 'a stream ends with its last entry'); END"
        ),
        (
            "CREATE TRIGGER streams_no_delete BEFORE DELETE ON streams "
            "BEGIN SELECT RAISE(ABORT, 'a stream does not go'); END"
        ),
        *_append_only("entries"),
        (
            "CREATE TABLE tiles ("
            "level INTEGER NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL, "
            "PRIMARY KEY (level, number)) STRICT, WITHOUT ROWID"
        ),
        (
            "CREATE TRIGGER tiles_append BEFORE INSERT ON tiles "
            "WHEN NEW.number IS NOT "
            "(SELECT coalesce(max(number) + 1, 0) FROM tiles WHERE level = NEW.level) "
            "BEGIN SELECT RAISE(ROLLBACK, 'a tile hash must continue its level'); END"
        ),
        *_append_only("tiles"),
        (
            "CREATE TABLE head ("
            "id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL, "
            "recorded_at TEXT NOT NULL, frontier BLOB NOT NULL) STRICT"
        ),
        "INSERT INTO head VALUES (1, 0, '', zeroblob(8))",
        (
            "CREATE TRIGGER head_append BEFORE INSERT ON head "
            "BEGIN SELECT RAISE(ABORT, 'a ledger has one head'); END"
        ),
        (
            "CREATE TRIGGER head_advance BEFORE UPDATE ON head "
            "WHEN NEW.id IS NOT 1 OR NEW.position <= OLD.position "
            "OR NEW.recorded_at < OLD.recorded_at "
            "OR NEW.position IS NOT (SELECT max(position) FROM entries) "
            "BEGIN SELECT RAISE(ABORT, 'the head only advances, to the last entry'); END"
        ),
        (
            "CREATE TRIGGER head_no_delete BEFORE DELETE ON head "
            "BEGIN SELECT RAISE(ABORT, 'a ledger has one head'); END"
        ),
        (
            "CREATE TABLE answers ("
            "scope TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL, "
            "answer BLOB NOT NULL, PRIMARY KEY (scope, key)) STRICT, WITHOUT ROWID"
        ),
        (
            "CREATE TRIGGER answers_append BEFORE INSERT ON answers "
            "WHEN EXISTS (SELECT 1 FROM answers WHERE scope = NEW.scope AND key = NEW.key) "
            "BEGIN SELECT RAISE(ROLLBACK, 'a key is answered once'); END"
        ),
        *_append_only("answers"),
        # The only tables of a ledger whose rows may go (evidence.md, section 5).
        (
            "CREATE TABLE personal_keys ("
            "person TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID"
        ),
        (
            "CREATE TABLE personal_values ("
            "commitment TEXT PRIMARY KEY, person TEXT NOT NULL, sealed BLOB NOT NULL) "
            "STRICT, WITHOUT ROWID"
        ),
        "CREATE INDEX personal_values_person ON personal_values (person)",
        # The names under which the library's recorder reads.
        (
            "CREATE VIEW stored_events AS SELECT position AS rowid, stream AS originator_id, "
            "version AS originator_version, type AS topic, entry AS state FROM entries"
        ),
    ),
)

MIGRATIONS: Final = (_LOG,)


def migrate(cursor: sqlite3.Cursor) -> None:
    """Bring the file of an open transaction to the newest layout; no step is done twice.

    Raises:
        LogDamaged: the file holds tables that no migration of a ledger made.
    """
    (version,) = cursor.execute("PRAGMA user_version").fetchone()
    (objects,) = cursor.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if version == 0 and objects:
        raise LogDamaged(f"the file is not a ledger: it holds {objects} foreign objects")
    for migration in MIGRATIONS[version:]:
        for statement in migration.statements:
            cursor.execute(statement)
        cursor.execute(
            "INSERT INTO migrations VALUES (?, ?, ?)",
            (migration.number, migration.name, migration.checksum),
        )
        cursor.execute(f"PRAGMA user_version = {migration.number}")
    if version == 0:
        cursor.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def declared(connection: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """Return the statement of each object of a file's layout by (type, name)."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {(kind, name): sql for kind, name, sql in rows}


def expected() -> dict[tuple[str, str], str]:
    """Return what ``declared`` says of a file that has every migration and nothing else."""
    with sqlite3.connect(":memory:") as connection:
        migrate(connection.cursor())
        objects = declared(connection)
    connection.close()
    return objects
