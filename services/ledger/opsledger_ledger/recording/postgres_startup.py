"""What a ledger on PostgreSQL requires of server, role and schema; all of it fails closed."""

from collections.abc import Iterator
from typing import Final

from opsledger_ledger.recording.log import Finding, LogDamaged
from opsledger_ledger.recording.postgres_connections import Connection
from opsledger_ledger.recording.postgres_schema import (
    FUNCTIONS,
    GUARDS,
    INDEXES,
    MIGRATIONS,
    SERVER_VERSION_MIN,
    TABLES,
    VIEW,
)

_SETTINGS: Final = (
    # What was answered must be there after a power cut, and what is read must be what was written.
    ("fsync", "on"),
    ("full_page_writes", "on"),
    ("ignore_checksum_failure", "off"),
    ("zero_damaged_pages", "off"),
    ("session_replication_role", "origin"),
    ("transaction_read_only", "off"),
    ("server_encoding", "UTF8"),
    ("client_encoding", "UTF8"),
)

_KINDS: Final = {
    "r": "table",
    "i": "index",
    "v": "view",
    "S": "sequence",
    "m": "materialized view",
    "f": "foreign table",
    "p": "partitioned table",
    "I": "partitioned index",
    "c": "type",
}

_RELATIONS: Final = """
SELECT c.relkind::text, c.relname::text, CASE c.relkind
  WHEN 'v' THEN pg_get_viewdef(c.oid)
  WHEN 'i' THEN pg_get_indexdef(c.oid)
    || CASE WHEN i.indisvalid AND i.indisready AND i.indislive THEN '' ELSE ' invalid' END
  ELSE (
    SELECT coalesce(string_agg(
      a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
      || CASE WHEN l.collname IN ('default') OR l.collname IS NULL THEN ''
         ELSE ' COLLATE "' || l.collname || '"' END
      || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
      || CASE WHEN a.attgenerated = 's' THEN
           ' GENERATED ALWAYS AS (' || pg_get_expr(d.adbin, d.adrelid) || ') STORED'
         WHEN a.atthasdef THEN ' DEFAULT' ELSE '' END,
      ', ' ORDER BY a.attnum), '')
    FROM pg_attribute a LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  ) || CASE WHEN c.relpersistence <> 'p' THEN ' not durable' ELSE '' END
    || CASE WHEN c.relrowsecurity THEN ' row security' ELSE '' END
  END
FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
WHERE c.relnamespace = %(schema)s::regnamespace
UNION ALL
SELECT 'check', n.conname, pg_get_constraintdef(n.oid) FROM pg_constraint n
WHERE n.connamespace = %(schema)s::regnamespace AND n.contype NOT IN ('p', 'u', 'n')
UNION ALL
SELECT 'trigger', t.tgname, pg_get_triggerdef(t.oid) || ' ' || t.tgenabled::text
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = %(schema)s::regnamespace AND NOT t.tgisinternal
UNION ALL
SELECT 'function', p.proname, l.lanname || CASE WHEN p.prosecdef THEN ' definer' ELSE '' END
  || coalesce(array_to_string(p.proconfig, ' '), '') || ' ' || p.prosrc
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = %(schema)s::regnamespace
UNION ALL
SELECT 'rule', r.rulename, pg_get_ruledef(r.oid)
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
WHERE c.relnamespace = %(schema)s::regnamespace AND r.rulename <> '_RETURN'
"""

_EXCESS: Final = """
SELECT c.relname || ' ' || p.privilege FROM pg_class c
CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER')) p(privilege)
WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind = 'r'
AND has_table_privilege(c.oid, p.privilege)
AND NOT (p.privilege = 'INSERT' AND c.relname IN
  ('types', 'entries', 'tiles', 'answers', 'personal_keys', 'personal_values'))
AND NOT (p.privilege = 'DELETE' AND c.relname IN ('personal_keys', 'personal_values'))
UNION ALL SELECT 'SUPERUSER' FROM pg_roles WHERE rolname = current_user AND rolsuper
UNION ALL SELECT 'schema CREATE' WHERE has_schema_privilege(%(schema)s, 'CREATE')
UNION ALL SELECT c.relname || ' OWNER' FROM pg_class c
WHERE c.relnamespace = %(schema)s::regnamespace AND c.relkind = 'r'
AND pg_has_role(c.relowner, 'MEMBER')
ORDER BY 1
"""


def check_server(connection: Connection) -> None:
    """Refuse a session whose commits would not be durable, or cannot be made at all.

    Raises:
        LogDamaged: a setting is not what durability rests on.
    """
    for finding in server_findings(connection):
        raise LogDamaged(f"{finding.field}: expected {finding.expected}, found {finding.found}")


def recovering(connection: Connection) -> bool:
    """Tell whether a server follows another one, or is not through with its start."""
    (found,) = connection.execute("SELECT pg_is_in_recovery()").fetchone() or (True,)
    return bool(found)


def server_findings(connection: Connection) -> Iterator[Finding]:
    """Yield the settings of a session that the ledger cannot rest on."""
    version = connection.info.server_version
    if version < SERVER_VERSION_MIN:
        yield _finding("version of the server", f"{SERVER_VERSION_MIN} or later", str(version))
    if recovering(connection):
        yield _finding("role of the server", "primary", "replica")
    for name, wanted in _SETTINGS:
        found = _setting(connection, name)
        if found != wanted:
            yield _finding(name, wanted, found)
    synchronous = _setting(connection, "synchronous_commit")
    # The stronger forms wait for replicas too; each but "off" waits for the disk.
    if synchronous == "off":
        yield _finding("synchronous_commit", "on", synchronous)


def check_rights(connection: Connection, schema: str) -> None:
    """Refuse a role that could change or remove what is recorded.

    Raises:
        LogDamaged: it has a right that the service must not have.
    """
    excess = [right for (right,) in connection.execute(_EXCESS, {"schema": schema})]
    if excess:
        raise LogDamaged(
            f"rights of the service's role: expected none beyond reading and recording, "
            f"found {', '.join(excess)}"
        )


def check_layout(connection: Connection, schema: str) -> None:
    """Refuse a schema that is not a ledger's of this layout, guards included.

    Raises:
        LogDamaged: the schema is missing, or a migration or an object differs.
    """
    for finding in layout_findings(connection, schema):
        raise LogDamaged(f"{finding.field}: expected {finding.expected}, found {finding.found}")


def layout_findings(connection: Connection, schema: str) -> Iterator[Finding]:
    """Yield what tells a schema from a ledger's of this layout.

    That is its migrations, and every table, index, view, guard or function that is missing,
    changed, disabled or not ours.
    """
    exists = connection.execute("SELECT to_regnamespace(%s)", (schema,)).fetchone()
    if exists == (None,):
        yield _finding("schema", schema, "absent")
        return
    found = declared(connection, schema)
    wanted = expected(schema)
    steps = [(step.number, step.name, step.checksum) for step in MIGRATIONS]
    done: list[tuple[object, ...]] = []
    if ("table", "migrations") in found:
        statement = f"SELECT number, name, checksum FROM {schema}.migrations ORDER BY number"  # noqa: S608 - a checked name.
        done = connection.execute(statement.encode()).fetchall()
    if done != steps:
        yield _finding("migrations", str(steps), str(done))
    for kind, name in sorted(wanted.keys() | found.keys()):
        definition, other = wanted.get((kind, name), "absent"), found.get((kind, name), "absent")
        if definition != other:
            yield _finding(f"{kind} {name}", definition, other)


def index_findings(connection: Connection) -> Iterator[Finding]:
    """Yield the indexes of the entries that do not hold as many of them as the table.

    Reads each index whole; the entries' own bytes are the verifier's work.
    """
    with connection.transaction():
        # One snapshot for all: the log may grow meanwhile.
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for name in ("statement_timeout", "transaction_timeout"):
            if connection.execute("SELECT current_setting(%s, true)", (name,)).fetchone() != (
                None,
            ):
                connection.execute(f"SET LOCAL {name} = 0".encode())
        counts = {}
        for name, seqscan, statement in (
            ("table", "on", "SELECT count(leaf) FROM entries"),
            ("entries_pkey", "off", "SELECT count(*) FROM entries WHERE position > 0"),
            (
                "entries_stream",
                "off",
                "SELECT count(*) FROM entries WHERE stream_hash >= -2147483648",
            ),
            # A server whose function gives another number than the one before it finds no stream.
            (
                "entries_stream of this server",
                "on",
                "SELECT count(leaf) FROM entries WHERE stream_hash = hashtext(stream)",
            ),
        ):
            whole = seqscan == "on"
            for setting, value in (
                ("enable_seqscan", seqscan),
                ("enable_indexscan", "off" if whole else "on"),
                ("enable_indexonlyscan", "off" if whole else "on"),
                ("enable_bitmapscan", "off" if whole else "on"),
            ):
                connection.execute(f"SET LOCAL {setting} = {value}".encode())
            (counts[name],) = connection.execute(statement.encode(), prepare=False).fetchone() or (
                0,
            )
    for name, count in counts.items():
        if count != counts["table"]:
            yield Finding("storage", 0, f"index {name}", str(counts["table"]), str(count))


def declared(connection: Connection, schema: str) -> dict[tuple[str, str], str]:
    """Return what the catalogue says of each object of a schema, by (kind, name)."""
    found = connection.execute(_RELATIONS, {"schema": schema}).fetchall()
    return {
        (str(_KINDS.get(kind, kind)), str(name)): _plain(definition, schema, kind)
        for kind, name, definition in found
    }


def expected(schema: str) -> dict[tuple[str, str], str]:
    """Return what ``declared`` says of a schema with every migration and nothing else."""
    wanted = {}
    for table in TABLES:
        columns = ", ".join(f"{name} {kind}" for name, kind in table.columns)
        wanted["table", table.name] = columns
        for number, key in enumerate(table.keys):
            suffix = "pkey" if number == 0 else f"{key.replace(', ', '_')}_key"
            name = f"{table.name}_{suffix}"
            full = " WITH (fillfactor='100')" if number == 0 and table.growing else ""
            wanted["index", name] = (
                f"CREATE UNIQUE INDEX {name} ON {table.name} USING btree ({key}){full}"
            )
        if table.check:
            wanted["check", f"{table.name}_id_check"] = f"CHECK (({table.check}))"
    for name, definition in INDEXES:
        wanted["index", name] = definition.replace(" (", " USING btree (")
    for function in FUNCTIONS:
        body = function.body.replace("{schema}", schema)
        wanted["function", function.name] = f"plpgsql {body}"
    for guard in GUARDS:
        wanted["trigger", guard.name] = f"{guard.definition} A"
    wanted["view", "stored_events"] = VIEW.replace("{schema}.", "").partition(" AS ")[2] + ";"
    return wanted


def _plain(definition: str, schema: str, kind: str) -> str:
    """Return a definition without what differs between versions of the server, or is ours."""
    if kind in {"function", "r"}:
        return definition
    plain = definition.replace('"', "").replace(f"{schema}.", "")
    return " ".join(plain.split())


def _setting(connection: Connection, name: str) -> str:
    (value,) = connection.execute("SELECT current_setting(%s)", (name,)).fetchone() or ("",)
    return str(value)


def _finding(field: str, wanted: str, found: str) -> Finding:
    return Finding("layout", 0, field, wanted, found)
