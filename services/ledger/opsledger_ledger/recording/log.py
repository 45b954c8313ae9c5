"""The port of the log: what the writer, the feed and the verifier see of a ledger's storage.

Nothing outside ``recording`` knows which database stands behind it. One batch is one
transaction of the one writer; everything else is a read of committed data.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from msgspec import Struct

from opsledger_contracts.evidence.merkle import Frontier


class RecordingError(Exception):
    """Anything the log refuses or fails at; the tree of this package's errors starts here.

    RecordingError
    +-- AppendRefused      an entry would break an invariant of the log: a fault of the caller
    +-- LogInUse           another process writes to this log, or it is open for reading only
    +-- LogBusy            no lock on the head or no connection in time; nothing was written
    +-- LogDamaged         a start-up check failed: the log stays closed
    +-- StorageFull        no space left; nothing was written, reads go on
    +-- StorageFailed      the storage failed; the writer must stop, not try again
    +-- OutcomeUnknown     COMMIT was sent and not answered; the key table decides
    +-- PersonalKeyUnusable
                           the key file of the personal values is missing or exposed
    """


class AppendRefused(RecordingError):
    """An entry breaks an invariant: version not contiguous, recorded time going backwards."""


class LogInUse(RecordingError):
    """Another process holds the writer's lock, or the log was opened for reading only."""


class LogBusy(RecordingError):
    """The lock on the head, or the database, was not had in time; nothing was written."""


class LogDamaged(RecordingError):
    """A start-up check failed; the message names the check, what was expected and found."""


class StorageFull(RecordingError):
    """The disk or quota is full: the batch left nothing behind, and reads still work."""


class StorageFailed(RecordingError):
    """The storage reported an I/O error: the process must stop writing.

    After a failed fsync the kernel may have dropped the pages it could not write, so that
    a second attempt would succeed without the data. There is no "try again" here.
    """


class OutcomeUnknown(RecordingError):
    """COMMIT was sent and its answer was lost: read the idempotency key back to know."""


class PersonalKeyUnusable(RecordingError):
    """The key file is missing, too short, or readable by others; no value is disclosed."""


class NewEntry(Struct, frozen=True, gc=False):
    """One event about to be recorded; the position is the log's to give."""

    stream: str
    version: int
    type: str
    entry: bytes


class Stored(Struct, frozen=True, gc=False):
    """One recorded event: its exact bytes, and the index columns beside them."""

    position: int
    stream: str
    version: int
    type: str
    entry: bytes
    leaf: bytes


class Head(Struct, frozen=True):
    """Where the log ends: the last position, its recorded time and the tree's frontier.

    ``recorded_at`` is the fixed-width text form of an instant, and "" in an empty log.
    The size of the tree is the last position.
    """

    position: int
    recorded_at: str
    frontier: bytes

    @property
    def size(self) -> int:
        """The number of leaves in the tree, which is the last position."""
        return self.position

    @property
    def root(self) -> bytes:
        """The RFC 6962 root over all entries up to this head."""
        return Frontier.from_bytes(self.frontier).root()


class StoredAnswer(Struct, frozen=True, gc=False):
    """The answer once given to an idempotency key, and the fingerprint of what was asked."""

    fingerprint: bytes
    answer: bytes


class PersonalValue(Struct, frozen=True):
    """A personal value that an entry holds only as a salted commitment.

    ``commitment`` is 64 hex digits of SHA-256(salt || value). ``person`` is the
    pseudonymous id whose key encrypts the row and whose erasure removes it.
    """

    person: str
    commitment: str
    salt: bytes
    value: bytes

    def __repr__(self) -> str:
        """Return a form without the salt and the value, which must never reach a log."""
        return f"PersonalValue(person={self.person!r}, commitment={self.commitment!r})"


class Finding(Struct, frozen=True):
    """One thing the verifier found wrong: the check, the first bad position, the field.

    ``position`` is 0 when the finding is about the log as a whole (its head or its key
    material) and not about one entry.
    """

    check: str
    position: int
    field: str
    expected: str
    found: str


class Reads(Protocol):
    """Reads that a batch offers inside its transaction and the log over committed data."""

    def entries(self, after: int, limit: int, byte_limit: int | None = None) -> Sequence[Stored]:
        """Return entries with position > ``after``, ascending, at most ``limit``.

        With ``byte_limit`` the page stops before the entry that would take the sum of the
        entries' bytes over it, but always holds one entry if there is one.
        """
        ...

    def stream_entries(
        self, stream: str, after_version: int = 0, limit: int | None = None
    ) -> Sequence[Stored]:
        """Return a stream's entries with version > ``after_version``, ascending."""
        ...

    def page(self, after: int, limit: int, byte_limit: int) -> Sequence[tuple[int, bytes]]:
        """Return positions and entries alone of what ``entries`` returns."""
        ...

    def history(self, stream: str, after_version: int = 0) -> Sequence[tuple[int, bytes]]:
        """Return positions and entries alone of what ``stream_entries`` returns."""
        ...

    def stream_version(self, stream: str) -> int:
        """Return the last version of a stream; 0 means that it has no entry."""
        ...

    def answer(self, scope: str, key: str) -> StoredAnswer | None:
        """Return the stored answer of an idempotency key, or None if it was never used."""
        ...


class Batch(Reads, Protocol):
    """One transaction on the locked head; committed when its ``with`` block ends.

    ``head`` is the state on entry and moves with each append. An exception in the block
    rolls everything back. Reads see what the batch itself has appended.
    """

    @property
    def head(self) -> Head:
        """The head including what this batch has appended so far."""
        ...

    def append(self, entries: Sequence[NewEntry], recorded_at: str) -> list[bytes]:
        """Append entries in this order and return their leaf hashes.

        The i-th entry gets position ``head.position + 1 + i`` (head before the call). May
        be called many times; rows reach the database together.

        Raises:
            AppendRefused: ``recorded_at`` is before the head's, or (at the next read or at
                the commit) a version does not continue its stream.
        """
        ...

    @property
    def known(self) -> Sequence[StoredAnswer | None]:
        """What was stored under each of the places that were given to ``begin``."""
        ...

    def put_answer(self, scope: str, key: str, fingerprint: bytes, answer: bytes) -> None:
        """Store the answer of a key that has none; a second one is an AppendRefused."""
        ...

    def put_personal(self, values: Sequence[PersonalValue]) -> None:
        """Store personal values, encrypted under their persons' keys, in this commit.

        Raises:
            AppendRefused: the commitment does not fit the value, or is stored already.
        """
        ...

    def erase_personal(self, person: str) -> int:
        """Destroy a person's key and side rows in this commit; return the rows removed."""
        ...


class Log(Reads, Protocol):
    """A ledger's durable, append-only, totally ordered log with its Merkle tree.

    Reads see committed data only and may be called from any thread.
    """

    def begin(self, places: Sequence[tuple[str, str]] = ()) -> AbstractContextManager[Batch]:
        """Lock the head and open one transaction; commit at exit, roll back on exception.

        ``places`` are the scopes and keys whose answers are wanted first, read with the head.

        Raises:
            LogBusy: the lock was not had in time.
            StorageFull: disk full; nothing was written.
            StorageFailed: an I/O error; every later ``begin`` raises it too.
            OutcomeUnknown: the COMMIT's answer was lost.
        """
        ...

    def head(self) -> Head:
        """Return the committed head."""
        ...

    @property
    def teller(self) -> int:
        """The number under which the database tells of this log's commits; 0 if it does not."""
        ...

    def wait_for_head(self, position: int, timeout_s: float, besides: int = 0) -> int:
        """Return the position of the committed head once it is beyond ``position``.

        When the time is over it is returned as it stands. What the teller ``besides`` commits while
        this waits need not end it: whoever asks is told of that in another way.

        Raises:
            LogBusy: the database cannot be reached at this moment.
        """
        ...

    def leaf(self, position: int) -> bytes:
        """Return the leaf hash stored at a position.

        Raises:
            LookupError: the log has no such position.
        """
        ...

    def position_at(self, instant: str) -> int:
        """Return the last position recorded at or before ``instant``; 0 if there is none."""
        ...

    def root_at(self, size: int) -> bytes:
        """Return the root the tree had at ``size`` (0 to the head's size)."""
        ...

    def inclusion(self, position: int, size: int) -> list[bytes]:
        """Return the RFC 6962 audit path of ``position`` (from 1) in the tree of ``size``."""
        ...

    def consistency(self, size_from: int, size_to: int) -> list[bytes]:
        """Return the RFC 6962 consistency proof between two sizes of the tree."""
        ...

    def tile(self, level: int, index: int) -> bytes:
        """Return the concatenated hashes of a C2SP tile of height 8, as far as it is filled.

        Raises:
            LookupError: the tree is too small to have any hash in that tile.
        """
        ...

    def tile_hashes(self, level: int, first: int, count: int) -> list[bytes]:
        """Return up to ``count`` stored hashes of a tile level, from number ``first`` on."""
        ...

    def personal(self, commitment: str) -> PersonalValue | None:
        """Return the value behind a commitment, or None if unknown or erased."""
        ...

    def personal_of(self, person: str) -> Sequence[PersonalValue]:
        """Return all values kept for a person, ordered by commitment."""
        ...

    def check(self) -> None:
        """Run the start-up checks.

        Raises:
            LogDamaged: a check failed; the log must not be used.
        """
        ...

    def derived_key(self, purpose: str) -> bytes:
        """Return the 32 bytes that are this ledger's key for a purpose, and never stored.

        Raises:
            PersonalKeyUnusable: the key file cannot be used.
        """
        ...

    def verify_storage(self) -> Iterator[Finding]:
        """Yield what the database itself reports as corrupt (pages, indexes, triggers)."""
        ...

    def close(self) -> None:
        """Close every connection and give up the writer's lock."""
        ...
