"""The answer of a command of the mix, as it is kept beside its idempotency key."""

from hashlib import sha256
from typing import Final

from benchmarks.mix import RECORDED_AT, Command

from opsledger_contracts.canonical import canonical

SCOPE: Final = "P-OPS"


def key_of(command: Command) -> str:
    """Give a command its idempotency key, of the usual length."""
    return f"{command[0].stream}-{command[0].version:05d}-0123456789abcdef"


def fingerprint_of(command: Command) -> bytes:
    """Tell what makes it another request."""
    return sha256(command[0].stream.encode()).digest()


def answer_of(command: Command, position: int, leaves: list[bytes]) -> bytes:
    """Write an answer as the writer keeps it beside its key."""
    return canonical(
        {
            "outcome": "recorded",
            "stream": command[0].stream,
            "version": command[-1].version,
            "positions": list(range(position + 1, position + 1 + len(command))),
            "events": [
                {
                    "stream": made.stream,
                    "type": made.type,
                    "position": position + 1 + place,
                    "version": made.version,
                    "leaf": leaf.hex(),
                }
                for place, (made, leaf) in enumerate(zip(command, leaves, strict=True))
            ],
            "recorded_at": RECORDED_AT,
        }
    )
