"""Personal values: sealed under a key per person, which is wrapped by a key in a file.

An entry holds a salted commitment only. The tables here are the one place of a ledger where
rows may be removed: erasing a person destroys the wrapped key first, so that even a copy of
the sealed rows, in a backup or a log of the database, opens no more.
"""

import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from stat import S_IMODE
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from opsledger_contracts.evidence.commitment import (
    SALT_BYTES,
    CommitmentMismatch,
    verify_commitment,
)
from opsledger_ledger.recording.log import AppendRefused, PersonalKeyUnusable, PersonalValue

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
KEY_FILE_MODE: Final = 0o600


class Cursor(Protocol):
    """Runs a statement in the transaction of whoever gave it, on either database."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""

    def execute(self, statement: Any, parameters: Any = ..., /) -> Any:
        """Run a statement and return what its rows are fetched from."""


class PersonalTables:
    """The side tables of personal values, and the key file that opens them.

    The file holds 32 random bytes, mode 0600; it is made when the first value is stored.
    ``mark`` is what stands for a parameter in the database's statements.
    """

    def __init__(self, key_file: Path, mark: str = "?") -> None:
        self._key_file = key_file
        self._mark = mark

    def put(self, cursor: Cursor, values: Sequence[PersonalValue]) -> None:
        """Seal and insert values in a cursor's transaction.

        Raises:
            AppendRefused: a commitment does not fit its value, or is stored already.
            PersonalKeyUnusable: the key file cannot be used, or is gone while keys are kept.
        """
        for value in values:
            try:
                verify_commitment(value.commitment, value.salt, value.value)
            except CommitmentMismatch as error:
                raise AppendRefused(str(error)) from error
            key = self._person_key(cursor, value.person) or self._new_key(cursor, value.person)
            sealed = _seal(key, value.salt + value.value, value.commitment)
            self._run(
                cursor,
                "INSERT INTO personal_values VALUES (?, ?, ?)",
                (value.commitment, value.person, sealed),
            )

    def derived_key(self, purpose: str) -> bytes:
        """Derive a key for a purpose from the key file: HMAC-SHA-256 over the purpose's name.

        Raises:
            PersonalKeyUnusable: the key file cannot be used.
        """
        return hmac.digest(self._read_key_file(), purpose.encode(), "sha256")

    def get(self, cursor: Cursor, committed: str) -> PersonalValue | None:
        """Return the value behind a commitment, or None if it is unknown or erased.

        Raises:
            PersonalKeyUnusable: the key file cannot be used, or does not open the row.
        """
        row = self._run(
            cursor, "SELECT person, sealed FROM personal_values WHERE commitment = ?", (committed,)
        ).fetchone()
        return None if row is None else self._opened(cursor, committed, *row)

    def of(self, cursor: Cursor, person: str) -> list[PersonalValue]:
        """Return all values of a person by commitment; raises as ``get``."""
        rows = self._run(
            cursor,
            "SELECT commitment, person, sealed FROM personal_values "
            "WHERE person = ? ORDER BY commitment",
            (person,),
        ).fetchall()
        return [self._opened(cursor, *row) for row in rows]

    def erase(self, cursor: Cursor, person: str) -> int:
        """Destroy a person's key, then the rows; return how many values went."""
        self._run(cursor, "DELETE FROM personal_keys WHERE person = ?", (person,))
        deleted = self._run(cursor, "DELETE FROM personal_values WHERE person = ?", (person,))
        return int(deleted.rowcount)

    def check(self, cursor: Cursor) -> None:
        """Refuse a key file which is not the one that wrapped the keys of this ledger's persons.

        Raises:
            PersonalKeyUnusable: it cannot be read, or does not open a key.
        """
        found = self._run(cursor, "SELECT person, wrapped FROM personal_keys LIMIT 1").fetchone()
        if found is not None:
            _open(self._read_key_file(), found[1], found[0])

    def _opened(self, cursor: Cursor, committed: str, person: str, sealed: bytes) -> PersonalValue:
        key = self._person_key(cursor, person)
        if key is None:
            raise PersonalKeyUnusable(f"the key of person {person} is gone, the values are not")
        plain = _open(key, sealed, committed)
        return PersonalValue(person, committed, plain[:SALT_BYTES], plain[SALT_BYTES:])

    def _person_key(self, cursor: Cursor, person: str) -> bytes | None:
        row = self._run(
            cursor, "SELECT wrapped FROM personal_keys WHERE person = ?", (person,)
        ).fetchone()
        return None if row is None else _open(self._read_key_file(), row[0], person)

    def _new_key(self, cursor: Cursor, person: str) -> bytes:
        (keys,) = self._run(cursor, "SELECT count(*) FROM personal_keys").fetchone()
        # A second key file would hide that the first, and all it opens, was lost.
        if not keys and not self._key_file.exists():
            self._make_key_file()
        key = secrets.token_bytes(KEY_BYTES)
        wrapped = _seal(self._read_key_file(), key, person)
        self._run(cursor, "INSERT INTO personal_keys VALUES (?, ?)", (person, wrapped))
        return key

    def _run(self, cursor: Cursor, statement: str, parameters: tuple[object, ...] = ()) -> Any:
        return cursor.execute(statement.replace("?", self._mark), parameters)

    def _make_key_file(self) -> None:
        descriptor = os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, KEY_FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # The rows must never be durable before the name of the file that opens them.
        directory = os.open(self._key_file.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _read_key_file(self) -> bytes:
        try:
            mode = S_IMODE(self._key_file.stat().st_mode)
            key = self._key_file.read_bytes()
        except OSError as error:
            raise PersonalKeyUnusable(f"the key file cannot be read: {error}") from error
        if mode & 0o077:
            raise PersonalKeyUnusable(f"the key file has mode {mode:04o}, expected 0600")
        if len(key) != KEY_BYTES:
            raise PersonalKeyUnusable(f"the key file has {len(key)} bytes, expected {KEY_BYTES}")
        return key


def _seal(key: bytes, plain: bytes, bound_to: str) -> bytes:
    """Return nonce and AES-256-GCM ciphertext, bound to the row's name."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())


def _open(key: bytes, sealed: bytes, bound_to: str) -> bytes:
    """Return what ``_seal`` sealed."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())
    except (InvalidTag, ValueError) as error:
        raise PersonalKeyUnusable(f"the row of {bound_to} does not open with its key") from error
