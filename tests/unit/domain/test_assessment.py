"""Assessments: what they refuse (R024, R126, R131, R138, R157, R160, SR-10, SR-23, SR-28)."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.documents.rulebook import Clause
from opsledger_contracts.events.assessment import AssessmentReviewed
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.assessment import (
    AppealLimitRunning,
    AssessesItself,
    AssessmentExists,
    ClauseNotInRulebook,
    DisputeOpen,
    FactKindWrong,
    InputsMissing,
    ItemUnknown,
    LetterRevisionUnknown,
    NotTheAssessedUnit,
    PointsAboveCap,
    PointsNotPositive,
    PointsWithoutEvidence,
    ReopeningUnfounded,
    RuleInapplicable,
    ScaleWrong,
    SourceMismatch,
    SubjectNotOfLetter,
    VerificationDiverged,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar, DutyUnknown
from opsledger_contracts.problems.documents import NoneInForce
from opsledger_contracts.problems.general import (
    FunctionMissing,
    ReasonMissing,
    UnknownReference,
    WrongState,
)
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_ledger.domain.assessment_inputs import (
    BindCompletion,
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
from opsledger_ledger.domain.deciding import Command
from support import planning, scoring, scoring_examples
from support.deciding import Refused, Stage, undeclared_and_untested
from support.scoring import (
    CHAIR,
    EVIDENCE,
    HANDLER,
    INSIDER,
    LETTER,
    OTHER_UNIT,
    PARTY,
    SCORER,
    A,
    D,
    at,
    shared,
)

LATER = at("2027-03-01")


def row(
    id: str,  # noqa: A002 - the name that `Refused` has.
    stage: Stage,
    command: Command,
    refusal: type[Refusal],
    target: str = A,
    **act: Any,
) -> Refused:
    """Write a row; the scorer asks on 2027-03-01 unless told otherwise."""
    return Refused(
        id=f"{type(command).__name__}: {id}",
        stage=stage,
        command=command,
        target=target,
        refusal=refusal,
        act={"at": LATER} | SCORER | act,
    )


def other_letter(*items: str, **terms: Any) -> Stage:
    """Open an assessment on another letter of the unit, with some of its items."""
    stage = scoring.opened()
    replaced = {name: terms.pop(name) for name in tuple(terms) if name == "clause"}
    content = tuple(
        msgspec.structs.replace(item, **replaced) for item in scoring.items() if item.item in items
    )
    scoring.letter_in_force(stage, "BJ-X", "BJ", content, **terms)
    stage.do(OpenAssessment(subject="BJ", letter="BJ-X"), "A-X", at=LATER, **SCORER)
    return stage


def incomplete_weights() -> Stage:
    """Freeze a letter whose one item has a weight of 20."""
    stage = other_letter("I01")
    for command in (
        BindMeasurement(item="I01", measurement="M-BJ-I01"),
        BindSurvey(survey="S-BJ"),
        FreezeInputs(),
    ):
        stage.do(command, "A-X", at=LATER, **SCORER)
    return stage


def judged_letter() -> Stage:
    """Open an assessment on a letter with an item by judgement and one by incidents."""
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
    content = (
        planning.item("J1", "50", "3.9"),
        planning.item("J2", "50", "3.5"),
    )
    scoring.letter_in_force(stage, "BJ-J", "BJ", content)
    stage.do(OpenAssessment(subject="BJ", letter="BJ-J"), "A-J", at=LATER, **SCORER)
    return stage


def tampered() -> Stage:
    """Confirm a run whose recorded tree is not what its inputs give."""
    run = scoring.state(shared("calculated")).runs[-1].scored
    forged = scoring.frozen()
    forged.given(
        f"assessment/{A}",
        msgspec.structs.replace(run, tree_digest="0" * 64),
        AssessmentReviewed(run=1, remarks="一致"),
        person="ops-head",
    )
    scoring.approve(forged, "C-1")
    forged.do(ConfirmAssessment(case="C-1"), A, at=at("2027-01-27"), **CHAIR)
    return forged


def approved_by_scorer() -> Stage:
    """Let the scorer be the one who approves the case."""
    stage = scoring.calculated()
    stage.do(ReviewAssessment(remarks="一致"), A, at=at("2027-01-21"), **HANDLER)
    run = scoring.state(stage).runs[-1].scored
    planning.opened(stage, "C-S", f"assessment/{A}", run.result_digest)
    granted = scoring.shared("reviewed").events("case/C-1")[-1]
    return stage.given("case/C-S", granted, person="ops-head")


def undecided() -> Stage:
    """Leave the case on the reviewed run open, and decide others elsewhere.

    One is on another content, one along an item for other matters.
    """
    stage = scoring.reviewed()
    run = scoring.state(stage).runs[-1].scored
    planning.opened(stage, "C-O", f"assessment/{A}", run.result_digest)
    planning.decided(stage, "C-I", f"assessment/{A}", run.result_digest, item="annual-letter")
    return planning.decided(stage, "C-X", f"assessment/{A}", "f" * 64)


def without_timetable() -> Stage:
    """Open the assessment under a rulebook without a timetable."""
    document = msgspec.structs.replace(scoring_examples.rulebook(), timetable=())
    return scoring.opened(1, document)


def old_letter() -> Stage:
    """Have a letter of a year for which no rulebook was in force."""
    stage = scoring.ready()
    return scoring.letter_in_force(stage, "BJ-OLD", "BJ", scoring.items(), period="2020")


def other_sources() -> Stage:
    """Have a measurement, a completion and a survey that are not of this letter and year."""
    stage = scoring.opened()
    scoring.measured(stage, "I01", "1", subject="LG")
    stage.given("work_item/W-OPEN", *shared("opened").events("work_item/W-N02")[:1])
    return scoring.surveyed(stage, survey="S-OPEN")


OPENED = shared("opened")
PUBLISHED = shared("published")
JUDGED = judged_letter()
NO_CLAUSE = other_letter("I01", "N01", "M01", clause="4.1")
SOURCES = other_sources()
REASON: dict[str, Any] = {"reason": "理由"}
GROUNDED = REASON | {"evidence": EVIDENCE}
REOPEN = ReopenAssessment(cause="dispute", cause_stream=f"dispute/{D}")

OPENING = OpenAssessment(subject="BJ", letter=LETTER)
OPENINGS: tuple[tuple[str, dict[str, Any], type[Refusal], dict[str, str]], ...] = (
    ("not the department", {}, FunctionMissing, OTHER_UNIT),
    ("own unit", {}, AssessesItself, INSIDER),
    ("no such letter", {"letter": "NO"}, UnknownReference, {}),
    ("other unit", {"subject": "LG"}, SubjectNotOfLetter, {}),
    ("no such revision", {"letter_revision": 3}, LetterRevisionUnknown, {}),
)
COLLECTING: tuple[tuple[Command, str], ...] = (
    (BindMeasurement(item="I01", measurement="M-BJ-I01"), "I01"),
    (BindCompletion(item="N01", work_item="W-N01"), "N01"),
    (BindSurvey(survey="S-BJ"), ""),
    (CountIncidents(item="M01"), "M01"),
    (GiveJudgement(item="M01", scale="3.1", value="90"), "M01"),
    (GrantBonus(clause="4.2", points="1"), ""),
    (ApplyPenalty(clause="4.2", points="1"), ""),
    (FreezeInputs(), ""),
)

REFUSED = [
    *(
        refused
        for command, item in COLLECTING
        for refused in (
            row("after publication", PUBLISHED, command, WrongState, **GROUNDED),
            row("not the department", OPENED, command, FunctionMissing, **GROUNDED | OTHER_UNIT),
            row("own unit", OPENED, command, AssessesItself, **GROUNDED | INSIDER),
            *(
                (row("no such clause", NO_CLAUSE, command, RuleInapplicable, "A-X", **GROUNDED),)
                if item or isinstance(command, FreezeInputs)
                else ()
            ),
            *(
                (
                    row(
                        "no such item",
                        OPENED,
                        msgspec.structs.replace(command, item="Z9"),
                        ItemUnknown,
                        **GROUNDED,
                    ),
                    row(
                        "other kind of fact",
                        OPENED,
                        msgspec.structs.replace(command, item="N02" if item != "N01" else "I02"),
                        FactKindWrong,
                        **GROUNDED,
                    ),
                )
                if item
                else ()
            ),
        )
    ),
    *(
        row(f"no such {name}", OPENED, command, UnknownReference)
        for name, command in (
            ("measurement", BindMeasurement(item="I01", measurement="NO")),
            ("work item", BindCompletion(item="N01", work_item="NO")),
            ("survey", BindSurvey(survey="NO")),
        )
    ),
    *(
        row(f"source {place} of something else", SOURCES, command, SourceMismatch)
        for place, command in enumerate(
            (
                BindMeasurement(item="I01", measurement="M-LG-I01"),
                BindMeasurement(item="I02", measurement="M-BJ-I01"),
                BindCompletion(item="N01", work_item="W-N02"),
                BindCompletion(item="N02", work_item="W-OPEN"),
                BindSurvey(survey="S-OPEN"),
            )
        )
    ),
    row(
        "no such incident",
        JUDGED,
        CountIncidents(item="J2", incidents=(IncidentPoints(incident="NO"),)),
        UnknownReference,
        "A-J",
    ),
    row(
        "incident not determined",
        JUDGED.given("incident/IN-9", *scoring.incident("IN-9", determined=False)),
        CountIncidents(item="J2", incidents=(IncidentPoints(incident="IN-9"),)),
        SourceMismatch,
        "A-J",
    ),
    row(
        "points without a reason",
        JUDGED,
        CountIncidents(item="J2", incidents=(IncidentPoints(incident="IN-9", points="5"),)),
        ReasonMissing,
        "A-J",
    ),
    row(
        "no reason",
        JUDGED,
        GiveJudgement(item="J1", scale="3.9", value="88"),
        ReasonMissing,
        "A-J",
    ),
    row(
        "other scale",
        JUDGED,
        GiveJudgement(item="J1", scale="3.4", value="88"),
        ScaleWrong,
        "A-J",
        **REASON,
    ),
    *(
        refused
        for points, cap in ((GrantBonus, "5.01"), (ApplyPenalty, "10.01"))
        for refused in (
            row("no reason", OPENED, points(clause="4.2", points="1"), ReasonMissing),
            row(
                "no evidence",
                OPENED,
                points(clause="4.2", points="1"),
                PointsWithoutEvidence,
                **REASON,
            ),
            row("nothing", OPENED, points(clause="4.2", points="0"), PointsNotPositive, **GROUNDED),
            row(
                "no clause",
                OPENED,
                points(clause="9.9", points="1"),
                ClauseNotInRulebook,
                **GROUNDED,
            ),
            row("too much", OPENED, points(clause="4.2", points=cap), PointsAboveCap, **GROUNDED),
        )
    ),
    row("facts missing", OPENED, FreezeInputs(), InputsMissing),
    row("no timetable", without_timetable(), FreezeInputs(), DutyUnknown),
    row("no calendar", other_letter("I01", period="2030"), FreezeInputs(), DayNotInCalendar, "A-X"),
    *(
        row(
            name,
            shared("ready"),
            msgspec.structs.replace(OPENING, **fields),
            refusal,
            **act,
        )
        for name, fields, refusal, act in OPENINGS
    ),
    row(
        "assessed already",
        OPENED,
        OpenAssessment(subject="BJ", letter=LETTER),
        AssessmentExists,
        "A-2",
    ),
    row(
        "no rulebook",
        old_letter(),
        OpenAssessment(subject="BJ", letter="BJ-OLD"),
        NoneInForce,
    ),
    row(
        "frozen",
        shared("frozen"),
        SubmitSelfAssessment(total="99", statement="好"),
        WrongState,
        **PARTY,
    ),
    row(
        "not the unit",
        OPENED,
        SubmitSelfAssessment(total="99", statement="好"),
        NotTheAssessedUnit,
        **OTHER_UNIT,
    ),
    *(
        refused
        for command, stage, too_early in (
            (CalculateScore(), shared("frozen"), OPENED),
            (PublishScore(), shared("confirmed"), shared("reviewed")),
            (FinaliseScore(), PUBLISHED, shared("confirmed")),
            (REOPEN, PUBLISHED, OPENED),
        )
        for refused in (
            row("too early", too_early, command, WrongState),
            row("not the department", stage, command, FunctionMissing, **OTHER_UNIT),
            row("own unit", stage, command, AssessesItself, **INSIDER),
        )
    ),
    row("weights of 20", incomplete_weights(), CalculateScore(), RuleInapplicable, "A-X"),
    row("nothing calculated", shared("frozen"), ReviewAssessment(remarks="好"), WrongState),
    row(
        "own unit",
        shared("calculated"),
        ReviewAssessment(remarks="好"),
        AssessesItself,
        **PARTY,
    ),
    row("own score", shared("calculated"), ReviewAssessment(remarks="好"), SeparationOfDuties),
    row("not reviewed", shared("calculated"), ConfirmAssessment(case="C-1"), WrongState, **CHAIR),
    row("own unit", shared("reviewed"), ConfirmAssessment(case="C-1"), AssessesItself, **INSIDER),
    row(
        "approved by the scorer",
        approved_by_scorer(),
        ConfirmAssessment(case="C-S"),
        SeparationOfDuties,
        **CHAIR,
    ),
    row("no case", shared("reviewed"), ConfirmAssessment(case="NO"), UnknownReference, **CHAIR),
    row("case open", undecided(), ConfirmAssessment(case="C-O"), CaseNotApproved, **CHAIR),
    row(
        "case on another run",
        undecided(),
        ConfirmAssessment(case="C-X"),
        ApprovedOtherContent,
        **CHAIR,
    ),
    row(
        "case along another item",
        undecided(),
        ConfirmAssessment(case="C-I"),
        ApprovedUnderOtherItem,
        **CHAIR,
    ),
    row("replay differs", tampered(), PublishScore(), VerificationDiverged),
    row("no calendar", shared("confirmed"), PublishScore(), DayNotInCalendar, at=at("2035-03-01")),
    row("not published", shared("confirmed"), AcknowledgeScore(), WrongState, **PARTY),
    row("not the unit", PUBLISHED, AcknowledgeScore(), NotTheAssessedUnit, **OTHER_UNIT),
    row("limit runs", PUBLISHED, FinaliseScore(), AppealLimitRunning, at=at("2027-02-04")),
    row("disputed", shared("disputed"), FinaliseScore(), DisputeOpen),
    row("no reason", shared("decided"), REOPEN, ReasonMissing),
    row("no such dispute", PUBLISHED, REOPEN, UnknownReference, **REASON),
    row("dispute undecided", shared("found"), REOPEN, ReopeningUnfounded, **REASON),
    row(
        "no such revision",
        shared("decided"),
        msgspec.structs.replace(REOPEN, letter_revision=9),
        LetterRevisionUnknown,
        **REASON,
    ),
]


@pytest.fixture(autouse=True)
def _scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the engine know a primitive that scores a judgement."""
    scoring.know_a_scale(monkeypatch)


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_assessments_refuse_what_would_make_a_score_contestable(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    refused.check()


def test_every_declared_refusal_of_assessments_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("assessment", REFUSED) == (set(), set())
