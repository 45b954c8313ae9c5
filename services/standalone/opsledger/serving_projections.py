"""The commands of the read side by itself: serve it, and divide its tables."""

from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from opsledger.serving_options import (
    DIRECTORY,
    HOST,
    NATS_URL_FILE,
    READ_PORT,
    Given,
    Setting,
    with_settings,
)
from opsledger.starting import WRONG, give_up, log_to_stderr, settings_of
from opsledger_projections import bootstrap
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.errors import ProjectionsError
from opsledger_projections.following.feed import FeedUnreachable
from opsledger_projections.following.parts import PARTS_MAX
from opsledger_projections.projections import Projections

_READ: Final = (
    Setting(
        *("ledger_key_file", Path | None),
        typer.Option("--key-file", help="File with an API key that may read the ledger's feed."),
    ),
    Setting("ledger_url", str, typer.Option(help="The ledger to follow.")),
)
_DATABASE: Final = (
    Setting(
        *("database_url_file", Path | None),
        typer.Option(help="File with the address of the PostgreSQL database of the tables."),
    ),
    Setting("database_schema", str, typer.Option(help="Begin of the schemas' names there.")),
)
_SERVED: Final = (
    *_READ,
    Setting("directory", Path | None, DIRECTORY),
    *_DATABASE,
    Setting(
        *("partition", str | None),
        typer.Option(
            help="Follow only this part of the tables, such as 2/3; other processes follow the "
            "others, in the same schema of a database."
        ),
    ),
    Setting(
        *("following", bool),
        typer.Option(
            "--follow/--no-follow",
            help="With --no-follow only serve tables of a database whose parts others follow.",
        ),
    ),
    Setting(
        *("rebuild_processes", int),
        typer.Option(help="Processes that a rebuild of a long history uses."),
    ),
    Setting(
        *("nats_url", str | None),
        typer.Option(
            help="Read entries from this broker's copy; its servers, separated by commas."
        ),
    ),
    NATS_URL_FILE,
    Setting("nats_stream", str, typer.Option(help="Stream of the copy.")),
    Setting("host", str, HOST),
    Setting("port", int, READ_PORT),
    Setting(
        *("clock_file", Path | None),
        typer.Option(
            help="File of the scripted clock of a ledger for demonstrations that was founded with one."
        ),
    ),
)

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


@with_settings(ProjectionsSettings, *_SERVED)
def projections_serve(given: Given) -> None:
    """Run the read side by itself; it follows a ledger through its HTTP feed.

    Tables in a PostgreSQL database may be kept by several processes, each with a `--partition`, and
    served by those and by any number with `--no-follow`.

    An option that is not given is read from the environment, `OPSLEDGER_PROJECTIONS_PORT` and so on.
    """
    log_to_stderr()
    settings = _settings(given)

    def announce(_projections: Projections, address: str) -> None:
        _said.print(f"read side {address}   API documents {address}/docs")

    try:
        bootstrap.serve(settings, announce)
    except (ProjectionsError, ValueError, OSError) as error:
        give_up(error)


@with_settings(ProjectionsSettings, *_READ, *_DATABASE)
def projections_divide(
    given: Given,
    into: Annotated[
        int, typer.Option(help="Number of parts; 1 makes the tables whole.", min=1, max=PARTS_MAX)
    ],
) -> None:
    """Divide tables in a database into another number of parts, while no process follows them.

    Parts that are behind are brought to the position of the one that is furthest. Nothing is built
    again.
    """
    log_to_stderr()
    settings = _settings(given)
    if settings.directory is not None:
        give_up(ValueError("only tables in a database are divided: --database-url-file"), WRONG)
    try:
        position = bootstrap.divide(settings, into)
    except (ProjectionsError, FeedUnreachable, ValueError, OSError) as error:
        give_up(error)
    parts = "whole" if into == 1 else f"in {into} parts"
    _said.print(f"the tables are {parts}, at position {position}")


def _settings(given: Given) -> ProjectionsSettings:
    settings = settings_of(ProjectionsSettings, given)
    if settings.ledger_key is None and settings.ledger_key_file is None:
        give_up(
            ValueError("the feed asks for an API key; give the file that holds it: --key-file"),
            WRONG,
        )
    return settings
