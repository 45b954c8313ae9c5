"""PostgreSQL as a plain process: started, stopped and killed by whoever holds it."""

import os
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from opsledger.cluster.errors import ClusterError
from opsledger.cluster.postgres import PostgresServer, StopMode
from support.databases import new_postgres_server


@pytest.mark.parametrize("end", ["fast", "immediate", "kill"])
def test_what_was_committed_is_there_after_every_kind_of_end(
    end: StopMode | Literal["kill"],
) -> None:
    """Stopped, stopped without a checkpoint, or killed: the addresses and the rows stay."""
    with new_postgres_server() as server:
        server.psql("CREATE TABLE kept (number int); INSERT INTO kept VALUES (7)")
        address = server.url()
        if end == "kill":
            server.kill()
        else:
            server.stop(end)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(address)
        server.start()
        with psycopg.connect(address) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_only_the_port_asks_for_a_password(postgres_server: PostgresServer) -> None:
    """The socket is in a directory of the server's own user; the port takes no one's word."""
    password = postgres_server.password
    with psycopg.connect(postgres_server.url("postgres", "postgres", password)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("postgres",)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres_server.url("postgres", "postgres", "wrong"))


def test_a_refused_statement_says_what_the_server_said(postgres_server: PostgresServer) -> None:
    """The error of a script is the server's own."""
    with pytest.raises(ClusterError, match='relation "nothing" does not exist'):
        postgres_server.psql("SELECT 1 FROM nothing")


@pytest.mark.skipif(os.geteuid() != 0, reason="the server runs as ourselves")
def test_a_directory_out_of_reach_is_refused(tmp_path: Path) -> None:
    """Run by root, the server has another user, whose way is never opened by us."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ClusterError, match="cannot reach"), PostgresServer(closed / "server"):
        pass
    assert closed.stat().st_mode & 0o777 == 0o700


def test_nothing_is_left_of_the_socket() -> None:
    """The directory of the socket goes with the server."""
    with new_postgres_server() as server:
        (place,) = parse_qs(urlsplit(server.url()).query)["host"]
        assert Path(place).is_dir()
    assert not Path(place).exists()
