"""Vetoes in the life of an assessment: applied when inputs are frozen, and lifted (R136, SR-17)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.event import Event
from opsledger_contracts.events.assessment import (
    AssessmentReopened,
    InputsFrozen,
    Rescored,
    ScoreCalculated,
    VetoApplied,
    VetoLifted,
)
from opsledger_contracts.events.incident import (
    IncidentDeterminationRevoked,
    IncidentDetermined,
    IncidentReported,
    Responsibility,
)
from opsledger_contracts.events.replay import ReplayCompleted
from opsledger_contracts.problems.assessment import ReopeningUnfounded
from opsledger_ledger.domain.assessment_inputs import FreezeInputs, OpenAssessment
from opsledger_ledger.domain.assessment_publishing import ReopenAssessment
from opsledger_ledger.domain.assessment_scoring import CalculateScore
from opsledger_ledger.domain.replay_running import RequestReplay
from support import scoring, scoring_examples
from support.deciding import Stage
from support.scoring import HANDLER, SCORER, A, at
from support.successors import succeeded

STRICT = scoring_examples.rulebook("RB-2026.2")
"""The rulebook that knows vetoes."""

WHEN = at("2027-02-25")


def determined(
    *units: str, severity: str = "fatal", document: str = "认定书"
) -> IncidentDetermined:
    """Hold units responsible."""
    return IncidentDetermined(
        severity=severity,
        responsibility=tuple(Responsibility(unit=unit, degree="主要责任") for unit in units),
        document=document,
    )


def reported(
    incident: str, day: date = date(2026, 11, 20), category: str = "work_safety"
) -> IncidentReported:
    """Report an incident in 滨江公司."""
    return IncidentReported(
        incident=incident, category=category, accident_date=day, unit="BJ", description="事故"
    )


REVOKED = IncidentDeterminationRevoked(document="上级机关改为无责任")


def ruled(stage: Stage) -> Stage:
    """Put the rulebook with vetoes in force before the period ends."""
    succeeded(stage, "RB-2026.1", STRICT, 2, date(2026, 12, 1))
    return stage


def struck(*events: Event) -> Stage:
    """A published score under rules with vetoes, and then an incident IN-1."""
    stage = ruled(scoring.published(2))
    return stage.given("incident/IN-1", *events)


def reopen(stage: Stage, incident: str = "IN-1", when: str = WHEN) -> AssessmentReopened:
    """Open the assessment again for a veto."""
    command = ReopenAssessment(cause="veto", cause_stream=f"incident/{incident}")
    [event] = stage.do(command, A, at=when, reason="一票否决", **SCORER)
    assert isinstance(event, AssessmentReopened)
    return event


def frozen(stage: Stage, when: str = WHEN) -> list[Event]:
    """Freeze the inputs; gives what was recorded."""
    return stage.do(FreezeInputs(), A, at=when, **SCORER)


def calculated(stage: Stage, when: str = WHEN) -> ScoreCalculated:
    """Compute the next run."""
    event, *_ = stage.do(CalculateScore(), A, at=when, **SCORER)
    assert isinstance(event, ScoreCalculated)
    return event


def test_a_determination_after_publication_strikes_the_period_of_the_accident() -> None:
    """R136: reopened for the incident, the veto is applied as the inputs are frozen: 59.99, E."""
    stage = struck(reported("IN-1"), determined("LG", "BJ"))
    assert reopen(stage).cause == "veto"
    applied, inputs = frozen(stage)
    assert isinstance(applied, VetoApplied)
    assert (applied.clause, applied.degree, applied.incident_version) == ("4.4", "主要责任", 2)
    assert isinstance(inputs, InputsFrozen)
    run = calculated(stage)
    assert (run.total, run.grade, run.operating_status) == ("59.99", "E", "critical")
    assert [row.incident for row in run.vetoes] == ["IN-1"]


def test_a_revocation_lifts_the_veto_with_its_ground() -> None:
    """SR-17: the lifting cites the entry of the assessment that recorded it; the score is back."""
    stage = struck(reported("IN-1"), determined("BJ"))
    reopen(stage)
    frozen(stage)
    before = calculated(stage)
    stage.given("incident/IN-1", REVOKED)
    reopen(stage, when=at("2027-05-10"))
    lifted, inputs = frozen(stage, at("2027-05-10"))
    assert isinstance(lifted, VetoLifted)
    assert (lifted.grounds, lifted.incident_version) == (REVOKED.document, 3)
    assert isinstance(inputs, InputsFrozen)
    assert inputs.inputs.vetoes is not msgspec.UNSET
    [veto] = inputs.inputs.vetoes
    assert veto.lifted is not msgspec.UNSET
    [source] = veto.lifted.sources
    recorded = stage.streams[f"assessment/{A}"][source.version - 1].recorded.event
    assert recorded == lifted
    after, rescored = stage.do(CalculateScore(), A, at=at("2027-05-10"), **SCORER)
    assert isinstance(after, ScoreCalculated)
    assert (after.grade, after.vetoes) == ("A", ())
    assert isinstance(rescored, Rescored)
    assert before.total == "59.99"


def test_a_veto_known_before_the_first_score_needs_no_reopening() -> None:
    """SR-17: whoever freezes inputs cannot forget what is determined."""
    stage = ruled(scoring.ready())
    stage.given("incident/IN-1", reported("IN-1"), determined("BJ"))
    stage.do(OpenAssessment(subject="BJ", letter=scoring.LETTER), A, at=WHEN, **SCORER)
    scoring.bind(stage)
    assert [type(event) for event in frozen(stage)] == [VetoApplied, InputsFrozen]


def test_a_veto_that_stands_is_not_applied_twice() -> None:
    """SR-17: reopened for a second incident, the first stays as it is and both are listed."""
    stage = struck(reported("IN-1"), determined("BJ"))
    reopen(stage)
    frozen(stage)
    calculated(stage)
    stage.given("incident/IN-0", reported("IN-0"), determined("BJ", severity="severe_injury"))
    reopen(stage, "IN-0")
    applied, inputs = frozen(stage)
    assert isinstance(applied, VetoApplied)
    assert applied.incident == "IN-0"
    assert isinstance(inputs, InputsFrozen)
    assert [row.incident for row in calculated(stage).vetoes] == ["IN-0", "IN-1"]


def test_a_new_determination_takes_the_place_of_the_one_before() -> None:
    """SR-17: revoked and determined anew, the incident has one veto with the last severity."""
    stage = struck(reported("IN-1"), determined("BJ"))
    reopen(stage)
    frozen(stage)
    calculated(stage)
    stage.given("incident/IN-1", REVOKED, determined("BJ", severity="severe_injury"))
    reopen(stage)
    applied, _ = frozen(stage)
    assert isinstance(applied, VetoApplied)
    assert (applied.severity, applied.incident_version) == ("severe_injury", 4)
    run = calculated(stage)
    assert [row.incident for row in run.vetoes] == ["IN-1"]
    assert run.grade == "D"


def test_a_replay_as_of_the_past_has_the_vetoes_of_its_time() -> None:
    """R158: before the veto was applied the same run comes out without it."""
    stage = struck(reported("IN-1"), determined("BJ"))
    before = stage.position
    reopen(stage)
    frozen(stage)
    then = stage.position
    calculated(stage)
    grades = {}
    for name, known_at in (("RP-1", before), ("RP-2", then)):
        command = RequestReplay(mode="as_of", assessment=A, run=2, known_at=known_at)
        *_, completed = stage.do(command, name, at=WHEN, **HANDLER)
        assert isinstance(completed, ReplayCompleted)
        grades[name] = (completed.grade, completed.matches)
    assert grades == {"RP-1": ("A", False), "RP-2": ("E", True)}


def test_rules_that_no_longer_name_a_veto_lift_it() -> None:
    """SR-17: under rules without the clause the incident is no veto, and the score stands free."""
    stage = struck(reported("IN-1"), determined("BJ"))
    reopen(stage)
    frozen(stage)
    calculated(stage)
    bare = scoring_examples.rulebook()
    succeeded(stage, "RB-2026.2", bare, 3, date(2026, 12, 15))
    command = ReopenAssessment(cause="erratum", cause_stream="rulebook/RB-2026.3")
    stage.do(command, A, at=WHEN, reason="勘误", **SCORER)
    lifted, inputs = frozen(stage)
    assert isinstance(lifted, VetoLifted)
    assert isinstance(inputs, InputsFrozen)
    assert inputs.inputs.vetoes is msgspec.UNSET
    assert calculated(stage).grade == "A"


@pytest.mark.parametrize(
    ("events", "detail"),
    [
        ((reported("IN-1", date(2025, 11, 20)), determined("BJ")), "outside 2026"),
        ((reported("IN-1"),), "not determined to be responsible"),
        ((reported("IN-1"), determined("LG")), "not determined to be responsible"),
        ((reported("IN-1"), determined("BJ"), REVOKED), "not determined to be responsible"),
        ((reported("IN-1"), determined("BJ", severity="slight")), "no veto for work_safety"),
        ((reported("IN-1", category="traffic"), determined("BJ")), "no veto for traffic, fatal"),
    ],
)
def test_only_a_veto_that_is_not_yet_so_reopens(events: tuple[Any, ...], detail: str) -> None:
    """SR-17: in the period, determined, against this unit, and by a clause of the rulebook."""
    with pytest.raises(ReopeningUnfounded, match=detail):
        reopen(struck(*events))


def test_a_veto_that_the_score_has_already_does_not_reopen() -> None:
    """SR-17: neither one in force nor one that was lifted."""
    stage = struck(reported("IN-1"), determined("BJ"))
    for change in ((), (REVOKED,)):
        stage.given("incident/IN-1", *change)
        reopen(stage)
        frozen(stage)
        with pytest.raises(ReopeningUnfounded, match="stands as it is determined"):
            reopen(stage)
