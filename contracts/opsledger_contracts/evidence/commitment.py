"""The salted commitment that stands in an entry for a personal value (evidence.md, section 5)."""

from hashlib import sha256
from typing import Final

SALT_BYTES: Final = 32
"""Length of every salt; fixed, so that no salt and value can be cut at another place."""


class CommitmentMismatch(Exception):
    """A disclosed salt and value are not what the entry committed to."""


def commitment(salt: bytes, value: bytes) -> str:
    """Return SHA-256(salt || value) as 64 hex digits.

    Raises:
        ValueError: the salt does not have 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes, found {len(salt)}")
    return sha256(salt + value).hexdigest()


def verify_commitment(committed: str, salt: bytes, value: bytes) -> None:
    """Prove that a disclosed value is the one that was committed to.

    Raises:
        CommitmentMismatch: it is not, or the salt has the wrong length.
    """
    if len(salt) != SALT_BYTES or commitment(salt, value) != committed:
        raise CommitmentMismatch(f"the disclosed value does not fit the commitment {committed}")
