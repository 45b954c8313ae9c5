"""The PostgreSQL server of a run: started from its wheel, durable as it comes, thrown away after."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from benchmarks.places import Place

from opsledger.cluster.postgres import PostgresServer

OWNER: Final = "ledger_owner"
SERVICE: Final = "ledger_service"
VIEWS: Final = "views_owner"

SETTINGS: Final = {"max_wal_size": "4GB", "max_connections": "300"}
"""No checkpoint falls into the run of one contender and not into that of another; and all of them
have their connections open at once."""


class Databases:
    """A database of its own for everybody who is measured on the server."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._key_file = folder / "personal.key"
        if not self._key_file.exists():
            self._key_file.touch(mode=0o600)
            self._key_file.write_bytes(secrets.token_bytes(32))
        self._numbers = count(1)
        roles = server.psql("SELECT rolname FROM pg_roles").split()
        for role in (OWNER, SERVICE, VIEWS):
            if role not in roles:
                server.psql(f"CREATE ROLE {role} LOGIN")

    def new(self, kind: str) -> Place:
        """Make a database; a ledger's is reached with the rights of a service, others with all."""
        return self.made(f"measured_{next(self._numbers)}", kind)

    def made(self, name: str, kind: str, like: str = "") -> Place:
        """Make a database of a name, in place of one that is there; empty, or a copy of another."""
        self._server.psql(f"DROP DATABASE IF EXISTS {name}")
        copying = f"TEMPLATE {like} STRATEGY FILE_COPY" if like else ""
        self._server.psql(
            f"CREATE DATABASE {name} {copying};GRANT CREATE ON DATABASE {name} TO {OWNER}, {VIEWS};"
        )
        return self.place(name, kind)

    def place(self, name: str, kind: str) -> Place:
        """Tell where a database is reached that was made before."""
        user = {"ledger": SERVICE, "views": VIEWS}.get(kind, "postgres")
        return Place(kind=kind, url=self._server.url(name, user), key_file=str(self._key_file))

    def names(self) -> list[str]:
        """List the databases that are there."""
        return self._server.psql("SELECT datname FROM pg_database").split()

    def rename(self, name: str, other: str) -> None:
        """Give a database another name."""
        self._server.psql(f"ALTER DATABASE {name} RENAME TO {other}")

    def drop(self, name: str) -> None:
        """Remove a database."""
        self._server.psql(f"DROP DATABASE {name}")

    def settle(self, name: str) -> None:
        """Do what the server does in its own time to a database that has grown."""
        self._server.psql("VACUUM (ANALYZE); CHECKPOINT;", name)

    def files(self, name: str) -> list[Path]:
        """List the files that a database is in."""
        number = self._server.psql(
            "SELECT oid FROM pg_database WHERE datname = current_database()", name
        )
        return list((self._folder / "server" / "data" / "base" / number.strip()).iterdir())

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the server until the block ends, which empties its own memory."""
        self._server.stop()
        try:
            yield
        finally:
            self._server.start()

    @property
    def version(self) -> str:
        """The server's version."""
        return self._server.psql("SHOW server_version").strip()


@contextmanager
def databases(kept: Path | None = None) -> Iterator[Databases]:
    """Run a server until the block ends; in a folder that is kept, or one that goes with it."""
    with tempfile.TemporaryDirectory(prefix="opsledger-measured-pg-") as name:
        folder = Path(name) if kept is None else kept
        folder.mkdir(parents=True, exist_ok=True)
        # The server runs as an unprivileged user, who must get to its directory.
        folder.chmod(0o711)
        with PostgresServer(folder / "server", settings=SETTINGS) as server:
            yield Databases(server, folder)
