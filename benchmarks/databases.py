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
        self._key_file = folder / "personal.key"
        self._key_file.touch(mode=0o600)
        self._key_file.write_bytes(secrets.token_bytes(32))
        self._numbers = count(1)
        for role in (OWNER, SERVICE, VIEWS):
            server.psql(f"CREATE ROLE {role} LOGIN")

    def new(self, kind: str) -> Place:
        """Make a database; a ledger's is reached with the rights of a service, others with all."""
        name = f"measured_{next(self._numbers)}"
        self._server.psql(
            f"CREATE DATABASE {name};GRANT CREATE ON DATABASE {name} TO {OWNER}, {VIEWS};"
        )
        user = {"ledger": SERVICE, "views": VIEWS}.get(kind, "postgres")
        return Place(kind=kind, url=self._server.url(name, user), key_file=str(self._key_file))

    @property
    def version(self) -> str:
        """The server's version."""
        return self._server.psql("SHOW server_version").strip()


@contextmanager
def databases() -> Iterator[Databases]:
    """Run a server until the block ends."""
    with tempfile.TemporaryDirectory(prefix="opsledger-measured-pg-") as name:
        folder = Path(name)
        # The server runs as an unprivileged user, who must get to its directory.
        folder.chmod(0o711)
        with PostgresServer(folder / "server", settings=SETTINGS) as server:
            yield Databases(server, folder)
