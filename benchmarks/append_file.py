"""The disk alone: a block written and made durable, again and again."""

import os
from typing import Final

from benchmarks.mix import Command
from benchmarks.places import Place

_BLOCK: Final = 4_096
_BLOCKS: Final = 1_024


class Syncing:
    """Writes each command's block into a file that has its size already, and waits for the disk."""

    def __init__(self, place: Place, _events: int) -> None:
        self._file = os.open(place.folder / "blocks", os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(self._file, bytes(_BLOCK * _BLOCKS), 0)
        os.fsync(self._file)

        self._blocks: list[bytes] = []

    def prepare(self, commands: list[Command], _clients: int) -> None:
        """Make a block of each command; one writer, whatever the number of clients."""
        self._blocks = [command[0].entry[:_BLOCK].ljust(_BLOCK) for command in commands]

    def run(self) -> None:
        """Write one block after the other."""
        for number, block in enumerate(self._blocks):
            os.pwrite(self._file, block, number % _BLOCKS * _BLOCK)
            os.fdatasync(self._file)
