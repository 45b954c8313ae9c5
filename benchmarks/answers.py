"""The answer of a command of the mix, as it is kept beside its idempotency key."""

from hashlib import sha256
from typing import Final

from benchmarks.mix import Command

from opsledger_ledger.writing.submission import kept

SCOPE: Final = "P-OPS"


def key_of(command: Command) -> str:
    """Give a command its idempotency key, of the usual length."""
    return f"{command[0].stream}-{command[0].version:05d}-0123456789abcdef"


def fingerprint_of(command: Command) -> bytes:
    """Tell what makes it another request."""
    return sha256(command[0].stream.encode()).digest()


def answer_of(command: Command, position: int) -> bytes:
    """Write an answer in the form in which the writer keeps it beside its key."""
    last = command[-1]
    return kept(last.stream, last.version, position + 1, len(command))
