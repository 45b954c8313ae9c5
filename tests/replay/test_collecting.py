"""Collecting the inputs of a score: every kind of fact, every gap, in one order on both sides."""

from collections.abc import Sequence
from dataclasses import dataclass, field
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
    Counted,
    GivenPoints,
    InputsAbsent,
    Judged,
    Measured,
    Missing,
    collect,
    required_kind,
)
from opsledger_contracts.events.assessment import CountedIncident
from opsledger_contracts.events.letter import FieldChange, ItemChange, LetterItem
from opsledger_contracts.letters import LetterDocument
from opsledger_contracts.rules.errors import UnknownClause, UnknownPrimitive
from opsledger_contracts.rules.inputs import (
    CompletionFact,
    JudgementFact,
    OccurrencesFact,
    SourceReference,
    ValueFact,
)
from support.disputed_score import RULEBOOK, letter_item

ITEMS = {
    "value": letter_item("V1", "回款额", "25", "3.1", target="100"),
    "completion": letter_item("C1", "示范区开放", "25", "3.8", due="2026-05-29", node_level=1),
    "occurrences": letter_item("O1", "安全", "25", "3.5"),
    "judgement": letter_item("J1", "配合", "25", "9.9"),
}
SCALE = msgspec.structs.replace(RULEBOOK.clause("3.1"), clause="9.9", rule="scale@1", params={})
WITH_SCALE = msgspec.structs.replace(RULEBOOK, clauses=(*RULEBOOK.clauses, SCALE))
COUNTED = Counted(
    incidents=(
        CountedIncident(incident="INC-1", incident_version=2, category="fire", points="6"),
        CountedIncident(incident="INC-2", incident_version=1, category="minor_hazard"),
    ),
    reason="责任较重",
    version=7,
)
GIVEN = GivenPoints(clause="4.2", points="2", reason="省级表彰", version=9)


@dataclass
class KnownFacts:
    """Facts at hand; whatever is left out is not known."""

    measurements: dict[str, Measured] = field(default_factory=dict)
    completions: dict[str, Completed] = field(default_factory=dict)
    surveys: dict[str, Ballots | None] = field(default_factory=dict)
    adjustments: Sequence[AppliedAdjustment] = ()

    def unit_type(self, unit: str) -> str:
        """Tell the type of a unit."""
        return {"BJ": "subsidiary"}[unit]

    def measured(self, measurement: str) -> Measured | None:
        """Find a measured value."""
        return self.measurements.get(measurement)

    def completed(self, work_item: str) -> Completed | None:
        """Find a verified completion."""
        return self.completions.get(work_item)

    def ballots(self, survey: str) -> Ballots | None:
        """Find the ballots of a closed survey."""
        return self.surveys.get(survey)

    def surveys_held(self, ratee: str, period: str) -> Sequence[str]:
        """List the surveys of the one unit and period."""
        return list(self.surveys) if (ratee, period) == ("BJ", "2026-Q1") else []

    def applied_adjustments(self, letter: str) -> Sequence[AppliedAdjustment]:
        """List the adjustments of the one letter."""
        return self.adjustments if letter == "L-1" else []


FACTS = KnownFacts(
    measurements={"M-1": Measured(value="90", unit="万元", version=3)},
    completions={"W-1": Completed(evidence_date=date(2026, 6, 3), version=5)},
    surveys={
        "S-1": Ballots(ratings=(("U2", ("9.0", "8.0"), 3), ("U1", ("7.0", "8.0"), 2)), version=4)
    },
)


def basis(**changes: Any) -> AssessmentBasis:
    """An assessment with every kind of fact bound, but for the changes."""
    bound: dict[str, Any] = {
        "assessment": "AS-1",
        "subject": "BJ",
        "period": "2026-Q1",
        "measurements": {"V1": "M-1"},
        "completions": {"C1": "W-1"},
        "incidents": {"O1": COUNTED},
        "judgements": {"J1": Judged(value="88", reason="响应及时", version=8)},
        "survey": "S-1",
        "bonus": (GIVEN,),
        "penalties": (),
    }
    return AssessmentBasis(**(bound | changes))


def revision(number: int = 2, items: Sequence[LetterItem] = tuple(ITEMS.values())) -> BoundRevision:
    """A revision of the letter."""
    document = LetterDocument(
        letter="L-1",
        kind="annual",
        title="责任书",
        period="2026",
        issuer="HX",
        responsible_unit="BJ",
        responsible_person="P-chen",
        rulebook="a" * 64,
        matrix="b" * 64,
        calendar="c" * 64,
        items=tuple(items),
    )
    return BoundRevision(revision=number, document=document, version=20)


def _source(stream: str, version: int) -> tuple[SourceReference, ...]:
    return (SourceReference(stream=stream, version=version),)


def test_each_item_gets_the_kind_of_fact_that_its_clause_scores() -> None:
    """Values, completions, judgements and events, each citing the entry it comes from."""
    inputs = collect(basis(), revision(), WITH_SCALE, FACTS)
    value, completion, occurrences, judgement = (item.fact for item in inputs.items)
    assert value == ValueFact(value="90", unit="万元", sources=_source("measurement/M-1", 3))
    assert completion == CompletionFact(
        evidence_date=date(2026, 6, 3), sources=_source("work_item/W-1", 5)
    )
    assert judgement == JudgementFact(
        value="88", reason="响应及时", sources=_source("assessment/AS-1", 8)
    )
    assert isinstance(occurrences, OccurrencesFact)
    fire, hazard = occurrences.occurrences
    assert (fire.points, fire.reason) == ("6", "责任较重")
    assert (hazard.points, hazard.reason) == (None, None)
    assert fire.sources == _source("incident/INC-1", 2)
    assert occurrences.sources == _source("assessment/AS-1", 7)
    assert {item.sources for item in inputs.items} == {_source("letter/L-1", 20)}


def test_the_whole_is_of_the_assessment_and_its_period() -> None:
    """Period by its days, type of the unit, points with their entries, ballots as they came."""
    inputs = collect(basis(penalties=(GIVEN,)), revision(), WITH_SCALE, FACTS)
    assert (inputs.period.from_, inputs.period.to) == (date(2026, 1, 1), date(2026, 3, 31))
    assert (inputs.unit_type, inputs.letter_revision) == ("subsidiary", 2)
    assert inputs.bonus[0].sources == _source("assessment/AS-1", 9)
    assert inputs.penalties == inputs.bonus
    assert inputs.satisfaction is not None
    assert [row.rater for row in inputs.satisfaction.ratings] == ["U2", "U1"]
    assert inputs.satisfaction.ratings[0].values == ("9.0", "8.0")
    assert inputs.satisfaction.sources == _source("survey/S-1", 4)


def test_everything_missing_is_named_at_once() -> None:
    """R133: a score is not computed on gaps; each names item, input and who has to bring it."""
    empty = basis(measurements={}, completions={}, incidents={}, judgements={}, survey=None)
    with pytest.raises(InputsAbsent) as absent:
        collect(empty, revision(), WITH_SCALE, FACTS)
    assert absent.value.missing == (
        Missing("V1", "measurement", "FIN"),
        Missing("C1", "completion", "FIN"),
        Missing("O1", "incidents", "FIN"),
        Missing("J1", "judgement", "FIN"),
        Missing("S-1", "survey", "HX"),
    )
    assert "V1: measurement from FIN" in str(absent.value)


def test_a_bound_source_that_is_not_known_at_the_cut_is_missing() -> None:
    """As of a cut before the value was recorded the binding alone is worth nothing."""
    unknown = KnownFacts(surveys=FACTS.surveys)
    with pytest.raises(InputsAbsent) as absent:
        collect(basis(), revision(), WITH_SCALE, unknown)
    assert [row.item for row in absent.value.missing] == ["V1", "C1"]


@pytest.mark.parametrize("surveys", [{}, {"S-1": None}], ids=["not-bound", "still-open"])
def test_without_a_closed_survey_there_is_no_satisfaction(surveys: dict[str, Any]) -> None:
    """SR-11: no survey held, or none that is closed: the share returns to the letter."""
    facts = KnownFacts(FACTS.measurements, FACTS.completions, surveys)
    survey = "S-1" if surveys else None
    assert collect(basis(survey=survey), revision(), WITH_SCALE, facts).satisfaction is None


def _adjustment(name: str, applied_revision: int, *changes: FieldChange) -> AppliedAdjustment:
    return AppliedAdjustment(
        adjustment=name,
        kind="reschedule",
        cause="external",
        treatment="extend",
        items=("C1",),
        changes=(ItemChange(item="C1", changes=changes), ItemChange(item="gone", removed=True)),
        applied_revision=applied_revision,
        requested_on=date(2026, 5, 1),
        causing_unit="FIN",
        version=6,
    )


def test_adjustments_are_those_that_the_revision_carries_in_one_order() -> None:
    """SR-16: not a later revision's; ordered by revision and name, wherever they were listed."""
    listed = [_adjustment("B", 2), _adjustment("LATE", 3), _adjustment("A", 2), _adjustment("Z", 1)]
    facts = KnownFacts(FACTS.measurements, FACTS.completions, FACTS.surveys, listed)
    inputs = collect(basis(), revision(), WITH_SCALE, facts)
    assert [row.adjustment for row in inputs.adjustments] == ["Z", "A", "B"]
    assert [row.carried_by for row in inputs.adjustments] == [1, 2, 2]
    assert inputs.adjustments[0].causing_unit == "FIN"
    assert inputs.adjustments[0].sources == _source("adjustment/Z", 6)


def test_only_changes_of_what_the_clause_asks_for_are_terms() -> None:
    """Dates and levels are terms of a node, a weight or a name is none, nor an unchanged value."""
    changes = (
        FieldChange(field="due", before="2026-05-29", after="2026-06-03"),
        FieldChange(field="node_level", before=None, after=1),
        FieldChange(field="weight", before="20", after="25"),
        FieldChange(field="params", before=None, after={"node_level": "1"}),
        FieldChange(field="params", before={"due": "x"}, after={"due": "x"}),
    )
    facts = KnownFacts(
        FACTS.measurements, FACTS.completions, FACTS.surveys, [_adjustment("A", 2, *changes)]
    )
    (adjustment,) = collect(basis(), revision(), WITH_SCALE, facts).adjustments
    assert [(row.parameter, row.value_from, row.value_to) for row in adjustment.changes] == [
        ("due", "2026-05-29", "2026-06-03"),
        ("node_level", None, "1"),
        ("node_level", None, "1"),
    ]


@pytest.mark.parametrize("kind", list(ITEMS))
def test_the_kind_is_that_of_the_clause(kind: str) -> None:
    """Which fact an item needs follows from the primitive of its clause."""
    assert required_kind(WITH_SCALE, ITEMS[kind]) == kind


def test_an_item_without_a_scoring_clause_cannot_be_collected() -> None:
    """A clause that is not there, or that scores no items, is a fault of the letter."""
    with pytest.raises(UnknownClause):
        required_kind(RULEBOOK, ITEMS["judgement"])
    with pytest.raises(UnknownPrimitive):
        required_kind(RULEBOOK, letter_item("X", "x", "1", "1.1"))
