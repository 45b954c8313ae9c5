"""The shape of the tree: names, packages, and what no file of the repository may hold."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from support.source import PACKAGES, ROOT, modules, tracked_files

NAMES_THAT_SAY_NOTHING = frozenset(
    {"base", "common", "helper", "helpers", "manager", "misc", "models", "util", "utils"}
)

MACHINE_PATH = re.compile(r"(?:^|[^A-Za-z0-9_.])/(?:root|home|work|Users)/[A-Za-z.]")
ADDRESS = re.compile(r"https?://|^\s*-|file:", re.MULTILINE)


def _texts() -> dict[str, str]:
    texts = {}
    for path in tracked_files():
        content = path.read_bytes()
        if b"\0" not in content:
            texts[path.relative_to(ROOT).as_posix()] = content.decode("utf-8")
    return texts


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_file_holds_its_docstring_only(package: str) -> None:
    """Every `__init__.py` is one docstring: nothing happens at import, nothing has two names."""
    for name, module in modules(PACKAGES[package]):
        if not name.endswith("/__init__.py"):
            continue
        assert ast.get_docstring(module), f"{name} has no docstring"
        assert len(module.body) == 1, f"{name} holds more than its docstring"


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_of_code_is_a_package(package: str) -> None:
    """A folder with modules has an `__init__.py`, or the wheel would lack it."""
    folders = {path.parent for path in PACKAGES[package].rglob("*.py")}

    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_typed(package: str) -> None:
    """The marker that lets type checkers of other projects read our annotations."""
    assert (PACKAGES[package] / "py.typed").exists()


def test_file_names_say_what_is_inside() -> None:
    """No file or folder has a name under which anything could be put."""
    parts = {
        (name, Path(part).stem)
        for name in (path.relative_to(ROOT).as_posix() for path in tracked_files())
        for part in name.split("/")
    }

    assert sorted(name for name, stem in parts if stem in NAMES_THAT_SAY_NOTHING) == []


@pytest.mark.parametrize("name", ["build", "dev", "runtime"])
def test_lock_files_hold_hashes_and_no_address(name: str) -> None:
    """A lock file pins and hashes every requirement, and leaves the registry to the machine."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    without_hashes = re.sub(r"^ +--hash=sha256:[0-9a-f]{64}( \\)?\n", "", text, flags=re.MULTILINE)
    pins = without_hashes.splitlines()

    assert ADDRESS.findall(without_hashes) == []
    assert [pin for pin in pins if not re.match(r"[a-z0-9-]+==[^ ]+( ; .+)? \\$", pin)] == []


def test_all_lock_files_pin_the_same_versions() -> None:
    """Tests run on the versions that are built with and installed in service."""
    pins = {}
    for name in ("build", "dev", "runtime"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        pins[name] = dict(re.findall(r"^([a-z0-9-]+)==([^ ]+)", text, flags=re.MULTILINE))

    assert pins["runtime"].items() | pins["build"].items() <= pins["dev"].items()


def test_no_file_names_a_path_of_a_machine() -> None:
    """Nothing in the repository depends on where somebody's checkout lies."""
    places = [
        f"{name}:{number}"
        for name, text in _texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]

    assert places == []


@pytest.mark.parametrize("folder", ["root", "home", "work", "Users"])
def test_a_path_of_a_machine_is_recognised(folder: str) -> None:
    """The pattern finds what it is there for."""
    # Put together here, so that this file itself does not hold one.
    assert MACHINE_PATH.search(f"data in /{folder}/me")
    assert not MACHINE_PATH.search(f"docs/{folder}/me")


def test_each_distribution_has_the_same_version() -> None:
    """The four are released together, and require each other at that version."""
    folders = [PACKAGES[package].parent for package in PACKAGES]
    projects = [
        tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        for folder in folders
    ]

    assert len({project["version"] for project in projects}) == 1
    assert {project["license"] for project in projects} == {"Apache-2.0"}
    assert {project["requires-python"] for project in projects} == {">=3.11"}
