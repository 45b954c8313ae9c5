"""The state of a measurement (实际值): the actual value of an indicator for a unit (R188)."""

from collections.abc import Iterator
from typing import ClassVar, assert_never

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.measurement import (
    MeasurementAttested,
    MeasurementCorrected,
    MeasurementRecorded,
)
from opsledger_ledger.domain.deciding import Noun, State


class MeasurementState(State):
    """A measured value as it stands."""

    NOUN: ClassVar[str] = "measurement"

    indicator: str
    subject: str
    """Organisation unit that is measured."""
    period: str
    value: str
    unit: str
    """Unit of measure."""
    version: int
    """Version of the stream that set the value."""
    stated_by: str
    """Person who set the value."""
    attested_by: str | None = None
    """Person who attested the value that stands."""


MeasurementEvent = MeasurementRecorded | MeasurementAttested | MeasurementCorrected


def evolve(state: MeasurementState | None, event: Event, envelope: Envelope) -> MeasurementState:
    """Fold one event of a measurement."""
    happened: MeasurementEvent = event  # type: ignore[assignment]
    if isinstance(happened, MeasurementRecorded):
        return MeasurementState(
            id=happened.measurement,
            indicator=happened.indicator,
            subject=happened.subject,
            period=happened.period,
            value=happened.value,
            unit=happened.unit,
            version=envelope.version,
            stated_by=envelope.person,
        )
    assert state is not None, envelope.stream
    match happened:
        case MeasurementAttested():
            state.attested_by = envelope.person
        case MeasurementCorrected():
            state.value = happened.value
            state.version = envelope.version
            state.stated_by = envelope.person
            state.attested_by = None
        case _:
            assert_never(happened)
    return state


def keys(state: MeasurementState) -> Iterator[tuple[str, str]]:
    """Find a measurement by what it measures."""
    yield "measurement_by_subject", measured(state.subject, state.indicator, state.period)


def measured(subject: str, indicator: str, period: str) -> str:
    """Put together the key of the index `measurement_by_subject`."""
    return f"{subject}:{indicator}:{period}"


MEASUREMENT = Noun(state=MeasurementState, evolve=evolve, keys=keys)
