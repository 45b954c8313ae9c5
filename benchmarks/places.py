"""Where something that is measured keeps its events, told from process to process as one word."""

from pathlib import Path

import msgspec


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A folder, or a database of a server; exactly one of `directory` and `url`."""

    kind: str
    """Whose it is; see `stores.STORES`."""
    directory: str = ""
    url: str = ""
    key_file: str = ""
    """Key of the personal values of a ledger on a database."""

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
