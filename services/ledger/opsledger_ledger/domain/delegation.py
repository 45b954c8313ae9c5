"""Delegations (授权): the holder of a position lets another person act in it, for a time.

The chain of a delegation leads from it to the one that the holder of the position granted. A
delegation gives power on a day only if all of its chain is in force on that day and the holder
still has the post in which the first one was granted: delegations end with the post
(domain-model.md, section 2.1). Which acts a position may do is decided by the authority matrix, so
a delegation that names more items than the position has gives no more power than the position.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, assert_never

from msgspec import Meta

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.delegation import DelegationGranted, DelegationRevoked
from opsledger_contracts.fields import DecimalText, Identifier, local_date
from opsledger_contracts.problems.delegation import (
    DelegationCycle,
    DelegationExceedsParent,
    DelegationPeriodInvalid,
    NotTheDelegator,
    SubDelegationNotAllowed,
)
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.rules.numbers import parse_decimal
from opsledger_ledger.domain.deciding import Act, Command, Decided, Noun, State, World, known
from opsledger_ledger.domain.person import PersonState
from opsledger_ledger.domain.position import PositionState


class DelegationState(State):
    """A delegation as it stands."""

    NOUN: ClassVar[str] = "delegation"

    delegator: str
    delegate: str
    position: str
    matrix_items: tuple[str, ...]
    valid_from: date
    valid_to: date
    amount_limit: str | None
    sub_delegable: bool
    parent: str | None
    granted_on: date
    """Local date of the group on which it was recorded."""
    revoked: bool = False

    def lacks(self, item: str, amount: str | None) -> str | None:
        """Tell what of an act on a matrix item the delegation does not cover, None if nothing.

        `amount` is in CNY, None for an act that has none.
        """
        if item not in self.matrix_items:
            return f"item {item} is not among {', '.join(self.matrix_items)}"
        if amount is None or self.amount_limit is None:
            return None
        if parse_decimal(amount) > parse_decimal(self.amount_limit):
            return f"amount {amount} is above {self.amount_limit}"
        return None


DelegationEvent = DelegationGranted | DelegationRevoked


def evolve(state: DelegationState | None, event: Event, envelope: Envelope) -> DelegationState:
    """Fold one event of a delegation."""
    happened: DelegationEvent = event  # type: ignore[assignment]
    match happened:
        case DelegationGranted():
            return DelegationState(
                id=happened.delegation,
                delegator=happened.delegator,
                delegate=happened.delegate,
                position=happened.position,
                matrix_items=happened.matrix_items,
                valid_from=happened.valid_from,
                valid_to=happened.valid_to,
                amount_limit=happened.amount_limit,
                sub_delegable=happened.sub_delegable,
                parent=happened.parent,
                granted_on=local_date(envelope.recorded_at),
            )
        case DelegationRevoked():
            assert state is not None, envelope.stream
            state.revoked = True
            return state
        case _:
            assert_never(happened)


def keys(state: DelegationState) -> Iterator[tuple[str, str]]:
    """Find delegations by both persons and by the position that is lent."""
    yield "delegation_by_delegator", state.delegator
    yield "delegation_by_delegate", state.delegate
    yield "delegation_by_position", state.position


DELEGATION = Noun(state=DelegationState, evolve=evolve, keys=keys)


def chain(world: World, delegation: DelegationState) -> tuple[DelegationState, ...]:
    """List a delegation and those from which it was passed on, up to the holder's own."""
    links = [delegation]
    while links[-1].parent is not None:
        links.append(known(world, DelegationState, links[-1].parent, "parent"))
    return tuple(links)


def lapse(world: World, delegation: DelegationState, day: date) -> str | None:
    """Tell why a delegation gives no power on a day, None if it does."""
    links = chain(world, delegation)
    for link in links:
        if link.revoked:
            return f"delegation {link.id} was revoked"
        if not link.valid_from <= day < link.valid_to:
            return f"delegation {link.id} is valid from {link.valid_from} until {link.valid_to}"
    first = links[-1]
    position = known(world, PositionState, first.position, "position")
    if not position.held_throughout(first.delegator, first.granted_on, day):
        return f"{first.delegator} no longer holds position {first.position}"
    return None


class GrantDelegation(Command, frozen=True, kw_only=True):
    """Let another person act in the position in which one acts oneself.

    One who acts by a delegation passes that delegation on.
    """

    delegate: Identifier
    matrix_items: Annotated[tuple[Identifier, ...], Meta(min_length=1)]
    valid_from: date
    valid_to: date
    """First day on which the delegation no longer holds."""
    amount_limit: DecimalText | None = None
    """CNY; acts of at most this amount."""
    sub_delegable: bool = False


@DELEGATION.decides(
    "grant",
    scope="approver",
    creates=True,
    delegable=True,
    refuses=(
        UnknownReference,
        DelegationPeriodInvalid,
        DelegationCycle,
        SubDelegationNotAllowed,
        DelegationExceedsParent,
    ),
)
def grant(command: GrantDelegation, _delegation: None, act: Act, world: World) -> Decided:
    """Give away only power that one has oneself, and never to one from whom it comes.

    That the position is held, or lent, at this moment is established before.
    """
    assert act.position is not None, "granting needs an acting position"
    known(world, PersonState, command.delegate, "delegate")
    if not act.today <= command.valid_from < command.valid_to:
        raise DelegationPeriodInvalid(
            valid_from=command.valid_from, valid_to=command.valid_to, today=act.today
        )
    parent = world.get(DelegationState, act.delegation) if act.delegation else None
    givers = {act.person}
    if parent is not None:
        givers |= {link.delegator for link in chain(world, parent)}
        _require_inside(parent, command)
    if command.delegate in givers:
        raise DelegationCycle(delegate=command.delegate)
    yield DelegationGranted(
        delegation=act.target,
        delegator=act.person,
        delegate=command.delegate,
        position=act.position,
        matrix_items=command.matrix_items,
        valid_from=command.valid_from,
        valid_to=command.valid_to,
        amount_limit=command.amount_limit,
        sub_delegable=command.sub_delegable,
        parent=act.delegation,
    )


class RevokeDelegation(Command, frozen=True, kw_only=True):
    """Take the power back, with everything that was passed on from it."""


@DELEGATION.decides(
    "revoke", scope="approver", delegable=True, refuses=(NotTheDelegator, WrongState)
)
def revoke(
    _command: RevokeDelegation, delegation: DelegationState, act: Act, world: World
) -> Decided:
    """Let those revoke from whom the power comes, at any place of the chain."""
    if act.person not in {link.delegator for link in chain(world, delegation)}:
        raise NotTheDelegator(person=act.person, delegation=delegation.id)
    if delegation.revoked:
        raise WrongState(noun="delegation", id=delegation.id, found="revoked", expected="granted")
    yield DelegationRevoked()


def _require_inside(parent: DelegationState, command: GrantDelegation) -> None:
    if not parent.sub_delegable:
        raise SubDelegationNotAllowed(delegation=parent.id)
    beyond = set(command.matrix_items) - set(parent.matrix_items)
    if beyond:
        raise DelegationExceedsParent(
            delegation=parent.id,
            found=", ".join(sorted(beyond)),
            expected=", ".join(parent.matrix_items),
        )
    if parent.amount_limit is not None and (
        command.amount_limit is None
        or parse_decimal(command.amount_limit) > parse_decimal(parent.amount_limit)
    ):
        raise DelegationExceedsParent(
            delegation=parent.id,
            found=command.amount_limit or "∞",
            expected=parent.amount_limit,
        )
    if command.valid_to > parent.valid_to:
        raise DelegationExceedsParent(
            delegation=parent.id,
            found=command.valid_to,
            expected=parent.valid_to,
        )
