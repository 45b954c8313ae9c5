"""The command line of a ledger on PostgreSQL: migrate, serve, verify, as an operator types it."""

import json
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr, ValidationError

from opsledger_ledger.config import LedgerSettings
from support.command_line import run, serving
from support.databases import SERVICE, Schema
from support.log_places import PostgresPlace
from support.tampering import unguarded_schema


def test_a_ledger_is_migrated_served_and_verified(postgres_schema: Schema, tmp_path: Path) -> None:
    """Each command says what it did; what the database holds can be verified by who may read it."""
    owner, service, key = (tmp_path / name for name in ("owner.url", "service.url", "first.key"))
    owner.write_text(postgres_schema.owner_url + "\n", encoding="utf-8")
    service.write_text(postgres_schema.service_url + "\n", encoding="utf-8")
    name = ("--database-schema", postgres_schema.name)
    place = ("--database-url-file", service, *name)
    serve = (
        *("ledger", "serve", *place, "--port", 0, "--key-file", key),
        *("--personal-key-file", tmp_path / "personal.key"),
    )
    migrate = ("ledger", "migrate", "--database-url-file", owner, "--service-role", SERVICE, *name)

    early = run(*serve)
    assert (early.status, early.err) == (
        1,
        f"schema: expected {postgres_schema.name}, found absent\n",
    )
    assert run(*migrate).out == f"schema {postgres_schema.name}: done 1\n"
    assert run(*migrate).out == f"schema {postgres_schema.name}: up to date\n"
    with serving(*serve, log=tmp_path / "served.log") as ledger:
        address = ledger.address("ledger")
        assert httpx2.get(f"{address}/readyz").json() == {"status": "ready", "position": 3}
        assert ledger.stop() == 0
    assert key.read_text(encoding="ascii").startswith("opl_administrator_")

    sound = run("verify", *place, "--json")
    assert (sound.status, json.loads(sound.out)["verdict"]["sound"]) == (0, True), sound.err
    with unguarded_schema(PostgresPlace(postgres_schema, tmp_path / "personal.key")) as stranger:
        stranger.execute("UPDATE entries SET type = type % 2 + 1 WHERE position = 2")
    damaged = run("verify", *place)
    assert damaged.status == 1
    assert "person.registered.v1" in damaged.out
    assert run(*serve).status == 1


WITHOUT_DRIVER = """
import sys
sys.modules["psycopg"] = sys.modules["psycopg_pool"] = None
import opsledger.cli
from opsledger_ledger.bootstrap.opening import open_ledger
from opsledger_ledger.bootstrap.storage import migrate_database, read_database
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.errors import ExtraMissing
place, key = sys.argv[1:]
open_ledger(LedgerSettings(directory=place)).close()
in_database = LedgerSettings(database_url="postgresql://x", personal_key_file=key)
for ask in (
    lambda: open_ledger(in_database),
    lambda: migrate_database("postgresql://x", "opsledger", "service"),
    lambda: read_database("postgresql://x", "opsledger"),
):
    try:
        ask()
    except ExtraMissing as missing:
        print(missing)
"""


def test_the_driver_is_needed_only_where_it_is_configured(tmp_path: Path) -> None:
    """Without the extra a directory works, and a database says which extra to install."""
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_DRIVER, tmp_path / "ledger", tmp_path / "key"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout.splitlines() == ["install the extra for this: opsledger[postgres]"] * 3
    assert ended.returncode == 0, ended.stderr


def test_rebuilding_and_two_places_at_once_are_refused(tmp_path: Path) -> None:
    """A question that cannot be answered says so."""
    url = tmp_path / "url"
    url.write_text("postgresql://127.0.0.1:1/none", encoding="utf-8")
    assert "by the read side" in run("rebuild", "--database-url-file", url).err
    both = run("verify", "--database-url-file", url, "--directory", tmp_path)
    assert (both.status, "give one of" in both.err) == (3, True)
    assert run("verify", "--database-url-file", url).status == 3


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"directory": Path("x"), "database_url": SecretStr("postgresql://x")},
        {"database_url": SecretStr("postgresql://x")},
        {"database_url_file": Path("x"), "database_schema": "x; DROP", "personal_key_file": "k"},
    ],
    ids=["no place", "two places", "no key file", "no name of a schema"],
)
def test_settings_name_one_place(given: dict[str, object]) -> None:
    """A ledger lies in a directory or in a database, and there it needs its key file."""
    with pytest.raises(ValidationError):
        LedgerSettings(**given)  # type: ignore[arg-type]


def test_the_address_of_the_database_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hold a password."""
    settings = LedgerSettings(
        database_url=SecretStr("postgresql://u:sesame@h/d"), personal_key_file=Path("k")
    )
    assert "sesame" not in repr(settings)
    assert settings.database() == "postgresql://u:sesame@h/d"
    assert settings.place == "the schema opsledger"


@pytest.mark.parametrize("value", ["y", "TRUE", "1", "on", "anything"])
def test_the_librarys_functions_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """With the library's own switch in the environment no ledger starts."""
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", value)
    with pytest.raises(ValidationError, match="readers lose events"):
        LedgerSettings(directory=Path("x"))
    monkeypatch.setenv("POSTGRES_ENABLE_DB_FUNCTIONS", "no")
    LedgerSettings(directory=Path("x"))
