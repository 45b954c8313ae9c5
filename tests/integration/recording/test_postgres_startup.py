"""What a ledger on PostgreSQL refuses to start on, and what its database refuses from anybody."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from urllib.parse import quote

import psycopg
import pytest

from opsledger.cluster.postgres import PostgresServer
from opsledger_ledger.recording.log import LogBusy, LogDamaged
from opsledger_ledger.recording.postgres_connections import PostgresConnections
from opsledger_ledger.recording.postgres_log import open_postgres_log
from opsledger_ledger.recording.postgres_schema import MIGRATIONS, migrate_schema
from opsledger_ledger.recording.verification import verify
from support.databases import DATABASE, OWNER, SERVICE, Schema, new_schema
from support.log_places import PostgresPlace, filled_at
from support.tampering import as_superuser, unguarded_schema


def opened_with(place: PostgresPlace, url: str) -> None:
    """Open the log by another address."""
    open_postgres_log(url, place.schema.name, personal_key_file=place.personal_key_file).close()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("synchronous_commit=off", "synchronous_commit: expected on, found off"),
        ("default_transaction_read_only=on", "transaction_read_only: expected off, found on"),
        ("zero_damaged_pages=on", "zero_damaged_pages: expected off, found on"),
        ("ignore_checksum_failure=on", "ignore_checksum_failure: expected off, found on"),
        ("session_replication_role=replica", "replication_role: expected origin, found replica"),
    ],
)
def test_unsafe_settings_are_refused(
    postgres_place: PostgresPlace, setting: str, message: str
) -> None:
    """Whoever sets them, for the server, the database or the role: the session has them."""
    options = quote(f"-c {setting}", safe="")
    with pytest.raises(LogDamaged, match=message):
        opened_with(postgres_place, f"{postgres_place.schema.superuser_url}&options={options}")


def test_weaker_than_the_strongest_is_still_durable(postgres_place: PostgresPlace) -> None:
    """Waiting for the local disk only is what one server without a standby does anyway."""
    options = quote("-c synchronous_commit=local", safe="")
    opened_with(postgres_place, f"{postgres_place.schema.service_url}&options={options}")


@pytest.mark.parametrize(
    ("tampering", "message"),
    [
        ("ALTER TABLE entries DISABLE TRIGGER entries_append_only", "trigger entries_append_only"),
        ("DROP TRIGGER head_advance ON head", "trigger head_advance: .*found absent"),
        (
            """CREATE OR REPLACE FUNCTION continue_log() RETURNS trigger
            LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'""",
            "function continue_log",
        ),
        ("DROP INDEX entries_stream", "index entries_stream"),
        ("ALTER TABLE entries ALTER stream_hash DROP EXPRESSION", "table entries"),
        ("ALTER TABLE entries ALTER leaf DROP NOT NULL", "table entries"),
        ("ALTER TABLE answers SET UNLOGGED", "table answers: .*not durable"),
        ("ALTER TABLE entries ENABLE ROW LEVEL SECURITY", "table entries: .*row security"),
        ("CREATE TABLE stranger (number int)", "table stranger: expected absent"),
        ("CREATE RULE lost AS ON INSERT TO entries DO INSTEAD NOTHING", "rule lost"),
        ("ALTER TABLE head DROP CONSTRAINT head_id_check", "check head_id_check"),
        ("DROP VIEW stored_events", "view stored_events"),
        ("UPDATE migrations SET checksum = 'edited'", "migrations: expected"),
    ],
)
def test_a_layout_that_differs_is_refused(
    postgres_place: PostgresPlace, tampering: str, message: str
) -> None:
    """A guard that is gone, changed or off is found before anything is read or written."""
    # Only a change of rows meets a guard; the others are changes of the catalogue.
    connected = unguarded_schema if tampering.startswith("UPDATE") else as_superuser
    with connected(postgres_place) as stranger:
        stranger.execute(tampering.encode())
    for writing in (True, False):
        with pytest.raises(LogDamaged, match=message):
            postgres_place.open(writing=writing)
    with closing(postgres_place.open(writing=False, checking=False)) as log:
        assert [finding.check for finding in verify(log)] == ["layout"]


@pytest.mark.parametrize(
    ("grant", "message"),
    [
        ("GRANT UPDATE ON {schema}.entries TO ledger_service", "entries UPDATE"),
        ("GRANT DELETE ON {schema}.answers TO ledger_service", "answers DELETE"),
        ("GRANT TRUNCATE ON {schema}.tiles TO ledger_service", "tiles TRUNCATE"),
        ("GRANT CREATE ON SCHEMA {schema} TO ledger_service", "schema CREATE"),
    ],
)
def test_a_role_that_could_rewrite_is_refused(
    postgres_place: PostgresPlace, grant: str, message: str
) -> None:
    """The service's role reads and records; with any right beyond that the ledger stays closed."""
    with psycopg.connect(postgres_place.schema.owner_url) as owner:
        owner.execute(grant.format(schema=postgres_place.schema.name).encode())
    with pytest.raises(LogDamaged, match=message):
        postgres_place.open()


def test_owner_and_superuser_are_refused(postgres_place: PostgresPlace) -> None:
    """Neither may run a ledger: both could take the guards away."""
    with pytest.raises(LogDamaged, match="entries OWNER"):
        opened_with(postgres_place, postgres_place.schema.owner_url)
    with pytest.raises(LogDamaged, match="SUPERUSER"):
        opened_with(postgres_place, postgres_place.schema.superuser_url)


def test_a_closed_door_is_told_from_a_closed_port(postgres_place: PostgresPlace) -> None:
    """A wrong password does not get better by waiting, a server that starts does."""
    server = postgres_place.schema.server
    with pytest.raises(LogDamaged, match="password authentication failed"):
        opened_with(postgres_place, server.url(DATABASE, SERVICE, "wrong"))
    with pytest.raises(LogBusy):
        opened_with(postgres_place, f"postgresql://{SERVICE}@127.0.0.1:1/{DATABASE}")
    with pytest.raises(LogDamaged, match="no name of a ledger's schema"):
        PostgresConnections(postgres_place.schema.service_url, "x; DROP TABLE y")


def test_migrating_twice_does_nothing(postgres_place: PostgresPlace) -> None:
    """Each step is done once, also when two do it at the same time."""
    with closing(filled_at(postgres_place, 3)) as log:
        assert postgres_place.migrate() == []
        assert log.head().position == 3
    fresh = replace(postgres_place, schema=new_schema(postgres_place.schema.server))
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda _: fresh.migrate(), range(2)))
    assert sorted(done) == [[], [1]]


def test_a_released_migration_is_never_edited() -> None:
    """Schemas out there were made by these very statements."""
    assert [step.checksum for step in MIGRATIONS] == [
        "8dc67b82a17a8701651ccf97502d74cb44c3d525a431c8f5ebcba4884670be7a",
    ]


@pytest.mark.parametrize(
    ("role", "message"),
    [
        ("nobody_at_all", "does not exist"),
        (OWNER, "could change what is recorded"),
        ("postgres", "could change what is recorded"),
    ],
)
def test_migrating_for_an_unfit_role_makes_nothing(
    postgres_schema: Schema, role: str, message: str
) -> None:
    """The service needs a role of its own."""
    with pytest.raises(LogDamaged, match=message):
        migrate_schema(postgres_schema.owner_url, postgres_schema.name, role)
    with psycopg.connect(postgres_schema.owner_url) as owner:
        found = owner.execute("SELECT to_regnamespace(%s)", (postgres_schema.name,)).fetchone()
    assert found == (None,)


def test_a_schema_of_something_else_is_left_alone(
    postgres_server: PostgresServer, postgres_schema: Schema
) -> None:
    """Tables that no migration of a ledger made are nobody's to touch."""
    postgres_server.psql(
        f"CREATE SCHEMA {postgres_schema.name} AUTHORIZATION {OWNER};"
        f"CREATE TABLE {postgres_schema.name}.theirs (number int)",
        DATABASE,
    )
    with pytest.raises(LogDamaged, match=r"not a ledger's: it holds \['theirs'\]"):
        migrate_schema(postgres_schema.owner_url, postgres_schema.name, SERVICE)


INSERT = "INSERT INTO entries (position, version, stream, type, leaf, entry) VALUES"

GUARDED = {
    "change an entry": "UPDATE entries SET entry = '{}' WHERE position = 3",
    "remove an entry": "DELETE FROM entries WHERE position = 3",
    "remove all entries": "TRUNCATE entries",
    "upsert": f"{INSERT} (3, 1, 's/1', 1, '', '{{}}') "
    "ON CONFLICT (position) DO UPDATE SET entry = excluded.entry",
    "leave a gap in positions": f"{INSERT} (302, 1, 's/1', 1, '', '{{}}')",
    "before the first entry": f"{INSERT} (0, 1, 's/1', 1, '', '{{}}')",
    "leave a gap in versions": f"{INSERT} (301, 2, 's/1', 1, '', '{{}}')",
    "leave a gap in a stream": f"{INSERT} (301, 99, 'letter/BJ-1', 1, '', '{{}}')",
    "a version twice": f"{INSERT} (301, 1, 'letter/BJ-1', 1, '', '{{}}')",
    "a later version twice": f"{INSERT} (301, 2, 'letter/BJ-1', 1, '', '{{}}')",
    "a version twice at once": f"{INSERT} (301, 1, 's/1', 1, '', '{{}}'), (302, 1, 's/1', 1, '', '')",
    "a version twice and none before it": (
        f"{INSERT} (301, 2, 's/1', 1, '', '{{}}'), (302, 2, 's/1', 1, '', '{{}}')"
    ),
    "a gap and a version twice": (
        f"{INSERT} (301, 1, 's/1', 1, '', ''), (302, 2, 's/1', 1, '', ''), "
        "(303, 4, 's/1', 1, '', ''), (304, 4, 's/1', 1, '', '')"
    ),
    "a version thrice before the first": (
        f"{INSERT} (301, -1, 's/1', 1, '', ''), (302, -1, 's/1', 1, '', ''), "
        "(303, -1, 's/1', 1, '', '')"
    ),
    "a version before the first": f"{INSERT} (301, 0, 's/1', 1, '', '{{}}')",
    "change a type": "UPDATE types SET name = 'letter.signed.v1'",
    "remove a type": "DELETE FROM types",
    "a type twice": "INSERT INTO types SELECT 2, name FROM types",
    "change a tile": "UPDATE tiles SET hash = ''",
    "remove a tile": "DELETE FROM tiles",
    "a tile out of turn": "INSERT INTO tiles VALUES (1, 2, '')",
    "move the head back": "UPDATE head SET position = 299",
    "move the head beyond": "UPDATE head SET position = 301",
    "change the tree only": "UPDATE head SET frontier = ''",
    "remove the head": "DELETE FROM head",
    "a second head": "INSERT INTO head VALUES (2, 301, '2099', '')",
    "change an answer": "UPDATE answers SET answer = ''",
    "remove an answer": "DELETE FROM answers",
    "remove all answers": "TRUNCATE answers",
    "change a migration": "UPDATE migrations SET checksum = ''",
}


@pytest.fixture(scope="module")
def guarded(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> PostgresPlace:
    """A closed log of 300 entries and one answer."""
    key_file = tmp_path_factory.mktemp("guarded") / "personal.key"
    place = PostgresPlace(new_schema(postgres_server), key_file)
    place.migrate()
    with closing(filled_at(place, 300, batch_size=60)) as log, log.begin() as batch:
        batch.put_answer("s", "k", b"f", b"a")
    return place


@pytest.mark.parametrize("statement", GUARDED.values(), ids=GUARDED)
def test_the_database_refuses(guarded: PostgresPlace, statement: str) -> None:
    """Even the owner, and a superuser who plays a replica, cannot rewrite with the guards on."""
    for address, setting in (
        (guarded.schema.owner_url, ""),
        (guarded.schema.superuser_url, "; SET session_replication_role = replica"),
    ):
        with psycopg.connect(address, autocommit=True) as stranger:
            stranger.execute(f"SET search_path = {guarded.schema.name}{setting}".encode())
            with pytest.raises(psycopg.IntegrityError):
                stranger.execute(statement.encode())
    with closing(guarded.open()) as log:
        assert log.head().position == 300


@pytest.mark.parametrize(
    "statement",
    [statement for statement in GUARDED.values() if not statement.startswith("INSERT")]
    + ["DROP TABLE entries", "ALTER TABLE entries DISABLE TRIGGER ALL"],
)
def test_the_service_lacks_the_right(guarded: PostgresPlace, statement: str) -> None:
    """What the guards refuse to others, the service's role is not even allowed to try."""
    with psycopg.connect(guarded.schema.service_url, autocommit=True) as service:
        service.execute(f"SET search_path = {guarded.schema.name}".encode())
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.IntegrityError)) as met:
            service.execute(statement.encode())
    if not statement.startswith("UPDATE head"):
        assert isinstance(met.value, psycopg.errors.InsufficientPrivilege)


EDITS = {
    "entry": ("UPDATE entries SET entry = '{}' WHERE position = 42", "leaf", 42),
    "leaf": ("UPDATE entries SET leaf = '' WHERE position = 42", "leaf", 42),
    "stream": ("UPDATE entries SET stream = 'x/1' WHERE position = 42", "column", 42),
    "version": ("UPDATE entries SET version = 99 WHERE position = 42", "column", 42),
    "type": ("UPDATE entries SET type = 2 WHERE position = 42", "column", 42),
    "name of a type": ("UPDATE types SET name = 'x.y.v1'", "column", 1),
    "removed": ("DELETE FROM entries WHERE position = 42", "gapless position", 42),
    "tail cut": ("DELETE FROM entries WHERE position > 290", "head", 0),
    "tile": ("UPDATE tiles SET hash = '' WHERE level = 1 AND number = 0", "tile", 256),
    "frontier": ("UPDATE head SET frontier = decode('00', 'hex')", "head", 0),
    "head": ("UPDATE head SET position = 301", "head", 0),
}


@pytest.mark.parametrize(("statement", "check", "position"), EDITS.values(), ids=EDITS)
def test_a_superusers_edit_is_located(
    postgres_place: PostgresPlace, statement: str, check: str, position: int
) -> None:
    """With the guards off and on again everything looks well, except to the verifier (P14)."""
    filled_at(postgres_place, 300, batch_size=60).close()
    with closing(postgres_place.open(writing=False)) as log:
        assert list(verify(log)) == []
    with unguarded_schema(postgres_place) as stranger:
        stranger.execute(statement.encode())
    with closing(postgres_place.open(writing=False, checking=False)) as log:
        findings = [(finding.check, finding.position) for finding in verify(log)]
    assert (check, position) in findings
    assert findings[0][1] in {position, 0}


def test_an_index_that_lost_rows_is_found(postgres_place: PostgresPlace) -> None:
    """An index that does not fit its table answers questions wrongly, and is counted over."""
    filled_at(postgres_place, 30).close()
    schema = postgres_place.schema
    with psycopg.connect(schema.superuser_url, autocommit=True) as stranger:
        stranger.execute(
            "UPDATE pg_index SET indisready = false, indisvalid = true "
            "WHERE indexrelid = %s::regclass",
            (f"{schema.name}.entries_stream",),
        )
    with closing(postgres_place.open(writing=False, checking=False)) as log:
        assert [finding.field for finding in verify(log)] == ["index entries_stream"]
