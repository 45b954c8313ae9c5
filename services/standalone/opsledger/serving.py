"""The commands that serve: both services by one command, or each by itself."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from opsledger import copying, migrating, relaying, together
from opsledger.starting import give_up, log_to_stderr, settings_of
from opsledger_ledger import bootstrap as ledger_bootstrap
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.errors import LedgerError
from opsledger_ledger.ledger import AdministratorKey, Ledger
from opsledger_ledger.recording.log import RecordingError
from opsledger_projections import bootstrap as projections_bootstrap
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.errors import ProjectionsError
from opsledger_projections.projections import Projections

_DIRECTORY: Final = typer.Option(
    "--directory", "-d", help="Where the data lies; made if it is new.", show_default=True
)
_HOST: Final = typer.Option(help="Address to listen on; loopback unless you say otherwise.")
_LEDGER_PORT: Final = typer.Option(help="Port of the ledger, 8600; 0 lets the system choose.")
_READ_PORT: Final = typer.Option(help="Port of the read side, 8601; 0 lets the system choose.")
_NAME: Final = typer.Option(help="Name of the ledger, given to a new one.")
_TITLE: Final = typer.Option(help="Title of the ledger, given to a new one.")
ClockFile = Annotated[
    Path | None,
    typer.Option(
        help="Found the ledger with a scripted clock that reads its instant from this file; such a "
        "ledger is for demonstrations and never passes for a real one."
    ),
]
KeyFile = Annotated[
    Path | None,
    typer.Option(help="Write the first administrator key to this file instead of printing it."),
]
PersonalKeyFile = Annotated[
    Path | None,
    typer.Option(help="Key of the personal values; keep it outside the backups of the data."),
]

ViewsDatabaseUrlFile = Annotated[
    Path | None,
    typer.Option(help="File with the address of the PostgreSQL database of the tables."),
]
ViewsDatabaseSchema = Annotated[
    str | None,
    typer.Option(help="Begin of the schemas' names there, opsledger_views; one per process."),
]
NatsUrl = Annotated[
    str | None,
    typer.Option(help="Read entries from this broker's copy; its servers, separated by commas."),
]
NatsUrlFile = Annotated[
    Path | None,
    typer.Option(help="File with those addresses; they may have user and password in them."),
]
NatsStream = Annotated[str | None, typer.Option(help="Stream of the copy, opsledger.")]

_said: Final = Console(highlight=False, soft_wrap=True)


def enter(app: typer.Typer) -> None:
    """Add `serve`, what the ledger's group has, and `projections serve` to the command line."""
    app.command(epilog="Example: opsledger serve --directory my-ledger")(serve)
    for name, command, example in (
        ("ledger", ledger_serve, "opsledger ledger serve --directory my-ledger/ledger"),
        (
            "projections",
            projections_serve,
            "opsledger projections serve --directory my-views --key-file reader.key",
        ),
    ):
        group = typer.Typer(no_args_is_help=True, help=f"The {name} service by itself.")
        group.callback()(lambda: None)
        group.command("serve", epilog=f"Example: {example}")(command)
        if name == "ledger":
            migrating.enter(group)
            copying.enter(group)
            relaying.enter(group)
        app.add_typer(group, name=name)


def serve(
    directory: Annotated[Path, _DIRECTORY] = Path("opsledger-data"),
    host: Annotated[str, _HOST] = "127.0.0.1",
    port: Annotated[int, _LEDGER_PORT] = 8600,
    read_port: Annotated[int, _READ_PORT] = 8601,
    name: Annotated[str, _NAME] = "ledger",
    title: Annotated[str, _TITLE] = "opsledger",
    clock_file: ClockFile = None,
    key_file: KeyFile = None,
    personal_key_file: PersonalKeyFile = None,
) -> None:
    """Run ledger and read side on one directory."""
    log_to_stderr()
    ledger = settings_of(
        LedgerSettings,
        directory=directory / together.LEDGER_FOLDER,
        name=name,
        title=title,
        clock="system" if clock_file is None else "scripted",
        clock_file=clock_file,
        personal_key_file=personal_key_file,
        host=host,
        port=port,
    )
    projections = settings_of(
        ProjectionsSettings,
        directory=directory / together.PROJECTIONS_FOLDER,
        clock_file=clock_file,
        host=host,
        port=read_port,
    )

    def announce(ledger_url: str, read_url: str, key: AdministratorKey | None) -> None:
        _tell_key(key, key_file)
        _said.print(f"ledger     {ledger_url}   API documents {ledger_url}/docs")
        _said.print(f"read side  {read_url}   API documents {read_url}/docs")
        _said.print("Stop with Ctrl-C or SIGTERM.")

    try:
        status = together.serve(ledger, projections, announce)
    except (LedgerError, RecordingError, OSError) as error:
        give_up(error)
    raise typer.Exit(status)


def ledger_serve(
    directory: Annotated[Path | None, _DIRECTORY] = None,
    database_url_file: relaying.DatabaseUrlFile = None,
    database_schema: relaying.DatabaseSchema = None,
    host: Annotated[str | None, _HOST] = None,
    port: Annotated[int | None, _LEDGER_PORT] = None,
    name: Annotated[str | None, _NAME] = None,
    title: Annotated[str | None, _TITLE] = None,
    clock_file: ClockFile = None,
    key_file: KeyFile = None,
    personal_key_file: PersonalKeyFile = None,
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
        host=host,
        port=port,
    )

    def announce(ledger: Ledger, address: str) -> None:
        _tell_key(ledger.administrator_key, key_file)
        _said.print(f"ledger {address}   API documents {address}/docs")

    try:
        status = ledger_bootstrap.serve(settings, announce)
    except (LedgerError, RecordingError, OSError) as error:
        give_up(error)
    raise typer.Exit(status)


def projections_serve(
    key_file: Annotated[
        Path | None, typer.Option(help="File with an API key that may read the ledger's feed.")
    ] = None,
    directory: Annotated[Path | None, _DIRECTORY] = None,
    database_url_file: ViewsDatabaseUrlFile = None,
    database_schema: ViewsDatabaseSchema = None,
    ledger_url: Annotated[str | None, typer.Option(help="The ledger to follow.")] = None,
    nats_url: NatsUrl = None,
    nats_url_file: NatsUrlFile = None,
    nats_stream: NatsStream = None,
    host: Annotated[str | None, _HOST] = None,
    port: Annotated[int | None, _READ_PORT] = None,
    clock_file: ClockFile = None,
) -> None:
    """Run the read side by itself; it follows a ledger through its HTTP feed.

    An option that is not given is read from the environment, `OPSLEDGER_PROJECTIONS_PORT` and so on.
    """
    log_to_stderr()
    settings = settings_of(
        ProjectionsSettings,
        directory=directory,
        database_url_file=database_url_file,
        database_schema=database_schema,
        ledger_url=ledger_url,
        ledger_key_file=key_file,
        nats_url=nats_url,
        nats_url_file=nats_url_file,
        nats_stream=nats_stream,
        clock_file=clock_file,
        host=host,
        port=port,
    )

    def announce(_projections: Projections, address: str) -> None:
        _said.print(f"read side {address}   API documents {address}/docs")

    try:
        projections_bootstrap.serve(settings, announce)
    except (ProjectionsError, ValueError, OSError) as error:
        give_up(error)


def _tell_key(key: AdministratorKey | None, key_file: Path | None) -> None:
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
