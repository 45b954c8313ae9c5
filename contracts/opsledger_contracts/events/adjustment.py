"""Events of an adjustment of a letter, force majeure included."""

from datetime import date
from typing import ClassVar

import msgspec

from opsledger_contracts.documents.rulebook import CauseClass, Days, Treatment
from opsledger_contracts.event import Event
from opsledger_contracts.events.letter import ItemChange
from opsledger_contracts.fields import Identifier, Sha256, Text, Title, Version
from opsledger_contracts.rules.inputs import AdjustmentKind


class AdjustmentRequested(Event, kw_only=True):
    """A party asked for a change of a letter in force (R115 to R119)."""

    TYPE: ClassVar[str] = "adjustment.requested.v1"
    adjustment: Identifier
    letter: Identifier
    letter_revision: Version
    items: tuple[Identifier, ...]
    kind: AdjustmentKind
    """What is asked for."""
    cause: CauseClass
    """Class of cause of the rulebook, which decides on what the change costs."""
    requested_change: Text
    rulebook: Sha256
    calendar: Sha256
    event_class: Identifier | None = None
    occurred_from: date | None = None
    occurred_to: date | None = None
    causing_unit: Identifier | None = None
    """Unit that caused the change, where the cause is another department."""
    consultation: Identifier | None = None
    """Consultation that came before, where the group imposes the change (R088)."""


class ForceMajeureNotified(Event, kw_only=True):
    """The unit gave notice of the event; the limit runs from its occurrence (SR-16)."""

    TYPE: ClassVar[str] = "adjustment.force_majeure_notified.v1"
    adjustment: Identifier
    letter: Identifier
    items: tuple[Identifier, ...]
    event_class: Identifier
    occurred_from: date
    notified_on: date
    limit: date


class EvidenceSubmitted(Event, kw_only=True):
    """Proof of the event was handed in (SR-16)."""

    TYPE: ClassVar[str] = "adjustment.evidence_submitted.v1"
    submitted_on: date
    description: Text
    limit: date | None = None


class ImpactAssessed(Event, kw_only=True):
    """The effect on each item was assessed in critical-path days, not in days of the event."""

    TYPE: ClassVar[str] = "adjustment.impact_assessed.v1"
    critical_path_days: Days
    method: Text
    mitigation: Text
    assessor: Identifier


class AdjustmentApproved(Event, kw_only=True):
    """An approval case granted the change with a treatment from the rulebook's list."""

    TYPE: ClassVar[str] = "adjustment.approved.v1"
    case: Identifier
    treatment: Treatment
    """What is done about the items, of the treatments of the rulebook."""
    clause: Identifier
    changes: tuple[ItemChange, ...]
    effective_from: date
    granted_days: Days | None = None
    partly: bool = False


class AdjustmentTerms(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is put up for approval; its digest is the content hash that the approval binds to."""

    adjustment: Identifier
    letter: Identifier
    letter_revision: Version
    treatment: Treatment
    clause: Identifier
    changes: tuple[ItemChange, ...]
    effective_from: date
    granted_days: Days | None = None


class AdjustmentSubmitted(Event, kw_only=True):
    """The proposed changes were fixed for approval under a content hash."""

    TYPE: ClassVar[str] = "adjustment.submitted.v1"
    letter_revision: Version
    """Revision that the changes start from."""
    treatment: Treatment
    """What is done about the items, of the treatments of the rulebook."""
    clause: Identifier
    changes: tuple[ItemChange, ...]
    effective_from: date
    content_hash: Sha256
    granted_days: Days | None = None


class AdjustmentRefused(Event, kw_only=True):
    """The change was refused, by an approval case or as inadmissible; the original terms stand."""

    TYPE: ClassVar[str] = "adjustment.refused.v1"
    case: Identifier | None = None


class AdjustmentLapsed(Event, kw_only=True):
    """A limit passed; the original terms stand."""

    TYPE: ClassVar[str] = "adjustment.lapsed.v1"
    limit: Title


class AdjustmentWithdrawn(Event, kw_only=True):
    """The requester withdrew."""

    TYPE: ClassVar[str] = "adjustment.withdrawn.v1"


class AdjustmentApplied(Event, kw_only=True):
    """The letter was amended."""

    TYPE: ClassVar[str] = "adjustment.applied.v1"
    letter: Identifier
    letter_revision: Version
