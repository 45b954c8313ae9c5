"""The commands of the relay: keep a ledger's delivery copy on NATS JetStream, and look at it."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console

from opsledger.serving_options import NatsUrlFile
from opsledger.shown import table
from opsledger.starting import give_up, log_to_stderr, settings_of
from opsledger_ledger.errors import BrokerUnreachable, ExtraMissing, LedgerError
from opsledger_ledger.recording.log import RecordingError
from opsledger_ledger.relay_config import RelaySettings

FOUND: Final = 1
SILENT: Final = 3

Directory = Annotated[
    Path | None, typer.Option("--directory", "-d", help="Directory of a ledger on SQLite.")
]
DatabaseUrlFile = Annotated[
    Path | None,
    typer.Option(help="File with the address of the PostgreSQL database of a ledger."),
]
DatabaseSchema = Annotated[
    str | None, typer.Option(help="Schema of the ledger in its database, opsledger.")
]
NatsUrl = Annotated[
    str | None,
    typer.Option(help="Addresses of the broker's servers, separated by commas."),
]
Stream = Annotated[str | None, typer.Option(help="Name of the stream, opsledger.")]

_said: Final = Console(highlight=False, soft_wrap=True)


def enter(group: typer.Typer) -> None:
    """Add `relay` and `relay-status` to the commands of the ledger."""
    group.command(
        "relay",
        epilog="Example: opsledger ledger relay -d my-ledger/ledger --nats-url nats://nats-1:4222",
    )(relay)
    group.command(
        "relay-status",
        epilog="Example: opsledger ledger relay-status -d my-ledger/ledger "
        "--nats-url nats://nats-1:4222",
    )(relay_status)


def relay(
    nats_url: NatsUrl = None,
    nats_url_file: NatsUrlFile = None,
    directory: Directory = None,
    database_url_file: DatabaseUrlFile = None,
    database_schema: DatabaseSchema = None,
    stream: Stream = None,
    replicas: Annotated[
        int | None,
        typer.Option(help="Servers that keep the stream if it has to be made, 3; or 1."),
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to serve health and lag on; loopback.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port of it, 8602; 0 lets the system choose.")
    ] = None,
) -> None:
    """Copy the ledger to a stream of NATS JetStream whose sequence is the position.

    It reads the ledger only and remembers nothing: it can be killed, run twice, and be let loose on
    a stream that was deleted. An option that is not given is read from the environment,
    `OPSLEDGER_RELAY_STREAM` and so on.
    """
    log_to_stderr()
    settings = settings_of(
        RelaySettings,
        nats_url=nats_url,
        nats_url_file=nats_url_file,
        directory=directory,
        database_url_file=database_url_file,
        database_schema=database_schema,
        stream=stream,
        replicas=replicas,
        host=host,
        port=port,
    )
    try:
        _service().relay(
            settings, lambda address: _said.print(f"relay {address}   {address}/metrics")
        )
    except (LedgerError, RecordingError, OSError) as error:
        give_up(error)


def relay_status(
    nats_url: NatsUrl = None,
    nats_url_file: NatsUrlFile = None,
    directory: Directory = None,
    database_url_file: DatabaseUrlFile = None,
    database_schema: DatabaseSchema = None,
    stream: Stream = None,
    lag_max: Annotated[
        int | None, typer.Option(help="End with status 1 if the copy is further behind.", min=0)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002
) -> None:
    """Tell how far the copy on NATS JetStream is, and whether it is a copy of this ledger.

    Exit status: 0 it is; 1 it is not, or it is too far behind; 3 the broker does not answer.
    """
    settings = settings_of(
        RelaySettings,
        nats_url=nats_url,
        nats_url_file=nats_url_file,
        directory=directory,
        database_url_file=database_url_file,
        database_schema=database_schema,
        stream=stream,
    )
    try:
        status = _service().status(settings)
    except BrokerUnreachable as error:
        give_up(error, SILENT)
    except (LedgerError, RecordingError, OSError) as error:
        give_up(error, FOUND)
    facts = {
        "stream": status.stream,
        "position": status.position,
        "ledger": status.head,
        "lag": status.lag,
        "replicas": status.replicas,
        "leader": status.leader,
    }
    if as_json:
        _said.out(orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode())
    else:
        _said.print(table("delivery copy", ("", ""), facts.items()))
    if lag_max is not None and status.lag > lag_max:
        raise typer.Exit(FOUND)


def _service() -> Any:
    """Import the relay, which needs the library of an extra."""
    try:
        return import_module("opsledger_ledger.relaying")
    except ModuleNotFoundError as error:
        give_up(ExtraMissing("nats") if error.name == "nats" else error)
