"""The command that serves the ledger by itself."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from opsledger import relaying
from opsledger.serving_options import (
    DIRECTORY,
    HOST,
    LEDGER_PORT,
    NAME,
    TITLE,
    ClockFile,
    KeyFile,
    PersonalKeyFile,
    SnapshotFile,
)
from opsledger.starting import give_up, log_to_stderr, settings_of
from opsledger_ledger.bootstrap.serving import serve
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.errors import LedgerError
from opsledger_ledger.ledger import AdministratorKey, Ledger
from opsledger_ledger.recording.log import RecordingError

_said: Final = Console(highlight=False, soft_wrap=True)


def enter(group: typer.Typer) -> None:
    """Add `serve` to the commands of the ledger."""
    group.command("serve", epilog="Example: opsledger ledger serve --directory my-ledger/ledger")(
        ledger_serve
    )


def ledger_serve(
    directory: Annotated[Path | None, DIRECTORY] = None,
    database_url_file: relaying.DatabaseUrlFile = None,
    database_schema: relaying.DatabaseSchema = None,
    host: Annotated[str | None, HOST] = None,
    port: Annotated[int | None, LEDGER_PORT] = None,
    name: Annotated[str | None, NAME] = None,
    title: Annotated[str | None, TITLE] = None,
    clock_file: ClockFile = None,
    key_file: KeyFile = None,
    personal_key_file: PersonalKeyFile = None,
    snapshot_file: SnapshotFile = None,
) -> None:
    """Run the ledger by itself; others meet it through its HTTP API and feed.

    It lies in a directory, with one service, or in a PostgreSQL database, with any number of them.

    An option that is not given is read from the environment, `OPSLEDGER_LEDGER_PORT` and so on.
    """
    log_to_stderr()
    settings = settings_of(
        LedgerSettings,
        directory=directory,
        database_url_file=database_url_file,
        database_schema=database_schema,
        name=name,
        title=title,
        clock=None if clock_file is None else "scripted",
        clock_file=clock_file,
        personal_key_file=personal_key_file,
        snapshot_file=snapshot_file,
        host=host,
        port=port,
    )

    def announce(ledger: Ledger, address: str) -> None:
        tell_key(ledger.administrator_key, key_file)
        _said.print(f"ledger {address}   API documents {address}/docs")

    try:
        status = serve(settings, announce)
    except (LedgerError, RecordingError, OSError) as error:
        give_up(error)
    raise typer.Exit(status)


def tell_key(key: AdministratorKey | None, key_file: Path | None) -> None:
    """Hand over the first key of a new ledger, once."""
    if key is None:
        return
    if key_file is None:
        _said.print("First administrator key, shown only now:")
        _said.print(f"  [bold]{key.token}[/bold]")
        return
    descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.token + "\n")
    _said.print(f"The first administrator key is in {key_file}.")
