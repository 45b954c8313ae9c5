"""The commands of the relay: keep a ledger's delivery copy on NATS JetStream, and look at it."""

from importlib import import_module
from typing import Annotated, Any, Final

import orjson
import typer
from rich.console import Console

from opsledger.serving_options import (
    LEDGER_DATABASE,
    LEDGER_DIRECTORY,
    NATS_URL_FILE,
    Given,
    Setting,
    with_settings,
)
from opsledger.shown import table
from opsledger.starting import give_up, log_to_stderr, settings_of
from opsledger_ledger.errors import BrokerUnreachable, ExtraMissing, LedgerError
from opsledger_ledger.recording.log import RecordingError
from opsledger_ledger.relay_config import RelaySettings

FOUND: Final = 1
SILENT: Final = 3

_COPIED: Final = (
    Setting(
        *("nats_url", str | None),
        typer.Option(help="Addresses of the broker's servers, separated by commas."),
    ),
    NATS_URL_FILE,
    LEDGER_DIRECTORY,
    *LEDGER_DATABASE,
    Setting("stream", str, typer.Option(help="Name of the stream.")),
)
_KEPT: Final = (
    Setting(
        "replicas", int, typer.Option(help="Servers that keep the stream, if it has to be made.")
    ),
    Setting("host", str, typer.Option(help="Address to serve health and lag on.")),
    Setting("port", int, typer.Option(help="Port of health and lag; 0 is any that is free.")),
)

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


@with_settings(RelaySettings, *_COPIED, *_KEPT)
def relay(given: Given) -> None:
    """Copy the ledger to a stream of NATS JetStream whose sequence is the position.

    It reads the ledger only and remembers nothing: it can be killed, run twice, and be let loose on
    a stream that was deleted. An option that is not given is read from the environment,
    `OPSLEDGER_RELAY_STREAM` and so on.
    """
    log_to_stderr()
    settings = settings_of(RelaySettings, given)
    try:
        _service().relay(
            settings, lambda address: _said.print(f"relay {address}   {address}/metrics")
        )
    except (LedgerError, RecordingError, OSError) as error:
        give_up(error)


@with_settings(RelaySettings, *_COPIED)
def relay_status(
    given: Given,
    lag_max: Annotated[
        int | None, typer.Option(help="End with status 1 if the copy is further behind.", min=0)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,  # noqa: FBT002
) -> None:
    """Tell how far the copy on NATS JetStream is, and whether it is a copy of this ledger.

    Exit status: 0 it is; 1 it is not, or it is too far behind; 3 the broker does not answer.
    """
    settings = settings_of(RelaySettings, given)
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
