"""The secrets of a cluster in a directory of their own, each made once and kept in a file."""

import secrets
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32
PASSWORD_BYTES: Final = 24


class SecretFiles:
    """Files that only their owner can read, in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, exist_ok=True)

    def path(self, name: str) -> Path:
        """Tell where a secret is."""
        return self._directory / name

    def password(self, name: str) -> str:
        """Read a password, or make it."""
        return self._kept(
            f"{name}.password", secrets.token_urlsafe(PASSWORD_BYTES).encode()
        ).decode()

    def key(self, name: str) -> Path:
        """Tell the file of a key of 32 bytes, which is made if it is new."""
        self._kept(name, secrets.token_bytes(KEY_BYTES))
        return self.path(name)

    def write(self, name: str, content: str) -> Path:
        """Write a file, over one from before; tells where it is."""
        path = self.path(name)
        path.touch(mode=0o600)
        path.write_text(content + "\n", encoding="utf-8")
        return path

    def _kept(self, name: str, content: bytes) -> bytes:
        path = self.path(name)
        if not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(content)
        return path.read_bytes()
