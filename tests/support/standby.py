"""A streaming standby of a test's PostgreSQL server."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsledger.cluster.postgres import PostgresServer
from support.databases import other_programs


@contextmanager
def standby_of(primary: PostgresServer, directory: Path) -> Iterator[PostgresServer]:
    """A server on a copy of another's data that goes on streaming from it, in a new directory."""
    owner = primary.directory.stat()
    directory.mkdir(mode=0o700)
    shutil.copy2(primary.directory / "superuser.password", directory)
    subprocess.run(
        [
            primary._binary("pg_basebackup"),  # noqa: SLF001 - where they are is the server's.
            *("--pgdata", directory / "data", "--dbname", primary.url()),
            *("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"),
        ],
        check=True,
    )
    # PostgreSQL does not run as root: what root has copied is given to whom the server runs as.
    if os.geteuid() == 0:
        for path in (directory, *directory.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    with PostgresServer(directory, programs=other_programs()) as server:
        yield server
