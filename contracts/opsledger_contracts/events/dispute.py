"""Events of a dispute of a score (申诉)."""

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Sha256, Text, Version

Ground = Annotated[
    Literal[
        "input_wrong", "rule_misapplied", "adjustment_omitted", "procedure_defect", "grade_or_quota"
    ],
    Meta(description="Why the party thinks the score wrong."),
]
FindingKind = Annotated[
    Literal["rule_misapplied", "input_wrong", "adjustment_omitted", "procedure_defect", "none"],
    Meta(description="What was found wrong with the score."),
]
Outcome = Annotated[
    Literal["upheld", "partly_upheld", "rejected"], Meta(description="Whether the party was right.")
]
Remedy = Annotated[
    Literal["rescore", "regrade", "none"], Meta(description="What has to follow from the decision.")
]


class Contested(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """An element of the explanation that the party contests; it must exist there."""

    element: Literal["item", "clause", "input", "adjustment", "procedure", "grade"]
    """Part of the explanation of the score."""
    name: Identifier


class DisputeFiled(Event, kw_only=True):
    """The assessed party filed a dispute of one score version (R155)."""

    TYPE: ClassVar[str] = "dispute.filed.v1"
    dispute: Identifier
    assessment: Identifier
    score_version: Version
    unit: Identifier
    contested: tuple[Contested, ...]
    grounds: tuple[Ground, ...]
    statement: Text
    limit: date
    calendar: Sha256
    rulebook: Sha256


class DisputeAccepted(Event, kw_only=True):
    """The dispute is admissible; a handler is named and the decision due (SR-20, SR-23)."""

    TYPE: ClassVar[str] = "dispute.accepted.v1"
    handler: Identifier
    accepted_on: date
    due: date
    calendar: Sha256


class DisputeInadmissible(Event, kw_only=True):
    """The dispute is not admissible; the score stands."""

    TYPE: ClassVar[str] = "dispute.inadmissible.v1"
    ground: Literal["late", "no_standing", "no_ground", "element_unknown"]
    """Why the dispute is not heard."""


class HandlerRecused(Event, kw_only=True):
    """A handler stepped back; another takes over."""

    TYPE: ClassVar[str] = "dispute.handler_recused.v1"
    handler: Identifier
    successor: Identifier


class ReplayOrdered(Event, kw_only=True):
    """A replay was made part of the dispute."""

    TYPE: ClassVar[str] = "dispute.replay_ordered.v1"
    replay: Identifier


class FindingRecorded(Event, kw_only=True):
    """What the handler found, with the replay that shows it."""

    TYPE: ClassVar[str] = "dispute.finding_recorded.v1"
    kind: FindingKind
    detail: Text
    replay: Identifier | None = None
    clause: Identifier | None = None


class HearingHeld(Event, kw_only=True):
    """The parties were heard."""

    TYPE: ClassVar[str] = "dispute.hearing_held.v1"
    held_on: date
    attendees: tuple[Identifier, ...]
    summary: Text


class DisputeDecided(Event, kw_only=True):
    """The panel decided, stating finding, clause, replay and remedy (SR-23)."""

    TYPE: ClassVar[str] = "dispute.decided.v1"
    outcome: Outcome
    clause: Identifier
    remedy: Remedy
    instance: Literal[1, 2]
    """2 is the committee in full, whose decision is final."""
    within_limit: bool
    second_instance_until: date | None = None
    replay: Identifier | None = None


class SecondReviewRequested(Event, kw_only=True):
    """The party asked the committee in full, once (SR-23)."""

    TYPE: ClassVar[str] = "dispute.second_review_requested.v1"
    statement: Text
    due: date
    calendar: Sha256


class RemedyApplied(Event, kw_only=True):
    """The rescored version answers the decision."""

    TYPE: ClassVar[str] = "dispute.remedy_applied.v1"
    assessment: Identifier
    score_version: Version
    run: Version


class DisputeWithdrawn(Event, kw_only=True):
    """The party withdrew."""

    TYPE: ClassVar[str] = "dispute.withdrawn.v1"


class DisputeClosed(Event, kw_only=True):
    """The dispute is over."""

    TYPE: ClassVar[str] = "dispute.closed.v1"
