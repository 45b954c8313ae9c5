"""The command that serves ledger and read side together."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from opsledger import together
from opsledger.folders import LEDGER_FOLDER, PROJECTIONS_FOLDER
from opsledger.serving_ledger import tell_key
from opsledger.serving_options import (
    DIRECTORY,
    HOST,
    LEDGER_PORT,
    NAME,
    READ_PORT,
    TITLE,
    ClockFile,
    KeyFile,
    PersonalKeyFile,
)
from opsledger.starting import give_up, log_to_stderr, settings_of
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.errors import LedgerError
from opsledger_ledger.ledger import AdministratorKey
from opsledger_ledger.recording.log import RecordingError
from opsledger_projections.config import ProjectionsSettings

_said: Final = Console(highlight=False, soft_wrap=True)


def enter(app: typer.Typer) -> None:
    """Add `serve` to the command line."""
    app.command(epilog="Example: opsledger serve --directory my-ledger")(serve)


def serve(
    directory: Annotated[Path, DIRECTORY] = Path("opsledger-data"),
    host: Annotated[str, HOST] = "127.0.0.1",
    port: Annotated[int, LEDGER_PORT] = 8600,
    read_port: Annotated[int, READ_PORT] = 8601,
    name: Annotated[str, NAME] = "ledger",
    title: Annotated[str, TITLE] = "opsledger",
    clock_file: ClockFile = None,
    key_file: KeyFile = None,
    personal_key_file: PersonalKeyFile = None,
) -> None:
    """Run ledger and read side on one directory."""
    log_to_stderr()
    ledger = settings_of(
        LedgerSettings,
        {
            "directory": directory / LEDGER_FOLDER,
            "name": name,
            "title": title,
            "clock": "system" if clock_file is None else "scripted",
            "clock_file": clock_file,
            "personal_key_file": personal_key_file,
            "host": host,
            "port": port,
        },
    )
    projections = settings_of(
        ProjectionsSettings,
        {
            "directory": directory / PROJECTIONS_FOLDER,
            "clock_file": clock_file,
            "host": host,
            "port": read_port,
        },
    )

    def announce(ledger_url: str, read_url: str, key: AdministratorKey | None) -> None:
        tell_key(key, key_file)
        _said.print(f"ledger     {ledger_url}   API documents {ledger_url}/docs")
        _said.print(f"read side  {read_url}   API documents {read_url}/docs")
        _said.print("Stop with Ctrl-C or SIGTERM.")

    try:
        status = together.serve(ledger, projections, announce)
    except (LedgerError, RecordingError, OSError) as error:
        give_up(error)
    raise typer.Exit(status)
