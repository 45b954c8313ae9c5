"""Measurements are stated, attested and corrected (R188).

The unit that owns the indicator states the value, a second person attests it, and a correction is a
new event that names what it replaces (SR-28). Nobody vouches for the figures by which their own
unit is assessed (domain-model.md, section 3: data owner-assessed unit).
"""

from opsledger_contracts.events.letter import Period
from opsledger_contracts.events.measurement import (
    MeasurementAttested,
    MeasurementCorrected,
    MeasurementRecorded,
)
from opsledger_contracts.fields import DecimalText, Identifier, Text, Title
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
from opsledger_contracts.rules.numbers import parse_decimal
from opsledger_ledger.domain.case import CaseState
from opsledger_ledger.domain.deciding import Act, Command, Decided, World, known
from opsledger_ledger.domain.indicator import IndicatorState
from opsledger_ledger.domain.measurement import MEASUREMENT, MeasurementState, measured
from opsledger_ledger.domain.policies.identity import speaks_for
from opsledger_ledger.domain.unit import Unit


class RecordMeasurement(Command, frozen=True, kw_only=True):
    """State the actual value of an indicator for a unit and period."""

    indicator: Identifier
    subject: Identifier
    """Organisation unit that is measured."""
    period: Period
    value: DecimalText
    unit: Title
    """Unit of measure."""
    source_system: Title
    extract: Title | None = None
    """Extract of the source system from which the value was taken."""


@MEASUREMENT.decides(
    "record",
    scope="writer",
    creates=True,
    refuses=(
        UnknownReference,
        NotTheDataOwner,
        OwnFigures,
        AlreadyMeasured,
        MeasureUnitDiffers,
        PrecisionExceeded,
    ),
)
def record(command: RecordMeasurement, _measurement: None, act: Act, world: World) -> Decided:
    """Take one value for each indicator, unit and period, from the unit that owns the figures."""
    indicator = known(world, IndicatorState, command.indicator, "indicator")
    known(world, Unit, command.subject, "subject")
    _require_owner(indicator, command.subject, act, world)
    key = measured(command.subject, command.indicator, command.period)
    for measurement in world.find("measurement_by_subject", key):
        raise AlreadyMeasured(
            indicator=command.indicator,
            subject=command.subject,
            period=command.period,
            measurement=measurement,
        )
    if command.unit != indicator.unit:
        raise MeasureUnitDiffers(
            indicator=indicator.id, expected=indicator.unit, found=command.unit
        )
    _require_precision(indicator, command.value)
    yield MeasurementRecorded(
        measurement=act.target,
        indicator=command.indicator,
        subject=command.subject,
        period=command.period,
        value=command.value,
        unit=command.unit,
        source_system=command.source_system,
        extract=command.extract,
    )


class AttestMeasurement(Command, frozen=True, kw_only=True):
    """Attest a value as a second person."""

    value: DecimalText
    """The value that is attested."""


@MEASUREMENT.decides(
    "attest", scope="writer", refuses=(SelfAttested, OwnFigures, ValueDiffers, WrongState)
)
def attest(
    command: AttestMeasurement, measurement: MeasurementState, act: Act, world: World
) -> Decided:
    """Take the word of another person than the one who stated the value, on the value itself."""
    if act.person == measurement.stated_by:
        raise SelfAttested(person=act.person)
    if speaks_for(act, world, measurement.subject):
        raise OwnFigures(person=act.person, subject=measurement.subject)
    _require_standing(measurement, command.value)
    if measurement.attested_by is not None:
        raise WrongState(
            noun="measurement", id=measurement.id, found="attested", expected="not yet attested"
        )
    yield MeasurementAttested(value=command.value)


class CorrectMeasurement(Command, frozen=True, kw_only=True):
    """Replace a wrong value; the old one stays in the history."""

    previous: DecimalText
    """The value that is replaced."""
    value: DecimalText
    explanation: Text
    case: Identifier | None = None
    """Approval case under which the correction was allowed."""


@MEASUREMENT.decides(
    "correct",
    scope="writer",
    refuses=(
        NotTheDataOwner,
        OwnFigures,
        ValueDiffers,
        NothingCorrected,
        PrecisionExceeded,
        UnknownReference,
    ),
)
def correct(
    command: CorrectMeasurement, measurement: MeasurementState, act: Act, world: World
) -> Decided:
    """Let the owner of the figures say what was wrong; the new value is not yet attested."""
    indicator = known(world, IndicatorState, measurement.indicator, "indicator")
    _require_owner(indicator, measurement.subject, act, world)
    _require_standing(measurement, command.previous)
    if parse_decimal(command.value) == parse_decimal(measurement.value):
        raise NothingCorrected(measurement=measurement.id, value=measurement.value)
    _require_precision(indicator, command.value)
    if command.case is not None:
        known(world, CaseState, command.case, "case")
    yield MeasurementCorrected(
        previous=measurement.value,
        value=command.value,
        explanation=command.explanation,
        case=command.case,
    )


def _require_owner(indicator: IndicatorState, subject: str, act: Act, world: World) -> None:
    if act.unit != indicator.owner:
        raise NotTheDataOwner(indicator=indicator.id, owner=indicator.owner, unit=act.unit)
    if speaks_for(act, world, subject):
        raise OwnFigures(person=act.person, subject=subject)


def _require_standing(measurement: MeasurementState, value: str) -> None:
    if parse_decimal(value) != parse_decimal(measurement.value):
        raise ValueDiffers(measurement=measurement.id, found=measurement.value, expected=value)


def _require_precision(indicator: IndicatorState, value: str) -> None:
    if len(value.partition(".")[2]) > indicator.precision:
        raise PrecisionExceeded(indicator=indicator.id, value=value, precision=indicator.precision)
