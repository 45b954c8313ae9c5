"""Who acts, in which capacity and for whom: established by the ledger, never taken from a body.

A verified person acts in a position that they hold on the day of recording, or in one that a
delegation lends them (evidence.md, section 4). Default is deny.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final

from opsledger_contracts.problems.general import (
    CredentialInvalid,
    DelegationNotValid,
    FunctionMissing,
    PositionNotHeld,
    PositionRequired,
    ScopeMissing,
)
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.credential import CredentialState
from opsledger_ledger.domain.deciding import Act, CommandEntry, World, known
from opsledger_ledger.domain.delegation import DelegationState, chain, lapse
from opsledger_ledger.domain.position import PositionState

IDENTITY_REFUSALS: Final[tuple[type[Refusal], ...]] = (
    CredentialInvalid,
    ScopeMissing,
    PositionRequired,
    PositionNotHeld,
    DelegationNotValid,
    FunctionMissing,
)
"""Refusals that any command can meet before its own questions are asked."""


def established(entry: CommandEntry, act: Act, world: World) -> Act:
    """Establish credential, scope, position, unit and delegator of an act.

    A person who holds exactly one position today need not name it.

    Raises:
        CredentialInvalid: the API key is revoked, expired or not of this person.
        ScopeMissing: the API key does not have the scope of the command.
        PositionRequired: the command needs a position, and none is named or obvious.
        PositionNotHeld: the named position is not held today.
        DelegationNotValid: the delegation does not lend this person the position today.
        FunctionMissing: the position does not carry the function that the command belongs to.

    """
    _require_credential(act, world)
    if entry.scope not in act.scopes:
        raise ScopeMissing(expected=entry.scope, found=", ".join(sorted(act.scopes)) or "none")
    if act.delegation is not None:
        position, on_behalf_of = _lent(entry, act, act.delegation, world)
    elif entry.acting or act.position is not None:
        position, on_behalf_of = _held(act, world), None
    else:
        return replace(act, unit=None, on_behalf_of=None)
    if entry.function is not None and entry.function not in position.functions:
        raise FunctionMissing(position=position.id, expected=entry.function)
    return replace(act, position=position.id, unit=position.unit, on_behalf_of=on_behalf_of)


def identities(act: Act, world: World) -> frozenset[str]:
    """Name all persons whose will an act is: the actor and the whole chain of delegators.

    This is E of domain-model.md, section 3: conflicting acts need disjoint identities.
    """
    if act.delegation is None:
        return frozenset((act.person,))
    return frozenset((act.person, *(link.delegator for link in _links(act.delegation, world))))


def covers(act: Act, world: World, item: str, amount: str | None = None) -> None:
    """Require that the delegation of an act, if any, covers a matrix item and an amount in CNY.

    Raises:
        DelegationNotValid: a delegation of the chain does not name the item or limits the amount.

    """
    if act.delegation is None:
        return
    for link in _links(act.delegation, world):
        detail = link.lacks(item, amount)
        if detail is not None:
            raise _not_valid(act, link.id, detail)


def people_of(world: World, unit: str, day: date) -> frozenset[str]:
    """Name all persons who hold a position of a unit on a day."""
    return frozenset(
        person
        for position in _positions(world, "position_by_unit", unit)
        for person in position.holder_on(day)
    )


def speaks_for(act: Act, world: World, unit: str) -> bool:
    """Tell whether an act comes from a unit: by its position, or by one of its identities."""
    return act.unit == unit or not identities(act, world).isdisjoint(
        people_of(world, unit, act.today)
    )


def _require_credential(act: Act, world: World) -> None:
    if act.credential is None:
        return
    credential = world.get(CredentialState, act.credential)
    if credential is None or credential.person != act.person or not credential.valid_at(act.now):
        raise CredentialInvalid


def _held(act: Act, world: World) -> PositionState:
    if act.position is not None:
        position = world.get(PositionState, act.position)
        if position is None or not position.held_by(act.person, act.today):
            raise PositionNotHeld(person=act.person, position=act.position, date=act.today)
        return position
    held = [
        position
        for position in _positions(world, "position_by_person", act.person)
        if position.held_by(act.person, act.today)
    ]
    if len(held) != 1:
        raise PositionRequired
    return held[0]


def _positions(world: World, index: str, key: str) -> Iterator[PositionState]:
    for identifier in world.find(index, key):
        yield known(world, PositionState, identifier, "position")


def _lent(
    entry: CommandEntry, act: Act, identifier: str, world: World
) -> tuple[PositionState, str]:
    delegation = world.get(DelegationState, identifier)
    if delegation is None:
        raise _not_valid(act, identifier, "it does not exist")
    if delegation.delegate != act.person:
        raise _not_valid(act, identifier, "it was given to another person")
    if act.position not in (None, delegation.position):
        raise _not_valid(act, identifier, f"it lends position {delegation.position}")
    if not entry.delegable:
        raise _not_valid(act, identifier, f"{entry.name} cannot be delegated")
    detail = lapse(world, delegation, act.today)
    if detail is not None:
        raise _not_valid(act, identifier, detail)
    return known(world, PositionState, delegation.position, "position"), delegation.delegator


def _links(delegation: str, world: World) -> tuple[DelegationState, ...]:
    return chain(world, known(world, DelegationState, delegation, "delegation"))


def _not_valid(act: Act, delegation: str, detail: str) -> DelegationNotValid:
    return DelegationNotValid(
        delegation=delegation, person=act.person, date=act.today, detail=detail
    )
