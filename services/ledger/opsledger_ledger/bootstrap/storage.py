"""Where a ledger is kept: its log opened, made or copied, in a directory or on PostgreSQL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsledger_ledger.config import LedgerSettings
from opsledger_ledger.errors import ExtraMissing
from opsledger_ledger.recording.log import Head, Log
from opsledger_ledger.recording.sqlite_log import open_log


def open_storage(settings: LedgerSettings, *, writing: bool, checking: bool = True) -> Log:
    """Open the log where the settings say it lies.

    Raises:
        ExtraMissing: the driver of the database is not installed.
        OSError: the file with the address cannot be read.
        RecordingError: the log cannot be opened.

    """
    if settings.directory is not None:
        return open_log(
            settings.directory,
            writing=writing,
            checking=checking,
            personal_key_file=settings.personal_key_file,
        )
    with _needing_driver():
        from opsledger_ledger.recording.postgres_log import open_postgres_log  # noqa: PLC0415
    assert settings.personal_key_file is not None
    return open_postgres_log(
        settings.database(),
        settings.database_schema,
        writing=writing,
        checking=checking,
        personal_key_file=settings.personal_key_file,
    )


def migrate_database(url: str, schema: str, service_role: str) -> list[int]:
    """Bring a schema on PostgreSQL to the newest layout; gives the numbers of the steps done.

    Raises:
        ExtraMissing: the driver of the database is not installed.
        RecordingError: the server cannot be reached, or the schema is not a ledger's.

    """
    with _needing_driver():
        from opsledger_ledger.recording.postgres_schema import migrate_schema  # noqa: PLC0415
    return migrate_schema(url, schema, service_role)


def copy_to_database(directory: Path, url: str, schema: str) -> Head:
    """Copy the ledger of a directory to a schema on PostgreSQL; see `recording.copying`.

    Raises:
        ExtraMissing: the driver of the database is not installed.
        RecordingError: the one cannot be read or the other not be written.

    """
    with _needing_driver():
        from opsledger_ledger.recording.copying import copy_log  # noqa: PLC0415
    return copy_log(directory, url, schema)


def read_database(url: str, schema: str, *, checking: bool = True) -> Log:
    """Open the log of a schema for reading, with no key for the personal values.

    Raises:
        ExtraMissing: the driver of the database is not installed.
        RecordingError: the log cannot be opened.

    """
    with _needing_driver():
        from opsledger_ledger.recording.postgres_log import open_postgres_log  # noqa: PLC0415
    no_key = Path(os.devnull)
    return open_postgres_log(
        url, schema, writing=False, checking=checking, personal_key_file=no_key
    )


@contextmanager
def _needing_driver() -> Iterator[None]:
    """Tell which extra to install if the driver of PostgreSQL is not there to be imported."""
    try:
        yield
    except ImportError as error:
        if not (error.name or "").startswith("psycopg"):
            raise
        raise ExtraMissing("postgres") from error
