"""The command that takes a ledger from its directory to PostgreSQL."""

from contextlib import closing
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from opsledger.starting import give_up
from opsledger_ledger.bootstrap.storage import copy_to_database, read_database
from opsledger_ledger.errors import LedgerError
from opsledger_ledger.recording.log import RecordingError
from opsledger_ledger.recording.verification import verify

_said: Final = Console(highlight=False, soft_wrap=True)


def enter(group: typer.Typer) -> None:
    """Add `copy` to the commands of the ledger."""
    group.command(
        "copy",
        epilog="Example: opsledger ledger copy --directory my-ledger/ledger "
        "--database-url-file service.url",
    )(copy)


def copy(
    directory: Annotated[
        Path, typer.Option("--directory", "-d", help="Directory of the ledger on SQLite.")
    ],
    database_url_file: Annotated[
        Path,
        typer.Option(help="File with the address of the database, for the service's role."),
    ],
    database_schema: Annotated[
        str, typer.Option(help="Schema to copy to, made by `opsledger ledger migrate`.")
    ] = "opsledger",
) -> None:
    """Copy a ledger from its directory to PostgreSQL, and verify the copy from its first entry.

    The ledger must not be in service. Everything is the same afterwards: positions, hashes, the
    answers to idempotency keys, sealed personal values. Its key file goes along, and the directory
    is kept as it is, to be served no more.
    """
    try:
        url = database_url_file.read_text(encoding="utf-8").strip()
        head = copy_to_database(directory, url, database_schema)
        with closing(read_database(url, database_schema, checking=False)) as copied:
            findings = list(verify(copied))
            same = copied.head() == head
    except (LedgerError, RecordingError, OSError) as error:
        give_up(error)
    for finding in findings:
        _said.print(
            f"[red]{finding.check} at {finding.position}, {finding.field}: "
            f"expected {finding.expected}, found {finding.found}[/red]"
        )
    if findings or not same:
        raise typer.Exit(1)
    _said.print(f"{head.position} entries copied and verified, root {head.root.hex()}")
