"""Options that several of the commands which serve have."""

from pathlib import Path
from typing import Annotated, Final

import typer

DIRECTORY: Final = typer.Option(
    "--directory", "-d", help="Where the data lies; made if it is new.", show_default=True
)
HOST: Final = typer.Option(help="Address to listen on; loopback unless you say otherwise.")
LEDGER_PORT: Final = typer.Option(help="Port of the ledger, 8600; 0 lets the system choose.")
READ_PORT: Final = typer.Option(help="Port of the read side, 8601; 0 lets the system choose.")
NAME: Final = typer.Option(help="Name of the ledger, given to a new one.")
TITLE: Final = typer.Option(help="Title of the ledger, given to a new one.")
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
SnapshotFile = Annotated[
    Path | None,
    typer.Option(
        help="What has been decided on so far, so that a start need not read the whole log; in the "
        "directory if there is one, else none."
    ),
]
PersonalKeyFile = Annotated[
    Path | None,
    typer.Option(help="Key of the personal values; keep it outside the backups of the data."),
]
NatsUrlFile = Annotated[
    Path | None,
    typer.Option(help="File with those addresses; they may have user and password in them."),
]
