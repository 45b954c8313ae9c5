"""Settings of the read side, from the environment (`OPSLEDGER_PROJECTIONS_…`) or given."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from opsledger_contracts.relayed import STREAM, STREAM_PATTERN
from opsledger_projections.following.parts import Part


class ProjectionsSettings(BaseSettings):
    """Where the tables are, which ledger they follow, and where they are served."""

    model_config = SettingsConfigDict(
        env_prefix="OPSLEDGER_PROJECTIONS_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    directory: Path | None = None
    """Directory of the tables on SQLite; everything in it can be rebuilt from the feed."""
    database_url: SecretStr | None = None
    """Address of the PostgreSQL database of the tables, instead of `directory`."""
    database_url_file: Path | None = None
    """File that holds the address, instead of `database_url`."""
    database_schema: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,31}$")] = "opsledger_views"
    """Schemas of the tables begin with this; each process that follows all of them has its own."""
    partition: Annotated[str, Field(pattern=r"^[0-9]{1,2}/[0-9]{1,2}$")] | None = None
    """Part of the tables that this process follows, such as `2/3`; None for all of them."""
    following: bool = True
    """Whether this process follows the ledger; others do, if not, and it only serves."""
    rebuild_processes: Annotated[int, Field(ge=1, le=8)] = 2
    """Processes that a rebuild of a long history uses."""
    ledger_url: str = "http://127.0.0.1:8600"
    ledger_key: SecretStr | None = None
    """API key with the scope `subscriber` or `auditor`, for the feed."""
    ledger_key_file: Path | None = None
    """File that holds the API key, instead of `ledger_key`."""
    nats_url: SecretStr | None = None
    """Addresses of a broker with the ledger's delivery copy, separated by commas; entries are then
    read from there."""
    nats_url_file: Path | None = None
    """File that holds the addresses, instead of `nats_url`; they may have passwords in them."""
    nats_stream: Annotated[str, Field(pattern=STREAM_PATTERN)] = STREAM
    """Name of the stream."""
    clock_file: Path | None = None
    """File of the scripted clock of a ledger that was founded with one."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8601
    """0 lets the system choose."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        places = (self.directory, self.database_url, self.database_url_file)
        if sum(place is not None for place in places) != 1:
            raise ValueError("give one of directory, database_url and database_url_file")
        if (self.partition is not None or not self.following) and self.directory is not None:
            raise ValueError("several processes keep tables together in a database only")
        if self.partition is not None:
            Part.read(self.partition)
            if not self.following:
                raise ValueError("a process follows a partition, or none")
        return self

    def database(self) -> str | None:
        """Read the address of the database, None if the tables lie in a directory."""
        if self.database_url_file is not None:
            return self.database_url_file.read_text(encoding="utf-8").strip()
        return None if self.database_url is None else self.database_url.get_secret_value()

    def key(self) -> str:
        """Read the API key from the setting or its file.

        Raises:
            ValueError: neither or both are given.

        """
        if (self.ledger_key is None) == (self.ledger_key_file is None):
            raise ValueError("give exactly one of ledger_key and ledger_key_file")
        if self.ledger_key_file is not None:
            return self.ledger_key_file.read_text(encoding="ascii").strip()
        assert self.ledger_key is not None
        return self.ledger_key.get_secret_value()

    def nats(self) -> str | None:
        """Read the addresses of the broker from the setting or its file; None without a broker.

        Raises:
            ValueError: both are given.

        """
        if self.nats_url is not None and self.nats_url_file is not None:
            raise ValueError("give at most one of nats_url and nats_url_file")
        if self.nats_url_file is not None:
            return self.nats_url_file.read_text(encoding="utf-8").strip()
        return None if self.nats_url is None else self.nats_url.get_secret_value()
