"""What was released is compared whole, and written only on request."""

from fractions import Fraction
from pathlib import Path

import pytest

from opsledger_contracts.rules.errors import UnknownTier
from support.released import Released


def test_a_text_that_changed_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One word, one fact or one more thing is a difference; a thing never released is one too."""
    file = tmp_path / "texts.json"
    found = {"score": Fraction(1, 3), "refused": UnknownTier(clause="5.3", tier="intern")}
    monkeypatch.setenv("RELEASE_TEXTS", "1")
    writing = Released(file, "test")
    writing(found)
    writing("second")
    monkeypatch.delenv("RELEASE_TEXTS")
    reading = Released(file, "test")
    reading(found)
    reading("second")
    other = {**found, "refused": UnknownTier(clause="5.4", tier="intern")}
    with pytest.raises(AssertionError):
        Released(file, "test")(other)
    with pytest.raises(KeyError):
        Released(file, "another test")(found)
