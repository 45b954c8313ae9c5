"""Events of one person's result; the person is a pseudonym and the score is HR's (R146)."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from opsledger_contracts.event import Event
from opsledger_contracts.events.letter import Period
from opsledger_contracts.events.position import Tier
from opsledger_contracts.fields import (
    Count,
    DecimalText,
    Identifier,
    RationalText,
    Sha256,
    Text,
    Version,
)

Use = Annotated[
    Literal["bonus_coefficient", "promotion", "training", "removal"],
    Meta(description="What the result decides about."),
]


class TierDays(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Calendar days of the period in positions of one tier."""

    tier: Tier
    days: Count


class IndividualScoreReceived(Event, kw_only=True):
    """HR stated the individual score (R146)."""

    TYPE: ClassVar[str] = "result.individual_score_received.v1"
    result: Identifier
    person: Identifier
    unit: Identifier
    period: Period
    score: DecimalText
    source: Identifier


class IndividualResultCombined(Event, kw_only=True):
    """Organisation and individual score were combined by position tier (SR-18, R144)."""

    TYPE: ClassVar[str] = "result.combined.v1"
    tiers: tuple[TierDays, ...]
    assessment: Identifier
    score_version: Version
    organisation_score: DecimalText
    individual_score: DecimalText
    organisation_weight: RationalText
    """Time-weighted over the tiers, so it need not be a finite decimal."""
    individual_weight: RationalText
    total: DecimalText
    rulebook: Sha256


class ResultApplied(Event, kw_only=True):
    """A final score was used (R147)."""

    TYPE: ClassVar[str] = "result.applied.v1"
    use: Use
    assessment: Identifier
    score_version: Version


class ResultApplicationFlagged(Event, kw_only=True):
    """The score that was used has been superseded (R160)."""

    TYPE: ClassVar[str] = "result.application_flagged.v1"
    assessment: Identifier
    score_version: Version
    superseded_by: Version
    uses: tuple[Use, ...] = ()
    """Uses already made of the superseded score; empty if only the combination rests on it."""


class InterviewHeld(Event, kw_only=True):
    """The performance interview was held (R148)."""

    TYPE: ClassVar[str] = "result.interview_held.v1"
    by: Identifier
    agreed_actions: tuple[Text, ...]
    acknowledged: bool
