"""Events of a conflict case between units (沖突解決): submit, mediate, settle or rule."""

from datetime import date
from typing import ClassVar

from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Sha256, StreamName, Text, Title


class ConflictSubmitted(Event, kw_only=True):
    """A unit submitted a conflict; the solution is due in working days (R218, R219)."""

    TYPE: ClassVar[str] = "conflict.submitted.v1"
    conflict: Identifier
    parties: tuple[Identifier, ...]
    category: Identifier
    matter: Text
    due: date
    calendar: Sha256
    subject: StreamName | None = None


class MediationStarted(Event, kw_only=True):
    """The operations department began to mediate."""

    TYPE: ClassVar[str] = "conflict.mediation_started.v1"
    mediator: Identifier


class MediationSettled(Event, kw_only=True):
    """The parties agreed."""

    TYPE: ClassVar[str] = "conflict.settled.v1"
    settlement: Text


class ConflictEscalated(Event, kw_only=True):
    """The conflict went to management, because mediation failed or time ran out."""

    TYPE: ClassVar[str] = "conflict.escalated.v1"
    to: Title


class ConflictRuled(Event, kw_only=True):
    """Management ruled."""

    TYPE: ClassVar[str] = "conflict.ruled.v1"
    ruling: Text


class ConflictClosed(Event, kw_only=True):
    """The conflict is closed."""

    TYPE: ClassVar[str] = "conflict.closed.v1"
