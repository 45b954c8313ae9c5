"""Settings of the read side, from the environment (`OPSLEDGER_PROJECTIONS_…`) or given."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ProjectionsSettings(BaseSettings):
    """Where the tables are, which ledger they follow, and where they are served."""

    model_config = SettingsConfigDict(
        env_prefix="OPSLEDGER_PROJECTIONS_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    directory: Path
    """Directory of the tables; everything in it can be rebuilt from the feed."""
    ledger_url: str = "http://127.0.0.1:8600"
    ledger_key: SecretStr | None = None
    """API key with the scope `subscriber` or `auditor`, for the feed."""
    ledger_key_file: Path | None = None
    """File that holds the API key, instead of `ledger_key`."""
    clock_file: Path | None = None
    """File of the scripted clock of a ledger that was founded with one."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535)] = 8601
    """0 lets the system choose."""

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
