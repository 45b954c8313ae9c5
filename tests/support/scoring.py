"""The assessment of 滨江公司 for 2026 as tests need it: scenarios S1 and S2, step after step.

Every function plays the steps before it. What other nouns did is recorded as given; what
assessments, disputes, replays, distributions and results do goes through their commands.
"""

from datetime import date
from functools import cache
from typing import Any, Final

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.event import Event
from opsledger_contracts.events.adjustment import (
    AdjustmentApplied,
    AdjustmentApproved,
    AdjustmentRequested,
)
from opsledger_contracts.events.calendar import CalendarPublished
from opsledger_contracts.events.case import ApprovalGranted
from opsledger_contracts.events.dispute import Contested
from opsledger_contracts.events.incident import (
    IncidentDetermined,
    IncidentReported,
    Responsibility,
)
from opsledger_contracts.events.letter import (
    FieldChange,
    ItemChange,
    LetterAmended,
    LetterDrafted,
    LetterItem,
    LetterItemAdded,
    LetterTookEffect,
)
from opsledger_contracts.events.measurement import MeasurementRecorded
from opsledger_contracts.events.person import PersonRegistered
from opsledger_contracts.events.position import PersonAppointed, PositionDefined
from opsledger_contracts.events.survey import (
    DimensionRating,
    RatingSubmitted,
    SurveyClosed,
    SurveyOpened,
)
from opsledger_contracts.events.work_item import (
    CompletionClaimed,
    CompletionVerified,
    WorkItemOpened,
)
from opsledger_contracts.fields import Evidence
from opsledger_contracts.rules import primitives
from opsledger_contracts.rules.inputs import JudgementFact
from opsledger_contracts.rules.numbers import parse_decimal
from opsledger_contracts.rules.primitive import Parameters, Primitive, Working
from opsledger_ledger.domain.assessment import AssessmentState
from opsledger_ledger.domain.assessment_inputs import (
    BindCompletion,
    BindMeasurement,
    BindSurvey,
    FreezeInputs,
    OpenAssessment,
)
from opsledger_ledger.domain.assessment_publishing import (
    FinaliseScore,
    PublishScore,
    ReopenAssessment,
)
from opsledger_ledger.domain.assessment_scoring import (
    CalculateScore,
    ConfirmAssessment,
    ReviewAssessment,
)
from opsledger_ledger.domain.dispute_deciding import DecideDispute
from opsledger_ledger.domain.dispute_handling import (
    AcceptDispute,
    FileDispute,
    OrderReplay,
    RecordFinding,
)
from opsledger_ledger.domain.replay_running import RequestReplay
from support import planning, scoring_examples
from support.deciding import Stage
from support.organisation import FOUNDED, employ, regulated

SCORER: Final = {"person": "ops-head"}
HANDLER: Final = {"person": "ops-officer"}
CHAIR: Final = {"person": "chair"}
MEMBER: Final = {"person": "member"}
HR: Final = {"person": "hr-head"}
PARTY: Final = {"person": "binjiang-president"}
INSIDER: Final = {"person": "insider", "position": "OPS-3"}
"""Somebody of the department that assesses who also holds a position of the assessed unit."""
OTHER_UNIT: Final = {"person": "lingang-head"}

A: Final = "A-BJ-2026"
D: Final = "D-BJ-2026"
LETTER: Final = "BJ-2026"
ADJUSTMENT: Final = "AD-N01"
EVIDENCE: Final = (Evidence(sha256="a" * 64, media="application/pdf", title="证明"),)

MEASURED: Final = {
    "I01": "210000",
    "I02": "127500",
    "I03": "12500",
    "I04": "8.25",
    "M01": "90.25",
    "M02": "88",
}
COMPLETED: Final = {
    "N01": date(2026, 6, 8),
    "N02": date(2026, 6, 28),
    "N03": date(2026, 10, 30),
}
RATINGS: Final = ("9.0", "8.5", "8.0", "9.5", "6.0", "8.5", "9.0")


def at(day: str) -> str:
    """Give the instant of ten o'clock in Shanghai on a day."""
    return f"{day}T02:00:00.000000Z"


def items() -> tuple[LetterItem, ...]:
    """Give the items of scenario S1 as signed: I02 is 150,000; measures name their indicator."""
    return tuple(
        msgspec.structs.replace(
            item,
            target="150000" if item.item == "I02" else item.target,
            indicator=f"K-{item.item}" if item.item in MEASURED else None,
        )
        for item in planning.ITEMS
    )


def equipped(rulebook: Rulebook | None = None) -> Stage:
    """Set the stage with organisation, documents, committee and human resources."""
    stage = planning.authority(regulated(rulebook))
    calendar = scoring_examples.calendar("CN-2027.1")
    stage.given(
        f"calendar/{calendar.name}",
        CalendarPublished(document=calendar, content_hash=digest(calendar)),
    )
    for position, unit, person, functions in (
        ("COM-1", "HX", "chair", ("committee",)),
        ("COM-2", "HX", "member", ("committee",)),
        ("HR-1", "HX", "hr-head", ("hr",)),
        ("OPS-3", "OPS", "insider", ("ops", "committee")),
        ("BJ-3", "BJ", "insider", ()),
    ):
        employ(stage, position, unit, person, functions)
    stage.given(
        "person/binjiang-president",
        PersonRegistered(person="binjiang-president", name_commitment="0" * 64),
    )
    return stage.given(
        "position/BJ-GM",
        PositionDefined(position="BJ-GM", unit="BJ", title="总经理", tier="unit_head", head=True),
        PersonAppointed(person="binjiang-president", valid_from=FOUNDED),
    )


def letter_in_force(
    stage: Stage, letter: str, unit: str, content: tuple[LetterItem, ...], **terms: Any
) -> Stage:
    """Let a letter of a unit be in force as revision 1."""
    drafted: dict[str, Any] = {
        "kind": "annual",
        "title": letter,
        "period": "2026",
        "issuer": "HX",
        "responsible_person": "binjiang-president",
        "rulebook": planning.RULEBOOK,
        "matrix": planning.MATRIX,
        "calendar": planning.CALENDAR,
    }
    return stage.given(
        f"letter/{letter}",
        LetterDrafted(letter=letter, responsible_unit=unit, **(drafted | terms)),
        *(LetterItemAdded(item=item) for item in content),
        LetterTookEffect(effective_from=FOUNDED, revision=1),
    )


def amended(stage: Stage, letter: str, adjustment: str, *changes: ItemChange) -> Stage:
    """Let an approved extension amend a letter, which is then at revision 2."""
    items_changed = tuple(change.item for change in changes)
    return stage.given(
        f"adjustment/{adjustment}",
        AdjustmentRequested(
            adjustment=adjustment,
            letter=letter,
            letter_revision=1,
            items=items_changed,
            kind="force_majeure",
            cause="force_majeure",
            requested_change="洪水,顺延",
            rulebook=planning.RULEBOOK,
            calendar=planning.CALENDAR,
        ),
        AdjustmentApproved(
            case="C-AD",
            treatment="extend",
            clause="6.2",
            changes=changes,
            effective_from=date(2026, 6, 4),
            granted_days=5,
        ),
        AdjustmentApplied(letter=letter, letter_revision=2),
    ).given(
        f"letter/{letter}",
        LetterAmended(
            adjustment=adjustment,
            revision=2,
            changes=changes,
            effective_from=date(2026, 6, 4),
            content_hash="0" * 64,
        ),
    )


def measured(stage: Stage, item: str, value: str, subject: str = "BJ", **terms: str) -> Stage:
    """Record the measurement of an item's indicator for 2026."""
    fields: dict[str, Any] = {"period": "2026", "unit": _unit_of_measure(item)} | terms
    return stage.given(
        f"measurement/M-{subject}-{item}",
        MeasurementRecorded(
            measurement=f"M-{subject}-{item}",
            indicator=f"K-{item}",
            subject=subject,
            value=value,
            source_system="ERP",
            **fields,
        ),
    )


def _unit_of_measure(item: str) -> str:
    return next((row.unit or "" for row in planning.ITEMS if row.item == item), "万元")


def completed(stage: Stage, item: str, day: date, quality: Any = "met") -> Stage:
    """Record the verified completion of a node."""
    return stage.given(
        f"work_item/W-{item}",
        WorkItemOpened(
            work_item=f"W-{item}",
            letter=LETTER,
            item=item,
            responsible="BJ",
            responsible_person="binjiang-president",
            completion_standard="验收",
            deliverables=(),
        ),
        CompletionClaimed(evidence_date=day, deliverables=()),
        CompletionVerified(actual_date=day, quality=quality, verifier="ops-officer"),
    )


def surveyed(stage: Stage, survey: str = "S-BJ", ratee: str = "BJ", period: str = "2026") -> Stage:
    """Record a survey of seven raters that is not closed yet."""
    raters = tuple(f"U{place}" for place in range(1, 8))
    return stage.given(
        f"survey/{survey}",
        SurveyOpened(
            survey=survey,
            title="满意度",
            period=period,
            ratee=ratee,
            raters=raters,
            form="F",
            dimensions=("cooperation",),
            scale_max="10",
            rulebook=planning.RULEBOOK,
        ),
        *(
            RatingSubmitted(
                rater=rater,
                ballot="0" * 64,
                scores=(DimensionRating(dimension="cooperation", score=score),),
            )
            for rater, score in zip(raters, RATINGS, strict=True)
        ),
    )


def ready(rulebook: Rulebook | None = None) -> Stage:
    """The year is over: letter at revision 2, everything measured, verified and surveyed."""
    stage = equipped(rulebook)
    letter_in_force(stage, LETTER, "BJ", items())
    change = FieldChange(field="due", before="2026-05-29", after="2026-06-03")
    amended(stage, LETTER, ADJUSTMENT, ItemChange(item="N01", changes=(change,)))
    for item, value in MEASURED.items():
        measured(stage, item, value)
    for item, day in COMPLETED.items():
        completed(stage, item, day)
    surveyed(stage).given("survey/S-BJ", SurveyClosed(responses=7))
    return stage


def opened(revision: int | None = 1, rulebook: Rulebook | None = None) -> Stage:
    """The assessment is open; by mistake on revision 1 (S2)."""
    stage = ready(rulebook)
    command = OpenAssessment(subject="BJ", letter=LETTER, letter_revision=revision)
    stage.do(command, A, at=at("2027-01-18"), **SCORER)
    return stage


def bind(stage: Stage) -> Stage:
    """Bind all facts to the assessment."""
    for item in MEASURED:
        stage.do(
            BindMeasurement(item=item, measurement=f"M-BJ-{item}"),
            A,
            at=at("2027-01-18"),
            **SCORER,
        )
    for item in COMPLETED:
        stage.do(BindCompletion(item=item, work_item=f"W-{item}"), A, at=at("2027-01-18"), **SCORER)
    stage.do(BindSurvey(survey="S-BJ"), A, at=at("2027-01-18"), **SCORER)
    return stage


def frozen(revision: int | None = 1) -> Stage:
    """The inputs are frozen."""
    stage = bind(opened(revision))
    stage.do(FreezeInputs(), A, at=at("2027-01-20"), **SCORER)
    return stage


def calculated(revision: int | None = 1) -> Stage:
    """Run 1 is calculated."""
    stage = frozen(revision)
    stage.do(CalculateScore(), A, at=at("2027-01-20"), **SCORER)
    return stage


def state(stage: Stage, assessment: str = A) -> AssessmentState:
    """Read the assessment as it stands."""
    found = stage.world.get(AssessmentState, assessment)
    assert found is not None
    return found


def approve(stage: Stage, case: str) -> Stage:
    """Let an approval case end with a yes on the last run."""
    run = state(stage).runs[-1].scored
    planning.opened(stage, case, f"assessment/{A}", run.result_digest)
    granted = ApprovalGranted(seq=1, position="HX-P", subject_hash=run.result_digest, final=True)
    return stage.given(f"case/{case}", granted, person="president")


def reviewed(revision: int | None = 1) -> Stage:
    """Run 1 is reviewed by another person, and its case is approved."""
    stage = calculated(revision)
    stage.do(ReviewAssessment(remarks="一致"), A, at=at("2027-01-21"), **HANDLER)
    return approve(stage, "C-1")


def confirmed(revision: int | None = 1) -> Stage:
    """The committee confirmed run 1."""
    stage = reviewed(revision)
    stage.do(ConfirmAssessment(case="C-1"), A, at=at("2027-01-27"), **CHAIR)
    return stage


def published(revision: int | None = 1) -> Stage:
    """Version 1 is published on Thursday 2027-01-28."""
    stage = confirmed(revision)
    stage.do(PublishScore(), A, at=at("2027-01-28"), **SCORER)
    return stage


FILING: Final = FileDispute(
    assessment=A,
    score_version=1,
    contested=(
        Contested(element="item", name="N01"),
        Contested(element="adjustment", name=ADJUSTMENT),
    ),
    grounds=("adjustment_omitted",),
    statement="已批准的顺延未采用",
)


def disputed() -> Stage:
    """The unit disputes version 1 within the limit."""
    stage = published()
    stage.do(FILING, D, at=at("2027-02-02"), **PARTY)
    return stage


def accepted() -> Stage:
    """The dispute is accepted; its handler had no part in the score until now."""
    stage = disputed()
    stage.do(AcceptDispute(handler="ops-officer"), D, at=at("2027-02-04"), **MEMBER)
    return stage


def replayed() -> Stage:
    """The replay as known now is part of the dispute."""
    stage = accepted()
    stage.do(RequestReplay(mode="as_of", assessment=A), "RP", at=at("2027-02-12"), **HANDLER)
    stage.do(OrderReplay(replay="RP"), D, at=at("2027-02-12"), **HANDLER)
    return stage


def found() -> Stage:
    """An omitted adjustment was found."""
    stage = replayed()
    finding = RecordFinding(kind="adjustment_omitted", detail="遗漏调整", replay="RP", clause="6.2")
    stage.do(finding, D, at=at("2027-02-15"), **HANDLER)
    return stage


DECISION: Final = DecideDispute(outcome="upheld", clause="6.2", remedy="rescore", replay="RP")


def decided(decision: DecideDispute = DECISION) -> Stage:
    """The panel decided on 2027-02-17; it upholds the dispute unless told otherwise."""
    stage = found()
    stage.do(decision, D, at=at("2027-02-17"), **MEMBER)
    return stage


def reopened() -> Stage:
    """The assessment is open again, on the revision in force."""
    stage = decided()
    reopening = ReopenAssessment(cause="dispute", cause_stream=f"dispute/{D}")
    stage.do(reopening, A, at=at("2027-02-18"), reason="申诉决定", **SCORER)
    return stage


def rescored() -> Stage:
    """Run 2 is confirmed but not published."""
    stage = reopened()
    for command in (FreezeInputs(), CalculateScore()):
        stage.do(command, A, at=at("2027-02-19"), **SCORER)
    stage.do(ReviewAssessment(remarks="一致"), A, at=at("2027-02-20"), **HANDLER)
    approve(stage, "C-2").do(ConfirmAssessment(case="C-2"), A, at=at("2027-02-24"), **CHAIR)
    return stage


def superseded() -> Stage:
    """Version 2 is published and supersedes version 1."""
    stage = rescored()
    stage.do(PublishScore(), A, at=at("2027-02-25"), **SCORER)
    return stage


def final() -> Stage:
    """Version 1, on the right revision and undisputed, is final."""
    stage = published(2)
    stage.do(FinaliseScore(), A, at=at("2027-02-19"), **SCORER)
    return stage


@cache
def shared(step: str, *arguments: Any) -> Stage:
    """Give the stage after a step of this module, made once; only for commands that are refused."""
    made: Stage = globals()[step](*arguments)
    return made


def incident(
    name: str, *, determined: bool = True, unit: str = "BJ", day: date = date(2026, 11, 20)
) -> tuple[Event, ...]:
    """Give the events of an incident for which a unit is responsible."""
    reported = IncidentReported(
        incident=name,
        category="minor_injury",
        accident_date=day,
        unit=unit,
        description="事故",
    )
    if not determined:
        return (reported,)
    return (
        reported,
        IncidentDetermined(
            severity="general",
            responsibility=(Responsibility(unit=unit, degree="主要责任"),),
            document="调查报告",
        ),
    )


class _ScaleParameters(Parameters, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A scale without parameters."""


def know_a_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a primitive to the registry that scores a judgement by its own value."""

    def compute(_parameters: _ScaleParameters, fact: JudgementFact) -> Working:
        return Working(exact=parse_decimal(fact.value), zh="评定", en="judged")

    scale: Primitive[Any, Any] = Primitive(
        name="scale@1",
        rule="SR-09",
        parameters=_ScaleParameters,
        fact=JudgementFact,
        direction="increasing",
        compute=compute,
    )
    monkeypatch.setattr(primitives, "PRIMITIVES", {**primitives.PRIMITIVES, scale.name: scale})
