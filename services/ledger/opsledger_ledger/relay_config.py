"""The settings of a relay: read once from the environment, passed down, never changed."""

from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from opsledger_contracts.relayed import STREAM, STREAM_PATTERN

REPLICAS: Final = 3


class RelaySettings(BaseSettings):
    """Which ledger is relayed, and to which broker.

    Each field is read from the environment as `OPSLEDGER_RELAY_<FIELD>`.
    """

    model_config = SettingsConfigDict(
        env_prefix="OPSLEDGER_RELAY_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    directory: Path | None = None
    """Directory of a ledger on SQLite."""
    database_url: SecretStr | None = None
    """Address of the PostgreSQL database of a ledger."""
    database_url_file: Path | None = None
    """File that holds the address, instead of `database_url`."""
    database_schema: str = "opsledger"
    nats_url: SecretStr | None = None
    """Addresses of the broker's servers, separated by commas."""
    nats_url_file: Path | None = None
    """File that holds the addresses, instead of `nats_url`; they may have passwords in them."""
    stream: Annotated[str, Field(pattern=STREAM_PATTERN)] = STREAM
    """Name of the stream, and first token of its subjects."""
    replicas: Annotated[int, Field(ge=1, le=5)] = REPLICAS
    """Servers that keep the stream, if it has to be made."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8602
    """Where health and lag are served; 0 lets the system choose."""

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        if [self.directory, self.database_url, self.database_url_file].count(None) != 2:  # noqa: PLR2004
            raise ValueError("give exactly one of directory, database_url and database_url_file")
        if (self.nats_url is None) == (self.nats_url_file is None):
            raise ValueError("give exactly one of nats_url and nats_url_file")
        return self

    def database(self) -> str:
        """Read the address of the database from the setting or its file.

        Raises:
            OSError: the file cannot be read.

        """
        return _content(self.database_url, self.database_url_file)

    def nats(self) -> str:
        """Read the addresses of the broker from the setting or its file.

        Raises:
            OSError: the file cannot be read.

        """
        return _content(self.nats_url, self.nats_url_file)


def _content(value: SecretStr | None, file: Path | None) -> str:
    if value is not None:
        return value.get_secret_value()
    assert file is not None
    return file.read_text(encoding="utf-8").strip()
