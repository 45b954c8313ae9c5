"""Options of the commands that serve, each for a setting of the service that it starts."""

import inspect
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, NamedTuple

import typer
from pydantic_settings import BaseSettings

Given = Mapping[str, Any]
"""Settings as they were given, None for those that were not."""


class Setting(NamedTuple):
    """A setting that has an option: its name, the type of what is typed, and what help says."""

    name: str
    typed: Any
    option: Any


DIRECTORY: Final = typer.Option("--directory", "-d", help="Where the data lies; made if it is new.")
HOST: Final = typer.Option(help="Address to listen on.")
LEDGER_PORT: Final = typer.Option(help="Port of the ledger; 0 is any that is free.")
READ_PORT: Final = typer.Option(help="Port of the read side; 0 is any that is free.")
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
    typer.Option(help="Write the first administrator key to this new file instead of printing it."),
]
PersonalKeyFile = Annotated[
    Path | None,
    typer.Option(help="Key of the personal values; keep it outside the backups of the data."),
]

LEDGER_DIRECTORY: Final = Setting(
    *("directory", Path | None),
    typer.Option("--directory", "-d", help="Directory of a ledger on SQLite."),
)
LEDGER_DATABASE: Final = (
    Setting(
        *("database_url_file", Path | None),
        typer.Option(help="File with the address of the PostgreSQL database of a ledger."),
    ),
    Setting("database_schema", str, typer.Option(help="Schema of the ledger in its database.")),
)
NATS_URL_FILE: Final = Setting(
    *("nats_url_file", Path | None),
    typer.Option(help="File with those addresses; they may have user and password in them."),
)


def with_settings(
    kind: type[BaseSettings], *settings: Setting
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add options for settings to a command, with the defaults that the settings have.

    The command is called with what was given for them, as its first argument. What is not typed is
    read from the environment.
    """
    options = [
        inspect.Parameter(
            setting.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=kind.model_fields[setting.name].default,
            annotation=Annotated[setting.typed, _from_environment(setting, kind)],
        )
        for setting in settings
    ]

    def add(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command).parameters.values())[1:]

        def called(**typed: Any) -> None:
            given = {setting.name: typed.pop(setting.name) for setting in settings}
            command(MappingProxyType(given), **typed)

        named = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]
        called.__name__ = command.__name__
        called.__doc__ = command.__doc__
        called.__signature__ = inspect.Signature([*options, *named])  # type: ignore[attr-defined]
        return called

    return add


def _from_environment(setting: Setting, kind: type[BaseSettings]) -> Any:
    """Give the option of a setting, which the environment has under the name of the setting."""
    option = copy(setting.option)
    option.envvar = variable(setting.name, kind)
    option.show_envvar = False
    return option


def variable(setting: str, kind: type[BaseSettings]) -> str:
    """Name the variable of the environment that a setting is read from."""
    return f"{kind.model_config.get('env_prefix', '')}{setting}".upper()
