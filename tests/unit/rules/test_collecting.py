"""Inputs of a score as they are collected: what is missing, quality, coefficient, vetoes."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.collecting import (
    AppliedAdjustment,
    AssessmentBasis,
    Ballots,
    BoundRevision,
    Completed,
    GivenCoefficient,
    GivenVeto,
    InputsAbsent,
    Judged,
    Measured,
    Missing,
    collect,
)
from opsledger_contracts.events.letter import LetterItem
from opsledger_contracts.letters import LetterDocument
from opsledger_contracts.rules.inputs import ScoringInputs
from opsledger_contracts.rules.scoring import score
from support.scoring_examples import rulebook

RULEBOOK = rulebook("RB-2026.2")


class Known:
    """Facts of one month: its own measurements and completions, nothing else."""

    quality: Any = "met"

    def unit_type(self, unit: str) -> str:
        """Know the one unit."""
        return {"DC": "centre"}[unit]

    def measured(self, measurement: str) -> Measured | None:
        """Know the measurement of item V."""
        return {"M-V": Measured(value="95", unit="%", version=3)}.get(measurement)

    def completed(self, work_item: str) -> Completed | None:
        """Know the completions of items N and B."""
        done = Completed(evidence_date=date(2026, 3, 20), version=4, quality=self.quality)
        return {"W-N": done, "W-B": done}.get(work_item)

    def ballots(self, survey: str) -> Ballots | None:
        """Know no survey."""
        held: dict[str, Ballots] = {}
        return held.get(survey)

    def surveys_held(self, ratee: str, period: str) -> Sequence[str]:
        """Know no survey."""
        held: dict[tuple[str, str], Sequence[str]] = {}
        return held.get((ratee, period), ())

    def applied_adjustments(self, letter: str) -> Sequence[AppliedAdjustment]:
        """Know no adjustment."""
        applied: dict[str, Sequence[AppliedAdjustment]] = {}
        return applied.get(letter, ())


def _item(item: str, clause: str, **terms: Any) -> LetterItem:
    given: dict[str, Any] = {
        "item": item,
        "name": item,
        "category": "trial",
        "level": "key",
        "weight": "25",
        "clause": clause,
        "matrix_item": "monthly_letter",
        "responsible": "DC",
        "responsible_person": "head",
        "data_owner": f"owner-{item}",
        "completion_standard": "验收",
    }
    return LetterItem(**given | terms)


REVISION = BoundRevision(
    revision=1,
    version=7,
    document=LetterDocument(
        letter="DC-2026-03",
        kind="monthly",
        title="三月",
        period="2026-03",
        issuer="HX",
        responsible_unit="DC",
        responsible_person="head",
        rulebook="0" * 64,
        matrix="0" * 64,
        calendar="0" * 64,
        items=(
            _item("V", "3.1", target="100"),
            _item("N", "3.8", due=date(2026, 3, 20), node_level=2),
            _item("B", "3.9", due=date(2026, 3, 20)),
            _item("J", "3.10"),
        ),
    ),
)


def _basis(**changes: Any) -> AssessmentBasis:
    terms: dict[str, Any] = {
        "assessment": "AS-1",
        "subject": "DC",
        "period": "2026-03",
        "measurements": {"V": "M-V"},
        "completions": {"N": "W-N", "B": "W-B"},
        "incidents": {},
        "judgements": {"J": Judged(value="88", reason="按期", version=5, grade="good")},
        "survey": None,
        "bonus": (),
        "penalties": (),
    }
    return AssessmentBasis(**terms | changes)


def _collected(**changes: Any) -> ScoringInputs:
    return collect(_basis(**changes), REVISION, RULEBOOK, Known())


def _facts(inputs: ScoringInputs) -> dict[str, Any]:
    return {item.item: msgspec.to_builtins(item.fact) for item in inputs.items}


def test_quality_is_collected_where_the_rule_reads_it() -> None:
    """A node by lateness has its date only, what is met or not met has its quality too (R133)."""
    facts = _facts(_collected())
    assert "quality" not in facts["N"]
    assert facts["B"]["quality"] == "met"
    assert facts["J"]["grade"] == "good"
    assert score(_collected(), RULEBOOK).total == "95.75"


def test_what_was_not_stated_is_not_collected() -> None:
    """A judgement without grade and a completion without quality say nothing of them."""
    facts = Known()
    facts.quality = None
    judged = {"J": Judged(value="88", reason="按期", version=5)}
    inputs = collect(_basis(judgements=judged), REVISION, RULEBOOK, facts)
    assert "grade" not in _facts(inputs)["J"]
    assert "quality" not in _facts(inputs)["B"]


def test_inputs_without_veto_and_coefficient_do_not_name_them() -> None:
    """What there is none of is no part of the canonical inputs."""
    written = msgspec.json.decode(msgspec.json.encode(_collected()))
    assert {"vetoes", "difficulty"}.isdisjoint(written)


def test_a_veto_is_collected_with_its_entries() -> None:
    """The incident and what lifted it are cited (R136)."""
    veto = GivenVeto(
        incident="IN-1",
        category="work_safety",
        severity="fatal",
        degree="主要责任",
        accident_date=date(2026, 3, 9),
        determination="认定书",
        incident_version=2,
    )
    inputs = _collected(vetoes=(veto,))
    assert score(inputs, RULEBOOK).total == "59.99"
    lifted = msgspec.structs.replace(veto, lifted_version=9, lifted_reason="撤销")
    inputs = _collected(vetoes=(lifted,))
    assert score(inputs, RULEBOOK).total == "95.75"
    assert inputs.vetoes is not msgspec.UNSET
    assert msgspec.to_builtins(inputs.vetoes[0])["lifted"] == {
        "reason": "撤销",
        "sources": ({"stream": "assessment/AS-1", "version": 9},),
    }


def test_an_incident_without_a_veto_clause_is_no_veto() -> None:
    """An incident is a veto only by a clause of the rulebook that scores (SR-17)."""
    veto = GivenVeto(
        incident="IN-1",
        category="traffic",
        severity="fatal",
        degree="主要责任",
        accident_date=date(2026, 3, 9),
        determination="认定书",
        incident_version=2,
    )
    assert _collected(vetoes=(veto,)).vetoes is msgspec.UNSET
    known = msgspec.structs.replace(veto, category="work_safety")
    bare = msgspec.structs.replace(RULEBOOK, veto=msgspec.UNSET)
    assert collect(_basis(vetoes=(known,)), REVISION, bare, Known()).vetoes is msgspec.UNSET


def test_a_coefficient_is_collected_with_its_entry() -> None:
    """Who granted it, and why."""
    granted = GivenCoefficient(coefficient="1.05", reason="旧改", version=6)
    assert msgspec.to_builtins(_collected(difficulty=granted).difficulty) == {
        "coefficient": "1.05",
        "reason": "旧改",
        "sources": ({"stream": "assessment/AS-1", "version": 6},),
    }


def test_every_missing_input_is_named_with_its_owner() -> None:
    """A score that would need a value nobody supplied says which, and from whom."""
    with pytest.raises(InputsAbsent) as refused:
        _collected(measurements={}, completions={}, judgements={})
    assert refused.value.missing == (
        Missing("V", "measurement", "owner-V"),
        Missing("N", "completion", "owner-N"),
        Missing("B", "completion", "owner-B"),
        Missing("J", "judgement", "owner-J"),
    )


def test_a_missing_coefficient_is_asked_of_the_issuer() -> None:
    """Where the order of operations needs a coefficient, nobody scores without one (SR-27)."""
    steps = ("items", "coefficient", *RULEBOOK.order.steps[1:])
    order = msgspec.structs.replace(RULEBOOK.order, steps=steps)
    with pytest.raises(InputsAbsent) as refused:
        collect(_basis(), REVISION, msgspec.structs.replace(RULEBOOK, order=order), Known())
    assert refused.value.missing == (Missing("DC-2026-03", "difficulty coefficient", "HX"),)
