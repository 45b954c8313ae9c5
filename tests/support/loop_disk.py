"""A disk whose power can be cut: a file system in a file, of which copies are taken."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from support.eventually import eventually

SIZE: Final = "1G"
"""Of the file, which takes only what is written."""

JOURNAL_S: Final = 300
"""Seconds between two writes of the journal by itself: only what is synced reaches the disk."""

UMOUNT_S: Final = 30
"""How long a disk may be busy."""


@dataclass(frozen=True)
class LoopDisk:
    """A mounted file system, and the file that holds what has reached its disk."""

    image: Path
    path: Path

    @property
    def _copy(self) -> Path:
        return self.image.with_suffix(".copy")

    def cut(self) -> None:
        """Keep what a power cut at this moment would leave; whoever writes must stand still.

        What waits in the memory of the machine is not in the file.
        """
        subprocess.run(["cp", "--sparse=always", self.image, self._copy], check=True)

    @contextmanager
    def after_cut(self) -> Iterator[Path]:
        """Yield where the disk is mounted as the last cut has left it."""
        with _mounted(self._copy, self.path.with_suffix(".cut")) as path:
            yield path


@contextmanager
def loop_disk(directory: Path) -> Iterator[LoopDisk]:
    """Make and mount a disk; without the rights for it the test is skipped, and says so."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None or not Path("/dev/loop0").exists():
        pytest.skip("no right to mount a disk: nothing was tried of a power cut to a whole one")
    image = directory / "disk.ext4"
    subprocess.run(["truncate", "--size", SIZE, image], check=True)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    with _mounted(image, directory / "disk") as path:
        yield LoopDisk(image, path)


@contextmanager
def _mounted(image: Path, path: Path) -> Iterator[Path]:
    path.mkdir()
    options = f"loop,commit={JOURNAL_S}"
    subprocess.run(["mount", "-t", "ext4", "-o", options, image, path], check=True)
    try:
        path.chmod(0o711)
        yield path
    finally:
        # Whoever was killed lets go of its files a moment later.
        eventually(lambda: subprocess.run(["umount", path], check=False).returncode == 0, UMOUNT_S)
        path.rmdir()
