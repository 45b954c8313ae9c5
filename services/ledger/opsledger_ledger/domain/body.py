"""Decision bodies (决策机构), such as the remuneration and assessment committee (R027, R032)."""

from typing import Annotated, ClassVar, assert_never

from msgspec import Meta

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.body import (
    MeetingBodyChartered,
    MeetingBodyRechartered,
    Quorum,
    VoteRule,
)
from opsledger_contracts.fields import Identifier, Title
from opsledger_contracts.problems.body import MemberRepeated, QuorumUnreachable
from opsledger_contracts.problems.general import UnknownReference
from opsledger_ledger.domain.deciding import Act, Command, Decided, Noun, State, World, known
from opsledger_ledger.domain.position import PositionState
from opsledger_ledger.domain.unit import Unit


class BodyState(State):
    """A decision body as its charter in force has it."""

    NOUN: ClassVar[str] = "body"

    title: str
    unit: str
    members: tuple[str, ...]
    """Positions whose holders sit on the body."""
    quorum: int
    vote_rule: VoteRule
    competences: tuple[str, ...]


BodyEvent = MeetingBodyChartered | MeetingBodyRechartered


def evolve(state: BodyState | None, event: Event, envelope: Envelope) -> BodyState:
    """Fold one event of a decision body."""
    happened: BodyEvent = event  # type: ignore[assignment]
    match happened:
        case MeetingBodyChartered():
            return BodyState(
                id=happened.body,
                title=happened.title,
                unit=happened.unit,
                members=happened.members,
                quorum=happened.quorum,
                vote_rule=happened.vote_rule,
                competences=happened.competences,
            )
        case MeetingBodyRechartered():
            assert state is not None, envelope.stream
            state.members = happened.members
            state.quorum = happened.quorum
            state.vote_rule = happened.vote_rule
            state.competences = happened.competences
            return state
        case _:
            assert_never(happened)


BODY = Noun(state=BodyState, evolve=evolve)

Members = Annotated[tuple[Identifier, ...], Meta(min_length=1)]


class CharterBody(Command, frozen=True, kw_only=True):
    """Charter a decision body with its members, quorum, vote rule and competences."""

    title: Title
    unit: Identifier
    members: Members
    """Positions whose holders sit on the body."""
    quorum: Quorum
    vote_rule: VoteRule
    competences: tuple[Identifier, ...]


@BODY.decides(
    "charter",
    scope="administrator",
    acting=False,
    creates=True,
    refuses=(UnknownReference, MemberRepeated, QuorumUnreachable),
)
def charter(command: CharterBody, _body: None, act: Act, world: World) -> Decided:
    """Let only known positions sit, and enough of them to decide anything (R027)."""
    known(world, Unit, command.unit, "unit")
    _require_able_to_decide(command.members, command.quorum, world)
    yield MeetingBodyChartered(
        body=act.target,
        title=command.title,
        unit=command.unit,
        members=command.members,
        quorum=command.quorum,
        vote_rule=command.vote_rule,
        competences=command.competences,
    )


class RecharterBody(Command, frozen=True, kw_only=True):
    """Replace the charter of a decision body as a whole."""

    members: Members
    quorum: Quorum
    vote_rule: VoteRule
    competences: tuple[Identifier, ...]


@BODY.decides(
    "recharter",
    scope="administrator",
    acting=False,
    refuses=(UnknownReference, MemberRepeated, QuorumUnreachable),
)
def recharter(command: RecharterBody, _body: BodyState, _act: Act, world: World) -> Decided:
    """Hold the new charter to the same rules as the first; past decisions keep theirs."""
    _require_able_to_decide(command.members, command.quorum, world)
    yield MeetingBodyRechartered(
        members=command.members,
        quorum=command.quorum,
        vote_rule=command.vote_rule,
        competences=command.competences,
    )


def _require_able_to_decide(members: tuple[str, ...], quorum: int, world: World) -> None:
    for place, member in enumerate(members):
        known(world, PositionState, member, "members")
        if member in members[:place]:
            raise MemberRepeated(position=member)
    if quorum > len(members):
        raise QuorumUnreachable(quorum=quorum, members=len(members))
