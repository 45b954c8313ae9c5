"""Indicators (指标): what is measured, in which unit of measure, from which source (R187)."""

from typing import ClassVar, assert_never

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.indicator import (
    Direction,
    Frequency,
    IndicatorDefined,
    IndicatorRevised,
    Precision,
)
from opsledger_contracts.fields import Identifier, Text, Title
from opsledger_contracts.problems.general import UnknownReference
from opsledger_ledger.domain.deciding import Act, Command, Decided, Noun, State, World, known
from opsledger_ledger.domain.unit import Unit


class IndicatorState(State):
    """An indicator as its definition in force has it."""

    NOUN: ClassVar[str] = "indicator"

    title: str
    unit: str
    """Unit of measure."""
    direction: Direction
    formula: str
    source: str
    owner: str
    """Organisation unit that owns the figures."""
    frequency: Frequency
    precision: int
    category: str | None


IndicatorEvent = IndicatorDefined | IndicatorRevised


def evolve(state: IndicatorState | None, event: Event, envelope: Envelope) -> IndicatorState:
    """Fold one event of an indicator; every definition is whole, so it replaces the last one."""
    happened: IndicatorEvent = event  # type: ignore[assignment]
    match happened:
        case IndicatorDefined():
            identifier = happened.indicator
        case IndicatorRevised():
            assert state is not None, envelope.stream
            identifier = state.id
        case _:
            assert_never(happened)
    return IndicatorState(
        id=identifier,
        title=happened.title,
        unit=happened.unit,
        direction=happened.direction,
        formula=happened.formula,
        source=happened.source,
        owner=happened.owner,
        frequency=happened.frequency,
        precision=happened.precision,
        category=happened.category,
    )


INDICATOR = Noun(state=IndicatorState, evolve=evolve)


class DefineIndicator(Command, frozen=True, kw_only=True):
    """Define an indicator with its unit of measure, formula, source and owner."""

    title: Title
    unit: Title
    """Unit of measure."""
    direction: Direction
    formula: Text
    source: Text
    owner: Identifier
    """Organisation unit that owns the figures."""
    frequency: Frequency
    precision: Precision
    category: Identifier | None = None


@INDICATOR.decides(
    "define", scope="writer", function="ops", creates=True, refuses=(UnknownReference,)
)
def define(command: DefineIndicator, _indicator: None, act: Act, world: World) -> Decided:
    """Let figures belong to a known unit (R187)."""
    known(world, Unit, command.owner, "owner")
    yield IndicatorDefined(
        indicator=act.target,
        title=command.title,
        unit=command.unit,
        direction=command.direction,
        formula=command.formula,
        source=command.source,
        owner=command.owner,
        frequency=command.frequency,
        precision=command.precision,
        category=command.category,
    )


class ReviseIndicator(Command, frozen=True, kw_only=True):
    """Replace the definition of an indicator as a whole."""

    title: Title
    unit: Title
    """Unit of measure."""
    direction: Direction
    formula: Text
    source: Text
    owner: Identifier
    """Organisation unit that owns the figures."""
    frequency: Frequency
    precision: Precision
    category: Identifier | None = None


@INDICATOR.decides("revise", scope="writer", function="ops", refuses=(UnknownReference,))
def revise(
    command: ReviseIndicator, _indicator: IndicatorState, _act: Act, world: World
) -> Decided:
    """Hold the new definition to the same rule; recorded values keep their unit of measure."""
    known(world, Unit, command.owner, "owner")
    yield IndicatorRevised(
        title=command.title,
        unit=command.unit,
        direction=command.direction,
        formula=command.formula,
        source=command.source,
        owner=command.owner,
        frequency=command.frequency,
        precision=command.precision,
        category=command.category,
    )
