"""The commands of a cluster on one machine: run it, and see how it is."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Annotated, Final

import typer
from rich.console import Console

from opsledger.cluster.dev import STATE_FILE, DevCluster
from opsledger.cluster.errors import ClusterError, Stopped
from opsledger.cluster.parts import answers
from opsledger.shown import table
from opsledger.starting import give_up

SILENT: Final = 3

Directory = Annotated[
    Path,
    typer.Option("--directory", "-d", help="Where data, logs and secrets lie; made if it is new."),
]

_said: Final = Console(highlight=False, soft_wrap=True)


def enter(app: typer.Typer) -> None:
    """Add `cluster dev` and `cluster status` to the command line."""
    group = typer.Typer(
        no_args_is_help=True, help="The topology for a company as plain processes, to try it."
    )
    group.callback()(lambda: None)
    group.command("dev", epilog="Example: opsledger cluster dev --directory my-cluster")(dev)
    group.command("status", epilog="Example: opsledger cluster status --directory my-cluster")(
        status
    )
    app.add_typer(group, name="cluster")


def dev(directory: Directory = Path("opsledger-cluster")) -> None:
    """Run PostgreSQL, three NATS servers, two ledgers, a relay and the read side on this machine.

    The read side is two projectors, each of which keeps a part of its tables, and two processes that
    serve them. Everything listens on loopback, on ports that are free. What ends is started again.
    Ctrl-C and SIGTERM stop all parts in order; the next start goes on with the same data. It needs
    the programs of the extra `cluster`, and no container.
    """
    with _told_to_stop() as stopping:
        cluster = DevCluster(directory, _said.print, stopping)
        try:
            with cluster.running():
                _show(directory)
                _said.print(f"The first administrator key is in {cluster.administrator_key}.")
                _said.print(f"Logs are in {directory}, those of the services in its logs/.")
                _said.print("Stop with Ctrl-C or SIGTERM.")
                cluster.watch()
        except Stopped:
            return
        except (ClusterError, OSError) as error:
            give_up(error)


def status(directory: Directory = Path("opsledger-cluster")) -> None:
    """Show where the parts of a running cluster are reached, and whether each is well.

    Exit status: 0 all are well; 1 some are not; 3 no cluster runs there.
    """
    if not (directory / STATE_FILE).exists():
        give_up(ClusterError(f"no cluster runs in {directory}"), SILENT)
    if not _show(directory):
        raise typer.Exit(1)


@contextmanager
def _told_to_stop() -> Iterator[Event]:
    """An event that is set when the process is told to stop, or its terminal is closed."""
    stopping = Event()
    before = {
        number: signal.signal(number, lambda _number, _frame: stopping.set())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _show(directory: Path) -> bool:
    """Print the parts; tells whether all are well."""
    parts = json.loads((directory / STATE_FILE).read_text(encoding="utf-8"))["parts"]
    well = {part["name"]: not part["health"] or answers(part["health"]) for part in parts}
    rows = (
        (
            part["name"],
            part["address"],
            "well" if well[part["name"]] else f"[red]not well[/red], see {_log(part, directory)}",
        )
        for part in parts
    )
    _said.print(table(f"cluster in {directory}", ("part", "address", "health"), rows))
    return all(well.values())


def _log(part: dict[str, str], directory: Path) -> Path:
    return Path(part["log"]).relative_to(directory.absolute())
