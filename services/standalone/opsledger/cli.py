"""The `opsledger` command.

Exit status: 0 all is well; 1 something was found (a replay that differs, a log that is not sound,
views that are not equal); 2 the question was wrong or refused; 3 no service answers.
"""

import typer

from opsledger import asking, clustering, demonstrating, importing, rulebooks, serving, studying

app = typer.Typer(
    name="opsledger",
    help=__doc__,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
serving.enter(app)
asking.enter(app)
studying.enter(app)
rulebooks.enter(app)
importing.enter(app)
demonstrating.enter(app)
clustering.enter(app)


def main() -> None:
    """Run the command line."""
    app(prog_name="opsledger")
