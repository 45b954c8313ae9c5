"""Assessments: collected, frozen, scored, confirmed, published, opened again, final (S1, S2)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Clause
from opsledger_contracts.events.adjustment import AdjustmentApplied, AdjustmentRequested
from opsledger_contracts.events.assessment import (
    AssessmentConfirmed,
    AssessmentOpened,
    AssessmentReopened,
    BonusPointsGranted,
    GradeAssigned,
    IncidentsCounted,
    InputsFrozen,
    JudgementGiven,
    MeasurementBound,
    PenaltyApplied,
    Rescored,
    ScoreAcknowledged,
    ScoreCalculated,
    ScoreFinalised,
    ScorePublished,
    ScoreSuperseded,
    SelfAssessmentSubmitted,
)
from opsledger_contracts.events.letter import FieldChange, ItemChange
from opsledger_contracts.events.measurement import MeasurementCorrected
from opsledger_contracts.events.result import (
    IndividualResultCombined,
    ResultApplicationFlagged,
)
from opsledger_contracts.events.rulebook import (
    ClauseWritten,
    RulebookDrafted,
    RulebookSuperseded,
    RulebookVersionPublished,
)
from opsledger_contracts.problems.assessment import InputsMissing, ReopeningUnfounded
from opsledger_contracts.problems.general import FunctionMissing, WrongState
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_contracts.rules.inputs import JudgementFact, OccurrencesFact
from opsledger_ledger.domain.assessment_inputs import (
    BindMeasurement,
    BindSurvey,
    FreezeInputs,
    OpenAssessment,
    SubmitSelfAssessment,
)
from opsledger_ledger.domain.assessment_judging import (
    ApplyPenalty,
    CountIncidents,
    GiveJudgement,
    GrantBonus,
    IncidentPoints,
)
from opsledger_ledger.domain.assessment_publishing import (
    AcknowledgeScore,
    FinaliseScore,
    PublishScore,
    ReopenAssessment,
)
from opsledger_ledger.domain.assessment_scoring import (
    CalculateScore,
    ConfirmAssessment,
    ReviewAssessment,
)
from opsledger_ledger.domain.result_using import CombineResult, ReceiveIndividualScore
from support import planning, scoring, scoring_examples
from support.deciding import Stage
from support.scoring import (
    ADJUSTMENT,
    CHAIR,
    EVIDENCE,
    HANDLER,
    HR,
    LETTER,
    MEMBER,
    PARTY,
    SCORER,
    A,
    at,
)

REASON = {"reason": "理由"}


def last(stage: Stage, kind: type[Any], stream: str = f"assessment/{A}") -> Any:
    """Give the last event of a kind in a stream."""
    return [event for event in stage.events(stream) if isinstance(event, kind)][-1]


def test_an_assessment_takes_the_latest_revision_unless_another_is_named() -> None:
    """R131: letter revision, rulebook of the period's end and calendar are bound at the opening."""
    opened = last(scoring.opened(None), AssessmentOpened)
    assert opened.letter_revision == 2
    assert opened.rulebook == planning.RULEBOOK
    assert opened.calendar == digest(scoring_examples.calendar("CN-2027.1"))
    assert last(scoring.opened(1), AssessmentOpened).letter_revision == 1


def test_a_letter_can_be_assessed_at_another_level_too() -> None:
    """R139: organisation, team and individual are assessed apart."""
    command = OpenAssessment(subject="BJ", letter=LETTER, level="team")
    [opened] = scoring.opened().do(command, "A-TEAM", at=at("2027-01-18"), **SCORER)
    assert isinstance(opened, AssessmentOpened)
    assert opened.level == "team"


def test_the_operations_department_is_assessed_by_the_committee_and_not_by_itself() -> None:
    """R024: its letter is opened, scored and confirmed by the committee, in two hands."""
    stage = scoring.ready()
    content = (planning.item("I01", "100", "3.1", target="150000", unit="万元", indicator="K-I01"),)
    content = (msgspec.structs.replace(content[0], responsible="OPS"),)
    scoring.letter_in_force(stage, "OPS-2026", "OPS", content)
    scoring.measured(stage, "I01", "150000", subject="OPS")
    command = OpenAssessment(subject="OPS", letter="OPS-2026")
    with pytest.raises(FunctionMissing):
        stage.decide(command, "A-OPS", at=at("2027-01-18"), **SCORER)
    for step in (
        command,
        BindMeasurement(item="I01", measurement="M-OPS-I01"),
        FreezeInputs(),
        CalculateScore(),
    ):
        stage.do(step, "A-OPS", at=at("2027-01-18"), **CHAIR)
    stage.do(ReviewAssessment(remarks="一致"), "A-OPS", at=at("2027-01-19"), **HR)
    with pytest.raises(SeparationOfDuties):
        stage.decide(ConfirmAssessment(case="C"), "A-OPS", at=at("2027-01-19"), **CHAIR)
    run = scoring.state(stage, "A-OPS").runs[-1].scored
    assert (run.total, run.grade) == ("100.00", "A")


def test_the_self_assessment_is_recorded_and_never_counts() -> None:
    """R246: the unit's own view changes nothing in the inputs."""
    stage = scoring.bind(scoring.opened())
    [said] = stage.do(
        SubmitSelfAssessment(total="99", statement="好"), A, at=at("2027-01-19"), **PARTY
    )
    assert said == SelfAssessmentSubmitted(total="99", statement="好")
    stage.do(FreezeInputs(), A, at=at("2027-01-20"), **SCORER)
    inputs = last(stage, InputsFrozen).inputs
    assert inputs == last(scoring.shared("frozen"), InputsFrozen).inputs


def test_freezing_names_every_missing_input_with_its_owner_and_due_day() -> None:
    """SR-28: item, what, data owner and the day of the timetable; a survey that was held counts."""
    with pytest.raises(InputsMissing) as refused:
        scoring.shared("opened").decide(FreezeInputs(), A, at=at("2027-01-20"), **SCORER)
    missing = refused.value.facts["missing"]
    assert refused.value.facts["count"] == 10
    assert isinstance(missing, list)
    assert missing[0] == "I01 / measurement / FIN / 2027-01-22"
    assert missing[4] == "N01 / completion / OPS / 2027-01-22"
    assert missing[9] == "S-BJ / survey / HX / 2027-01-22"


def test_frozen_inputs_are_hashed_and_cite_their_entries() -> None:
    """R126: every value has the entry that it comes from; revision 1 carries no adjustment."""
    frozen = last(scoring.shared("frozen"), InputsFrozen)
    assert frozen.inputs_digest == digest(frozen.inputs)
    assert frozen.inputs.letter_revision == 1
    assert frozen.inputs.adjustments == ()
    assert [source.stream for source in frozen.inputs.items[0].fact.sources] == [
        "measurement/M-BJ-I01"
    ]


def test_the_score_on_the_superseded_revision_is_94_37() -> None:
    """S2: N01 is ten days late on the original date: 64, organisation 94.37, grade B (R126)."""
    scored = last(scoring.shared("calculated"), ScoreCalculated)
    assert {row.item: row.score for row in scored.item_scores} == {
        "I01": "105.0000",
        "I02": "85.0000",
        "I03": "105.0000",
        "I04": "96.0000",
        "N01": "64.0000",
        "N02": "101.0000",
        "N03": "100.0000",
        "M01": "95.0000",
        "M02": "100.0000",
    }
    assert (scored.run, scored.total, scored.grade) == (1, "94.37", "B")


def test_the_score_on_the_revision_in_force_is_96_26() -> None:
    """S1: N01 is five days late on the extended date: 85, letter 97.40, organisation 96.26, A."""
    scored = last(scoring.calculated(2), ScoreCalculated)
    assert scored.components[0].score == "97.4000"
    assert (scored.total, scored.grade) == ("96.26", "A")


def test_confirming_binds_the_approved_result_and_assigns_the_grade() -> None:
    """R132, SR-14: the grade follows from the total by the bands of the rulebook."""
    stage = scoring.shared("confirmed")
    run = scoring.state(stage).runs[-1].scored
    assert last(stage, AssessmentConfirmed) == AssessmentConfirmed(
        run=1, case="C-1", result_digest=run.result_digest
    )
    assert last(stage, GradeAssigned) == GradeAssigned(
        run=1, total="94.37", grade="B", rulebook=planning.RULEBOOK
    )


def test_publication_starts_the_limit_of_appeal_by_the_calendar() -> None:
    """S2, SR-23, R149: published Thursday 01-28, appeal until 02-04, five working days."""
    calendar = digest(scoring_examples.calendar("CN-2027.1"))
    assert last(scoring.shared("published"), ScorePublished) == ScorePublished(
        score_version=1,
        run=1,
        total="94.37",
        grade="B",
        published_on=date(2027, 1, 28),
        appeal_until=date(2027, 2, 4),
        calendar=calendar,
    )


def test_the_assessed_unit_takes_note_once() -> None:
    """R149: taking note is recorded once for each version."""
    stage = scoring.published()
    [noted] = stage.do(AcknowledgeScore(), A, at=at("2027-01-29"), **PARTY)
    assert noted == ScoreAcknowledged(score_version=1)
    with pytest.raises(WrongState):
        stage.do(AcknowledgeScore(), A, at=at("2027-01-29"), **PARTY)


def test_a_rescore_says_what_it_changes_and_supersedes_what_was_published() -> None:
    """S2, R160: delta +1.89; version 1 stays, marked as superseded by version 2."""
    stage = scoring.superseded()
    assert last(stage, AssessmentReopened).letter_revision == 2
    assert last(stage, Rescored) == Rescored(previous_run=1, run=2, delta="1.89")
    assert last(stage, ScoreSuperseded) == ScoreSuperseded(score_version=1, by=2)
    first, second = scoring.state(stage).scores
    assert (first.total, first.grade, first.superseded_by) == ("94.37", "B", 2)
    assert (second.total, second.grade, second.superseded_by) == ("96.26", "A", None)
    adjustments = scoring.state(stage).runs[-1].inputs.adjustments
    assert [row.adjustment for row in adjustments] == [ADJUSTMENT]


def test_results_that_rest_on_a_superseded_score_are_flagged() -> None:
    """R160: version 2 tells the streams of the results that rest on version 1, and no other."""
    stage = scoring.rescored()
    for result, person in (("R-1", "binjiang-president"), ("R-2", "binjiang-head")):
        command = ReceiveIndividualScore(
            person=person, unit="BJ", period="2026", score="90", source="HR"
        )
        stage.do(command, result, at=LATER, **HR)
        stage.do(CombineResult(assessment=A), result, at=LATER, **HR)
    combined = last(stage, IndividualResultCombined, "result/R-2")
    stage.given("result/R-2", msgspec.structs.replace(combined, score_version=9))
    stage.do(PublishScore(), A, at=at("2027-02-25"), **SCORER)
    assert last(stage, ResultApplicationFlagged, "result/R-1") == ResultApplicationFlagged(
        assessment=A, score_version=1, superseded_by=2
    )
    assert not [
        event for event in stage.events("result/R-2") if isinstance(event, ResultApplicationFlagged)
    ]


LATER = at("2027-02-25")


def test_a_score_is_final_after_the_limit_without_a_dispute() -> None:
    """SR-23: the day after the limit of appeal the undisputed score becomes final."""
    stage = scoring.published(2)
    assert stage.do(FinaliseScore(), A, at=at("2027-02-05"), **SCORER) == [
        ScoreFinalised(score_version=1, total="96.26", grade="A")
    ]


def test_points_need_clause_reason_and_evidence_and_move_the_total() -> None:
    """SR-10, R127: bonus 2 and penalty 1 move 94.37 to 95.37."""
    stage = scoring.bind(scoring.opened())
    grounded = {"reason": "表彰", "evidence": EVIDENCE} | SCORER
    assert stage.do(GrantBonus(clause="4.2", points="2"), A, at=at("2027-01-19"), **grounded) == [
        BonusPointsGranted(clause="4.2", points="2")
    ]
    assert stage.do(ApplyPenalty(clause="4.2", points="1"), A, at=at("2027-01-19"), **grounded) == [
        PenaltyApplied(clause="4.2", points="1")
    ]
    for command in (FreezeInputs(), CalculateScore()):
        stage.do(command, A, at=at("2027-01-20"), **SCORER)
    assert scoring.state(stage).inputs.bonus[0].reason == "表彰"  # type: ignore[union-attr]
    assert last(stage, ScoreCalculated).total == "95.37"


def test_judgements_and_incidents_are_facts_with_scale_and_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R138, SR-05: a judged value with its reason, and determined incidents of the period."""
    scoring.know_a_scale(monkeypatch)
    document = scoring_examples.rulebook()
    scale = Clause(
        clause="3.9",
        title_zh="定性五级",
        title_en="five grades",
        zh="优良中",
        en="judged",
        principle="定量",
        rule="scale@1",
    )
    stage = scoring.ready(msgspec.structs.replace(document, clauses=(*document.clauses, scale)))
    content = (planning.item("J1", "50", "3.9"), planning.item("J2", "50", "3.5"))
    scoring.letter_in_force(stage, "BJ-J", "BJ", content)
    stage.given("incident/IN-1", *scoring.incident("IN-1"))
    act = {"at": at("2027-01-19"), "reason": "第三方评定"} | SCORER
    stage.do(OpenAssessment(subject="BJ", letter="BJ-J"), "A-J", **act)
    incidents = (IncidentPoints(incident="IN-1"),)
    [counted] = stage.do(CountIncidents(item="J2", incidents=incidents), "A-J", **act)
    [judged] = stage.do(GiveJudgement(item="J1", scale="3.9", value="88"), "A-J", **act)
    assert isinstance(counted, IncidentsCounted)
    assert counted.incidents[0].category == "minor_injury"
    assert judged == JudgementGiven(item="J1", scale="3.9", value="88")
    with pytest.raises(InputsMissing):
        stage.decide(FreezeInputs(), "A-J", **act)
    stage.do(BindSurvey(survey="S-BJ"), "A-J", **act)
    stage.do(FreezeInputs(), "A-J", **act)
    inputs = last(stage, InputsFrozen, "assessment/A-J").inputs
    assert isinstance(inputs.items[0].fact, JudgementFact)
    assert inputs.items[0].fact.reason == "第三方评定"
    assert isinstance(inputs.items[1].fact, OccurrencesFact)
    assert inputs.items[1].fact.occurrences[0].occurrence == "IN-1"


def test_a_unit_without_a_survey_is_scored_by_its_letter_alone() -> None:
    """SR-11: without a survey the share of satisfaction returns to the letter."""
    stage = scoring.ready()
    content = (
        msgspec.structs.replace(
            planning.item("I01", "100", "3.1", target="150000", unit="万元", indicator="K-I01"),
            responsible="LG",
        ),
    )
    scoring.letter_in_force(stage, "LG-2026", "LG", content)
    scoring.measured(stage, "I01", "141000", subject="LG")
    for command in (
        OpenAssessment(subject="LG", letter="LG-2026"),
        BindMeasurement(item="I01", measurement="M-LG-I01"),
        FreezeInputs(),
        CalculateScore(),
    ):
        stage.do(command, "A-LG", at=at("2027-01-19"), **SCORER)
    assert last(stage, ScoreCalculated, "assessment/A-LG").total == "94.00"


def reopening(stage: Stage, cause: Any, stream: str) -> AssessmentReopened:
    """Open the published assessment again."""
    command = ReopenAssessment(cause=cause, cause_stream=stream)
    stage.do(command, A, at=at("2027-03-01"), **SCORER, **REASON)
    reopened: AssessmentReopened = last(stage, AssessmentReopened)
    return reopened


def test_a_corrected_measurement_reopens_and_is_bound_again() -> None:
    """SR-28: a late fact never changes a score silently; it is a cause to score anew."""
    stage = scoring.published(2)
    stage.given(
        "measurement/M-BJ-I02",
        MeasurementCorrected(previous="127500", value="141000", explanation="漏记"),
    )
    assert reopening(stage, "data", "measurement/M-BJ-I02").cause == "data"
    command = BindMeasurement(item="I02", measurement="M-BJ-I02")
    [bound] = stage.do(command, A, at=at("2027-03-01"), **SCORER)
    assert bound == MeasurementBound(
        item="I02", measurement="M-BJ-I02", measurement_version=2, value="141000"
    )


def test_an_applied_adjustment_reopens_on_the_revision_that_carries_it() -> None:
    """R160: the omitted adjustment is a cause of its own."""
    stage = scoring.published(1)
    assert reopening(stage, "adjustment", f"adjustment/{ADJUSTMENT}").letter_revision == 2


def erratum(stage: Stage, **changes: Any) -> str:
    """Publish a version of the rulebook that was in force at the end of 2026 already."""
    document = msgspec.structs.replace(scoring_examples.rulebook(), version=2, **changes)
    stage.given(
        "rulebook/RB-2026.1", RulebookSuperseded(by="RB-2026.2", effective_to=date(2026, 12, 1))
    )
    stage.given(
        f"rulebook/{document.name}",
        RulebookDrafted(header=document.header(), content_hash=digest(document)),
        *(ClauseWritten(clause=clause) for clause in document.clauses),
        RulebookVersionPublished(content_hash=digest(document), effective_from=date(2026, 12, 1)),
    )
    return digest(document)


def test_an_erratum_reopens_under_the_new_version() -> None:
    """SR-28: the reopened assessment is scored under the rulebook in force at the period's end."""
    stage = scoring.published(2)
    content_hash = erratum(stage)
    assert reopening(stage, "erratum", "rulebook/RB-2026.2").rulebook == content_hash


def unapplied(stage: Stage) -> None:
    """Request an adjustment that is not applied, and apply one of another letter."""
    requested = AdjustmentRequested(
        adjustment="AD-2",
        letter=LETTER,
        letter_revision=2,
        items=("N02",),
        kind="reschedule",
        cause="external",
        requested_change="顺延",
        rulebook=planning.RULEBOOK,
        calendar=planning.CALENDAR,
    )
    stage.given("adjustment/AD-2", requested)
    stage.given(
        "adjustment/AD-3",
        msgspec.structs.replace(requested, adjustment="AD-3", letter="LG-2026"),
        AdjustmentApplied(letter="LG-2026", letter_revision=2),
    )


def test_only_a_recorded_cause_reopens() -> None:
    """R160: the cause has to be of this assessment and to have happened after its last inputs."""
    stage = scoring.published(2)
    stage.given("incident/IN-OLD", *scoring.incident("IN-OLD", day=date(2025, 11, 20)))
    stage.given("incident/IN-LG", *scoring.incident("IN-LG", unit="LG"))
    scoring.measured(stage, "I01", "1", subject="LG")
    unapplied(stage)
    filed = scoring.shared("disputed").events(f"dispute/{scoring.D}")[0]
    stage.given("dispute/D-LG", msgspec.structs.replace(filed, assessment="A-LG"))
    for cause, stream in (
        ("dispute", "incident/IN-LG"),
        ("dispute", "dispute/D-LG"),
        ("veto", "incident/IN-OLD"),
        ("veto", "incident/IN-LG"),
        ("data", "measurement/M-LG-I01"),
        ("data", "measurement/M-BJ-I01"),
        ("adjustment", "adjustment/AD-2"),
        ("adjustment", "adjustment/AD-3"),
        ("adjustment", f"adjustment/{ADJUSTMENT}"),
        ("erratum", "rulebook/RB-2026.1"),
    ):
        with pytest.raises(ReopeningUnfounded):
            reopening(stage, cause, stream)
    erratum(stage)
    with pytest.raises(ReopeningUnfounded):
        reopening(stage, "erratum", "rulebook/RB-2026.1")


def test_adjustments_that_are_not_applied_or_change_no_terms_do_not_change_the_inputs() -> None:
    """SR-16: only what the bound revision carries is part of its terms."""
    stage = scoring.opened(2)
    unapplied(stage)
    weight = FieldChange(field="weight", before="8", after="8")
    scoring.amended(stage, LETTER, "AD-9", ItemChange(item="N03", changes=(weight,)))
    scoring.bind(stage).do(FreezeInputs(), A, at=at("2027-01-20"), **SCORER)
    adjustments = last(stage, InputsFrozen).inputs.adjustments
    assert [(row.adjustment, len(row.changes)) for row in adjustments] == [
        ("AD-9", 0),
        (ADJUSTMENT, 1),
    ]


def test_the_reviewer_and_the_panel_are_other_people_than_the_scorer() -> None:
    """Section 3: review by the replay officer, confirmation by the chair; the member stays free."""
    deeds = scoring.state(scoring.shared("confirmed")).deeds
    assert [(deed.did, deed.person) for deed in deeds] == [
        ("score", SCORER["person"]),
        ("review", HANDLER["person"]),
        ("confirm", CHAIR["person"]),
    ]
    assert MEMBER["person"] not in {deed.person for deed in deeds}
