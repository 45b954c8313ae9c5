"""Replays: verify, as of, counterfactual, sweep (R137, R157, R158, R159, S2)."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.events.assessment import ScoreCalculated
from opsledger_contracts.events.dispute import DisputeFiled
from opsledger_contracts.events.letter import FieldChange, ItemChange
from opsledger_contracts.events.replay import (
    AffectedScore,
    Difference,
    Override,
    ReplayCompleted,
    ReplayDiverged,
    ReplayRequested,
    SweepCompleted,
)
from opsledger_contracts.problems.assessment import (
    ClauseNotInRulebook,
    InputsMissing,
    LetterRevisionUnknown,
    RuleInapplicable,
    SourceMismatch,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar, DutyUnknown
from opsledger_contracts.problems.distribution import ScoreNotPublished
from opsledger_contracts.problems.general import KnownAtAhead, UnknownReference
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.problems.replay import (
    OverrideUnknown,
    ReplayOptionWrong,
    RunUnknown,
)
from opsledger_ledger.domain.assessment_inputs import (
    BindMeasurement,
    FreezeInputs,
    OpenAssessment,
)
from opsledger_ledger.domain.assessment_publishing import PublishScore
from opsledger_ledger.domain.assessment_scoring import (
    CalculateScore,
    ConfirmAssessment,
    ReviewAssessment,
)
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.replay import ReplayState
from opsledger_ledger.domain.replay_running import RequestReplay, SweepScores
from support import planning, scoring, scoring_examples
from support.deciding import Refused, Stage, undeclared_and_untested
from support.scoring import ADJUSTMENT, HANDLER, SCORER, A, D, at, shared

WHEN = at("2027-02-12")
POINTS = (
    '{"points": "2", "reason": "省级表彰", '
    '"sources": [{"stream": "assessment/A-BJ-2026", "version": 9}]}'
)
EXCLUDE = Override(path=f"adjustments.{ADJUSTMENT}.treatment", value="exclude")
PUBLISHED = shared("published")
VERIFY = RequestReplay(mode="verify", assessment=A)


def replayed(stage: Stage, command: RequestReplay) -> ReplayCompleted:
    """Let the ledger replay and give what it recorded."""
    requested, completed = stage.do(command, "RP-1", at=WHEN, **HANDLER)
    assert isinstance(requested, ReplayRequested)
    assert isinstance(completed, ReplayCompleted)
    return completed


def forged(**changes: Any) -> Stage:
    """Record a run whose figures are not what its frozen inputs give."""
    run = scoring.state(shared("calculated")).runs[-1].scored
    return scoring.frozen().given(f"assessment/{A}", msgspec.structs.replace(run, **changes))


def position_of(stage: Stage, stream: str, version: int) -> int:
    """Tell the position of an event of a stream."""
    return stage.streams[stream][version - 1].position


def other_rulebook(**changes: Any) -> Stage:
    """Have a run that claims another rulebook."""
    document = msgspec.structs.replace(scoring_examples.rulebook(), **changes)
    stage = scoring.ready(document)
    for event in shared("calculated").events(f"assessment/{A}"):
        if isinstance(event, ScoreCalculated):
            stage.given(
                f"assessment/{A}", msgspec.structs.replace(event, rulebook=digest(document))
            )
        else:
            stage.given(f"assessment/{A}", event)
    return stage


def early(stage: Stage) -> int:
    """Tell a position at which the letter was in force and nothing was measured."""
    return position_of(stage, f"letter/{scoring.LETTER}", 11)


def without_calendar() -> Stage:
    """Have a measurement that is missing while no calendar covers the period."""
    stage = scoring.published()
    scoring.letter_in_force(stage, "BJ-30", "BJ", scoring.items(), period="2030")
    for event in shared("calculated").events(f"assessment/{A}"):
        if getattr(event, "item", None) == "I01":
            continue
        changes = {"assessment": "A-30", "letter": "BJ-30", "period": "2030"}
        fields = {name: value for name, value in changes.items() if hasattr(event, name)}
        stage.given("assessment/A-30", msgspec.structs.replace(event, **fields))
    return stage


def of_another() -> Stage:
    """Have a dispute of another assessment."""
    filed = shared("disputed").events(f"dispute/{D}")[0]
    assert isinstance(filed, DisputeFiled)
    return scoring.published().given(
        "dispute/D-LG", msgspec.structs.replace(filed, assessment="A-LG")
    )


def row(
    id: str,  # noqa: A002 - the name that `Refused` has.
    command: Command,
    refusal: type[Refusal],
    stage: Stage = PUBLISHED,
) -> Refused:
    """Write a row; the handler asks on 2027-02-12."""
    return Refused(
        id=f"{type(command).__name__}: {id}",
        stage=stage,
        command=command,
        target="RP-1",
        refusal=refusal,
        act={"at": WHEN} | HANDLER,
    )


def counterfactual(path: str, value: str) -> RequestReplay:
    """Ask what would be if one value were another."""
    return RequestReplay(
        mode="counterfactual", assessment=A, overrides=(Override(path=path, value=value),)
    )


TIMELESS = other_rulebook(timetable=())
NO_CALENDAR = without_calendar()
REFUSED = [
    row("no assessment", RequestReplay(mode="verify", assessment="NO"), UnknownReference),
    row("no run", msgspec.structs.replace(VERIFY, run=9), RunUnknown),
    row("nothing run", VERIFY, RunUnknown, shared("opened")),
    row(
        "other dispute",
        msgspec.structs.replace(VERIFY, dispute="D-LG"),
        SourceMismatch,
        of_another(),
    ),
    row("cut verified", msgspec.structs.replace(VERIFY, known_at=5), ReplayOptionWrong),
    row("overridden", msgspec.structs.replace(VERIFY, overrides=(EXCLUDE,)), ReplayOptionWrong),
    row(
        "nothing overridden",
        RequestReplay(mode="counterfactual", assessment=A),
        ReplayOptionWrong,
    ),
    row("ahead", RequestReplay(mode="as_of", assessment=A, known_at=10**6), KnownAtAhead),
    *(
        row(f"{path}={value}", counterfactual(path, value), OverrideUnknown)
        for path, value in (
            ("nonsense", "1"),
            ("items.Z9.weight", "1"),
            ("items.I01.evidence_date", "2026-06-01"),
            ("items.I01.params.due", "2026-06-01"),
            ("items.I01.value", "many"),
            (f"adjustments.{ADJUSTMENT}.treatment", "forgive"),
        )
    ),
    row(
        "adjustment not in the frozen inputs",
        counterfactual(EXCLUDE.path, EXCLUDE.value),
        RuleInapplicable,
    ),
    row(
        "before the letter",
        RequestReplay(mode="as_of", assessment=A, known_at=early(PUBLISHED) - 2),
        LetterRevisionUnknown,
    ),
    row(
        "before the measurements",
        RequestReplay(mode="as_of", assessment=A, known_at=early(PUBLISHED)),
        InputsMissing,
        scoring.published(),
    ),
    row(
        "no timetable",
        RequestReplay(mode="as_of", assessment=A, known_at=early(TIMELESS)),
        DutyUnknown,
        TIMELESS,
    ),
    row(
        "no calendar",
        RequestReplay(
            mode="as_of", assessment="A-30", known_at=position_of(NO_CALENDAR, "letter/BJ-30", 11)
        ),
        DayNotInCalendar,
        NO_CALENDAR,
    ),
    row("no assessment", SweepScores(assessment="NO"), UnknownReference),
    row("not published", SweepScores(assessment=A), ScoreNotPublished, shared("confirmed")),
    row("no such clause", SweepScores(assessment=A, clause="9.9"), ClauseNotInRulebook),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_replays_refuse_what_cannot_be_computed(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    refused.check()


def test_every_declared_refusal_of_replays_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("replay", REFUSED) == (set(), set())


def test_the_verification_replay_is_bit_identical() -> None:
    """S2, R157: the ledger is right about what was done: 94.37 and the same digests."""
    stage = scoring.accepted()
    run = scoring.state(stage).runs[-1].scored
    completed = replayed(stage, msgspec.structs.replace(VERIFY, run=1, dispute=D))
    assert (completed.total, completed.grade, completed.delta) == ("94.37", "B", "0")
    assert (completed.result_digest, completed.tree_digest) == (run.result_digest, run.tree_digest)
    assert (completed.matches, completed.official, completed.differences) == (True, True, ())
    state = stage.world.get(ReplayState, "RP-1")
    assert state is not None
    assert (state.status, state.mode, state.run) == ("completed", "verify", 1)
    assert stage.world.find("replay_by_assessment", A) == ("RP-1",)


def test_the_as_of_replay_finds_the_omitted_adjustment_first() -> None:
    """S2: as known now, on the revision in force, 96.26 A; it differs first on N01, clause 6.2."""
    completed = replayed(scoring.published(), RequestReplay(mode="as_of", assessment=A))
    assert (completed.total, completed.grade, completed.delta) == ("96.26", "A", "1.89")
    assert (completed.matches, completed.official) == (False, True)
    first, second = completed.differences[:2]
    assert "/N01/" in first.path
    assert (first.clause, first.before) == ("6.2", "none")
    assert (second.clause, second.before, second.after) == ("3.8", "2026-05-29", "2026-06-03")


def test_the_as_of_replay_at_an_earlier_cut_takes_the_revision_in_force_then() -> None:
    """R157: before the amendment was known the same facts give the same 94.37."""
    stage = scoring.equipped()
    scoring.letter_in_force(stage, scoring.LETTER, "BJ", scoring.items())
    for item, value in scoring.MEASURED.items():
        scoring.measured(stage, item, value)
    for item, day in scoring.COMPLETED.items():
        scoring.completed(stage, item, day)
    before_survey = stage.position
    closed = shared("ready").events("survey/S-BJ")[-1]
    scoring.surveyed(stage).given("survey/S-BJ", closed)
    cut = stage.position
    stage.do(OpenAssessment(subject="BJ", letter=scoring.LETTER), A, at=WHEN, **SCORER)
    scoring.bind(stage)
    change = FieldChange(field="due", before="2026-05-29", after="2026-06-03")
    scoring.amended(stage, scoring.LETTER, "AD", ItemChange(item="N01", changes=(change,)))
    for command in (FreezeInputs(), CalculateScore()):
        stage.do(command, A, at=WHEN, **SCORER)
    completed = replayed(stage, RequestReplay(mode="as_of", assessment=A, known_at=cut))
    assert (completed.total, completed.matches) == ("94.37", True)
    unrated = RequestReplay(mode="as_of", assessment=A, known_at=before_survey)
    [_, without_survey] = stage.do(unrated, "RP-2", at=WHEN, **HANDLER)
    assert isinstance(without_survey, ReplayCompleted)
    assert without_survey.total == "95.30"


def test_the_counterfactual_with_exclusion_is_97_50_and_never_official() -> None:
    """S2, R158: letter 98.7778, organisation 97.50, for information only; the score stands."""
    stage = scoring.published()
    command = RequestReplay(
        mode="counterfactual", assessment=A, known_at=stage.position, overrides=(EXCLUDE,)
    )
    completed = replayed(stage, command)
    assert (completed.total, completed.official, completed.matches) == ("97.50", False, False)
    score = scoring.state(stage).holding_score
    assert score is not None
    assert score.total == "94.37"


@pytest.mark.parametrize(
    ("path", "value", "total"),
    [
        ("items.I02.value", "150000", "96.40"),
        ("items.I02.params.target", "127500", "96.40"),
        ("items.N01.evidence_date", "2026-05-29", "97.61"),
        ("items.I01.weight", "20", "94.37"),
        ("items.N03.deleted", "redistribute", "94.00"),
        ("bonus.4.2.added", POINTS, "96.37"),
        ("clauses.3.1.params.cap", "0.80", "92.89"),
    ],
)
def test_single_inputs_are_replaced_in_a_counterfactual(path: str, value: str, total: str) -> None:
    """R158: a value, a term, a date, a weight, an item, points, or what a clause fixes."""
    assert replayed(scoring.published(), counterfactual(path, value)).total == total


def test_a_counterfactual_under_another_clause_names_the_rules_it_was_computed_by() -> None:
    """R158: the digest of the changed rulebook, and the clause among the differences."""
    stage = scoring.published()
    completed = replayed(stage, counterfactual("clauses.3.1.params.cap", "0.80"))
    document = scoring_examples.rulebook()
    clause = document.clause("3.1")
    changed = msgspec.structs.replace(clause, params=clause.params | {"cap": "0.80"})
    clauses = tuple(changed if row.clause == "3.1" else row for row in document.clauses)
    assert completed.rulebook == digest(msgspec.structs.replace(document, clauses=clauses))
    assert completed.rulebook != digest(document)
    assert {row.clause for row in completed.differences} >= {"3.1"}


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        (
            {"total": "99.99"},
            Difference(path="total", clause="1.3", before="99.99", after="94.37"),
        ),
        (
            {"item_scores": "swap"},
            Difference(path="N01/item_score", clause="3.8", before="85", after="64"),
        ),
        (
            {"item_scores": "add"},
            Difference(path="X01/item_score", clause="1.3", before="64", after="none"),
        ),
    ],
    ids=["total", "item", "item that is not there"],
)
def test_a_diverging_verification_is_an_alarm_that_names_the_first_difference(
    changes: dict[str, Any], difference: Difference
) -> None:
    """R157: not bit-identical, so the replay is recorded as diverged."""
    rows = scoring.state(shared("calculated")).runs[-1].scored.item_scores
    node = next(item for item in rows if item.item == "N01")
    if changes.get("item_scores") == "swap":
        changed = msgspec.structs.replace(node, exact="85")
        changes = {"item_scores": tuple(changed if item is node else item for item in rows)}
    elif changes.get("item_scores") == "add":
        changes = {"item_scores": (*rows, msgspec.structs.replace(node, item="X01"))}
    stage = forged(**changes)
    _, diverged = stage.do(VERIFY, "RP-1", at=WHEN, **HANDLER)
    assert diverged == ReplayDiverged(first_difference=difference)
    state = stage.world.get(ReplayState, "RP-1")
    assert state is not None
    assert state.status == "diverged"


def two_units() -> Stage:
    """A second unit was scored on a superseded revision too, a third only opened."""
    stage = scoring.published()
    for unit in ("LG", "MKT"):
        item = planning.item("I01", "100", "3.1", target="150000", unit="万元", indicator="K-I01")
        content = (msgspec.structs.replace(item, responsible=unit),)
        scoring.letter_in_force(stage, f"{unit}-2026", unit, content)
        opening = OpenAssessment(subject=unit, letter=f"{unit}-2026", letter_revision=1)
        stage.do(opening, f"A-{unit}", at=at("2027-01-18"), **SCORER)
    scoring.measured(stage, "I01", "141000", subject="LG")
    for command in (
        BindMeasurement(item="I01", measurement="M-LG-I01"),
        FreezeInputs(),
        CalculateScore(),
    ):
        stage.do(command, "A-LG", at=at("2027-01-20"), **SCORER)
    stage.do(ReviewAssessment(remarks="一致"), "A-LG", at=at("2027-01-21"), **HANDLER)
    run = scoring.state(stage, "A-LG").runs[-1].scored
    planning.decided(stage, "C-LG", "assessment/A-LG", run.result_digest)
    stage.do(ConfirmAssessment(case="C-LG"), "A-LG", at=at("2027-01-27"), **scoring.CHAIR)
    stage.do(PublishScore(), "A-LG", at=at("2027-01-28"), **SCORER)
    return stage


def swept(stage: Stage, clause: str | None = None) -> tuple[AffectedScore, ...]:
    """Sweep from the assessment of 滨江公司."""
    command = SweepScores(assessment=A, clause=clause)
    requested, completed = stage.do(command, f"RP-{stage.position}", at=WHEN, **HANDLER)
    assert isinstance(requested, ReplayRequested)
    assert requested.mode == "sweep"
    assert isinstance(completed, SweepCompleted)
    return completed.affected


def test_a_sweep_finds_every_other_score_on_a_superseded_revision() -> None:
    """S2, R159: the second unit is found once its letter has a later revision, and not before."""
    stage = two_units()
    assert swept(stage) == ()
    change = FieldChange(field="target", before="150000", after="141000")
    scoring.amended(stage, "LG-2026", "AD-LG", ItemChange(item="I01", changes=(change,)))
    assert swept(stage) == (
        AffectedScore(
            assessment="A-LG",
            subject="LG",
            score_version=1,
            detail="letter revision 1, 2 in force",
        ),
    )


def test_a_sweep_finds_every_other_score_that_used_a_clause() -> None:
    """R137, R159: the same engine for all, so a misapplied clause is looked for everywhere."""
    stage = two_units()
    [affected] = swept(stage, "3.1")
    assert affected.assessment == "A-LG"
    assert affected.detail.startswith("clause 3.1 at I01")
    assert swept(stage, "3.8") == ()
