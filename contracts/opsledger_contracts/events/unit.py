"""Events of an organisation unit."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Text, Title

UnitType = Annotated[
    Literal["group", "hq", "ops", "subsidiary", "centre", "department", "committee"],
    Meta(description="Kind of unit; rulebook and matrix refer to it."),
]
ControlMode = Annotated[
    Literal["strong", "weak", "strategic"],
    Meta(description="How tightly the group controls the unit."),
]


class OrgUnitRegistered(Event, kw_only=True):
    """A unit was registered under its parent (R018)."""

    TYPE: ClassVar[str] = "unit.registered.v1"
    unit: Identifier
    type: UnitType
    name: Title
    valid_from: date
    parent: Identifier | None = None


class OrgUnitReparented(Event, kw_only=True):
    """A unit moved under another parent."""

    TYPE: ClassVar[str] = "unit.reparented.v1"
    parent: Identifier
    valid_from: date


class OrgUnitDissolved(Event, kw_only=True):
    """A unit ended; its duties pass to the successors."""

    TYPE: ClassVar[str] = "unit.dissolved.v1"
    successors: tuple[Identifier, ...]
    valid_from: date


class ControlModeSet(Event, kw_only=True):
    """The group set how tightly it controls the unit; past cases keep their chain (R011)."""

    TYPE: ClassVar[str] = "unit.control_mode_set.v1"
    mode: ControlMode
    basis: Text
    valid_from: date
