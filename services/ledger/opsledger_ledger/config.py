"""The settings of a ledger service: read once from the environment, passed down, never changed."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from opsledger_ledger.clock import ClockKind
from opsledger_ledger.writing.writer import BATCH_MAX, QUEUE_MAX

NamePattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class LedgerSettings(BaseSettings):
    """Where a ledger lies, what it is called, and how it is served.

    Each field is read from the environment as `OPSLEDGER_LEDGER_<FIELD>`. The one secret among them
    is the address of a database with its password, which is never shown and better kept in a file;
    other keys are in files whose paths stand here, and API keys are in the ledger as digests.
    """

    model_config = SettingsConfigDict(
        env_prefix="OPSLEDGER_LEDGER_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    directory: Path | None = None
    """Directory of a ledger on SQLite."""
    database_url: SecretStr | None = None
    """Address of the PostgreSQL database of a ledger, with the role of the service."""
    database_url_file: Path | None = None
    """File that holds the address, instead of `database_url`."""
    database_schema: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,39}$")] = "opsledger"
    """Schema of the ledger, made by `opsledger ledger migrate`."""
    name: NamePattern = "ledger"
    """Given to a new ledger; an existing one must have it."""
    title: Annotated[str, Field(min_length=1, max_length=200)] = "opsledger"
    """Given to a new ledger."""
    clock: ClockKind = "system"
    clock_file: Path | None = None
    """File of the scripted clock."""
    personal_key_file: Path | None = None
    """Key of the personal values, the same for all processes of a ledger.

    `personal.key` in the directory if absent; required with a database.
    """
    snapshot_file: Path | None = None
    """What the writer knew when it wrote this, so that a start need not read the whole log.

    Processes of one machine may have the same. `decisions.snapshot` in the directory if absent; with
    a database there is none then.
    """
    administrator: NamePattern = "administrator"
    """Person for whom a new ledger is founded, and identifier of the first API key."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8600
    """0 lets the system choose."""
    queue_max: Annotated[int, Field(ge=1, le=100_000)] = QUEUE_MAX
    """Commands that may wait; more are refused with 429."""
    batch_max: Annotated[int, Field(ge=1, le=10_000)] = BATCH_MAX
    """Commands in one commit."""
    library_functions: Annotated[str, Field(validation_alias="POSTGRES_ENABLE_DB_FUNCTIONS")] = ""
    """A switch of the library that must be off: without its table lock readers lose events."""

    @field_validator("library_functions")
    @classmethod
    def _off(cls, value: str) -> str:
        if value.strip().lower() not in {"", "n", "no", "f", "false", "off", "0"}:
            raise ValueError("readers lose events with it; take it out of the environment")
        return value

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if [self.directory, self.database_url, self.database_url_file].count(None) != 2:  # noqa: PLR2004
            raise ValueError("give exactly one of directory, database_url and database_url_file")
        if self.directory is None and self.personal_key_file is None:
            raise ValueError("a ledger in a database needs personal_key_file")
        return self

    @model_validator(mode="after")
    def _clock_file_fits(self) -> Self:
        if (self.clock == "scripted") != (self.clock_file is not None):
            raise ValueError("a scripted clock needs clock_file, and a system clock takes none")
        return self

    @property
    def place(self) -> str:
        """Where the ledger lies, without anything secret."""
        if self.directory is not None:
            return str(self.directory)
        return f"the schema {self.database_schema}"

    def database(self) -> str:
        """Read the address of the database from the setting or its file.

        Raises:
            OSError: the file cannot be read.

        """
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        assert self.database_url_file is not None
        return self.database_url_file.read_text(encoding="utf-8").strip()
