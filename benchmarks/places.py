"""Where something that is measured keeps its events, told from process to process as one word."""

from pathlib import Path
from typing import Final

import msgspec
from pydantic import SecretStr

from opsledger_ledger.config import LedgerSettings

SCHEMA: Final = "opsledger"
"""Schema of a ledger in its database."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A folder, or a database of a server; exactly one of `directory` and `url`."""

    kind: str
    """Whose it is; see `stores.STORES`."""
    directory: str = ""
    url: str = ""
    key_file: str = ""
    """Key of the personal values of a ledger on a database."""
    snapshot_file: str = ""
    """Where the service of a ledger on a database writes down what it knows; "" for nowhere."""

    def __str__(self) -> str:
        """Write it as an argument of a program."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def of(cls, argument: str) -> "Place":
        """Read an argument."""
        return msgspec.json.decode(argument, type=cls)

    @property
    def folder(self) -> Path:
        """The folder; made if it is not there."""
        folder = Path(self.directory)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def settings(place: Place) -> LedgerSettings:
    """Give the settings of a ledger at a place, which listens on a free port."""
    if place.directory:
        return LedgerSettings(directory=place.folder, port=0)
    return LedgerSettings(
        database_url=SecretStr(place.url),
        database_schema=SCHEMA,
        personal_key_file=Path(place.key_file),
        snapshot_file=Path(place.snapshot_file) if place.snapshot_file else None,
        port=0,
    )
