"""Decoders of events are made while other threads decode, and no process crashes by it."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec
import pytest
from msgspec import Struct

from opsledger_contracts.decoders import look_at_classes

TESTS: Final = Path(__file__).parents[2]
SEEDS: Final = 6
CANARY_SEEDS: Final = 60
"""Runs within which the fault must do its harm; a third of them meets it."""


def _status(seed: int, *faults: str) -> int:
    command = [sys.executable, "-m", "support.decoding_threads", str(seed), *faults]
    return subprocess.run(command, cwd=TESTS, check=False).returncode


def test_threads_that_decode_for_the_first_time_do_not_crash() -> None:
    """The first event of each type is decoded by several threads at once."""
    assert [_status(seed) for seed in range(SEEDS)] == [0] * SEEDS


def test_without_the_lock_they_crash() -> None:
    """The canary: decoders made at any time end the process by a signal."""
    assert any(_status(seed, "unlocked") < 0 for seed in range(CANARY_SEEDS))


def test_classes_are_looked_at_as_far_as_they_can_be_decoded() -> None:
    """A class that cannot be decoded is passed over."""

    class Whole(Struct):
        number: int

    class Another(Struct):
        number: int

    class Odd(Struct):
        either: Whole | Another

    with pytest.raises(TypeError, match="must be tagged"):
        msgspec.json.Decoder(Odd)
    look_at_classes()
    assert msgspec.json.decode(b'{"number": 1}', type=Whole) == Whole(1)
    assert msgspec.json.encode(Odd(Whole(1))) == b'{"either":{"number":1}}'
