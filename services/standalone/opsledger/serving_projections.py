"""The command that serves the read side by itself."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from opsledger.serving_options import DIRECTORY, HOST, READ_PORT, ClockFile, NatsUrlFile
from opsledger.starting import give_up, log_to_stderr, settings_of
from opsledger_projections import bootstrap
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.errors import ProjectionsError
from opsledger_projections.following.feed import FeedUnreachable
from opsledger_projections.following.parts import PARTS_MAX
from opsledger_projections.projections import Projections

ViewsDatabaseUrlFile = Annotated[
    Path | None,
    typer.Option(help="File with the address of the PostgreSQL database of the tables."),
]
ViewsDatabaseSchema = Annotated[
    str | None,
    typer.Option(help="Begin of the schemas' names there, opsledger_views."),
]
LedgerUrl = Annotated[str | None, typer.Option(help="The ledger to follow.")]
LedgerKeyFile = Annotated[
    Path | None, typer.Option(help="File with an API key that may read the ledger's feed.")
]
NatsUrl = Annotated[
    str | None,
    typer.Option(help="Read entries from this broker's copy; its servers, separated by commas."),
]
NatsStream = Annotated[str | None, typer.Option(help="Stream of the copy, opsledger.")]

_said: Final = Console(highlight=False, soft_wrap=True)


def enter(group: typer.Typer) -> None:
    """Add `serve` and `divide` to the commands of the projections."""
    group.command(
        "serve",
        epilog="Example: opsledger projections serve --directory my-views --key-file reader.key",
    )(projections_serve)
    group.command(
        "divide",
        epilog="Example: opsledger projections divide --into 3 --database-url-file views.url "
        "--key-file reader.key",
    )(projections_divide)


def projections_serve(
    key_file: LedgerKeyFile = None,
    directory: Annotated[Path | None, DIRECTORY] = None,
    database_url_file: ViewsDatabaseUrlFile = None,
    database_schema: ViewsDatabaseSchema = None,
    partition: Annotated[
        str | None,
        typer.Option(
            help="Follow only this part of the tables, such as 2/3; other processes follow the "
            "others, in the same schema of a database."
        ),
    ] = None,
    follow: Annotated[  # noqa: FBT002
        bool,
        typer.Option(
            "--follow/--no-follow",
            help="With --no-follow only serve tables of a database whose parts others follow.",
        ),
    ] = True,
    rebuild_processes: Annotated[
        int | None, typer.Option(help="Processes that a rebuild of a long history uses, 2.")
    ] = None,
    ledger_url: LedgerUrl = None,
    nats_url: NatsUrl = None,
    nats_url_file: NatsUrlFile = None,
    nats_stream: NatsStream = None,
    host: Annotated[str | None, HOST] = None,
    port: Annotated[int | None, READ_PORT] = None,
    clock_file: ClockFile = None,
) -> None:
    """Run the read side by itself; it follows a ledger through its HTTP feed.

    Tables in a PostgreSQL database may be kept by several processes, each with a `--partition`, and
    served by those and by any number with `--no-follow`.

    An option that is not given is read from the environment, `OPSLEDGER_PROJECTIONS_PORT` and so on.
    """
    log_to_stderr()
    settings = settings_of(
        ProjectionsSettings,
        directory=directory,
        database_url_file=database_url_file,
        database_schema=database_schema,
        partition=partition,
        following=None if follow else False,
        rebuild_processes=rebuild_processes,
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


def projections_divide(
    into: Annotated[
        int, typer.Option(help="Number of parts; 1 makes the tables whole.", min=1, max=PARTS_MAX)
    ],
    key_file: LedgerKeyFile = None,
    database_url_file: ViewsDatabaseUrlFile = None,
    database_schema: ViewsDatabaseSchema = None,
    ledger_url: LedgerUrl = None,
) -> None:
    """Divide tables in a database into another number of parts, while no process follows them.

    Parts that are behind are brought to the position of the one that is furthest. Nothing is built
    again.
    """
    log_to_stderr()
    settings = settings_of(
        ProjectionsSettings,
        database_url_file=database_url_file,
        database_schema=database_schema,
        ledger_url=ledger_url,
        ledger_key_file=key_file,
    )
    try:
        position = bootstrap.divide(settings, into)
    except (ProjectionsError, FeedUnreachable, ValueError, OSError) as error:
        give_up(error)
    parts = "whole" if into == 1 else f"in {into} parts"
    _said.print(f"the tables are {parts}, at position {position}")
