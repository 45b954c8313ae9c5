"""One PostgreSQL server for a whole test process, and a schema of its own for each test.

The server commits durably, like one in service: the ledger refuses any other.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from opsledger.cluster.postgres import PostgresServer

DATABASE = "opsledger"
OWNER = "ledger_owner"
SERVICE = "ledger_service"
VIEWS = "views_owner"

PROGRAMS = "OPSLEDGER_TEST_POSTGRES_PROGRAMS"
"""Names the directory of another server's programs, to run the tests on its version."""

SERVER = "server"
"""Name of the directory of a server."""

ROLES = f"""
CREATE ROLE {OWNER} LOGIN;
CREATE ROLE {SERVICE} LOGIN;
CREATE ROLE {VIEWS} LOGIN;
GRANT CREATE ON DATABASE {DATABASE} TO {OWNER}, {VIEWS};
"""
"""Who migrates, who records, and who keeps views; none of them is a superuser."""

_numbers = count(1)


@dataclass(frozen=True)
class Schema:
    """A name in the database of a server that nothing uses yet."""

    server: PostgresServer
    name: str

    @property
    def superuser_url(self) -> str:
        """The address for somebody with all rights on the server."""
        return self.server.url(DATABASE)

    @property
    def owner_url(self) -> str:
        """The address for the role that makes and migrates the ledger's tables."""
        return self.server.url(DATABASE, OWNER)

    @property
    def service_url(self) -> str:
        """The address for the role of a running ledger."""
        return self.server.url(DATABASE, SERVICE)

    @property
    def views_url(self) -> str:
        """The address for the role of the read side, which makes its own tables."""
        return self.server.url(DATABASE, VIEWS)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running server with the database and the roles; whoever stops it starts it again."""
    with new_postgres_server() as server:
        yield server


@contextmanager
def new_postgres_server(**settings: str) -> Iterator[PostgresServer]:
    """A server with directory, database and roles of its own, for who stops or configures it."""
    place = Path(tempfile.mkdtemp(prefix="opsledger-test-pg-"))
    try:
        with postgres_server_in(place, **settings) as server:
            yield server
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def postgres_server_in(place: Path, **settings: str) -> Iterator[PostgresServer]:
    """A new server with database and roles in a directory that its user can get to."""
    # The server runs as an unprivileged user, who must get to its directory.
    place.chmod(0o711)
    with PostgresServer(place / SERVER, settings=settings, programs=other_programs()) as server:
        server.psql(f"CREATE DATABASE {DATABASE};{ROLES}")
        yield server


def other_programs() -> Path | None:
    """The directory of the programs of a server other than the wheel's, if one is named."""
    named = os.environ.get(PROGRAMS)
    return Path(named) if named else None


@pytest.fixture
def postgres_schema(postgres_server: PostgresServer) -> Schema:
    """A fresh schema on the server of this test process."""
    return new_schema(postgres_server)


def new_schema(server: PostgresServer) -> Schema:
    """A name for a schema that no test has used."""
    return Schema(server, f"test_{next(_numbers)}")
