"""What tests found, whole, beside what was released: texts and facts that readers rely on.

A sentence, a finding or a refusal states numbers, names and dates; a test that looks at a code only
would not notice one missing. What is released stands in a file beside the tests, for people to
read. `RELEASE_TEXTS=1` writes what is found now instead: the difference is then read and committed.
"""

import json
import os
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from opsledger_contracts.rules.errors import RuleError

_WRITING: Final = "RELEASE_TEXTS"


class Released:
    """The released findings of one test, in the order in which it looks at them."""

    def __init__(self, file: Path, test: str) -> None:
        self.file = file
        self.test = test
        self.looked = 0

    def __call__(self, found: object) -> None:
        """Compare one thing that was found with what was released."""
        plain = _plain(found)
        self.looked += 1
        name = self.test if self.looked == 1 else f"{self.test} #{self.looked}"
        if os.environ.get(_WRITING):
            rows = {**(_read(self.file) if self.file.exists() else {}), name: plain}
            text = json.dumps(dict(sorted(rows.items())), ensure_ascii=False, indent=1)
            self.file.write_text(f"{text}\n", encoding="utf-8")
            _read.cache_clear()
            return
        assert plain == _read(self.file)[name]


@cache
def _read(file: Path) -> dict[str, Any]:
    rows: dict[str, Any] = json.loads(file.read_bytes())
    return rows


def _plain(found: object) -> Any:
    return json.loads(msgspec.json.encode(found, enc_hook=_written))


def _written(value: object) -> object:
    match value:
        case Fraction():
            return str(value)
        case RuleError():
            return {"code": value.code, "facts": value.facts, "en": value.en, "zh": value.zh}
        case _:
            raise NotImplementedError(type(value))
