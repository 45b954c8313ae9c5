"""A ledger goes from its directory to PostgreSQL, and nobody who talks to it sees a difference."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from opsledger.cli import app
from opsledger_ledger.bootstrap.opening import open_ledger
from opsledger_ledger.bootstrap.storage import migrate_database
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.recording.sqlite_log import KEY_FILE_NAME, open_log
from support.databases import SERVICE, Schema
from support.ledger_service import Caller, served, serving

UNITS = 30


@pytest.fixture
def url_file(postgres_schema: Schema, tmp_path: Path) -> Path:
    """The address for the role of the service, in a file; the schema is migrated."""
    migrate_database(postgres_schema.owner_url, postgres_schema.name, SERVICE)
    file = tmp_path / "service.url"
    file.write_text(postgres_schema.service_url + "\n", encoding="utf-8")
    return file


def _copy(directory: Path, url_file: Path, schema: str) -> Result:
    arguments = ["ledger", "copy", "--directory", str(directory)]
    arguments += ["--database-url-file", str(url_file), "--database-schema", schema]
    return CliRunner().invoke(app, arguments)


def test_a_copied_ledger_is_the_same_ledger(
    tmp_path: Path, postgres_schema: Schema, url_file: Path
) -> None:
    """Entries, root, keys, answers once given and personal values: all are there, and it goes on."""
    directory = tmp_path / "ledger"
    with served(directory) as before:
        caller = before.administrator
        caller.post("/v1/persons/P-1/register", {"name": "somebody"})
        answers = {
            f"copy-{number}": caller.register(f"U-{number}", key=f"copy-{number}").json()
            for number in range(UNITS)
        }
        token = caller.token
        in_service = _copy(directory, url_file, postgres_schema.name)
        assert (in_service.exit_code, "process" in in_service.stderr) == (1, True)

    told = _copy(directory, url_file, postgres_schema.name)

    assert told.exit_code == 0, told.stderr
    settings = LedgerSettings(
        database_url=postgres_schema.service_url,
        database_schema=postgres_schema.name,
        personal_key_file=directory / KEY_FILE_NAME,
        port=0,
    )
    source = open_log(directory, writing=False)
    with open_ledger(settings) as ledger:
        head = source.head()
        assert ledger.administrator_key is None
        assert ledger.log.head() == head
        assert f"{head.position} entries copied and verified, root {head.root.hex()}" in told.stdout
        assert ledger.log.entries(0, 1_000) == source.entries(0, 1_000)
        assert ledger.log.personal_of("P-1") == source.personal_of("P-1") != []
        with serving(ledger) as (_, address), Caller(address, token) as again:
            for key, answer in answers.items():
                assert again.register(key.replace("copy", "U"), key=key).json() == answer
            assert ledger.log.head() == head
            assert again.register("U-new").json()["positions"] == [head.position + 1]
    source.close()


def test_a_schema_that_has_a_ledger_takes_no_other(
    tmp_path: Path, postgres_schema: Schema, url_file: Path
) -> None:
    """A second copy, and a copy of what is no ledger, are refused and change nothing."""
    with served(tmp_path / "ledger"):
        pass
    assert _copy(tmp_path / "ledger", url_file, postgres_schema.name).exit_code == 0
    with served(tmp_path / "other") as other:
        other.administrator.register("U-1")

    second = _copy(tmp_path / "other", url_file, postgres_schema.name)
    nothing = _copy(tmp_path / "nowhere", url_file, postgres_schema.name)

    assert (second.exit_code, "holds a ledger already" in second.stderr) == (1, True)
    assert (nothing.exit_code, "no ledger" in nothing.stderr) == (1, True)
    assert not (tmp_path / "nowhere").exists()
