"""Words of both languages for the codes that explanations show."""

from collections.abc import Mapping
from typing import get_args

import pytest

from opsledger_contracts.documents.rulebook import CauseClass, Treatment
from opsledger_contracts.rules.inputs import AdjustmentKind
from opsledger_contracts.rules.wording import CAUSES, KINDS, TREATMENTS, Word, parameter_word


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (KINDS, get_args(AdjustmentKind)),
        (CAUSES, get_args(CauseClass)),
        (TREATMENTS, get_args(Treatment)),
    ],
    ids=["kinds", "causes", "treatments"],
)
def test_every_code_has_a_word_in_both_languages(
    words: Mapping[str, Word], codes: tuple[str, ...]
) -> None:
    """No code is left without words, and neither language stands for the other."""
    assert words.keys() == set(codes)
    for word in words.values():
        assert not word.zh.isascii()
        assert word.en.isascii()


@pytest.mark.parametrize(
    ("name", "en"),
    [
        ("baseline", "baseline"),
        ("threshold", "threshold"),
        ("target", "target"),
        ("stretch", "stretch"),
        ("plan", "plan"),
        ("due", "due date"),
        ("node_level", "node level"),
        ("coefficient", "coefficient"),
        ("closes", "closing date"),
    ],
)
def test_the_usual_parameters_have_words(name: str, en: str) -> None:
    """What items set most often is not shown as a code."""
    assert parameter_word(name, "en") == en
    assert not parameter_word(name, "zh").isascii()
