"""Measurements: stated by the owner of the figures, attested by another, corrected (R188)."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.events.case import ApprovalCaseOpened
from opsledger_contracts.events.indicator import IndicatorDefined
from opsledger_contracts.events.measurement import (
    MeasurementAttested,
    MeasurementCorrected,
    MeasurementRecorded,
)
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.measurement import (
    AlreadyMeasured,
    MeasureUnitDiffers,
    NothingCorrected,
    NotTheDataOwner,
    OwnFigures,
    PrecisionExceeded,
    SelfAttested,
    ValueDiffers,
)
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.measurement import MeasurementState
from opsledger_ledger.domain.measurement_stating import (
    AttestMeasurement,
    CorrectMeasurement,
    RecordMeasurement,
)
from support.deciding import Refused, Stage, undeclared_and_untested
from support.organisation import employ, organisation

INDICATOR = IndicatorDefined(
    indicator="I02",
    title="回款额",
    unit="万元",
    direction="higher_better",
    formula="当期到账金额",
    source="资金系统",
    owner="FIN",
    frequency="annual",
    precision=2,
)
RECORD = RecordMeasurement(
    indicator="I02",
    subject="BJ",
    period="2026",
    value="127500",
    unit="万元",
    source_system="资金系统",
    extract="2026-12",
)
RECORDED = MeasurementRecorded(
    measurement="M-1",
    indicator="I02",
    subject="BJ",
    period="2026",
    value="127500",
    unit="万元",
    source_system="资金系统",
    extract="2026-12",
)
CORRECT = CorrectMeasurement(previous="127500", value="127400.50", explanation="重复入账")
OWNER = {"person": "finance-head"}
SECOND = {"person": "finance-officer"}


def defined() -> Stage:
    """The organisation with one indicator, and a person who works in finance and in 滨江公司."""
    stage = organisation().given("indicator/I02", INDICATOR)
    employ(stage, "FIN-3", "FIN", "two-posts")
    return employ(stage, "BJ-3", "BJ", "two-posts")


def recorded() -> Stage:
    """The same with a value of the head of finance."""
    return defined().given("measurement/M-1", RECORDED, **OWNER)


def row(
    name: str,
    stage: Stage,
    command: Command,
    refusal: type[Refusal],
    target: str = "M-1",
    **act: Any,
) -> Refused:
    """One refusal."""
    return Refused(id=name, stage=stage, command=command, target=target, refusal=refusal, act=act)


def changed(command: Command, **changes: Any) -> Command:
    """The same command with other terms."""
    return msgspec.structs.replace(command, **changes)


TWO_POSTS = {"person": "two-posts", "position": "FIN-3"}
REFUSED = [
    row("no indicator", defined(), changed(RECORD, indicator="NO"), UnknownReference, **OWNER),
    row("subject unknown", defined(), changed(RECORD, subject="NO"), UnknownReference, **OWNER),
    row("of another unit", defined(), RECORD, NotTheDataOwner, person="ops-head"),
    row("by the measured", defined(), RECORD, NotTheDataOwner, person="binjiang-head"),
    row("of the own unit", defined(), changed(RECORD, subject="FIN"), OwnFigures, **OWNER),
    row("of the other post's unit", defined(), RECORD, OwnFigures, **TWO_POSTS),
    row("second value", recorded(), RECORD, AlreadyMeasured, target="M-2", **OWNER),
    row("in yuan", defined(), changed(RECORD, unit="元"), MeasureUnitDiffers, **OWNER),
    row("three places", defined(), changed(RECORD, value="1.005"), PrecisionExceeded, **OWNER),
    row("own word", recorded(), AttestMeasurement(value="127500"), SelfAttested, **OWNER),
    row(
        "word of the measured",
        recorded(),
        AttestMeasurement(value="127500"),
        OwnFigures,
        person="binjiang-head",
    ),
    row("other value attested", recorded(), AttestMeasurement(value="1"), ValueDiffers, **SECOND),
    row(
        "attested twice",
        recorded().given("measurement/M-1", MeasurementAttested(value="127500"), **SECOND),
        AttestMeasurement(value="127500"),
        WrongState,
        person="ops-head",
    ),
    row("corrected by another unit", recorded(), CORRECT, NotTheDataOwner, person="ops-head"),
    row("corrected from two posts", recorded(), CORRECT, OwnFigures, **TWO_POSTS),
    row(
        "other value corrected",
        recorded(),
        changed(CORRECT, previous="127501"),
        ValueDiffers,
        **OWNER,
    ),
    row(
        "same value in other digits",
        recorded(),
        changed(CORRECT, value="127500.00"),
        NothingCorrected,
        **OWNER,
    ),
    row(
        "corrected to three places",
        recorded(),
        changed(CORRECT, value="0.001"),
        PrecisionExceeded,
        **OWNER,
    ),
    row("case unknown", recorded(), changed(CORRECT, case="NO"), UnknownReference, **OWNER),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_measurements_refuse_what_could_not_be_relied_on(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind (R188, R048)."""
    refused.check()


def test_every_declared_refusal_of_measurements_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("measurement", REFUSED) == (set(), set())


def test_the_owner_of_the_figures_states_a_value() -> None:
    """R188: the value, its unit of measure, its source; found by what it measures."""
    there = defined()
    assert there.do(RECORD, "M-1", **OWNER) == [RECORDED]
    assert there.world.find("measurement_by_subject", "BJ:I02:2026") == ("M-1",)
    assert there.world.get(MeasurementState, "M-1") == MeasurementState(
        id="M-1",
        indicator="I02",
        subject="BJ",
        period="2026",
        value="127500",
        unit="万元",
        version=1,
        stated_by="finance-head",
    )


def test_a_second_person_attests_the_value() -> None:
    """The attester states the value itself, in whatever digits."""
    there = recorded()
    assert there.do(AttestMeasurement(value="127500.00"), "M-1", **SECOND) == [
        MeasurementAttested(value="127500.00")
    ]
    measurement = there.world.get(MeasurementState, "M-1")
    assert measurement is not None
    assert measurement.attested_by == "finance-officer"


def test_a_correction_states_what_it_replaces_and_must_be_attested_again() -> None:
    """SR-28: the old value stays in the history, and the new one has its own version."""
    there = recorded().given("measurement/M-1", MeasurementAttested(value="127500"), **SECOND)
    assert there.do(CORRECT, "M-1", **SECOND) == [
        MeasurementCorrected(previous="127500", value="127400.50", explanation="重复入账")
    ]
    measurement = there.world.get(MeasurementState, "M-1")
    assert measurement is not None
    assert (measurement.value, measurement.version) == ("127400.50", 3)
    assert (measurement.stated_by, measurement.attested_by) == ("finance-officer", None)
    past = there.world.as_of(there.position - 1).get(MeasurementState, "M-1")
    assert past is not None
    assert (past.value, past.version) == ("127500", 1)


def test_a_correction_may_cite_the_case_that_allowed_it() -> None:
    """The case is one that the ledger knows."""
    opened = ApprovalCaseOpened(
        case="C-9",
        subject="measurement/M-1",
        subject_hash="0" * 64,
        matrix="0" * 64,
        item="DATA",
        initiator="FIN-1",
        initiator_unit="FIN",
        steps=(),
    )
    there = recorded().given("case/C-9", opened)
    [event] = there.do(changed(CORRECT, case="C-9"), "M-1", **OWNER)
    assert isinstance(event, MeasurementCorrected)
    assert event.case == "C-9"
