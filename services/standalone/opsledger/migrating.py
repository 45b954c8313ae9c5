"""The command that makes the tables of a ledger on PostgreSQL, or brings them up to date."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from opsledger.starting import give_up
from opsledger_ledger.bootstrap.storage import migrate_database
from opsledger_ledger.errors import LedgerError
from opsledger_ledger.recording.log import RecordingError

_said: Final = Console(highlight=False, soft_wrap=True)


def enter(group: typer.Typer) -> None:
    """Add `migrate` to the commands of the ledger."""
    group.command(
        "migrate",
        epilog="Example: opsledger ledger migrate --database-url-file owner.url "
        "--service-role ledger_service",
    )(migrate)


def migrate(
    database_url_file: Annotated[
        Path,
        typer.Option(help="File with the address of the database for the role that owns it."),
    ],
    service_role: Annotated[
        str, typer.Option(help="Role of the running ledgers; it is given what it needs to record.")
    ],
    database_schema: Annotated[
        str, typer.Option(help="Schema of the ledger; made if it is new.")
    ] = "opsledger",
) -> None:
    """Make the tables of a ledger on PostgreSQL, or bring them to the newest layout.

    The owner's role runs this once before the first start and after each new release; a ledger
    never changes its own tables, and its role must not be able to. Done twice, it does nothing.
    """
    try:
        url = database_url_file.read_text(encoding="utf-8").strip()
        done = migrate_database(url, database_schema, service_role)
    except (LedgerError, RecordingError, OSError) as error:
        give_up(error)
    steps = ", ".join(str(number) for number in done)
    _said.print(f"schema {database_schema}: " + (f"done {steps}" if done else "up to date"))
