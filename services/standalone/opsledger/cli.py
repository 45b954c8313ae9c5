"""The `opsledger` command.

Exit status: 0 all is well; 1 something was found (a replay that differs, a log that is not sound,
views that are not equal); 2 the question was wrong or refused; 3 no service answers.
"""

from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup


class Later(TyperCommand):
    """A command, or a group of them, that is imported when it is run or asked about.

    Until then only its name and what it is for are known, so that no command waits for the import
    of what others need.
    """

    def __init__(self, module: str, name: str, purpose: str) -> None:
        super().__init__(name=name, help=purpose, rich_markup_mode="markdown")
        self._module = module

    def imported(self) -> TyperCommand | TyperGroup:
        """Import the module that enters the command into a command line; gives the command."""
        into = _command_line()
        import_module(f"opsledger.{self._module}").enter(into)
        found = typer.main.get_group(into).commands[str(self.name)]
        assert isinstance(found, TyperCommand | TyperGroup)
        return found

    def make_context(self, *arguments: Any, **more: Any) -> Any:
        """Let the command itself read what follows its name."""
        return self.imported().make_context(*arguments, **more)


class _Entered(TyperGroup):
    """All commands, in the order in which they are listed."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"commands": [*COMMANDS, *GROUPS]})


COMMANDS: Final = (
    Later("serving", "serve", "Run ledger and read side on one directory."),
    Later("asking", "letters", "List the letters as they stand, or stood."),
    Later(
        *("asking", "history"),
        "Show all that happened to a letter, with its cases, adjustments, scores and disputes.",
    ),
    Later("asking", "show", "Show what a letter said: as known then, as valid then."),
    Later(
        *("asking", "explain"),
        "Explain a score: every operation with its clause, its rounding and the entries behind it.",
    ),
    Later(
        *("asking", "replay"),
        "Compute a score again and show the difference; exit status 1 if it differs.",
    ),
    Later(
        *("asking", "trail"),
        "Show who approved what, in which order, in which post, over which content.",
    ),
    Later(
        *("asking", "verify"),
        "Compute the whole log again from its entries; exit status 1 if it is not sound.",
    ),
    Later(
        *("asking", "rebuild"),
        "Build all views again from the log and compare them with the served ones, byte for byte.",
    ),
    Later(
        *("studying", "sweep"),
        "Find each score that used a clause, a primitive or superseded terms; status 1 if any did.",
    ),
    Later(
        *("studying", "shadow"),
        "Score a past period by another rulebook and show what changes for each unit.",
    ),
    Later(
        *("studying", "sensitivity"),
        "Name the single fact nearest to moving the grade, and rank the others behind it.",
    ),
    Later(
        *("demonstrating", "demo"),
        "Play the story of a disputed score against a service of its own, and show what happened.",
    ),
)
"""Commands without a group."""

GROUPS: Final = (
    TyperGroup(
        name="ledger",
        help="The ledger service by itself.",
        no_args_is_help=True,
        rich_markup_mode="markdown",
        commands=[
            Later(
                *("serving_ledger", "serve"),
                "Run the ledger by itself; others meet it through its HTTP API and feed.",
            ),
            Later(
                *("migrating", "migrate"),
                "Make the tables of a ledger on PostgreSQL, or bring them to the newest layout.",
            ),
            Later(
                *("copying", "copy"),
                "Copy a ledger from its directory to PostgreSQL, and verify the copy from its first "
                "entry.",
            ),
            Later(
                *("relaying", "relay"),
                "Copy the ledger to a stream of NATS JetStream whose sequence is the position.",
            ),
            Later(
                *("relaying", "relay-status"),
                "Tell how far the copy on NATS JetStream is, and whether it is a copy of this ledger.",
            ),
        ],
    ),
    TyperGroup(
        name="projections",
        help="The projections service by itself.",
        no_args_is_help=True,
        rich_markup_mode="markdown",
        commands=[
            Later(
                *("serving_projections", "serve"),
                "Run the read side by itself; it follows a ledger through its HTTP feed.",
            ),
            Later(
                *("serving_projections", "divide"),
                "Divide tables in a database into another number of parts, while no process follows "
                "them.",
            ),
        ],
    ),
    Later(
        *("rulebooks", "rulebook"),
        "Rulebooks as documents. Exit status: 0 nothing found; 1 something was found or differs; 2 "
        "the question was wrong.",
    ),
    Later(
        *("importing", "import"),
        "Take over history from a file as one approved batch. Exit status: 0 done; 1 the file has "
        "lines that cannot be imported; 2 refused; 3 the ledger cannot be opened or written.",
    ),
    Later(
        *("clustering", "cluster"),
        "The topology for a company as plain processes, to try it.",
    ),
)
"""Groups of commands; those of both services name what is in them, the others are imported whole."""


def _command_line(group: type[TyperGroup] = TyperGroup) -> typer.Typer:
    """Make a command line that commands can be entered into."""
    made = typer.Typer(
        name="opsledger",
        help=__doc__,
        cls=group,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
    )
    # With a callback it is a group, however many commands are entered.
    made.callback()(lambda: None)
    return made


app: Final = _command_line(_Entered)


def main() -> None:
    """Run the command line."""
    app(prog_name="opsledger")
