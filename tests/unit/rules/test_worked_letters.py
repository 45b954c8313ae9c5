"""Worked letters of scenarios S4 and S5, and two public schemes as whole rulebooks (F1, F5)."""

from datetime import date
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import canonical
from opsledger_contracts.documents.structure import StatusPolicy
from opsledger_contracts.rules.explanation import leaves, render
from opsledger_contracts.rules.inputs import (
    CompletionFact,
    Outcome,
    ScoringInputs,
    UnfinishedFact,
)
from opsledger_contracts.rules.numbers import parse_rational
from opsledger_contracts.rules.rulebook_validation import validate_rulebook
from opsledger_contracts.rules.scoring import score
from opsledger_contracts.rules.weights import displayed_weights
from support.scoring_examples import DOCUMENTS, SOURCE, rulebook, vectors

RULEBOOK = rulebook("RB-2026.2")
S4 = vectors("letter-S4")
CASES = [*S4["cases"], *vectors("letter-S5")["cases"]]
SCHEMES = {"F1-2026.1": ("87.69", "89.6864"), "F5-2026.1": ("85.00", "90.0000")}


def _inputs(scheme: str) -> ScoringInputs:
    content = (DOCUMENTS / f"inputs-{scheme}.json").read_bytes()
    return msgspec.json.decode(content, type=ScoringInputs)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_worked_letter_comes_out_to_the_digit(case: dict[str, Any]) -> None:
    """Scenarios S4 and S5: items, components, total, grade, status and digests (R130, R136)."""
    outcome = score(msgspec.convert(case["inputs"], ScoringInputs), RULEBOOK)
    assert {row.item: row.score for row in outcome.item_scores} == case["item_scores"]
    assert {row.component: row.score for row in outcome.components} == case["components"]
    for name in ("total_exact", "total", "grade", "status"):
        assert getattr(outcome, name) == case[name]
    for name in ("inputs_digest", "result_digest", "tree_digest"):
        assert getattr(outcome, name) == case[name]
    assert msgspec.json.decode(canonical(outcome), type=Outcome) == outcome


def test_the_weights_of_s4_are_shown_so_that_they_total_one_hundred() -> None:
    """31.21, 26.01, 20.81, 10.41 and 11.56 (R116, R117)."""
    items = S4["cases"][0]["inputs"]["items"]
    weights = {item["item"]: parse_rational(item["weight"]) for item in items}
    assert displayed_weights(weights, RULEBOOK.weights) == S4["displayed_weights"]


def test_the_band_of_s4_is_decided_by_the_rounded_total() -> None:
    """90.00 is good; the exact total 89.995 would be normal, and the tree names its basis (R132)."""
    inputs = msgspec.convert(S4["cases"][0]["inputs"], ScoringInputs)
    outcome = score(inputs, RULEBOOK)
    assert (outcome.status, outcome.tree.params["basis"]) == ("good", "rounded")
    assert "修约后总分 90 定运营状态" in outcome.tree.zh
    assert "0 above normal" in outcome.tree.en
    assert isinstance(RULEBOOK.status, StatusPolicy)
    exactly = msgspec.structs.replace(RULEBOOK.status, basis="exact")
    other = score(inputs, msgspec.structs.replace(RULEBOOK, status=exactly))
    assert other.status == "normal"
    assert "未修约总分" in other.tree.zh
    single = msgspec.structs.replace(
        RULEBOOK.status, bands=(msgspec.structs.replace(RULEBOOK.status.bands[0], lo=None),)
    )
    only = score(inputs, msgspec.structs.replace(RULEBOOK, status=single))
    assert only.tree.en.endswith("in (-∞, ∞), excellent")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_public_scheme_is_a_valid_rulebook(scheme: str) -> None:
    """The document of a company becomes a rulebook without a finding, and says where it is from."""
    document = rulebook(scheme)
    assert validate_rulebook(document) == ()
    assert document.note_en is not msgspec.UNSET
    assert "http" in document.note_en


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_public_scheme_comes_out_to_its_golden_figure(scheme: str) -> None:
    """F1 gives 89.6864 less 2, that is 87.69; F5 gives 8 + 45 + 37 - 5 = 85.00 (R128)."""
    outcome = score(_inputs(scheme), rulebook(scheme))
    total, letter = SCHEMES[scheme]
    assert outcome.total == total
    assert outcome.components[0].score == letter
    golden = (DOCUMENTS / f"outcome-{scheme}.json").read_bytes()
    assert msgspec.json.decode(golden, type=Outcome) == outcome
    assert all(leaf.sources for leaf in leaves(outcome.tree))
    for language in ("zh", "en"):
        assert len(render(outcome.tree, language)) > len(outcome.item_scores)


def test_the_parts_of_f1_are_those_of_the_document() -> None:
    """Outputs 9.5 + 35 + 5.25, quality 14.775 + 3.968 + 1, costs 15.2989 + 3.8945 + 1."""
    outcome = score(_inputs("F1-2026.1"), rulebook("F1-2026.1"))
    found = [Fraction(row.contribution) for row in outcome.item_scores]
    stated = ("9.5", "35", "5.25", "14.775", "3.968", "1", "15.2989", "3.8945", "1")
    assert [round(value, 4) for value in found] == [Fraction(text) for text in stated]
    assert (
        outcome.tree.inputs[0]
        .inputs[0]
        .inputs[0]
        .inputs[0]
        .en.startswith("letter = Σ weight x score / full marks")
    )


def test_the_parts_of_f5_are_those_of_the_document() -> None:
    """A 8, B 45, C 18.5 / 20 x 40 = 37; each task counts by its coefficient."""
    outcome = score(_inputs("F5-2026.1"), rulebook("F5-2026.1"))
    points = {row.item: Fraction(row.contribution) for row in outcome.item_scores}
    assert points["A"] == Fraction(8)
    assert points["B"] == Fraction(45)
    tasks = sum(value for name, value in points.items() if name.startswith("T"))
    assert tasks == Fraction("18.5") / 20 * 40 == 37


@pytest.mark.parametrize(
    ("fact", "zh", "en", "total"),
    [
        (
            UnfinishedFact(on=date(2026, 3, 31), sources=SOURCE),
            "至 2026-03-31 仍未完成",
            "still not done on 2026-03-31",
            "77.00",
        ),
        (
            CompletionFact(
                evidence_date=date(2026, 3, 20),
                quality="met",
                quality_points="1",
                quality_reason="图纸返工",
                sources=SOURCE,
            ),
            "完成的证据日期 2026-03-20，质量达标，质量扣 1 分：图纸返工",
            "completed by evidence of 2026-03-20, quality met, 1 off for quality: 图纸返工",
            "83.00",
        ),
        (
            CompletionFact(evidence_date=date(2026, 3, 20), quality="not_met", sources=SOURCE),
            "完成的证据日期 2026-03-20，质量未达标",
            "completed by evidence of 2026-03-20, quality not met",
            "77.00",
        ),
    ],
    ids=["still not done", "points for quality", "quality not met"],
)
def test_what_is_recorded_of_a_task_is_read_in_the_tree(
    fact: CompletionFact | UnfinishedFact, zh: str, en: str, total: str
) -> None:
    """The first task of F5, worth 8 points, with each kind of fact that its rule reads (R133)."""
    inputs = _inputs("F5-2026.1")
    items = tuple(
        msgspec.structs.replace(item, fact=fact) if item.item == "T01" else item
        for item in inputs.items
    )
    outcome = score(msgspec.structs.replace(inputs, items=items), rulebook("F5-2026.1"))
    assert outcome.total == total
    assert (zh, en) in [(leaf.zh, leaf.en) for leaf in leaves(outcome.tree)]
