"""Organisation units: the group, its headquarters, subsidiaries, centres and departments.

A unit is registered under a parent, may move, and may be dissolved into successors. The tree never
has a cycle, and its past is never rewritten: every act is judged by the tree of its own day (R018).
"""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Literal, assert_never

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.unit import (
    ControlMode,
    ControlModeSet,
    OrgUnitDissolved,
    OrgUnitRegistered,
    OrgUnitReparented,
    UnitType,
)
from opsledger_contracts.fields import Identifier, Text, Title
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.unit import UnitCycle
from opsledger_ledger.domain.deciding import Act, Command, Decided, Noun, State, World, known


class Unit(State):
    """A unit as it stands."""

    NOUN: ClassVar[str] = "unit"

    type: UnitType
    name: str
    parent: str | None
    status: Literal["active", "dissolved"] = "active"
    mode: ControlMode | None = None
    successors: tuple[str, ...] = ()


UnitEvent = OrgUnitRegistered | OrgUnitReparented | OrgUnitDissolved | ControlModeSet


def evolve(state: Unit | None, event: Event, envelope: Envelope) -> Unit:
    """Fold one event of a unit."""
    happened: UnitEvent = event  # type: ignore[assignment]
    if isinstance(happened, OrgUnitRegistered):
        return Unit(
            id=happened.unit, type=happened.type, name=happened.name, parent=happened.parent
        )
    assert state is not None, envelope.stream
    match happened:
        case OrgUnitReparented():
            state.parent = happened.parent
        case OrgUnitDissolved():
            state.status = "dissolved"
            state.successors = happened.successors
        case ControlModeSet():
            state.mode = happened.mode
        case _:
            assert_never(happened)
    return state


def keys(state: Unit) -> Iterator[tuple[str, str]]:
    """Find units by their parent."""
    if state.parent is not None and state.status == "active":
        yield "unit_by_parent", state.parent


UNIT = Noun(
    state=Unit,
    evolve=evolve,
    keys=keys,
    rekeyed_by=frozenset(
        (
            OrgUnitReparented,
            OrgUnitDissolved,
        )
    ),
)


class RegisterUnit(Command, frozen=True, kw_only=True):
    """Register a unit under its parent."""

    type: UnitType
    name: Title
    valid_from: date
    parent: Identifier | None = None


@UNIT.decides(
    "register", scope="administrator", acting=False, creates=True, refuses=(UnknownReference,)
)
def register(command: RegisterUnit, _unit: None, act: Act, world: World) -> Decided:
    """Let only a known unit be the parent."""
    if command.parent is not None:
        known(world, Unit, command.parent, "parent")
    yield OrgUnitRegistered(
        unit=act.target,
        type=command.type,
        name=command.name,
        parent=command.parent,
        valid_from=command.valid_from,
    )


class ReparentUnit(Command, frozen=True, kw_only=True):
    """Move a unit under another parent."""

    parent: Identifier
    valid_from: date


@UNIT.decides(
    "reparent",
    scope="administrator",
    acting=False,
    refuses=(UnknownReference, UnitCycle, WrongState),
)
def reparent(command: ReparentUnit, unit: Unit, _act: Act, world: World) -> Decided:
    """Keep the organisation a tree."""
    _require_active(unit)
    above: Unit | None = known(world, Unit, command.parent, "parent")
    while above is not None:
        if above.id == unit.id:
            raise UnitCycle(unit=unit.id, parent=command.parent)
        above = world.get(Unit, above.parent) if above.parent else None
    yield OrgUnitReparented(parent=command.parent, valid_from=command.valid_from)


class DissolveUnit(Command, frozen=True, kw_only=True):
    """End a unit and name the successors of its duties."""

    successors: tuple[Identifier, ...]
    valid_from: date


@UNIT.decides(
    "dissolve", scope="administrator", acting=False, refuses=(UnknownReference, WrongState)
)
def dissolve(command: DissolveUnit, unit: Unit, _act: Act, world: World) -> Decided:
    """Let duties pass only to known units."""
    _require_active(unit)
    for successor in command.successors:
        known(world, Unit, successor, "successors")
    yield OrgUnitDissolved(successors=command.successors, valid_from=command.valid_from)


class SetControlMode(Command, frozen=True, kw_only=True):
    """Set how tightly the group controls the unit, and on what basis."""

    mode: ControlMode
    basis: Text
    valid_from: date


@UNIT.decides("set-control-mode", scope="administrator", acting=False, refuses=(WrongState,))
def set_control_mode(command: SetControlMode, unit: Unit, _act: Act, _world: World) -> Decided:
    """Change the mode from a day on; past cases keep their chain (R011)."""
    _require_active(unit)
    yield ControlModeSet(mode=command.mode, basis=command.basis, valid_from=command.valid_from)


def _require_active(unit: Unit) -> None:
    if unit.status != "active":
        raise WrongState(noun="organisation unit", id=unit.id, found=unit.status, expected="active")
