"""Events of a measured value."""

from typing import ClassVar

from opsledger_contracts.event import Event
from opsledger_contracts.events.letter import Period
from opsledger_contracts.fields import DecimalText, Identifier, Text, Title


class MeasurementRecorded(Event, kw_only=True):
    """The data owner stated the actual value of an indicator for a unit and period (R188)."""

    TYPE: ClassVar[str] = "measurement.recorded.v1"
    measurement: Identifier
    indicator: Identifier
    subject: Identifier
    """Organisation unit that is measured."""
    period: Period
    value: DecimalText
    unit: Title
    source_system: Title
    extract: Title | None = None


class MeasurementAttested(Event, kw_only=True):
    """A second person attested the value."""

    TYPE: ClassVar[str] = "measurement.attested.v1"
    value: DecimalText


class MeasurementCorrected(Event, kw_only=True):
    """A value was corrected; the old one stays in the history (SR-28)."""

    TYPE: ClassVar[str] = "measurement.corrected.v1"
    previous: DecimalText
    value: DecimalText
    explanation: Text
    case: Identifier | None = None
