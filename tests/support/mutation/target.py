"""What is mutated, and by which tests it is to be caught."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.mutation.mutants import Mutant, mutants


@dataclass(frozen=True, kw_only=True)
class Target:
    """A package and its tests.

    `root` is where pytest is run; `tests` are files and folders under it. `judged` is the list of
    survivors, `build` a folder for what a run leaves behind.
    """

    root: Path
    package: str
    folder: Path
    tests: tuple[str, ...]
    judged: Path
    build: Path

    def files(self) -> dict[str, Path]:
        """The modules that hold code, by their names within the package."""
        return {
            path.stem: path for path in sorted(self.folder.glob("*.py")) if path.stem != "__init__"
        }

    def mutants(self) -> Iterator[Mutant]:
        """Every mutant of the package, module by module."""
        for module, path in self.files().items():
            yield from mutants(module, path.read_text(encoding="utf-8"))

    def state(self) -> str:
        """A digest of the package, its tests and all they may read.

        A result that was found in one state says nothing certain about another.
        """
        state = hashlib.sha256()
        for folder in (self.folder.parent.parent, self.root / "tests"):
            for path in sorted(folder.rglob("*")):
                if path.suffix in {".py", ".json"}:
                    state.update(path.as_posix().encode() + b"\0" + path.read_bytes())
        return state.hexdigest()
