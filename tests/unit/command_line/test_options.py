"""What commands tell of their options, and what they say when one is missing or wrong."""

import errno
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import typer
from pydantic_settings import BaseSettings
from typer.core import TyperCommand, TyperGroup, TyperOption
from typer.testing import CliRunner

from opsledger.cli import Later, app
from opsledger.serving_ledger import tell_key
from opsledger.starting import give_up
from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.ledger import AdministratorKey
from opsledger_ledger.relay_config import RelaySettings
from opsledger_projections.config import ProjectionsSettings

CONFIGURED = {
    "ledger serve": LedgerSettings,
    "ledger relay": RelaySettings,
    "ledger relay-status": RelaySettings,
    "projections serve": ProjectionsSettings,
    "projections divide": ProjectionsSettings,
}
"""Commands whose options are settings of a service."""


def commands(group: TyperGroup, *before: str) -> Iterator[tuple[str, TyperCommand]]:
    """Yield every command with the words that it is called by."""
    for name, entered in group.commands.items():
        command = entered.imported() if isinstance(entered, Later) else entered
        if isinstance(command, TyperGroup):
            yield from commands(command, *before, name)
        else:
            assert isinstance(command, TyperCommand)
            yield " ".join((*before, name)), command


@pytest.fixture(scope="module")
def every_command() -> dict[str, TyperCommand]:
    """All commands of the command line."""
    whole = typer.main.get_command(app)
    assert isinstance(whole, TyperGroup)
    return dict(commands(whole))


def said(*words: str, **environment: str) -> tuple[int, str]:
    """Run a command in this process; gives its status and what it complained of."""
    ran = CliRunner().invoke(app, list(words), env=environment)
    return ran.exit_code, ran.stderr


def test_every_command_has_an_example_and_says_what_each_option_is(
    every_command: dict[str, TyperCommand],
) -> None:
    """Nobody has to guess."""
    for words, command in every_command.items():
        assert f"opsledger {words}" in (command.epilog or ""), words
        for option in command.params:
            if isinstance(option, TyperOption):
                assert option.help, (words, option.name)


@pytest.mark.parametrize(("words", "kind"), CONFIGURED.items())
def test_an_option_has_the_default_of_its_setting(
    every_command: dict[str, TyperCommand], words: str, kind: type[BaseSettings]
) -> None:
    """What help tells is what the service does."""
    options = {option.name: option for option in every_command[words].params}
    told = {name: options[name].default for name in kind.model_fields if name in options}
    assert told
    assert told == {name: kind.model_fields[name].default for name in told}


@pytest.mark.parametrize("width", [80, 120])
def test_help_fills_its_lines(width: int) -> None:
    """A sentence breaks where the terminal ends, not where the source does."""
    shown = CliRunner().invoke(
        app, ["projections", "serve", "--help"], env={"COLUMNS": str(width)}, terminal_width=width
    )
    lines = [line.strip() for line in shown.stdout.splitlines()]
    begin = next(number for number, line in enumerate(lines) if line.startswith("Tables in"))
    paragraph = lines[begin : lines.index("", begin)]
    for line, following in pairwise(paragraph):
        assert len(line) + 1 + len(following.split()[0]) > width - 2


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("ledger serve", "--directory, OPSLEDGER_LEDGER_DATABASE_URL and --database-url-file"),
        ("ledger serve --database-url-file x", "needs --personal-key-file"),
        ("ledger serve -d x --port 70000", "--port: "),
        ("ledger relay -d x", "--nats-url and --nats-url-file"),
        ("projections serve", "--directory, OPSLEDGER_PROJECTIONS_DATABASE_URL"),
        ("projections serve -d x", "--key-file"),
        ("letters", "--key"),
    ],
)
def test_what_is_missing_is_called_what_is_typed(words: str, complaint: str) -> None:
    """A complaint names options, and variables where there is no option."""
    status, complained = said(*words.split())
    assert (status, complaint in " ".join(complained.split())) == (2, True), complained


def test_the_environment_has_what_is_not_typed() -> None:
    """A setting without an option is named as its variable; one with an option has both."""
    place = {"OPSLEDGER_LEDGER_DIRECTORY": "x"}
    status, complained = said("ledger", "serve", OPSLEDGER_LEDGER_QUEUE_MAX="0", **place)
    assert (status, "OPSLEDGER_LEDGER_QUEUE_MAX: " in complained) == (2, True)
    status, complained = said("ledger", "serve", OPSLEDGER_LEDGER_PORT="70000", **place)
    assert (status, "--port: " in complained) == (2, True)


def test_only_tables_in_a_database_are_divided(tmp_path: Path) -> None:
    """Those of a directory have one process."""
    key = tmp_path / "key"
    key.write_text("opl_a_b", encoding="ascii")
    words = ("projections", "divide", "--into", "2", "--key-file", str(key))
    status, complained = said(*words, OPSLEDGER_PROJECTIONS_DIRECTORY=str(tmp_path))
    assert (status, "only tables in a database" in complained) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        "ledger migrate --service-role service",
        "ledger copy --directory .",
        "projections divide --into 2 --key-file secret",
    ],
)
def test_an_address_that_is_none_is_not_shown(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody may have put the password alone into the file."""
    monkeypatch.chdir(tmp_path)
    Path("secret").write_text("sesame\n", encoding="ascii")
    Path("ledger.db").touch()
    status, complained = said(*words.split(), "--database-url-file", "secret")
    assert (status, "none like postgresql://" in complained) == (1, True), complained
    assert "sesame" not in complained


@pytest.mark.parametrize(
    ("error", "complaint"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file", "reader.key"), "reader.key: No such file"),
        (OSError(errno.EADDRINUSE, "in use"), "in use; end who listens there, or choose another"),
        (OSError(errno.EACCES, "not allowed"), "not allowed"),
        (ValueError("wrong"), "wrong"),
    ],
)
def test_a_failing_call_is_told_in_words(
    error: Exception, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it is about comes first, and no number of an error."""
    with pytest.raises(typer.Exit):
        give_up(error)
    assert capsys.readouterr().err.startswith(complaint)


def test_the_first_key_is_not_lost_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ledger is founded once: where the file cannot be written, the key is shown instead."""
    key = AdministratorKey(credential="administrator", secret="s")
    new, old = tmp_path / "new", tmp_path / "old"
    old.write_text("another key", encoding="ascii")
    tell_key(key, new)
    assert key.token not in capsys.readouterr().out
    assert (new.read_text(encoding="ascii"), new.stat().st_mode & 0o777) == (
        key.token + "\n",
        0o600,
    )
    tell_key(key, old)
    assert key.token in capsys.readouterr().out
    assert old.read_text(encoding="ascii") == "another key"
