"""Facts after freezing and their materiality (SR-28)."""

import msgspec
import pytest

from opsledger_contracts.rules.errors import InvalidRulebook
from opsledger_contracts.rules.late_facts import late_effect
from opsledger_contracts.rules.scoring import score
from support.released import Released
from support.scoring_examples import CORRECT, letter_inputs, rulebook

RULEBOOK = rulebook("RB-2026.2")
PUBLISHED = score(letter_inputs(CORRECT), RULEBOOK)


@pytest.mark.parametrize(
    ("total", "grade", "said"),
    [
        ("96.26", "A", "不影响已公布得分"),
        ("96.27", "A", "提请重新考核"),
        ("96.25", "A", "提请重新考核"),
        ("94.99", "B", "提请重新考核"),
        ("96.26", "B", "提请重新考核"),
    ],
    ids=["nothing moves", "0.01 more", "0.01 less", "another grade", "only the grade"],
)
def test_an_effect_from_the_materiality_on_calls_for_reopening(
    total: str, grade: str, said: str, released: Released
) -> None:
    """0.01 of a total, up or down, is proposed to the committee; less is not."""
    corrected = msgspec.structs.replace(PUBLISHED, total=total, grade=grade)
    found = late_effect(PUBLISHED, corrected, RULEBOOK)
    assert found.zh.endswith(said)
    released(found)
    assert found.material == ("reopening is proposed" in found.en) == (said == "提请重新考核")
    assert (found.clause, found.total_before, found.total_after) == ("7.2", "96.26", total)


def test_the_effect_is_exact_and_signed() -> None:
    """94.37 after 96.26 is -1.89."""
    corrected = msgspec.structs.replace(PUBLISHED, total="94.37", grade="B")
    found = late_effect(PUBLISHED, corrected, RULEBOOK)
    assert found.delta == "-189/100"
    assert (found.grade_before, found.grade_after) == ("A", "B")


def test_without_the_section_nothing_is_said() -> None:
    """What is material is the rulebook's to say."""
    with pytest.raises(InvalidRulebook, match="late_facts: the section is missing"):
        late_effect(PUBLISHED, PUBLISHED, rulebook())
