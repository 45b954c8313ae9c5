"""The guides do what they say: every command in them runs as typed and prints what they show.

In a guide, a block marked `sh` is a terminal. A line that begins with `$ ` is typed, lines that
begin with `> ` continue it, and the lines after it are a part of what is printed, where `…` stands
for anything left out. A command ends with status 0, unless the next one asks for the status with
`echo $?`. A block marked `python` whose first line is a comment with a file name is that file. All
blocks of one guide run in order in one shell.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.command_line import run
from support.source import ROOT

GUIDES = ROOT / "docs" / "guides"
DEMO = "opsledger demo --directory demo-ledger"
ASKED_FOR_STATUS = "echo $?"
RUN_S = 120

_BLOCK = re.compile(r"^```(?P<kind>sh|python)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE_NAME = re.compile(r"# (?P<name>[a-z_]+\.py)\n")
_LINK = re.compile(r"\]\((?P<target>[^)#\s]+)(?:#[^)]*)?\)")
_ENDED = re.compile(r"^<<(?P<number>\d+) ended with (?P<status>\d+)>>$", re.MULTILINE)


@dataclass
class Typed:
    """One command of a guide and what the guide shows of its output."""

    command: str
    shown: list[str] = field(default_factory=list)


def typed(guide: str) -> list[Typed]:
    """Collect the commands of a guide in order."""
    commands: list[Typed] = []
    for block in _BLOCK.finditer(guide):
        if block["kind"] == "sh":
            lines = block["text"].splitlines()
            assert lines[0].startswith("$ "), f"a block begins with output: {lines[0]}"
            for line in lines:
                if line.startswith("$ "):
                    commands.append(Typed(line.removeprefix("$ ")))
                elif line.startswith("> ") and not commands[-1].shown:
                    commands[-1].command += "\n" + line.removeprefix("> ")
                else:
                    commands[-1].shown.append(line)
    return commands


def programs(guide: str) -> Iterator[tuple[str, str]]:
    """Collect the files that a guide holds, by name."""
    for block in _BLOCK.finditer(guide):
        named = _FILE_NAME.match(block["text"])
        if block["kind"] == "python" and named is not None:
            yield named["name"], block["text"]


def script(commands: list[Typed]) -> str:
    """Write a script that marks the end and the status of each command, and passes `$?` on."""
    lines = ["ended=0"]
    for number, each in enumerate(commands):
        mark = f'printf "\\n<<%d ended with %d>>\\n" {number} "$ended"'
        lines += ["(exit $ended)", each.command, "ended=$?", mark]
    return "\n".join(lines) + "\n"


def missing(shown: list[str], printed: str) -> str | None:
    """Find the first piece of shown lines that does not follow in what was printed.

    The pieces lie between `…` and line ends; white space does not count, since tables are padded.
    """
    rest = re.sub(r"\s+", "", printed)
    for piece in (piece for line in shown for piece in line.split("…")):
        wanted = re.sub(r"\s+", "", piece)
        place = rest.find(wanted)
        if place < 0:
            return piece
        rest = rest[place + len(wanted) :]
    return None


def in_terminal(guide: str, folder: Path, environment: Mapping[str, str]) -> list[tuple[int, str]]:
    """Type a guide's commands in a folder; gives the status and the output of each."""
    for name, text in programs(guide):
        (folder / name).write_text(text, encoding="utf-8")
    file, said = folder / "typed.sh", folder / "typed.out"
    file.write_text(script(typed(guide)), encoding="utf-8")
    with said.open("w", encoding="utf-8") as output:
        shell = subprocess.Popen(
            ["bash", file.name],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            shell.wait(RUN_S)
        finally:
            # Services that the guide started and did not stop end with its shell.
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGKILL)
    told = _ENDED.split(said.read_text(encoding="utf-8"))
    return [(int(told[place + 2]), told[place]) for place in range(0, len(told) - 3, 3)]


@pytest.fixture(scope="module")
def demo_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of the demo, made once for all guides by the command that they show."""
    folder = tmp_path_factory.mktemp("demo")
    ran = run(*DEMO.split()[1:-1], folder / "demo-ledger")
    assert ran.status == 0, ran.out + ran.err
    return folder / "demo-ledger"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment with the project's programs, free ports, and a terminal of 100 columns."""
    with ExitStack() as held:
        ports = [
            str(held.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1])
            for _ in range(2)
        ]
    return {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "PORT": ports[0],
        "READ_PORT": ports[1],
    }


@pytest.mark.skipif(shutil.which("curl") is None, reason="the guides use curl")
@pytest.mark.parametrize(
    "name", ["auditor.md", "commands.md", "documents.md", "import.md", "subscriber.md"]
)
def test_a_guide_does_what_it_says(
    name: str, tmp_path: Path, environment: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """Every command of a guide runs as typed, and prints what the guide shows."""
    guide = (GUIDES / name).read_text(encoding="utf-8")
    if f"    {DEMO}\n" in guide:
        shutil.copytree(request.getfixturevalue("demo_ledger"), tmp_path / "demo-ledger")
    (tmp_path / "contracts").symlink_to(ROOT / "contracts")

    commands = typed(guide)
    answers = in_terminal(guide, tmp_path, environment)

    assert commands
    assert len(answers) == len(commands), answers[-1:]
    following = [each.command for each in commands[1:]] + [""]
    for each, after, (status, printed) in zip(commands, following, answers, strict=True):
        told = f"$ {each.command}\n{printed}"
        assert status == 0 or after == ASKED_FOR_STATUS, f"status {status}\n{told}"
        assert missing(each.shown, printed) is None, f"{missing(each.shown, printed)!r}\n{told}"


def test_a_guide_that_shows_what_is_not_printed_is_found(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """The extractor itself: continued lines, statuses, variables, files, and pieces in order."""
    guide = (
        "```python\n# say.py\nprint('said')\n```\n"
        "```sh\n$ WORD=one\n$ echo $WORD \\\n>   two; exit_with() { return 3; }\none … two\n```\n"
        "```sh\n$ exit_with\n$ echo $?\n3\n$ python3 say.py\nsaid\n```\n"
    )
    answers = in_terminal(guide, tmp_path, environment)

    assert [status for status, _ in answers] == [0, 0, 3, 0, 0]
    for each, (_, printed) in zip(typed(guide), answers, strict=True):
        assert missing(each.shown, printed) is None
    assert missing(["two … one"], "one two") == " one"


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    """Relative links of README, CONTRIBUTING and docs point at files that exist."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    lost = [
        f"{page.relative_to(ROOT)}: {link['target']}"
        for page in pages
        for link in _LINK.finditer(page.read_text(encoding="utf-8"))
        if "://" not in link["target"] and not (page.parent / link["target"]).exists()
    ]
    assert not lost
