"""The settings of a ledger service: read once from the environment, passed down, never changed."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from opsledger_ledger.clock import ClockKind
from opsledger_ledger.writing.writer import BATCH_MAX, QUEUE_MAX

NamePattern = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class LedgerSettings(BaseSettings):
    """Where a ledger lies, what it is called, and how it is served.

    Each field is read from the environment as `OPSLEDGER_LEDGER_<FIELD>`. There is no secret among
    them: keys are in files whose paths stand here, and API keys are in the ledger as digests.
    """

    model_config = SettingsConfigDict(
        env_prefix="OPSLEDGER_LEDGER_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    directory: Path
    name: NamePattern = "ledger"
    """Given to a new ledger; an existing one must have it."""
    title: Annotated[str, Field(min_length=1, max_length=200)] = "opsledger"
    """Given to a new ledger."""
    clock: ClockKind = "system"
    clock_file: Path | None = None
    """File of the scripted clock."""
    personal_key_file: Path | None = None
    """Key of the personal values; `personal.key` in the directory if absent."""
    administrator: NamePattern = "administrator"
    """Person for whom a new ledger is founded, and identifier of the first API key."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8600
    """0 lets the system choose."""
    queue_max: Annotated[int, Field(ge=1, le=100_000)] = QUEUE_MAX
    """Commands that may wait; more are refused with 429."""
    batch_max: Annotated[int, Field(ge=1, le=10_000)] = BATCH_MAX
    """Commands in one commit."""

    @model_validator(mode="after")
    def _clock_file_fits(self) -> Self:
        if (self.clock == "scripted") != (self.clock_file is not None):
            raise ValueError("a scripted clock needs clock_file, and a system clock takes none")
        return self
