"""What a refusal states, and the problem document it becomes."""

import pytest

from opsledger_contracts.problems.document import (
    KINDS,
    kind_of,
    preferred_language,
    problem_document,
    status_of,
)
from opsledger_contracts.problems.general import (
    BodyTooLarge,
    CredentialMissing,
    MethodNotAllowed,
    UnknownThing,
    VersionStale,
)
from opsledger_contracts.problems.refusal import REFUSALS, Invalid, Refusal
from opsledger_contracts.problems.unit import UnitCycle


def test_a_code_is_defined_once() -> None:
    """A second class with a code that exists is a fault of the program, told at once."""
    known = dict(REFUSALS)
    with pytest.raises(TypeError, match="'unit_cycle' is defined twice"):
        type("Again", (Invalid,), {"code": "unit_cycle", "en": "No.", "zh": "不。"})
    assert known == REFUSALS


@pytest.mark.parametrize("facts", [{}, {"unit": "BJ"}, {"unit": "BJ", "parent": "HX", "more": 1}])
def test_the_facts_are_exactly_those_of_the_sentences(facts: dict[str, object]) -> None:
    """A refusal cannot be raised with a fact missing or left over."""
    with pytest.raises(TypeError, match="takes the facts"):
        UnitCycle(**facts)


def test_facts_stay_what_json_can_say() -> None:
    """Texts, numbers, truth and lists stay; anything else is told as text."""
    facts = UnitCycle(unit=("BJ",), parent=["HX", "OPS"]).facts
    assert facts == {"unit": "('BJ',)", "parent": ["HX", "OPS"]}
    assert VersionStale(stream="unit/BJ", found=3, expected=2).facts["found"] == 3


def test_a_refusal_speaks_both_languages() -> None:
    """The same facts in both; any other language is answered in English."""
    refusal = UnitCycle(unit="BJ", parent="LG")
    assert refusal.sentence("en") == str(refusal)
    assert refusal.sentence("zh") == "单元 LG 隶属于单元 BJ,不能成为其上级。"
    assert refusal.sentence("fr") == refusal.sentence("en")


def test_a_problem_document_states_code_and_facts() -> None:
    """RFC 9457 with a stable code, the facts one by one, and the sentence in both languages."""
    refusal = UnitCycle(unit="BJ", parent="LG")
    assert problem_document(refusal, "zh", "/v1/units/BJ/reparent") == {
        "type": "urn:opsledger:problem:unit_cycle",
        "title": "内容不符合规则",
        "status": 422,
        "detail": refusal.sentence("zh"),
        "sentences": {"en": refusal.sentence("en"), "zh": refusal.sentence("zh")},
        "code": "unit_cycle",
        "facts": {"unit": "BJ", "parent": "LG"},
        "instance": "/v1/units/BJ/reparent",
    }


def test_what_would_be_needed_is_said_where_it_is_not_obvious() -> None:
    """A refusal with `needed` says so in the language that was asked for."""

    class Needing(Invalid):
        """A refusal of this test; without a code it enters no list."""

        en = "{found} is too little."
        zh = "{found} 太少。"
        needed_en = "At least {expected}."
        needed_zh = "至少 {expected}。"

    Needing.code = "needing_of_a_test"
    refusal = Needing(found=1, expected=2)
    assert problem_document(refusal, "en", "/")["needed"] == "At least 2."
    assert problem_document(refusal, "zh", "/")["needed"] == "至少 2。"
    assert "needing_of_a_test" not in REFUSALS


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (CredentialMissing, 401),
        (UnknownThing, 404),
        (MethodNotAllowed, 405),
        (VersionStale, 412),
        (BodyTooLarge, 413),
        (UnitCycle, 422),
    ],
)
def test_the_nearest_kind_decides_the_status(refusal: type[Refusal], status: int) -> None:
    """A class of its own in the table outweighs the kind that it descends from."""
    assert status_of(refusal) == status


def test_every_refusal_has_a_kind() -> None:
    """The table is total; only what is no kind at all is not in it."""
    for refusal in REFUSALS.values():
        assert kind_of(refusal) in KINDS.values()
    with pytest.raises(LookupError, match="Refusal"):
        kind_of(Refusal)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("zh", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.5, zh;q=0.7", "zh"),
        ("fr, de;q=0.9", "en"),
        ("ZH-Hans ; q=1.0", "zh"),
        ("zh;q=0", "en"),
        ("zh;q=many", "en"),
        ("en, zh", "en"),
        ("zh;level=1", "zh"),
        ("zh;q=7, en", "zh"),
    ],
)
def test_the_language_is_the_one_weighed_most(header: str | None, language: str) -> None:
    """Of `zh` and `en` the one that Accept-Language prefers, English in doubt."""
    assert preferred_language(header) == language
