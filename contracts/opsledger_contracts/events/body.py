"""Events of a decision body (决策机构) such as the remuneration and assessment committee."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Title

Quorum = Annotated[int, Meta(ge=1, le=1000, description="Members needed to decide anything.")]
VoteRule = Annotated[
    Literal["majority", "two_thirds", "unanimous"],
    Meta(description="Share of the members present that must agree."),
]


class MeetingBodyChartered(Event, kw_only=True):
    """A body was chartered with members, quorum, vote rule and competences (R027)."""

    TYPE: ClassVar[str] = "body.chartered.v1"
    body: Identifier
    title: Title
    unit: Identifier
    members: tuple[Identifier, ...]
    """Positions whose holders sit on the body."""
    quorum: Quorum
    vote_rule: VoteRule
    competences: tuple[Identifier, ...]


class MeetingBodyRechartered(Event, kw_only=True):
    """The charter was replaced as a whole."""

    TYPE: ClassVar[str] = "body.rechartered.v1"
    members: tuple[Identifier, ...]
    quorum: Quorum
    vote_rule: VoteRule
    competences: tuple[Identifier, ...]
