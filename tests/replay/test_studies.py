"""Sweeps and shadow runs over the published scores of a period, and the story of S2."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.collecting import GivenPoints
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events import rulebook as happened
from opsledger_contracts.events.assessment import AssessmentOpened, ScoreSuperseded
from opsledger_contracts.events.letter import FieldChange, ItemChange, LetterAmended
from opsledger_contracts.problems.assessment import ClauseNotInRulebook
from opsledger_contracts.problems.documents import DocumentDefective, DocumentUnknown
from opsledger_contracts.problems.general import UnknownThing
from opsledger_contracts.rules.numbers import parse_decimal
from opsledger_contracts.rules.scoring import score
from opsledger_projections.following.projector import Projector
from opsledger_projections.replay.facts import ViewFacts, basis
from opsledger_projections.replay.runs import run_of
from opsledger_projections.replay.shadowing import (
    Shadowed,
    ShadowReport,
    ShadowRow,
    drafted,
    shadow,
)
from opsledger_projections.replay.studying import StudyProgress, crossing
from opsledger_projections.replay.sweeping import Affected, Search, Swept, sweep
from opsledger_projections.tables.port import Tables
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.disputed_score import RULEBOOK, DisputedScore, letter_item
from support.feeds import MemoryLedger
from support.scored_period import AMENDED_EVERY, PERIOD, ScoredPeriod

LETTERS = 41


def _tables(ledger: MemoryLedger, path: Path) -> SqliteTables:
    filled = SqliteTables(path, list(VIEWS.values()))
    projector = Projector(list(VIEWS.values()), filled)
    for page in ledger.pages(2_000):
        projector.project(page)
    return filled


@pytest.fixture(scope="module")
def period() -> ScoredPeriod:
    """Some dozens of letters of five items, every tenth of them amended after its score."""
    return ScoredPeriod(LETTERS, items=5).tell()


@pytest.fixture(scope="module")
def tables(period: ScoredPeriod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """The views of the period."""
    filled = _tables(period.ledger, tmp_path_factory.mktemp("period") / "t.sqlite")
    yield filled
    filled.close()


@pytest.fixture(scope="module")
def story() -> DisputedScore:
    """The disputed score of S2, with an erratum of clause 3.8 after it."""
    told = DisputedScore().tell()
    for number, (effective_from, points) in enumerate(
        ((date(2027, 3, 1), "2"), (date(2027, 4, 1), "4")), 1
    ):
        corrected = _corrected(points)
        told.ledger.record(
            "rulebook/RB-2026.1",
            happened.ErratumIssued(
                erratum=number,
                clause="3.3",
                from_=RULEBOOK.clause("3.3"),
                to=corrected.clause("3.3"),
                effect="prospective",
                effective_from=effective_from,
                case=f"CASE-{number}",
                content_hash=digest(corrected),
            ),
        )
    return told


@pytest.fixture(scope="module")
def story_tables(
    story: DisputedScore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Tables]:
    """The views of the story."""
    filled = _tables(story.ledger, tmp_path_factory.mktemp("story") / "t.sqlite")
    yield filled
    filled.close()


def _corrected(points: str) -> Rulebook:
    return _with_clause("3.3", params=RULEBOOK.clause("3.3").params | {"points_up": points})


def _with_clause(name: str, **changes: Any) -> Rulebook:
    changed = msgspec.structs.replace(RULEBOOK.clause(name), **changes)
    clauses = [changed if row.clause == name else row for row in RULEBOOK.clauses]
    return msgspec.structs.replace(RULEBOOK, clauses=tuple(clauses))


def _swept(
    tables: Tables, search: Search, position: int | None = None
) -> tuple[list[Affected], Swept]:
    told = list(sweep(tables, PERIOD, search, position or tables.progress().position))
    assert told[0] == StudyProgress(done=0, of=told[-1].scores)  # type: ignore[union-attr]
    rows = [row for row in told if isinstance(row, Affected)]
    assert isinstance(told[-1], Swept)
    return rows, told[-1]


def _shadowed(tables: Tables, rulebook: Rulebook) -> tuple[list[ShadowRow], Shadowed]:
    told = list(shadow(tables, PERIOD, rulebook, tables.progress().position))
    assert isinstance(told[-1], Shadowed)
    return [row for row in told if isinstance(row, ShadowRow)], told[-1]


def test_a_sweep_finds_every_score_on_superseded_terms(tables: Tables) -> None:
    """R159: exactly the amended letters, unit by unit, with both revisions."""
    rows, summary = _swept(tables, Search())
    assert [row.subject for row in rows] == [
        f"U{number:04d}" for number in range(0, LETTERS, AMENDED_EVERY)
    ]
    assert {(row.letter_revision, row.letter_revision_in_force) for row in rows} == {(1, 2)}
    assert (summary.scores, summary.affected) == (LETTERS, len(rows))
    assert all(row.effect is None and row.superseded for row in rows)


def test_the_effect_is_the_score_on_the_terms_in_force(
    tables: Tables, period: ScoredPeriod
) -> None:
    """R159: a lower target of X01 lifts its letters; each delta is the difference of two totals."""
    rows, summary = _swept(tables, Search(superseded=True, effect=True))
    for row in rows:
        assert row.effect is not None
        delta = parse_decimal(row.effect.total) - parse_decimal(row.total)
        assert parse_decimal(row.effect.delta) == delta > 0
        assert row.total == period.outcomes[row.assessment].total
    assert summary.crossing_up == sum(row.effect.crosses == "up" for row in rows if row.effect)
    assert summary.not_computed == summary.crossing_down == 0


def test_a_clause_is_found_where_the_explanation_rests_on_it(tables: Tables) -> None:
    """R137: 3.8 scores X05 of every letter; together with superseded terms both must hold."""
    rows, _ = _swept(tables, Search(clause="3.8"))
    assert len(rows) == LETTERS
    assert {row.clause_places for row in rows} == {("X05", "terms", "fact")}
    both, _ = _swept(tables, Search(clause="3.8", superseded=True))
    assert len(both) == len(range(0, LETTERS, AMENDED_EVERY))
    unused, _ = _swept(tables, Search(clause="3.4"))
    assert unused == []


def test_a_primitive_is_found_by_the_items_that_it_scores(tables: Tables) -> None:
    """R159: `step@1` scores X03; `band@1` scores nothing here."""
    rows, _ = _swept(tables, Search(primitive="step@1"))
    assert {row.primitive_items for row in rows} == {("X03",)}
    assert _swept(tables, Search(primitive="band@1"))[0] == []


def test_progress_counts_up_to_the_end(tables: Tables) -> None:
    """Whoever waits sees every twentieth score and the last."""
    position = tables.progress().position
    done = [
        step.done
        for step in sweep(tables, PERIOD, Search(), position)
        if isinstance(step, StudyProgress)
    ]
    assert done == [0, 20, 40, 41]
    assert all(first < second for first, second in pairwise(done))


def test_a_clause_that_no_rulebook_has_is_refused_before_anything_is_told(tables: Tables) -> None:
    """A sweep for a mistyped clause is no finding of nothing."""
    with pytest.raises(ClauseNotInRulebook):
        next(sweep(tables, PERIOD, Search(clause="99.9"), tables.progress().position))
    told = list(sweep(tables, "2025", Search(clause="99.9"), tables.progress().position))
    assert isinstance(told[-1], Swept)
    assert told[-1].scores == 0


def test_a_sweep_sees_what_was_known(story_tables: Tables, story: DisputedScore) -> None:
    """S2: as published the score rests on revision 1 and 1.89 more is due; rescored, it is not."""
    (row,), summary = _swept(
        story_tables, Search(superseded=True, effect=True), story.marks["published"]
    )
    assert row.effect is not None
    assert (row.effect.total, row.effect.grade, row.effect.delta) == ("96.26", "A", "1.89")
    assert (row.effect.crosses, summary.crossing_up) == ("up", 1)
    assert _swept(story_tables, Search(superseded=True), story.marks["rescored"])[0] == []


def test_an_effect_that_cannot_be_computed_says_why(tmp_path: Path) -> None:
    """R133: an item added by a later revision has no fact yet; it is named with its owner."""
    told = ScoredPeriod(1, items=5).tell()
    item = letter_item("X99", "新增", "10", "3.1", target="1")
    told.ledger.record(
        "letter/U0000",
        LetterAmended(
            adjustment="AD-2",
            revision=3,
            changes=(ItemChange(item="X99", added=item),),
            effective_from=date(2027, 3, 1),
            content_hash="0" * 64,
        ),
    )
    filled = _tables(told.ledger, tmp_path / "t.sqlite")
    (row,), summary = _swept(filled, Search(effect=True))
    filled.close()
    assert row.not_computed is not None
    assert row.not_computed.code == "inputs_not_known"
    assert "X99 / measurement / FIN" in row.not_computed.en
    assert (row.effect, summary.not_computed) == (None, 1)


def test_only_scores_that_hold_are_looked_at(tmp_path: Path) -> None:
    """An assessment that is only opened has no score, one whose only version is superseded none."""
    told = ScoredPeriod(2, items=5).tell()
    opened = AssessmentOpened(
        assessment="AS-9",
        subject="U0001",
        level="organisation",
        letter="U0001",
        letter_revision=1,
        period=PERIOD,
        rulebook=digest(RULEBOOK),
        calendar="c" * 64,
    )
    told.ledger.record("assessment/AS-9", opened)
    told.ledger.record("assessment/AS-U0000", ScoreSuperseded(score_version=1, by=2))
    filled = _tables(told.ledger, tmp_path / "t.sqlite")
    rows, summary = _swept(filled, Search(clause="3.8"))
    filled.close()
    assert [row.assessment for row in rows] == ["AS-U0001"]
    assert summary.scores == 1


def test_an_effect_under_a_clause_that_is_gone_says_so(tmp_path: Path) -> None:
    """Bad input: a later revision names a clause that the rulebook does not have."""
    told = ScoredPeriod(1, items=5).tell()
    changes = (
        ItemChange(item="X01", changes=(FieldChange(field="clause", before="3.1", after="99.1"),)),
    )
    amended = LetterAmended(
        adjustment="AD-2",
        revision=3,
        changes=changes,
        effective_from=date(2027, 3, 1),
        content_hash="0" * 64,
    )
    told.ledger.record("letter/U0000", amended)
    filled = _tables(told.ledger, tmp_path / "t.sqlite")
    (row,), _ = _swept(filled, Search(effect=True))
    filled.close()
    assert row.not_computed is not None
    assert row.not_computed.code == "rule_inapplicable"


def test_a_shadow_run_by_the_same_rules_changes_nothing(tables: Tables) -> None:
    """The rulebook in force gives every published score again."""
    rows, summary = _shadowed(tables, RULEBOOK)
    assert len(rows) == summary.scores == LETTERS
    assert {(row.delta, row.crosses, row.not_computed) for row in rows} == {("0", "none", None)}
    assert all(row.total_after == row.total_before for row in rows)
    assert (summary.changed, summary.grades_before) == (0, summary.grades_after)
    assert not summary.official
    assert "not an official score" in summary.watermark.en


def test_a_shadow_run_is_the_score_by_the_draft(tables: Tables, period: ScoredPeriod) -> None:
    """S4: harder lateness: each row is exactly what scoring by the draft gives; nobody moves up."""
    clause = RULEBOOK.clause("3.8")
    levels = clause.params["levels"]
    assert isinstance(levels, list)
    harder = _with_clause(
        "3.8", params=clause.params | {"levels": [row | {"first_points": "9"} for row in levels]}
    )
    rows, summary = _shadowed(tables, harder)
    bodies = {row.assessment: row for row in rows}
    assert summary.changed > 0
    assert summary.crossing_up == 0
    assert summary.crossing_down == sum(row.crosses == "down" for row in rows) > 0
    assert all(parse_decimal(row.delta or "1") <= 0 for row in rows)
    assert sum(summary.grades_after.values()) == LETTERS
    position = tables.progress().position
    for name, outcome in period.outcomes.items():
        expected = score(run_of(tables, name, None, position).inputs, harder)
        assert (bodies[name].total_before, bodies[name].total_after) == (
            outcome.total,
            expected.total,
        )


def test_a_draft_may_ask_for_other_terms(story_tables: Tables) -> None:
    """Terms are read again from the letter: scored by 3.6 a cost has no plan, by 3.1 a target."""
    swapped = _with_clause("3.7", rule="proportional@1", params=RULEBOOK.clause("3.1").params)
    (row,), _ = _shadowed(story_tables, swapped)
    assert row.not_computed is None
    assert row.total_after is not None
    bare = _with_clause(
        "3.7", rule="inverse_ratio@1", params=RULEBOOK.clause("3.6").params, item_params=("plan",)
    )
    (row,), summary = _shadowed(story_tables, bare)
    assert row.not_computed is not None
    assert row.not_computed.code == "rule_inapplicable"
    assert (summary.not_computed, summary.grades_before) == (1, {})


def test_a_score_that_needs_another_fact_says_which_and_from_whom(story_tables: Tables) -> None:
    """Bad input: N01 to N03 scored by a value that nobody supplied."""
    other = _with_clause(
        "3.8", rule="proportional@1", params=RULEBOOK.clause("3.1").params, item_params=("target",)
    )
    (row,), _ = _shadowed(story_tables, other)
    assert row.not_computed is not None
    assert row.not_computed.code == "inputs_not_known"
    assert "N01 / measurement / FIN, " in row.not_computed.en.replace("'", "")


def test_a_draft_without_the_clause_of_an_item_says_so(story_tables: Tables) -> None:
    """Bad input: the unit is listed with the reason and the run goes on."""
    without = msgspec.structs.replace(
        RULEBOOK, clauses=tuple(row for row in RULEBOOK.clauses if row.clause != "3.4")
    )
    (row,), _ = _shadowed(story_tables, without)
    assert row.not_computed is not None
    assert "3.4" in row.not_computed.en


def test_a_defective_rulebook_is_refused_with_every_place(story_tables: Tables) -> None:
    """Bad input: an unknown primitive is refused before anything is told, with its place."""
    bad = _with_clause("3.1", rule="guess@1")
    with pytest.raises(DocumentDefective) as refused:
        next(shadow(story_tables, PERIOD, bad, story_tables.progress().position))
    assert "clauses[5].rule" in str(refused.value)


def test_the_report_has_a_digest_that_anybody_can_compute(story_tables: Tables) -> None:
    """`report` is the canonical digest of rulebook, hash, period, cut and rows."""
    rows, summary = _shadowed(story_tables, RULEBOOK)
    again = ShadowReport(
        rulebook="RB-2026.1",
        content_hash=digest(RULEBOOK),
        period=PERIOD,
        known_at=story_tables.progress().position,
        rows=tuple(rows),
    )
    assert summary.report == digest(again)
    assert digest(msgspec.to_builtins(again)) == summary.report


def test_a_rulebook_is_found_as_each_erratum_left_it(
    story_tables: Tables, story: DisputedScore
) -> None:
    """R127: the published content keeps its hash, every corrected one is found by its own."""
    position = story_tables.progress().position
    facts = ViewFacts(story_tables, position)
    assert facts.rulebook(digest(RULEBOOK)) == RULEBOOK
    for points in ("2", "4"):
        assert facts.rulebook(digest(_corrected(points))) == _corrected(points)
    assert drafted(story_tables, "RB-2026.1", position) == _corrected("4")
    assert drafted(story_tables, "RB-2026.1", story.marks["rescored"]) == RULEBOOK
    with pytest.raises(DocumentUnknown):
        facts.rulebook("0" * 64)
    with pytest.raises(UnknownThing):
        drafted(story_tables, "RB-9", position)


def test_points_and_open_surveys_are_read_from_the_rows(story_tables: Tables) -> None:
    """SR-10, SR-11: points with their entry; a survey that is not closed has no ballots yet."""
    given = {"clause": "4.2", "points": "2", "recorded": {"version": 4, "reason": "表彰"}}
    sheet = {"id": "AS-1", "subject": "BJ", "period": "2026", "bonus": [given]}
    facts = ViewFacts(story_tables, 1)
    expected = GivenPoints(clause="4.2", points="2", reason="表彰", version=4)
    assert basis(sheet, facts).bonus == (expected,)
    assert facts.ballots("SAT-2026-BJ") is None


def test_a_draft_is_found_by_name_and_not_by_hash(tmp_path: Path) -> None:
    """What was never published scores nobody, but can be tried out."""
    ledger = MemoryLedger()
    ledger.record(
        "rulebook/RB-2026.1",
        happened.RulebookDrafted(header=RULEBOOK.header(), content_hash=digest(RULEBOOK)),
        *(happened.ClauseWritten(clause=clause) for clause in RULEBOOK.clauses),
    )
    filled = _tables(ledger, tmp_path / "t.sqlite")
    assert drafted(filled, "RB-2026.1", ledger.position) == RULEBOOK
    with pytest.raises(DocumentUnknown):
        ViewFacts(filled, ledger.position).rulebook(digest(RULEBOOK))
    filled.close()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [("A", "B", "down"), ("C", "B", "up"), ("B", "B", "none"), ("none", "E", "up")],
)
def test_a_crossing_goes_by_the_order_of_the_grades(before: str, after: str, expected: str) -> None:
    """SR-14: best first; a grade that the draft does not have counts as the worst."""
    assert crossing(before, after, RULEBOOK.grades) == expected


def test_official_scores_stay_as_they_are(story: DisputedScore, story_tables: Tables) -> None:
    """Studies read: after them the views say what the record says."""
    position = story_tables.progress().position
    _shadowed(story_tables, _corrected("9"))
    _swept(story_tables, Search(effect=True))
    assert story_tables.progress().position == position == story.ledger.position
    assert score(story.inputs(2), RULEBOOK) == story.outcomes[1]
