"""What a grade hangs on: exact thresholds, each proved by a real counterfactual on either side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest

from opsledger_contracts.documents.rulebook import PointRounding, Rulebook
from opsledger_contracts.documents.structure import GateBase, GatePolicy
from opsledger_contracts.events.replay import Override
from opsledger_contracts.overriding import as_if
from opsledger_contracts.problems.assessment import RuleInapplicable
from opsledger_contracts.rules.inputs import (
    CompletionFact,
    ItemInput,
    JudgementFact,
    Occurrence,
    OccurrencesFact,
    PointsInput,
    ScoringInputs,
    SourceReference,
    UnfinishedFact,
    ValueFact,
)
from opsledger_contracts.rules.numbers import parse_decimal
from opsledger_contracts.rules.scoring import score
from opsledger_projections.following.projector import Projector
from opsledger_projections.replay import moving
from opsledger_projections.replay import sensitivity as module
from opsledger_projections.replay.composing import Composition, Edge, Landing, edges
from opsledger_projections.replay.nearest import Axis, moves
from opsledger_projections.replay.sensitivity import Sensitive, Sensitivity, sensitivity
from opsledger_projections.tables.port import Tables
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.disputed_score import ASSESSMENT, RULEBOOK, DisputedScore

SOURCE = (SourceReference(stream="assessment/AS-1", version=1),)
PLAIN = msgspec.structs.replace(
    RULEBOOK, order=msgspec.structs.replace(RULEBOOK.order, steps=("items", "round", "grade"))
)
"""Items, rounding and grade only, so that thresholds can be read off by hand."""


@pytest.fixture(scope="module")
def story() -> DisputedScore:
    """The disputed score of S2."""
    return DisputedScore().tell()


@pytest.fixture(scope="module")
def tables(story: DisputedScore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """Its views."""
    path: Path = tmp_path_factory.mktemp("sensitive") / "t.sqlite"
    filled = SqliteTables(path, list(VIEWS.values()))
    projector = Projector(list(VIEWS.values()), filled)
    for page in story.ledger.pages(50):
        projector.project(page)
    yield filled
    filled.close()


@dataclass
class Analysed:
    """Analyses inputs without tables: the run is handed over as if it had been recorded."""

    monkeypatch: pytest.MonkeyPatch

    def __call__(self, inputs: ScoringInputs, rulebook: Rulebook) -> Sensitivity:
        """Analyse them."""
        scored = type("Scored", (), {"run": 1})()
        run = type("Recorded", (), {"inputs": inputs, "rulebook": rulebook, "scored": scored})()
        self.monkeypatch.setattr(module, "run_of", lambda *_: run)
        return sensitivity(None, "AS-1", None, 1)  # type: ignore[arg-type]


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> Analysed:
    """Analyse inputs at hand."""
    return Analysed(monkeypatch)


def _item(name: str, weight: str, clause: str, fact: Any, **params: str) -> ItemInput:
    return ItemInput(
        item=name,
        title=name,
        category="result",
        level="key",
        weight=weight,
        clause=clause,
        params=params,
        fact=fact,
        sources=SOURCE,
    )


def _value(text: str) -> ValueFact:
    return ValueFact(value=text, unit="-", sources=SOURCE)


def _inputs(story: DisputedScore, *items: ItemInput, **more: Any) -> ScoringInputs:
    return msgspec.structs.replace(
        story.inputs(1), items=items, adjustments=(), satisfaction=None, **more
    )


def _facts(found: Sensitivity, path: str) -> list[Sensitive]:
    return sorted(
        (row for row in found.facts if row.path == path),
        key=lambda row: Fraction(row.change) if "/" in row.change else parse_decimal(row.change),
    )


def test_the_single_fact_nearest_to_the_grade_is_named(tables: Tables) -> None:
    """S2: at 94.37 two days less on N01 give 95.27 and A; the deadline alone decided the grade."""
    found = sensitivity(tables, ASSESSMENT, 1, tables.progress().position)
    assert (found.total, found.grade, found.official) == ("94.37", "B", False)
    assert found.nearest is not None
    assert (found.nearest.path, found.nearest.threshold) == (
        "items.N01.evidence_date",
        "2026-06-06",
    )
    assert (found.nearest.change, found.nearest.total, found.nearest.moves) == ("-2", "95.27", "up")
    assert found.nearest.share == "2/365"
    assert "from B to A" in found.nearest.en
    assert [row.rank for row in found.facts] == list(range(1, len(found.facts) + 1))
    assert "items.N02.evidence_date" in found.unmoved
    assert found.not_analysed == ()


def test_thresholds_are_exact(tables: Tables) -> None:
    """Cash needs 1,210,000/9: 0.9 x 15 x (x / 150,000) fills the gap up to 94.995, to the digit."""
    found = sensitivity(tables, ASSESSMENT, 1, tables.progress().position)
    (down, up) = _facts(found, "items.I02.value")
    assert (up.threshold, up.reached, up.grade) == ("1210000/9", True, "A")
    assert (down.threshold, down.reached, down.grade) == ("70000/3", False, "C")
    (cost,) = (row for row in _facts(found, "items.I04.value") if row.moves == "up")
    assert (cost.threshold, cost.example) == ("7.7", "7.7")


@pytest.mark.parametrize("run", [1, 2])
def test_each_example_moves_the_grade_and_less_does_not(
    tables: Tables, story: DisputedScore, run: int
) -> None:
    """Every threshold is proved by the rules themselves, on both of its sides."""
    inputs = story.inputs(run)
    found = sensitivity(tables, ASSESSMENT, run, tables.progress().position)
    assert found.facts
    for row in found.facts:
        moved = _score(inputs, row.path, row.example)
        assert (moved.total, moved.grade) == (row.total, row.grade), row.path
        if row.kind != "completion":
            recorded, example = parse_decimal(row.recorded), parse_decimal(row.example)
            short = example + (1 if recorded > example else -1) * Fraction(2, 10**9)
            assert _score(inputs, row.path, _text(short)).grade == found.grade, row.path


def _text(value: Fraction) -> str:
    scaled = value * 10**9
    whole = scaled.numerator // scaled.denominator
    return f"{whole // 10**9}.{whole % 10**9:09d}"


def _score(inputs: ScoringInputs, path: str, value: str) -> Any:
    return score(*as_if(inputs, RULEBOOK, (Override(path=path, value=value),)))


def test_counted_events_move_by_the_fewest(story: DisputedScore, analysed: Analysed) -> None:
    """SR-05: at 94 without the dearest accident 97, one stop more is 84 at weight 100."""
    rows = (
        ("INC-1", "stop_for_rectification", None),
        ("INC-2", "minor_hazard", None),
        ("INC-2", "stop_for_rectification", None),
    )
    fact = OccurrencesFact(
        occurrences=tuple(
            Occurrence(
                occurrence=name, category=category, points=points, reason=None, sources=SOURCE
            )
            for name, category, points in rows
        ),
        sources=SOURCE,
    )
    found = analysed(_inputs(story, _item("S", "100", "3.5", fact)), PLAIN)
    assert (found.total, found.grade) == ("94.00", "B")
    fewer, more = _facts(found, "items.S.fact")
    assert (fewer.recorded, fewer.threshold, fewer.total, fewer.grade) == ("3", "2", "97.00", "A")
    assert (more.threshold, more.total, more.grade) == ("4", "84.00", "C")
    assert fewer.share == "1/4"


def test_no_events_cannot_become_fewer(story: DisputedScore, analysed: Analysed) -> None:
    """With a light weight further events of the dearest category move it once there are enough."""
    none = OccurrencesFact(occurrences=(), sources=SOURCE)
    light = _inputs(
        story,
        _item("S", "10", "3.5", none),
        _item("V", "90", "3.1", _value("100"), target="100"),
    )
    found = analysed(light, PLAIN)
    assert [row.threshold for row in _facts(found, "items.S.fact")] == ["6"]
    never = _inputs(
        story,
        _item("S", "4", "3.5", none),
        _item("V", "96", "3.1", _value("100"), target="100"),
    )
    assert "items.S.fact" in analysed(never, PLAIN).unmoved


def test_a_category_without_a_range_needs_no_judgement(
    story: DisputedScore, analysed: Analysed
) -> None:
    """Further events of a fixed category carry no chosen points."""
    rulebook = _with(
        "3.5",
        params={
            "base": "100",
            "floor": "0",
            "categories": [{"category": "stop", "points_min": "3", "points_max": "3"}],
        },
    )
    none = OccurrencesFact(occurrences=(), sources=SOURCE)
    (more,) = _facts(
        analysed(_inputs(story, _item("S", "100", "3.5", none)), rulebook), "items.S.fact"
    )
    assert (more.threshold, more.total) == ("2", "94.00")


def _with(name: str, **changes: Any) -> Rulebook:
    clause = msgspec.structs.replace(PLAIN.clause(name), **changes)
    clauses = tuple(clause if row.clause == name else row for row in PLAIN.clauses)
    return msgspec.structs.replace(PLAIN, clauses=clauses)


def test_a_judged_value_moves_inside_its_scale(story: DisputedScore, analysed: Analysed) -> None:
    """SR-09: the value itself is the score, from 0 to 100, whatever grade it then is called by."""
    grades = [
        {
            "grade": "g",
            "lo": None,
            "hi": None,
            "title_zh": "良",
            "title_en": "g",
            "zh": "良",
            "en": "g",
        }
    ]
    rulebook = _with("3.4", rule="scale@1", params={"floor": "0", "cap": "100", "grades": grades})
    fact = JudgementFact(value="90", reason="响应及时", sources=SOURCE, grade="g")
    low, high = _facts(
        analysed(_inputs(story, _item("J", "100", "3.4", fact)), rulebook), "items.J.value"
    )
    assert (high.threshold, high.kind, high.grade) == ("94.995", "judgement", "A")
    assert (low.threshold, low.reached, low.example) == ("84.995", False, "84.994999999999")


def test_points_and_ratings_are_facts_too(story: DisputedScore, analysed: Analysed) -> None:
    """SR-10, SR-11: bonus at its cap, a rating that the trimmed mean lets through."""
    granted = PointsInput(clause="4.2", points="2", reason="表彰", sources=SOURCE)
    taken = PointsInput(clause="4.2", points="0", reason="通报", sources=SOURCE)
    given = msgspec.structs.replace(story.inputs(1), bonus=(granted,), penalties=(taken,))
    found = analysed(given, RULEBOOK)
    assert (found.total, found.grade) == ("96.37", "A")
    (bonus,) = _facts(found, "bonus.4.2")
    assert (bonus.threshold, bonus.reached, bonus.grade) == ("0.625", False, "B")
    (penalty,) = _facts(found, "penalties.4.2")
    assert (penalty.threshold, penalty.reached, penalty.share) == ("1.375", False, "11/8")
    close = msgspec.structs.replace(given, bonus=(msgspec.structs.replace(granted, points="0.65"),))
    found = analysed(close, RULEBOOK)
    (rating,) = _facts(found, "satisfaction.U1")
    assert rating.kind == "rating"
    assert rating.moves == "down"
    assert _score(close, "satisfaction.U1", rating.example).grade == "B"


def test_ratings_of_several_dimensions_are_no_single_fact(
    story: DisputedScore, analysed: Analysed
) -> None:
    """A ballot of five values is not moved as one."""
    inputs = story.inputs(1)
    assert inputs.satisfaction is not None
    many = tuple(
        msgspec.structs.replace(row, values=(*row.values, "9"))
        for row in inputs.satisfaction.ratings
    )
    survey = msgspec.structs.replace(inputs.satisfaction, ratings=many)
    found = analysed(msgspec.structs.replace(inputs, satisfaction=survey), RULEBOOK)
    named = {row.path for row in found.facts} | set(found.unmoved)
    assert not any(path.startswith("satisfaction.") for path in named)


def test_a_node_that_is_not_done_has_no_date_to_move(
    story: DisputedScore, analysed: Analysed
) -> None:
    """SR-08: what is listed as not analysed is named with its clause."""
    rulebook = _with(
        "3.8",
        rule="binary@1",
        params={"met_score": "100", "not_met_score": "0"},
        item_params=("due",),
    )
    fact = UnfinishedFact(on=date(2026, 12, 31), sources=SOURCE)
    inputs = _inputs(
        story,
        _item("N", "10", "3.8", fact, due="2026-06-30"),
        _item("V", "90", "3.1", _value("100"), target="100"),
    )
    found = analysed(inputs, rulebook)
    assert [(row.item, row.clause) for row in found.not_analysed] == [("N", "3.8")]


def test_a_rule_of_unknown_shape_is_said_not_to_be_analysed(
    story: DisputedScore, analysed: Analysed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A primitive whose pieces nobody has written down is not guessed at."""
    monkeypatch.setattr(moving, "shapes", lambda *_: ())
    found = analysed(_inputs(story, _item("V", "100", "3.1", _value("90"), target="100")), PLAIN)
    assert [row.item for row in found.not_analysed] == ["V"]
    assert found.nearest is None


def test_a_due_day_may_stand_in_the_clause(story: DisputedScore, analysed: Analysed) -> None:
    """SR-07: the day counts from wherever the due day is stated."""
    lateness = PLAIN.clause("3.8")
    rulebook = _with(
        "3.8", params={**lateness.params, "due": "2026-06-30"}, item_params=("node_level",)
    )
    fact = CompletionFact(evidence_date=date(2026, 7, 1), sources=SOURCE)
    inputs = _inputs(story, _item("N", "100", "3.8", fact, node_level="1"))
    found = analysed(inputs, rulebook)
    assert (found.total, found.grade) == ("97.00", "A")
    assert [row.threshold for row in found.facts] == ["2026-07-02"]


def test_steps_end_where_their_piece_ends(story: DisputedScore, analysed: Analysed) -> None:
    """SR-03 with a planned loss: half counts up to 0, all beyond; each whole step is a threshold."""
    rulebook = _with(
        "3.3",
        rule="negative_target@1",
        params={
            "base": "90",
            "step": "0.1",
            "mode": "whole_step",
            "reduction_share": "0.5",
            "profit_share": "1",
            "points_up": "1",
            "points_down": "1",
            "cap_up": "20",
            "cap_down": "40",
        },
    )
    inputs = _inputs(story, _item("L", "100", "3.3", _value("-100"), target="-100"))
    low, high = _facts(analysed(inputs, rulebook), "items.L.value")
    assert (high.threshold, high.total, high.grade) == ("0", "95.00", "A")
    assert (low.threshold, low.total, low.grade) == ("-160", "84.00", "C")


def test_a_closed_gate_is_a_jump(story: DisputedScore, analysed: Analysed) -> None:
    """SR-27: below its base V closes the gate and W keeps 90 of its 110, so V moves the grade."""
    gate = GatePolicy(
        clause="1.4",
        rule="gate_base_only@1",
        bases=(
            GateBase(scored_by="3.1", base="80", trips=True),
            GateBase(scored_by="3.4", base="80", trips=False),
        ),
    )
    rulebook = msgspec.structs.replace(
        PLAIN,
        gate=gate,
        order=msgspec.structs.replace(PLAIN.order, steps=("items", "gate", "round", "grade")),
    )
    inputs = _inputs(
        story,
        _item("V", "40", "3.1", _value("85"), target="100"),
        _item("W", "60", "3.4", _value("95")),
    )
    found = analysed(inputs, rulebook)
    assert (found.total, found.grade) == ("100.00", "A")
    (down,) = _facts(found, "items.V.value")
    assert (down.threshold, down.reached, down.grade) == ("80", False, "C")


def test_rules_that_cannot_be_applied_say_so(story: DisputedScore, analysed: Analysed) -> None:
    """Bad input: no analysis of what has no score."""
    with pytest.raises(RuleInapplicable):
        analysed(_inputs(story, _item("V", "90", "3.1", _value("90"), target="100")), PLAIN)


@pytest.mark.parametrize(
    ("mode", "low", "value", "included"),
    [
        ("half_up", "95", "94.995", True),
        ("half_up", "0", "-0.005", False),
        ("half_even", "95", "94.995", True),
        ("half_even", "95.01", "95.005", False),
        ("floor", "95", "95", True),
        ("ceiling", "95", "94.99", False),
        ("down", "95", "95", True),
        ("down", "0", "-0.01", False),
        ("floor", "94.999", "95", True),
    ],
)
def test_an_edge_is_where_the_rounded_total_reaches_the_band(
    mode: Any,
    low: str,
    value: str,
    included: bool,  # noqa: FBT001 - one column of the table
) -> None:
    """SR-14, SR-24: every rounding mode puts the edge elsewhere, and includes it or not."""
    points = tuple(
        PointRounding(point=row.point, places=row.places, mode=mode)
        if row.point == "total"
        else row
        for row in RULEBOOK.rounding.points
    )
    bands = (
        msgspec.structs.replace(RULEBOOK.grades.bands[0], lo=low),
        msgspec.structs.replace(RULEBOOK.grades.bands[-1], hi=low),
    )
    rulebook = msgspec.structs.replace(
        RULEBOOK,
        rounding=msgspec.structs.replace(RULEBOOK.rounding, points=points),
        grades=msgspec.structs.replace(RULEBOOK.grades, bands=bands),
    )
    assert edges(rulebook) == (Edge(value=parse_decimal(value), included=included),)
    exact = msgspec.structs.replace(
        rulebook, grades=msgspec.structs.replace(rulebook.grades, basis="exact")
    )
    assert edges(exact) == (Edge(value=parse_decimal(low), included=True),)


def _axis(
    at: Any, start: int, breaks: Sequence[int] = (), low: int | None = None, high: int | None = None
) -> Axis:
    def landing(value: Fraction) -> Landing:
        total = Fraction(at(value))
        return Landing(value=total, total="", grade="A" if total >= 95 else "B")

    return Axis(
        start=Fraction(start),
        low=None if low is None else Fraction(low),
        high=None if high is None else Fraction(high),
        breaks=tuple(Fraction(place) for place in breaks),
        at=landing,
    )


EDGE = (Edge(value=Fraction(95), included=True),)


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        (_axis(lambda x: x, 90), [("95", True)]),
        (_axis(lambda x: 180 - x, 90), [("85", True)]),
        (_axis(lambda _: 90, 90), []),
        (_axis(lambda x: 90 + 10 * (x > 95), 90, [95]), [("95", False)]),
        (_axis(lambda x: 90 + 10 * (x >= 95), 90, [95]), [("95", True)]),
        (_axis(lambda x: 90 + 10 * (x >= 95), 90, [95], high=95), [("95", True)]),
        (_axis(lambda x: x, 90, [80, 100], low=0, high=92), []),
        (_axis(lambda x: min(x, 100), 90, [130], high=130), [("95", True)]),
        (_axis(lambda x: max(x, 91), 90, low=90, high=96), [("95", True)]),
        (_axis(lambda x: min(2 * x, x + 48), 46, high=53), [("95/2", True)]),
        (_axis(lambda x: 96 if x == 50 else 90, 0, [100], low=0, high=100), [("50", True)]),
    ],
    ids=[
        "rising",
        "falling",
        "flat",
        "jump-beyond",
        "jump-at",
        "end",
        "out-of-reach",
        "bent-above",
        "bent-below",
        "bent-between",
        "point",
    ],
)
def test_the_nearest_move_is_solved_for(axis: Axis, expected: list[tuple[str, bool]]) -> None:
    """Lines, jumps, ends and bends of the total; each threshold exact, reached or only passed."""
    found = [(str(move.value), move.reached) for move in moves(axis, "B", EDGE)]
    assert found == expected


def test_a_bend_that_never_ends_is_given_up() -> None:
    """A total that is no line anywhere ends the search after its bound of cuts."""
    curved = _axis(lambda x: x * x / 100, 0, low=0, high=10)
    assert list(moves(curved, "B", EDGE)) == []


def test_a_composition_lands_where_scoring_does(story: DisputedScore) -> None:
    """The later steps on replaced item scores are the rules' own."""
    composition = Composition(story.inputs(1), RULEBOOK)
    outcome = story.outcomes[0]
    assert (composition.now.total, composition.now.grade) == (outcome.total, outcome.grade)
    assert composition.score("N01") == 64
    assert composition.landing({"N01": Fraction(85)}).total == "96.26"
