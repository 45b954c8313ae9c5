"""Events of a plan cycle: from goals set to plans published."""

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from opsledger_contracts.event import Event
from opsledger_contracts.events.letter import Period
from opsledger_contracts.fields import Count, DecimalText, Identifier, Text, Title

ClashKind = Annotated[
    Literal["resource", "dependency", "support", "coverage", "duplicate"],
    Meta(description="What two items stand against each other in."),
]


class Goal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A goal with a quantity."""

    goal: Identifier
    name: Title
    indicator: Identifier
    value: DecimalText
    unit: Title


class PlanCycleOpened(Event, kw_only=True):
    """A planning cycle was opened for a period (R084)."""

    TYPE: ClassVar[str] = "cycle.opened.v1"
    cycle: Identifier
    period: Period
    title: Title


class PlanGoalsSet(Event, kw_only=True):
    """Senior management set the goals of the cycle (step 1, R060)."""

    TYPE: ClassVar[str] = "cycle.goals_set.v1"
    goals: tuple[Goal, ...]


class InformationCollected(Event, kw_only=True):
    """A unit handed in information on a topic (step 2, R061)."""

    TYPE: ClassVar[str] = "cycle.information_collected.v1"
    topic: Title
    unit: Identifier
    summary: Text


class DraftingStarted(Event, kw_only=True):
    """Information is in; units draft (step 3)."""

    TYPE: ClassVar[str] = "cycle.drafting_started.v1"


class BalancingOpened(Event, kw_only=True):
    """A balancing session was opened (step 4, R063)."""

    TYPE: ClassVar[str] = "cycle.balancing_opened.v1"
    session: Identifier


class PlanClashFound(Event, kw_only=True):
    """The session found items that stand against each other (R063)."""

    TYPE: ClassVar[str] = "cycle.clash_found.v1"
    clash: Identifier
    kind: ClashKind
    items: tuple[str, ...]
    """Items as `<letter>/<item>`."""
    detail: Text


class ClashesSearched(Event, kw_only=True):
    """The ledger compared the letters of the period; what it newly found follows (R063)."""

    TYPE: ClassVar[str] = "cycle.clashes_searched.v1"
    letters: tuple[Identifier, ...]
    found: Count


class ClashResolved(Event, kw_only=True):
    """A clash was resolved."""

    TYPE: ClassVar[str] = "cycle.clash_resolved.v1"
    clash: Identifier
    resolution: Text


class BalancingClosed(Event, kw_only=True):
    """All clashes are resolved; approval may begin."""

    TYPE: ClassVar[str] = "cycle.balancing_closed.v1"
    session: Identifier


class PlanCyclePublished(Event, kw_only=True):
    """The results of the cycle were published (step 5, R064)."""

    TYPE: ClassVar[str] = "cycle.published.v1"
    plans: tuple[Identifier, ...]


class PlanCycleClosed(Event, kw_only=True):
    """The cycle is over."""

    TYPE: ClassVar[str] = "cycle.closed.v1"
