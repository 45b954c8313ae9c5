"""What the commands that start a service share: settings from options, complaints, the log."""

import logging
import sys
from typing import Any, Final, NoReturn, TypeVar

import structlog
import typer
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.markup import escape

WRONG: Final = 2
"""Exit status of a command that was given what it cannot use."""

S = TypeVar("S", bound=BaseModel)

_complaints: Final = Console(stderr=True, highlight=False, soft_wrap=True)


def settings_of(kind: type[S], **given: Any) -> S:
    """Make settings of the options that were given; the environment gives the others.

    Raises:
        Exit: they cannot be used; what is wrong was printed.

    """
    try:
        return kind(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        for problem in error.errors():
            place = ".".join(str(part) for part in problem["loc"]) or "settings"
            said = escape(f"{place}: {problem['msg']}")
            _complaints.print(f"[red]{said}[/red]")
        raise typer.Exit(WRONG) from None


def give_up(error: Exception, status: int = 1) -> NoReturn:
    """Print what is wrong and end the command with a status.

    Raises:
        Exit: always.

    """
    _complaints.print(f"[red]{escape(str(error))}[/red]")
    raise typer.Exit(status)


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
