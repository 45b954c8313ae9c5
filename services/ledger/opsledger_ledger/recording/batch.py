"""A batch on either database: the frontier it moves, and the rows it keeps back until a flush."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import ClassVar

from opsledger_contracts.evidence.merkle import Frontier, leaf_hash
from opsledger_ledger.recording.log import (
    AppendRefused,
    Head,
    NewEntry,
    PersonalValue,
    StoredAnswer,
)

Row = tuple[int, str, int, str, bytes, bytes]
"""A row of ``entries``: position, stream, version, type, leaf, entry."""

Tile = tuple[int, int, bytes]
"""A row of ``tiles``: level, number, hash."""

Place = tuple[str, str]
"""Where an answer is kept: scope, key."""


class FoldingBatch(ABC):
    """One open transaction; what it is given is folded at once and written together.

    A database adds how rows are read and written; its reads call ``flush`` first.
    """

    integrity_error: ClassVar[type[Exception]]
    """What the database raises when a guard or a key refuses a row."""

    def __init__(self, head: Head, known: Sequence[StoredAnswer | None]) -> None:
        self.known = known
        """What was stored under each of the places that were given at the beginning."""
        self._frontier = Frontier.from_bytes(head.frontier)
        self._recorded_at = head.recorded_at
        self._position = head.position
        self._rows: list[Row] = []
        self._tiles: list[Tile] = []
        self._unfolded: list[bytes] = []
        self._answers: dict[Place, StoredAnswer] = {}
        self._broken = False

    @property
    def head(self) -> Head:
        """The head including what this batch has appended so far."""
        self._fold()
        return Head(self._position, self._recorded_at, self._frontier.to_bytes())

    def append(self, entries: Sequence[NewEntry], recorded_at: str) -> list[bytes]:
        """Append entries in this order and return their leaf hashes; see ``log.Batch``."""
        if recorded_at < self._recorded_at:
            raise AppendRefused(f"recorded time {recorded_at} is before {self._recorded_at}")
        leaves = [leaf_hash(new.entry) for new in entries]
        position = self._position
        for new, leaf in zip(entries, leaves, strict=True):
            position += 1
            self._rows.append((position, new.stream, new.version, new.type, leaf, new.entry))
        if leaves:
            self._unfolded += leaves
            self._position = position
            self._recorded_at = recorded_at
        return leaves

    def _fold(self) -> list[Tile]:
        """Take into the tree what was appended since, and return the tiles that are not written.

        At once for many is cheaper than for each.
        """
        if self._unfolded:
            self._tiles += self._frontier.extend(self._unfolded)
            self._unfolded = []
        return self._tiles

    def answer(self, scope: str, key: str) -> StoredAnswer | None:
        """Return the answer of a key, of this batch or stored, or None."""
        # What is kept back is looked up here, so that asking does not force a write.
        return self._answers.get((scope, key)) or self._stored_answer((scope, key))

    def put_answer(self, scope: str, key: str, fingerprint: bytes, answer: bytes) -> None:
        """Store the answer of a key that has none."""
        if (scope, key) in self._answers:
            raise AppendRefused(f"the key {key!r} in {scope!r} is answered already")
        self._answers[scope, key] = StoredAnswer(fingerprint, answer)

    def put_personal(self, values: Sequence[PersonalValue]) -> None:
        """Store personal values, encrypted, in this commit."""
        with self._refusing("a commitment is stored once"):
            self._put_personal(values)

    @abstractmethod
    def erase_personal(self, person: str) -> int:
        """Destroy a person's key and side rows in this commit; return the rows removed."""

    def flush(self) -> None:
        """Write what was kept back.

        Raises:
            AppendRefused: a version does not continue its stream, a key is answered already.
                The batch cannot be committed any more.
        """
        if self._broken:
            raise AppendRefused("an earlier write of this batch was refused")
        if not self._rows and not self._answers:
            return
        with self._refusing():
            self._write(self._rows, self._answers)
        self._rows, self._tiles, self._answers = [], [], {}

    @abstractmethod
    def _stored_answer(self, place: Place) -> StoredAnswer | None:
        """Return what the database holds under a scope and key."""

    @abstractmethod
    def _put_personal(self, values: Sequence[PersonalValue]) -> None:
        """Write personal values."""

    @abstractmethod
    def _write(self, rows: Sequence[Row], answers: Mapping[Place, StoredAnswer]) -> None:
        """Write rows with the tiles and the head they lead to, and answers."""

    @contextmanager
    def _refusing(self, reason: str | None = None) -> Iterator[None]:
        """Let no commit follow a write that failed, and say what a refused row means."""
        whole = not self._broken
        self._broken = True
        try:
            yield
        except self.integrity_error as error:
            raise AppendRefused(reason or self._meaning(error)) from error
        self._broken = not whole

    def _meaning(self, error: Exception) -> str:
        """Return what a refused row means, in words that are the same on either database."""
        return str(error)
