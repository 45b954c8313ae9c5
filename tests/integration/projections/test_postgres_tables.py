"""Tables on PostgreSQL: one writer, generations that switch at once, an unreliable server."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from opsledger_contracts.events.case import CaseFiled
from opsledger_projections.bootstrap import open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.errors import TablesInUse, TablesUnreadable, TablesUnwritable
from opsledger_projections.following import follower
from opsledger_projections.following.projector import Projector
from opsledger_projections.http.app import create_app
from opsledger_projections.tables import postgres_connections
from opsledger_projections.tables.digest import digest
from opsledger_projections.tables.port import Selection
from opsledger_projections.tables.postgres import PostgresTables
from opsledger_projections.tables.postgres_generations import PostgresGenerations
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.databases import Schema, new_postgres_server, new_schema
from support.disputed_score import LETTER, DisputedScore
from support.eventually import eventually

VIEW_LIST = list(VIEWS.values())
LETTERS = VIEWS["letters"]


@pytest.fixture
def tables(postgres_schema: Schema, story: DisputedScore) -> Iterator[PostgresTables]:
    """Tables that stand at the end of the story, with the indexes of readers."""
    opened = PostgresTables(postgres_schema.views_url, postgres_schema.name, VIEW_LIST)
    projector = Projector(VIEW_LIST, opened)
    projector.project(story.ledger.page(0, story.ledger.position, 0))
    projector.settle()
    yield opened
    opened.drop()
    opened.close()


def _schemas(schema: Schema) -> list[str]:
    with psycopg.connect(schema.views_url) as asking:
        found = asking.execute(
            "SELECT nspname::text FROM pg_namespace WHERE nspname ~ %s ORDER BY 1",
            (f"^{schema.name}(_|$)",),
        )
        return [name for (name,) in found]


def test_nobody_else_writes_open_tables(
    tables: PostgresTables, postgres_schema: Schema, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes that fold into one set of tables would tear it: the second is refused."""
    monkeypatch.setitem(postgres_connections._SETTINGS, "lock_timeout", "50ms")  # noqa: SLF001
    with pytest.raises(TablesInUse):
        PostgresTables(postgres_schema.views_url, postgres_schema.name, VIEW_LIST)
    assert tables.progress().position > 0


def test_a_lost_connection_costs_one_batch_and_nothing_else(
    postgres_schema: Schema, story: DisputedScore
) -> None:
    """The backend of the writer is ended in the middle: the batch fails whole, and is repeated."""
    opened = PostgresTables(postgres_schema.views_url, postgres_schema.name, VIEW_LIST)
    projector = Projector(VIEW_LIST, opened)
    projector.project(story.ledger.page(0, 60, 0))
    with psycopg.connect(postgres_schema.superuser_url, autocommit=True) as ending:
        ending.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'views_owner'"
        )
    with pytest.raises(TablesUnwritable):
        projector.project(story.ledger.page(60, 500, 0))
    projector.resume()
    assert projector.position == 60
    projector.project(story.ledger.page(60, 500, 0))
    assert projector.root == story.ledger.head().root
    assert opened.parked() == []
    opened.drop()
    opened.close()


def test_readers_find_what_they_find_on_a_file(
    tables: PostgresTables, open_tables: Any, story: DisputedScore
) -> None:
    """Every way to read gives equal rows on both databases, as of now and as of the past."""
    other = open_tables("other")
    Projector(VIEW_LIST, other).project(story.ledger.page(0, story.ledger.position, 0))
    for position in (story.ledger.position, 100, 40):
        for view in VIEW_LIST:
            every = Selection(position=position, limit=1_000)
            rows = other.select(view, every)
            assert tables.select(view, every) == rows
            for row in rows[:3]:
                assert tables.read(view, row.key, position) == row
                assert tables.history(view, row.key, position) == other.history(
                    view, row.key, position
                )
                narrowed = replace(
                    every,
                    labels=dict(zip(view.labels[:1], row.labels, strict=False)),
                    prefix=row.key[:2],
                    valid_at="2026-07-01",
                )
                assert tables.select(view, narrowed) == other.select(view, narrowed)
    assert tables.position_at("2026-06-04T02:00:00Z") == other.position_at("2026-06-04T02:00:00Z")
    (letter,) = tables.select(LETTERS, Selection(position=story.ledger.position))
    assert len(letter.row(LETTERS).body["signatures"]) == 2


def test_a_switch_of_generations_leaves_nothing_behind(
    postgres_schema: Schema, story: DisputedScore
) -> None:
    """Who reads the replaced tables reads on; with the last reader their schema goes."""
    schema = postgres_schema
    generations = PostgresGenerations(schema.views_url, schema.name, VIEW_LIST)
    served = generations.open()
    following = generations.open_next(parted=False)
    Projector(VIEW_LIST, following).project(story.ledger.page(0, 60, 0))
    generations.switch(following)
    assert served.read(LETTERS, LETTER, 1) is None
    served.close()
    assert _schemas(schema) == [schema.name, f"{schema.name}_2"]
    following.close()
    reopened = PostgresGenerations(schema.views_url, schema.name, VIEW_LIST).open()
    assert reopened.progress().position == 60
    reopened.close()


def test_tables_of_an_older_view_give_way_and_leftovers_go(
    postgres_schema: Schema, story: DisputedScore
) -> None:
    """A view of another version is built anew; what a crash left of older tables is removed."""
    schema = postgres_schema
    older = [replace(VIEW_LIST[0], version=99), *VIEW_LIST[1:]]
    first = PostgresGenerations(schema.views_url, schema.name, older).open()
    Projector(older, first).project(story.ledger.page(0, 60, 0))
    first.close()
    renewed = PostgresGenerations(schema.views_url, schema.name, VIEW_LIST).open()
    assert (renewed.stale, renewed.progress().position) == ([], 0)
    renewed.close()
    with psycopg.connect(schema.views_url) as leaving:
        leaving.execute(f"CREATE SCHEMA {schema.name}_1".encode())
    PostgresGenerations(schema.views_url, schema.name, VIEW_LIST).open().close()
    assert _schemas(schema) == [schema.name, f"{schema.name}_2"]


def test_a_server_that_is_away_is_told_and_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash of the server: reads answer 503, following goes on after it, with equal tables."""
    monkeypatch.setattr(follower, "BACKOFF_MAX_S", 0.1)
    monkeypatch.setattr(postgres_connections, "READER_WAIT_S", 0.2)
    ledger = DisputedScore().tell().ledger
    with new_postgres_server() as server:
        schema = new_schema(server)
        address = tmp_path / "database.url"
        address.write_text(schema.views_url + "\n", encoding="utf-8")
        settings = ProjectionsSettings(database_url_file=address)
        with open_projections(settings, ledger, trusting=True) as opened:
            eventually(lambda: opened.follower.caught_up)
            with TestClient(create_app(opened)) as client:
                server.stop("immediate")
                answer = client.get("/v1/views/letters")
                assert (answer.status_code, answer.json()["code"]) == (503, "views_unreadable")
                ledger.record("case/C-late", CaseFiled(recipient="P-1"))
                server.start()
                eventually(lambda: opened.follower.position == ledger.position, timeout_s=30)
                answer = client.get("/v1/views/letters")
                assert answer.json()["position"] == ledger.position
            assert opened.follower.failure is None
            with opened.served.reading() as tables:
                digests = [digest(tables, view, ledger.position) for view in VIEW_LIST]
    on_file = SqliteTables(tmp_path / "tables.sqlite", VIEW_LIST)
    Projector(VIEW_LIST, on_file).project(ledger.page(0, ledger.position, 0))
    assert digests == [digest(on_file, view, ledger.position) for view in VIEW_LIST]
    on_file.close()


def test_a_batch_is_written_only_where_the_last_one_ended(
    open_tables: Any, story: DisputedScore
) -> None:
    """Tables that were taken back behind the projector's memory refuse what would leave a gap."""
    tables = open_tables("taken-back")
    projector = Projector(VIEW_LIST, tables)
    projector.project(story.ledger.page(0, 20, 0))
    tables._writer.execute("UPDATE progress SET position = 10")  # noqa: SLF001
    with pytest.raises(TablesUnwritable, match="stand at position 10, not at 20"):
        projector.project(story.ledger.page(20, 20, 0))
    assert projector.position == 10


def test_the_tables_have_one_place() -> None:
    """A directory or a database, never both and never none; an address is never shown."""
    with pytest.raises(ValidationError, match="give one of"):
        ProjectionsSettings()
    with pytest.raises(ValidationError, match="give one of"):
        ProjectionsSettings(directory=Path("x"), database_url_file=Path("y"))
    settings = ProjectionsSettings(database_url="postgresql://u:secret@h/d")
    assert settings.database() == "postgresql://u:secret@h/d"
    assert "secret" not in repr(settings)
    with pytest.raises(ValueError, match="no name of a schema"):
        PostgresGenerations("postgresql://h/d", 'x"; DROP', VIEW_LIST)


def test_a_database_that_is_not_there_is_told(story: DisputedScore) -> None:
    """Nothing listens: opening fails with what the driver says, not with a fault."""
    with pytest.raises(TablesUnwritable):
        PostgresTables("postgresql://u@127.0.0.1:1/d", "views", VIEW_LIST)
    assert issubclass(TablesInUse, TablesUnwritable)
    assert not issubclass(TablesUnreadable, TablesUnwritable)
