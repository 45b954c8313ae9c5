"""Events of an incident that may lead to a veto."""

from datetime import date
from typing import ClassVar

import msgspec

from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Text, Title


class Responsibility(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Share of a unit in an incident, in the words of the determination."""

    unit: Identifier
    degree: Title


class IncidentReported(Event, kw_only=True):
    """An incident was reported; the day of the accident counts, not the day of knowledge."""

    TYPE: ClassVar[str] = "incident.reported.v1"
    incident: Identifier
    category: Identifier
    accident_date: date
    unit: Identifier
    description: Text


class IncidentDetermined(Event, kw_only=True):
    """The responsible authority determined severity and responsibility."""

    TYPE: ClassVar[str] = "incident.determined.v1"
    severity: Identifier
    responsibility: tuple[Responsibility, ...]
    document: Title


class IncidentDeterminationRevoked(Event, kw_only=True):
    """The determination was revoked."""

    TYPE: ClassVar[str] = "incident.determination_revoked.v1"
    document: Title
