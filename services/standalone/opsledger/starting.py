"""What the commands that start a service share: settings from options, complaints, the log."""

import errno
import logging
import re
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NoReturn, TypeVar

import structlog
import typer
from pydantic import ValidationError
from pydantic_settings import BaseSettings
from rich.console import Console
from rich.markup import escape

from opsledger.serving_options import Given, variable

WRONG: Final = 2
"""Exit status of a command that was given what it cannot use."""

S = TypeVar("S", bound=BaseSettings)

_RENAMED: Final[Mapping[str, str]] = MappingProxyType(
    {"following": "--no-follow", "ledger_key_file": "--key-file"}
)
"""Options that are not called like their settings."""
_SETTING: Final = re.compile(r"\bdirectory\b|[a-z]+(?:_[a-z]+)+")
"""What may be the name of a setting in the middle of a sentence."""

_complaints: Final = Console(stderr=True, highlight=False, soft_wrap=True)


def settings_of(kind: type[S], given: Given) -> S:
    """Make settings of what was given; the environment gives what has no option.

    Raises:
        Exit: they cannot be used; what is wrong was printed.

    """
    try:
        return kind(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for problem in error.errors():
            place = ".".join(_option(str(part), kind, given) for part in problem["loc"])
            said = problem["msg"]
            if "ctx" in problem and "error" in problem["ctx"]:
                said = str(problem["ctx"]["error"])
                said = _SETTING.sub(lambda found: _option(found.group(), kind, given), said)
            _complain(f"{place}: {said}" if place else said)
        _complaints.print("The command tells its options, and has an example, with --help.")
        raise typer.Exit(WRONG) from None


def _option(setting: str, kind: type[BaseSettings], given: Given) -> str:
    """Call a setting what its option is called, or its variable if it has none."""
    if setting in given:
        return _RENAMED.get(setting, "--" + setting.replace("_", "-"))
    if setting in kind.model_fields:
        return variable(setting, kind)
    return setting


def give_up(error: Exception, status: int = 1) -> NoReturn:
    """Print what is wrong and end the command with a status.

    Raises:
        Exit: always.

    """
    _complain(_reason(error))
    raise typer.Exit(status)


def _complain(text: str) -> None:
    _complaints.print(f"[red]{escape(text)}[/red]")


def _reason(error: Exception) -> str:
    """Say what is wrong in the words of people, not of the system's calls."""
    if not isinstance(error, OSError) or error.strerror is None:
        return str(error)
    said = error.strerror
    if error.errno == errno.EADDRINUSE:
        return f"{said}; end who listens there, or choose another port (0 is any that is free)"
    return said if error.filename is None else f"{error.filename}: {said}"


def log_to_stderr() -> None:
    """Write the log of the process as JSON lines to standard error."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
