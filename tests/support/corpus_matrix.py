"""The determinism matrix: every interpreter found, with hash seeds, time zones and locales (P11)."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from support.corpus import Block
from support.corpus_leg import Place
from support.source import ROOT

SEEDS: Final = ("0", "1", "random")
ZONES: Final = ("UTC", "Asia/Shanghai", "America/St_Johns")
FOREIGN: Final = "tr_TR"
"""A language with its own order of letters and its own upper and lower case."""
CACHE: Final = ROOT / "build" / "corpus"
LEG_S: Final = 3_600
PROBE_S: Final = 30
INSTALLED_S: Final = 90
OLDEST: Final = (3, 11)


class Interpreter(NamedTuple):
    """A CPython of this machine."""

    executable: str
    version: str
    running: bool
    """Whether this process runs on it."""


class Leg(NamedTuple):
    """One process of the matrix."""

    interpreter: Interpreter
    seed: str
    zone: str
    locale: str

    def __str__(self) -> str:
        """The leg in one line."""
        return f"CPython {self.interpreter.version}, seed {self.seed}, {self.zone}, {self.locale}"


class Unprepared(Exception):
    """An interpreter cannot compute the corpus here, and why."""


class Ran(NamedTuple):
    """What a leg gave."""

    place: Place
    blocks: tuple[Block, ...]


@cache
def interpreters() -> tuple[Interpreter, ...]:
    """Every CPython from 3.11 on that is found on the path or among pyenv's, the running one first.

    Of two with the same full version one is enough.
    """
    found = {_version(sys.executable): sys.executable}
    for path in _candidates():
        version = _version(str(path))
        if version is not None:
            found.setdefault(version, str(path))
    return tuple(
        Interpreter(path, version, path == sys.executable)
        for version, path in found.items()
        if version is not None
    )


def _candidates() -> Iterator[Path]:
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += sorted((Path.home() / ".pyenv" / "versions").glob("*/bin"))
    for folder in folders:
        with suppress(OSError):
            yield from sorted(
                path
                for path in folder.glob("python3*")
                if re.fullmatch(r"python3(\.\d+)?", path.name) and not _is_script(path)
            )


def _is_script(path: Path) -> bool:
    """Whether a file only starts some other one, as the shims of version managers do."""
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def _version(executable: str) -> str | None:
    """The version of a working CPython that is new enough; None for anything else."""
    asked = "import platform, sys; print(sys.implementation.name, platform.python_version())"
    try:
        said = subprocess.run(
            [executable, "-I", "-c", asked],
            check=True,
            capture_output=True,
            text=True,
            timeout=PROBE_S,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    name, _, version = said.strip().partition(" ")
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    return version if name == "cpython" and numbers >= OLDEST else None


@cache
def locales() -> tuple[str, ...]:
    """C, a UTF-8 one, and one of another language, compiled here if the machine has its source.

    Where it has not, any other installed one, or POSIX, which differs from C in name only.
    """
    lister = shutil.which("locale")
    installed: list[str] = []
    if lister is not None:
        installed = subprocess.run(
            [lister, "-a"], check=False, capture_output=True, text=True
        ).stdout.split()
    utf8 = [name for name in installed if name.lower().endswith(("utf8", "utf-8"))]
    # The one that belongs to no language, where there is one.
    utf8.sort(key=lambda name: (not name.startswith("C."), name))
    second = next(iter(utf8), "C")
    others = [name for name in installed if name not in {"C", "POSIX", second}]
    return ("C", second, _foreign() or next(iter(others), "POSIX"))


def _foreign() -> str | None:
    name = f"{FOREIGN}.UTF-8"
    made = CACHE / "locales" / name
    if made.exists():
        return name
    compiler = shutil.which("localedef")
    if compiler is None:
        return None
    made.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=made.parent) as folder:
        part = Path(folder) / name
        # It also complains of what does not matter and then ends with 1; what counts is the result.
        subprocess.run(
            [compiler, "-c", "-i", FOREIGN, "-f", "UTF-8", str(part)],
            check=False,
            capture_output=True,
        )
        if not (part / "LC_COLLATE").exists():
            return None
        # Somebody else may have made it meanwhile.
        with suppress(OSError):
            part.rename(made)
    return name


def legs(interpreter: Interpreter) -> tuple[Leg, ...]:
    """Nine legs in which every two of seeds, zones and locales meet."""
    return tuple(
        Leg(interpreter, SEEDS[row // 3], ZONES[row % 3], locales()[(row // 3 + row % 3) % 3])
        for row in range(len(SEEDS) * len(ZONES))
    )


def library_for(interpreter: Interpreter) -> Path | None:
    """The folder with the locked msgspec for an interpreter; None for the running one.

    Installed once into the build folder by its hash from the lock.

    Raises:
        Unprepared: it cannot be installed, e.g. without a network.

    """
    if interpreter.running:
        return None
    made = CACHE / f"library-{interpreter.version}-{_locked()[0]}"
    if made.exists():
        return made
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        wanted, part = Path(folder) / "requirements.txt", Path(folder) / "library"
        wanted.write_text(_locked()[1], encoding="utf-8")
        command = [sys.executable, "-m", "pip", "--python", interpreter.executable]
        command += ["--disable-pip-version-check", "--no-input", "install", "--quiet"]
        command += ["--no-deps", "--only-binary", ":all:", "--require-hashes"]
        command += ["--target", str(part), "--requirement", str(wanted)]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALLED_S)
        except subprocess.CalledProcessError as error:
            raise Unprepared(error.stderr.strip().splitlines()[-1]) from error
        except subprocess.TimeoutExpired as error:
            raise Unprepared(f"msgspec was not installed within {INSTALLED_S} s") from error
        # Somebody else may have made it meanwhile.
        with suppress(OSError):
            part.rename(made)
    return made


def _locked() -> tuple[str, str]:
    """The locked version of msgspec, and its part of the lock."""
    lock = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    part = re.search(r"^msgspec==(\S+) (\\\n +--hash=\S+ ?)+", lock, re.MULTILINE)
    assert part is not None, "the lock has no msgspec"
    return part[1], part[0]


def run(leg: Leg, blocks: Sequence[int], *faults: str) -> Ran:
    """Compute blocks in a leg, in a process of its own.

    Raises:
        Unprepared: its interpreter lacks what the corpus needs.
        subprocess.CalledProcessError: it did not come to an end.

    """
    command = [leg.interpreter.executable, "-m", "support.corpus_leg"]
    ran = subprocess.run(
        [*command, ",".join(map(str, blocks)), *faults],
        check=True,
        stdout=subprocess.PIPE,
        env=_environment(leg),
        timeout=LEG_S,
    )
    first, *rest = ran.stdout.splitlines()
    return Ran(
        msgspec.json.decode(first, type=Place),
        tuple(msgspec.json.decode(line, type=Block) for line in rest),
    )


def _environment(leg: Leg) -> Mapping[str, str]:
    library = library_for(leg.interpreter)
    folders = [ROOT / "tests", ROOT / "contracts", *([] if library is None else [library])]
    return {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "PYTHONPYCACHEPREFIX": str(CACHE / "bytecode"),
        "PYTHONHASHSEED": leg.seed,
        # The C locale is to stay the C locale.
        "PYTHONCOERCECLOCALE": "0",
        "PYTHONUTF8": "0",
        "TZ": leg.zone,
        "LC_ALL": leg.locale,
        "LOCPATH": str(CACHE / "locales"),
    }


def misplaced(leg: Leg, place: Place) -> list[str]:
    """What of a leg did not apply inside its process; empty when all did."""
    said = []
    if place.python != f"CPython {leg.interpreter.version}":
        said.append(f"it ran on {place.python}")
    offsets = {
        "UTC": (0, 0),
        "Asia/Shanghai": (28_800, 28_800),
        "America/St_Johns": (-12_600, -9_000),
    }
    if place.offsets != offsets[leg.zone]:
        said.append(f"local time was {place.offsets} ahead of UTC")
    # POSIX is another name of C.
    if leg.locale.replace("POSIX", "C") not in place.locale:
        said.append(f"the locale was {place.locale}")
    if place.msgspec != _locked()[0]:
        said.append(f"msgspec was {place.msgspec}")
    return said
