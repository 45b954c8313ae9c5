"""The command that serves the read side by itself."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from opsledger.serving_options import DIRECTORY, HOST, READ_PORT, ClockFile
from opsledger.starting import give_up, log_to_stderr, settings_of
from opsledger_projections import bootstrap
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.errors import ProjectionsError
from opsledger_projections.projections import Projections

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


def enter(group: typer.Typer) -> None:
    """Add `serve` to the commands of the projections."""
    group.command(
        "serve",
        epilog="Example: opsledger projections serve --directory my-views --key-file reader.key",
    )(projections_serve)


def projections_serve(
    key_file: Annotated[
        Path | None, typer.Option(help="File with an API key that may read the ledger's feed.")
    ] = None,
    directory: Annotated[Path | None, DIRECTORY] = None,
    database_url_file: ViewsDatabaseUrlFile = None,
    database_schema: ViewsDatabaseSchema = None,
    ledger_url: Annotated[str | None, typer.Option(help="The ledger to follow.")] = None,
    nats_url: NatsUrl = None,
    nats_url_file: NatsUrlFile = None,
    nats_stream: NatsStream = None,
    host: Annotated[str | None, HOST] = None,
    port: Annotated[int | None, READ_PORT] = None,
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
        bootstrap.serve(settings, announce)
    except (ProjectionsError, ValueError, OSError) as error:
        give_up(error)
