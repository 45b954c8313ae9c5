"""What supporting units answered when an item needed something from them (横向承诺, R087)."""

from typing import Final

import msgspec

_Answers = dict[str, dict[str, bool]]

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(_Answers)


class Commitments:
    """Which units bound themselves to items of a letter, and which refused.

    A long letter has thousands, and few commands ask for them: what was written down is read when
    the first is asked for.
    """

    __slots__ = ("_answers", "_written")

    def __init__(self, written: bytes = b"") -> None:
        """Begin without an answer, or with those that were written down."""
        self._written = written
        self._answers: _Answers | None = None if written else {}

    def answer(self, item: str, unit: str) -> bool | None:
        """Tell whether a unit bound itself to an item (True), refused (False), or said nothing."""
        return self._read().get(item, {}).get(unit)

    def record(self, item: str, unit: str, *, bound: bool) -> None:
        """Take in an answer, in place of an earlier one."""
        self._read().setdefault(item, {})[unit] = bound

    def written(self) -> bytes:
        """Write all answers down."""
        return self._written or _encoder.encode(self._read())

    def _read(self) -> _Answers:
        if self._answers is None:
            self._answers = _decoder.decode(self._written)
            self._written = b""
        return self._answers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Commitments) and self._read() == other._read()

    __hash__ = None  # type: ignore[assignment]
