"""The command that serves the ledger by itself."""

import os
from pathlib import Path
from typing import Final, get_args

import typer
from rich.console import Console

from opsledger.serving_options import (
    DIRECTORY,
    HOST,
    LEDGER_DATABASE,
    LEDGER_PORT,
    NAME,
    TITLE,
    ClockFile,
    Given,
    KeyFile,
    PersonalKeyFile,
    Setting,
    with_settings,
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


@with_settings(
    LedgerSettings,
    Setting("directory", Path | None, DIRECTORY),
    *LEDGER_DATABASE,
    Setting("host", str, HOST),
    Setting("port", int, LEDGER_PORT),
    Setting("name", str, NAME),
    Setting("title", str, TITLE),
    Setting("clock_file", *get_args(ClockFile)),
    Setting("personal_key_file", *get_args(PersonalKeyFile)),
    Setting(
        *("snapshot_file", Path | None),
        typer.Option(
            help="What has been decided on so far, so that a start need not read the whole log; in "
            "the directory if there is one, else none."
        ),
    ),
)
def ledger_serve(given: Given, key_file: KeyFile = None) -> None:
    """Run the ledger by itself; others meet it through its HTTP API and feed.

    It lies in a directory, with one service, or in a PostgreSQL database, with any number of them.

    An option that is not given is read from the environment, `OPSLEDGER_LEDGER_PORT` and so on.
    """
    log_to_stderr()
    clock = "system" if given["clock_file"] is None else "scripted"
    settings = settings_of(LedgerSettings, {**given, "clock": clock})

    def announce(ledger: Ledger, address: str) -> None:
        tell_key(ledger.administrator_key, key_file)
        _said.print(f"ledger {address}   API documents {address}/docs")

    try:
        if settings.directory is None:
            # What is wrong with the file is told here, and not by the process that writes.
            settings.database()
        status = serve(settings, announce)
    except (LedgerError, RecordingError, OSError) as error:
        give_up(error)
    raise typer.Exit(status)


def tell_key(key: AdministratorKey | None, key_file: Path | None) -> None:
    """Hand over the first key of a new ledger, once."""
    if key is None:
        return
    if key_file is None:
        _tell(key)
        return
    try:
        descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.token + "\n")
    except OSError as error:
        # The ledger is founded by now, and nobody can be told this key later.
        _said.print(f"{key_file} cannot be written: {error.strerror}")
        _tell(key)
    else:
        _said.print(f"The first administrator key is in {key_file}.")


def _tell(key: AdministratorKey) -> None:
    _said.print("First administrator key, shown only now:")
    _said.print(f"  [bold]{key.token}[/bold]")
