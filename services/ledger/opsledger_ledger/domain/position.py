"""Positions (岗位): the posts of a unit, what they may do, and who holds them.

People act only through a position. A position has one holder at a time, and every appointment has
a first day and, once it ended, a first day without power, so that any past act can be judged by who
held what on its day (R018, R019, R022).
"""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, assert_never

import msgspec

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.position import (
    JobDescriptionPublished,
    PersonAppointed,
    PersonRelieved,
    PositionDefined,
    PositionReviewed,
    Tier,
)
from opsledger_contracts.fields import Identifier, Text, Title
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.position import (
    NotAppointed,
    PositionOccupied,
    RelievedBeforeAppointed,
)
from opsledger_ledger.domain.deciding import Act, Command, Decided, Noun, State, World, known
from opsledger_ledger.domain.person import PersonState
from opsledger_ledger.domain.unit import Unit


class Holding(msgspec.Struct, kw_only=True):
    """One appointment; `valid_to` is the first day without it, None while it is open."""

    person: str
    valid_from: date
    valid_to: date | None = None

    def covers(self, day: date) -> bool:
        """Tell whether the position is held on a day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


class PositionState(State):
    """A position as it stands, with all its appointments."""

    NOUN: ClassVar[str] = "position"

    unit: str
    title: str
    tier: Tier
    functions: tuple[str, ...]
    head: bool
    reports_to: str | None
    holders: list[Holding] = msgspec.field(default_factory=list)
    job_description: JobDescriptionPublished | None = None
    reviewed_on: date | None = None

    def holder_on(self, day: date) -> tuple[str, ...]:
        """Name those who hold the position on a day; at most one."""
        return tuple(holding.person for holding in self.holders if holding.covers(day))

    def held_by(self, person: str, day: date) -> bool:
        """Tell whether a person holds the position on a day."""
        return person in self.holder_on(day)

    def held_throughout(self, person: str, first: date, last: date) -> bool:
        """Tell whether one appointment of the person covers both days."""
        return any(
            holding.person == person and holding.covers(first) and holding.covers(last)
            for holding in self.holders
        )


PositionEvent = (
    PositionDefined | JobDescriptionPublished | PositionReviewed | PersonAppointed | PersonRelieved
)


def evolve(state: PositionState | None, event: Event, envelope: Envelope) -> PositionState:
    """Fold one event of a position."""
    happened: PositionEvent = event  # type: ignore[assignment]
    if isinstance(happened, PositionDefined):
        return PositionState(
            id=happened.position,
            unit=happened.unit,
            title=happened.title,
            tier=happened.tier,
            functions=happened.functions,
            head=happened.head,
            reports_to=happened.reports_to,
        )
    assert state is not None, envelope.stream
    match happened:
        case JobDescriptionPublished():
            state.job_description = happened
        case PositionReviewed():
            state.reviewed_on = happened.reviewed_on
        case PersonAppointed():
            state.holders.append(Holding(person=happened.person, valid_from=happened.valid_from))
        case PersonRelieved():
            for holding in state.holders:
                if holding.person == happened.person and holding.valid_to is None:
                    holding.valid_to = happened.valid_to
        case _:
            assert_never(happened)
    return state


def keys(state: PositionState) -> Iterator[tuple[str, str]]:
    """Find positions by everyone who ever held them, by function and by unit."""
    yield "position_by_unit", state.unit
    for function in state.functions:
        yield "position_by_function", function
    for holding in state.holders:
        yield "position_by_person", holding.person


POSITION = Noun(
    state=PositionState, evolve=evolve, keys=keys, rekeyed_by=frozenset((PersonAppointed,))
)


class DefinePosition(Command, frozen=True, kw_only=True):
    """Define a position in a unit and the functions of the authority matrix that it carries."""

    unit: Identifier
    title: Title
    tier: Tier
    functions: tuple[Identifier, ...] = ()
    head: bool = False
    reports_to: Identifier | None = None


@POSITION.decides(
    "define",
    scope="administrator",
    acting=False,
    creates=True,
    refuses=(UnknownReference, WrongState),
)
def define(command: DefinePosition, _position: None, act: Act, world: World) -> Decided:
    """Put positions only into active units, under known positions (R018)."""
    unit = known(world, Unit, command.unit, "unit")
    if unit.status != "active":
        raise WrongState(noun="organisation unit", id=unit.id, found=unit.status, expected="active")
    if command.reports_to is not None:
        known(world, PositionState, command.reports_to, "reports_to")
    yield PositionDefined(
        position=act.target,
        unit=command.unit,
        title=command.title,
        tier=command.tier,
        functions=command.functions,
        head=command.head,
        reports_to=command.reports_to,
    )


class PublishJobDescription(Command, frozen=True, kw_only=True):
    """Publish a new version of the job description."""

    duties: tuple[Text, ...]
    powers: tuple[Identifier, ...] = ()
    """Items of the authority matrix."""
    indicators: tuple[Identifier, ...] = ()
    skills: tuple[Title, ...] = ()


@POSITION.decides("publish-job-description", scope="administrator", acting=False)
def publish_job_description(
    command: PublishJobDescription, _position: PositionState, _act: Act, _world: World
) -> Decided:
    """Replace the job description as a whole; earlier versions stay in the history (R019).

    It describes. What the position may do is decided by the authority matrix alone.
    """
    yield JobDescriptionPublished(
        duties=command.duties,
        powers=command.powers,
        indicators=command.indicators,
        skills=command.skills,
    )


class ReviewPosition(Command, frozen=True, kw_only=True):
    """Record the outcome of a periodic review of the position."""

    outcome: Text


@POSITION.decides("review", scope="administrator", acting=False)
def review(command: ReviewPosition, _position: PositionState, act: Act, _world: World) -> Decided:
    """Note the review on the day on which it was held (R022)."""
    yield PositionReviewed(reviewed_on=act.occurred_on, outcome=command.outcome)


class AppointPerson(Command, frozen=True, kw_only=True):
    """Let a person hold the position from a day on."""

    person: Identifier
    valid_from: date


@POSITION.decides(
    "appoint",
    scope="administrator",
    acting=False,
    refuses=(UnknownReference, PositionOccupied),
)
def appoint(command: AppointPerson, position: PositionState, _act: Act, world: World) -> Decided:
    """Keep one holder at a time: an appointment is open, so every earlier one must have ended."""
    known(world, PersonState, command.person, "person")
    for holding in position.holders:
        first = max(command.valid_from, holding.valid_from)
        if holding.valid_to is None or first < holding.valid_to:
            raise PositionOccupied(
                position=position.id, holder=holding.person, date=command.valid_from
            )
    yield PersonAppointed(person=command.person, valid_from=command.valid_from)


class RelievePerson(Command, frozen=True, kw_only=True):
    """Let a person no longer hold the position from a day on."""

    person: Identifier
    valid_to: date
    """First day on which the position is no longer held."""


@POSITION.decides(
    "relieve",
    scope="administrator",
    acting=False,
    refuses=(NotAppointed, RelievedBeforeAppointed),
)
def relieve(command: RelievePerson, position: PositionState, _act: Act, _world: World) -> Decided:
    """End an open appointment; on its first day, as if it had never been.

    All delegations of the person in this position end with it.
    """
    for holding in position.holders:
        if holding.person == command.person and holding.valid_to is None:
            if command.valid_to < holding.valid_from:
                raise RelievedBeforeAppointed(
                    person=command.person,
                    valid_from=holding.valid_from,
                    valid_to=command.valid_to,
                )
            yield PersonRelieved(person=command.person, valid_to=command.valid_to)
            return
    raise NotAppointed(person=command.person, position=position.id)
