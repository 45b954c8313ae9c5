"""The tables of a ledger on PostgreSQL: numbered migrations, and what the catalogue says of them.

See docs/decisions/postgresql-log.md. A migration that was ever released is never edited.
"""

from hashlib import sha256
from typing import Final

from msgspec import Struct
from psycopg.sql import SQL, Identifier

from opsledger_ledger.recording.log import LogDamaged
from opsledger_ledger.recording.postgres_connections import (
    Connection,
    PostgresConnections,
    schema_checked,
)
from opsledger_ledger.recording.postgres_errors import translating

SERVER_VERSION_MIN: Final = 140_000

_MAINTAIN_SINCE: Final = 170_000
"""The first version in which a role that owns nothing may be allowed to vacuum."""

_MIGRATION_LOCK: Final = 0x6F70_6C64
"""First half of the advisory lock of a migration; the second is the schema."""

_TEXT: Final = 'text COLLATE "C" NOT NULL'


STREAM_HASH: Final = "GENERATED ALWAYS AS (hashtext(stream)) STORED"
"""What stands for a stream in the index, which would be twice as large with the names."""


class Table(Struct, frozen=True):
    """A table: its columns with their types, and what is unique in it."""

    name: str
    columns: tuple[tuple[str, str], ...]
    keys: tuple[str, ...]
    check: str = ""
    growing: bool = False
    """Whether its first key only grows at its end, so that the pages of the index can be full."""

    @property
    def statement(self) -> str:
        """The statement that makes it."""
        columns = [f"{name} {kind}" for name, kind in self.columns]
        keys = [
            f"{'PRIMARY KEY' if number == 0 else 'UNIQUE'} ({key})"
            + (" WITH (fillfactor = 100)" if number == 0 and self.growing else "")
            for number, key in enumerate(self.keys)
        ]
        check = [f"CHECK ({self.check})"] if self.check else []
        return f"CREATE TABLE {{schema}}.{self.name} ({', '.join(columns + keys + check)})"


class Guard(Struct, frozen=True):
    """A trigger that refuses what must not happen to a table, whoever asks."""

    table: str
    name: str
    event: str
    """When it fires, as the catalogue writes it."""
    rows: str
    """What it looks at, as the catalogue writes it."""
    function: str

    @property
    def definition(self) -> str:
        """What the catalogue says of it, without the name of the schema."""
        return (
            f"CREATE TRIGGER {self.name} {self.event} ON {self.table} {self.rows} "
            f"EXECUTE FUNCTION {self.function}()"
        )

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements that make it."""
        made = self.definition.replace(f" ON {self.table}", f" ON {{schema}}.{self.table}")
        made = made.replace("EXECUTE FUNCTION ", "EXECUTE FUNCTION {schema}.")
        # Even a session that plays the part of a replica does not get round it.
        always = f"ALTER TABLE {{schema}}.{self.table} ENABLE ALWAYS TRIGGER {self.name}"
        return (made, always)


class Function(Struct, frozen=True):
    """What a guard does."""

    name: str
    body: str

    @property
    def statement(self) -> str:
        """The statement that makes it."""
        return (
            f"CREATE FUNCTION {{schema}}.{self.name}() RETURNS trigger LANGUAGE plpgsql "
            f"AS $guard${self.body}$guard$"
        )


TABLES: Final = (
    Table(
        "migrations",
        (("number", "integer NOT NULL"), ("name", _TEXT), ("checksum", _TEXT)),
        ("number",),
    ),
    # Where each type of event has its number, of two bytes where its name has two dozen.
    Table("types", (("number", "smallint NOT NULL"), ("name", _TEXT)), ("number", "name")),
    # The columns are in an order that leaves no gaps between them.
    Table(
        "entries",
        (
            ("position", "bigint NOT NULL"),
            ("version", "integer NOT NULL"),
            ("stream_hash", f"integer NOT NULL {STREAM_HASH}"),
            ("type", "smallint NOT NULL"),
            ("stream", _TEXT),
            ("leaf", "bytea NOT NULL"),
            ("entry", "bytea NOT NULL"),
        ),
        ("position",),
        growing=True,
    ),
    Table(
        "tiles",
        (("level", "bigint NOT NULL"), ("number", "bigint NOT NULL"), ("hash", "bytea NOT NULL")),
        ("level, number",),
    ),
    Table(
        "head",
        (
            ("id", "integer NOT NULL"),
            ("position", "bigint NOT NULL"),
            ("recorded_at", _TEXT),
            ("frontier", "bytea NOT NULL"),
        ),
        ("id",),
        "id = 1",
    ),
    Table(
        "answers",
        (
            ("scope", _TEXT),
            ("key", _TEXT),
            ("fingerprint", "bytea NOT NULL"),
            ("answer", "bytea NOT NULL"),
        ),
        ("scope, key",),
    ),
    # The only tables of a ledger whose rows may go.
    Table("personal_keys", (("person", _TEXT), ("wrapped", "bytea NOT NULL")), ("person",)),
    Table(
        "personal_values",
        (("commitment", _TEXT), ("person", _TEXT), ("sealed", "bytea NOT NULL")),
        ("commitment",),
    ),
)

FUNCTIONS: Final = (
    Function(
        "refuse_change",
        """
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '23000';
END
""",
    ),
    # Sees whole statements, once each. Of each version there is one, which counts two here, and one
    # before it, which counts one: two of a version are not taken for both. Two sessions at once
    # cannot get by: they would need the same position, which is unique.
    Function(
        "continue_log",
        """
BEGIN
  IF EXISTS (
    SELECT FROM (
      SELECT min(position) AS first, max(position) AS last, count(*) AS count FROM appended
    ) AS added, {schema}.head
    WHERE added.count > 0
    AND (added.first <> head.position + 1 OR added.last <> head.position + added.count)
  ) OR EXISTS (
    SELECT FROM appended WHERE (
      SELECT sum(1 + (stored.version = appended.version)::integer) FROM {schema}.entries AS stored
      WHERE stored.stream_hash = appended.stream_hash
      AND stored.version BETWEEN appended.version - 1 AND appended.version
      AND stored.stream = appended.stream
    ) <> CASE appended.version WHEN 1 THEN 2 ELSE 3 END
  ) THEN
    RAISE EXCEPTION 'an entry must continue the log and its stream' USING ERRCODE = '23000';
  END IF;
  RETURN NULL;
END
""",
    ),
    Function(
        "continue_level",
        """
BEGIN
  IF EXISTS (
    SELECT FROM appended WHERE number <> 0 AND NOT EXISTS (
      SELECT FROM {schema}.tiles AS before
      WHERE before.level = appended.level AND before.number = appended.number - 1
    )
  ) THEN
    RAISE EXCEPTION 'a tile hash must continue its level' USING ERRCODE = '23000';
  END IF;
  RETURN NULL;
END
""",
    ),
    Function(
        "advance_head",
        """
BEGIN
  IF NEW.id <> 1 OR NEW.position <= OLD.position OR NEW.recorded_at < OLD.recorded_at
  OR NEW.position <> (SELECT max(position) FROM {schema}.entries) THEN
    RAISE EXCEPTION 'the head only advances, to the last entry' USING ERRCODE = '23000';
  END IF;
  RETURN NEW;
END
""",
    ),
)

_APPENDED: Final = "REFERENCING NEW TABLE AS appended FOR EACH STATEMENT"
_STATEMENT: Final = "FOR EACH STATEMENT"
_CHANGE: Final = "BEFORE DELETE OR UPDATE OR TRUNCATE"

GUARDS: Final = (
    *(
        Guard(table, f"{table}_append_only", _CHANGE, _STATEMENT, "refuse_change")
        for table in ("migrations", "types", "entries", "tiles", "answers")
    ),
    Guard("entries", "entries_append", "AFTER INSERT", _APPENDED, "continue_log"),
    Guard("tiles", "tiles_append", "AFTER INSERT", _APPENDED, "continue_level"),
    Guard("head", "head_one", "BEFORE INSERT OR DELETE OR TRUNCATE", _STATEMENT, "refuse_change"),
    Guard("head", "head_advance", "BEFORE UPDATE", "FOR EACH ROW", "advance_head"),
)

INDEXES: Final = (
    ("entries_stream", "CREATE INDEX entries_stream ON entries (stream_hash, version)"),
    ("personal_values_person", "CREATE INDEX personal_values_person ON personal_values (person)"),
)

VIEW: Final = (
    "CREATE VIEW {schema}.stored_events AS SELECT entries.position AS notification_id, "
    "entries.stream AS originator_id, entries.version AS originator_version, "
    "types.name AS topic, entries.entry AS state, entries.stream_hash AS originator_hash "
    "FROM ({schema}.entries LEFT JOIN {schema}.types ON ((types.number = entries.type)))"
)
"""The names under which the library's recorder reads, and a person with `psql`."""


class Migration(Struct, frozen=True):
    """One step of the layout; the name of the schema is open in its statements."""

    number: int
    name: str
    statements: tuple[str, ...]

    @property
    def checksum(self) -> str:
        """SHA-256 over the statements, to find a schema made by an edited migration."""
        return sha256("\0".join(self.statements).encode()).hexdigest()


MIGRATIONS: Final = (
    Migration(
        1,
        "log",
        (
            *(table.statement for table in TABLES),
            "INSERT INTO {schema}.head VALUES (1, 0, '', decode('0000000000000000', 'hex'))",
            *(definition.replace(" ON ", " ON {schema}.") for _, definition in INDEXES),
            *(function.statement for function in FUNCTIONS),
            *(statement for guard in GUARDS for statement in guard.statements),
            VIEW,
        ),
    ),
)

READABLE: Final = (*(table.name for table in TABLES), "stored_events")
RIGHTS: Final = {
    "types": "INSERT",
    "entries": "INSERT",
    "tiles": "INSERT",
    "answers": "INSERT",
    "head": "UPDATE (position, recorded_at, frontier)",
    "personal_keys": "INSERT, DELETE",
    "personal_values": "INSERT, DELETE",
}
"""What the role of a service may do besides reading."""


def migrate_schema(url: str, schema: str, service_role: str) -> list[int]:
    """Connect as the owner of a schema and ``migrate`` it.

    Raises:
        LogBusy: the server cannot be reached.
        LogDamaged: as ``migrate`` says.
    """
    with PostgresConnections(url, schema, application="opsledger-migrate").connect() as owner:
        return migrate(owner, schema, service_role)


def migrate(connection: Connection, schema: str, service_role: str) -> list[int]:
    """Bring a schema to the newest layout, as its owner; return the numbers of the steps done.

    The schema is made if it is new, and the service's role is given its rights in any case.

    Raises:
        LogDamaged: the schema holds something else, an edited or a newer layout; or the role
            does not exist, or is one that may do more than record.
    """
    name = schema_checked(schema)
    with translating(), connection.transaction():
        connection.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_MIGRATION_LOCK, schema)
        )
        _require_plain_role(connection, service_role)
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name}".encode())
        done = _steps_done(connection, schema)
        steps = [(step.number, step.name, step.checksum) for step in MIGRATIONS]
        if done != steps[: len(done)]:
            raise LogDamaged(f"migrations of {schema}: expected {steps}, found {done}")
        for migration in MIGRATIONS[len(done) :]:
            for statement in migration.statements:
                connection.execute(statement.replace("{schema}", name).encode())
            connection.execute(
                f"INSERT INTO {name}.migrations VALUES (%s, %s, %s)".encode(),  # noqa: S608 - a checked name.
                (migration.number, migration.name, migration.checksum),
            )
        _grant(connection, schema, service_role)
    return [migration.number for migration in MIGRATIONS[len(done) :]]


def _require_plain_role(connection: Connection, role: str) -> None:
    """Require that the service's role exists, and has no rights but those it is given."""
    row = connection.execute(
        "SELECT rolsuper OR rolname = current_user OR pg_has_role(oid, current_user, 'MEMBER') "
        "FROM pg_roles WHERE rolname = %s",
        (role,),
    ).fetchone()
    if row is None:
        raise LogDamaged(f"the role {role!r} of the service does not exist")
    if row[0]:
        raise LogDamaged(
            f"the role {role!r} could change what is recorded: the service needs one of its own "
            "that is neither a superuser nor the owner nor a member of the owner"
        )


def _steps_done(connection: Connection, schema: str) -> list[tuple[object, ...]]:
    """Return the steps that a schema says it has gone through."""
    tables = [
        name
        for (name,) in connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = %s::regnamespace", (schema,)
        )
    ]
    if not tables:
        return []
    if "migrations" not in tables:
        raise LogDamaged(f"the schema {schema} is not a ledger's: it holds {sorted(tables)}")
    statement = f"SELECT number, name, checksum FROM {schema}.migrations ORDER BY number"  # noqa: S608 - a checked name.
    return connection.execute(statement.encode()).fetchall()


def _grant(connection: Connection, schema: str, role: str) -> None:
    place, grantee = Identifier(schema), Identifier(role)
    rights = dict(RIGHTS)
    if connection.info.server_version >= _MAINTAIN_SINCE:
        # What was erased leaves its pages when they are vacuumed, not when it is deleted.
        for table in ("personal_keys", "personal_values"):
            rights[table] += ", MAINTAIN"
    connection.execute(SQL("GRANT USAGE ON SCHEMA {} TO {}").format(place, grantee))
    for table in READABLE:
        granted = SQL(f"SELECT, {rights[table]}" if table in rights else "SELECT")
        statement = SQL("GRANT {} ON {} TO {}")
        connection.execute(statement.format(granted, Identifier(schema, table), grantee))
