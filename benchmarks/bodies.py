"""Bodies of the measured commands as pydantic reads them, as strict as the ledger reads its own."""

from datetime import date
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]
Day = Annotated[date, Field(strict=False)]
"""Written as text, which FastAPI has decoded before pydantic sees it."""


class Body(BaseModel):
    """What a command says; nothing unknown, no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RegisterUnit(Body):
    """Register a unit under its parent."""

    type: Literal["group", "hq", "ops", "subsidiary", "centre", "department", "committee"]
    name: Title
    valid_from: Day
    parent: Identifier | None = None


class SetControlMode(Body):
    """Set how tightly the group controls the unit."""

    mode: Literal["strong", "weak", "strategic"]
    basis: Text
    valid_from: Day


class DefineIndicator(Body):
    """Define an indicator, or replace its definition."""

    title: Title
    unit: Title
    direction: Literal["higher_better", "lower_better", "target"]
    formula: Text
    source: Text
    owner: Identifier
    frequency: Literal["monthly", "quarterly", "annual", "on_event"]
    precision: Annotated[int, Field(ge=0, le=12)]
    category: Identifier | None = None


class DefinePosition(Body):
    """Define a position in a unit."""

    unit: Identifier
    title: Title
    tier: Literal["unit_head", "department_head", "supervisor", "staff"]
    functions: list[Identifier] = Field(default_factory=list)
    head: bool = False
    reports_to: Identifier | None = None


class AppointPerson(Body):
    """Let a person hold a position."""

    person: Identifier
    valid_from: Day


class Route(NamedTuple):
    """One of the measured commands."""

    noun: str
    verb: str
    body: type[Body]
    creates: bool

    @property
    def path(self) -> str:
        """The path of its endpoint."""
        return f"/v1/{self.noun}s/{{name}}/{self.verb}"


ROUTES: Final = (
    Route("unit", "register", RegisterUnit, creates=True),
    Route("unit", "set-control-mode", SetControlMode, creates=False),
    Route("indicator", "define", DefineIndicator, creates=True),
    Route("indicator", "revise", DefineIndicator, creates=False),
    Route("position", "define", DefinePosition, creates=True),
    Route("position", "appoint", AppointPerson, creates=False),
)
