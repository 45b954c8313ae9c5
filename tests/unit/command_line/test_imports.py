"""What the command line imports before it knows which command is meant, and after."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperGroup

from opsledger.cli import Later, app

IMPORTING = """
import sys
from contextlib import suppress
from opsledger.cli import main
sys.argv[0] = "opsledger"
with suppress(SystemExit):
    main()
print("imported", *sys.modules)
"""
"""Runs the command line and tells what it has imported; the last line of its output."""

SERVERS = {"fastapi", "starlette", "uvicorn", "psycopg", "sqlite3", "nats"}
OURS = {"opsledger_contracts", "opsledger_ledger", "opsledger_projections"}
HEAVY = SERVERS | OURS | {"httpx2", "msgspec", "orjson", "structlog"}
"""Packages without which a list of commands can be shown."""


def imported(*words: str) -> set[str]:
    """Run a command in a process of its own; gives the packages that were imported for it."""
    # Who measures which lines run brings imports of its own.
    unmeasured = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    ran = subprocess.run(
        [sys.executable, "-c", IMPORTING, *words],
        capture_output=True,
        text=True,
        check=True,
        env=unmeasured,
    )
    word, *modules = ran.stdout.splitlines()[-1].split()
    assert word == "imported", ran.stdout
    return {module.partition(".")[0] for module in modules}


def later(group: TyperGroup) -> Iterator[Later]:
    """Yield all commands of a group that are imported later, those of its groups too."""
    for command in group.commands.values():
        if isinstance(command, TyperGroup):
            yield from later(command)
        else:
            assert isinstance(command, Later)
            yield command


@pytest.mark.parametrize("words", [("--help",), (), ("ledger", "--help"), ("leger",)])
def test_a_list_of_commands_needs_no_service(words: tuple[str, ...]) -> None:
    """What is there to run is told without a service, a database or a web framework."""
    assert imported(*words) & HEAVY == set()


@pytest.mark.parametrize(
    ("words", "kept_out"),
    [
        # Whoever asks a running service has nothing of one.
        ("verify --url http://127.0.0.1:1 --ledger-url http://127.0.0.1:1", SERVERS),
        ("rulebook --help", SERVERS),
        ("cluster --help", SERVERS),
        ("ledger serve --help", {"opsledger_projections", "psycopg", "nats"}),
        ("projections serve --help", {"opsledger_ledger", "psycopg", "nats"}),
    ],
)
def test_a_command_imports_what_it_needs(words: str, kept_out: set[str]) -> None:
    """No service comes with the other one, and no driver before it is known to be wanted."""
    assert imported(*words.split()) & kept_out == set()


def test_a_command_is_what_the_list_says() -> None:
    """Each command is in the module that is named for it, and says first what the list says."""
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    for command in later(group):
        found = command.imported()
        assert found.name == command.name
        first = (found.help or "").split("\n\n")[0].replace("\n", " ")
        assert first == command.help, command.name
