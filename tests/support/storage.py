"""What a process wrote to its files, and what a power cut would have left of it.

The calls are written down by `storage_shim.c`, which is compiled here and loaded into the process.
A crash state is made from the calls up to some point: everything written before the last sync of a
file is there; of what was written later to it, any part may be, in any order, and a write may be
torn between two sectors of 512 bytes.
"""

import random
import shutil
import struct
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pytest

SECTOR_BYTES: Final = 512
APPLIED: Final = 0.5
"""Chance of each write that was not synced to be on the disk all the same."""
TORN: Final = 0.3
"""Chance of such a write to be there in part only."""

_SOURCE: Final = Path(__file__).with_name("storage_shim.c")
_RECORD: Final = struct.Struct("<B3xIQQ")


class Call(NamedTuple):
    """One call that reached a file; `kind` is `w`rite, `t`runcate, `s`ync or `r`emove."""

    kind: str
    name: str
    offset: int
    content: bytes
    end: int
    """Length of the log of calls after this one, by which answers are placed between calls."""


@pytest.fixture(scope="session")
def storage_shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled shim; without a C compiler the test is skipped, and says so."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler: nothing was tried of what reaches the disk")
    library = tmp_path_factory.mktemp("shim") / "storage_shim.so"
    options = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
    subprocess.run([compiler, *options, "-o", library, _SOURCE, "-ldl"], check=True)
    return library


def read_calls(log: Path) -> list[Call]:
    """Read the calls that were written down, in their order."""
    content = log.read_bytes()
    calls = []
    at = 0
    while at < len(content):
        kind, name_length, offset, length = _RECORD.unpack_from(content, at)
        at += _RECORD.size
        name = content[at : at + name_length].decode()
        at += name_length
        carried = length if chr(kind) == "w" else 0
        calls.append(Call(chr(kind), name, offset, content[at : at + carried], at + carried))
        at += carried
    return calls


class _File:
    """A file of a directory: what is on the disk for certain, and what may be."""

    def __init__(self) -> None:
        self.durable = bytearray()
        self.pending: list[Call] = []

    def take(self, call: Call) -> None:
        if call.kind == "s":
            for earlier in self.pending:
                _apply(self.durable, earlier, len(earlier.content))
            self.pending.clear()
        else:
            self.pending.append(call)

    def after_cut(self, chance: random.Random) -> bytes:
        left = bytearray(self.durable)
        for call in self.pending:
            if chance.random() < APPLIED:
                whole = len(call.content)
                torn = whole > SECTOR_BYTES and chance.random() < TORN
                sectors = chance.randrange(whole // SECTOR_BYTES) if torn else 0
                _apply(left, call, sectors * SECTOR_BYTES if torn else whole)
        return bytes(left)


def _apply(content: bytearray, call: Call, length: int) -> None:
    if call.kind == "t":
        del content[call.offset :]
        content.extend(bytes(call.offset - len(content)))
        return
    content.extend(bytes(max(0, call.offset - len(content))))
    content[call.offset : call.offset + length] = call.content[:length]


class CrashState(NamedTuple):
    """The files of a directory after a power cut, and how far the log of calls had come."""

    files: dict[str, bytes]
    end: int

    def restore(self, directory: Path) -> None:
        """Write the files into an empty directory."""
        directory.mkdir(mode=0o700)
        for name, content in self.files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o600)


def crash_states(
    calls: Sequence[Call], count: int, chance: random.Random, since: int = 0
) -> Iterator[CrashState]:
    """Yield states that power cuts at random calls could leave, in order of the calls.

    `since` is the length of the log of calls before which nothing is cut.
    """
    first = next(number for number, call in enumerate(calls) if call.end > since)
    points = sorted(chance.choices(range(first, len(calls)), k=count))
    files: defaultdict[str, _File] = defaultdict(_File)
    done = 0
    for point in points:
        for call in calls[done : point + 1]:
            if call.kind == "r":
                # An unlinked file may come back with all it had; who reopens has to cope with the
                # harder case, that it is gone.
                files.pop(call.name, None)
            else:
                files[call.name].take(call)
        done = point + 1
        yield CrashState(
            {name: file.after_cut(chance) for name, file in files.items()}, calls[point].end
        )
