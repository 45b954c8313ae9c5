"""Incidents (事故): reported, determined by the safety function, and perhaps revoked later.

A determination may come long after the accident and after the score was published; it counts for
the period of the accident date (R136, SR-17).
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Literal, assert_never

from msgspec import Meta

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.incident import (
    IncidentDeterminationRevoked,
    IncidentDetermined,
    IncidentReported,
    Responsibility,
)
from opsledger_contracts.fields import Identifier, Text, Title
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.incident import AccidentInFuture, ResponsibilityRepeated
from opsledger_ledger.domain.deciding import Act, Command, Decided, Noun, State, World, known
from opsledger_ledger.domain.unit import Unit


class IncidentState(State):
    """An incident as it stands."""

    NOUN: ClassVar[str] = "incident"

    category: str
    accident_date: date
    unit: str
    """Unit in which it happened."""
    status: Literal["reported", "determined", "revoked"] = "reported"
    severity: str | None = None
    responsibility: tuple[Responsibility, ...] = ()
    """As determined; empty while there is no determination."""
    document: str | None = None
    """On which the last determination or its revocation rests."""


IncidentEvent = IncidentReported | IncidentDetermined | IncidentDeterminationRevoked


def evolve(state: IncidentState | None, event: Event, envelope: Envelope) -> IncidentState:
    """Fold one event of an incident."""
    happened: IncidentEvent = event  # type: ignore[assignment]
    if isinstance(happened, IncidentReported):
        return IncidentState(
            id=happened.incident,
            category=happened.category,
            accident_date=happened.accident_date,
            unit=happened.unit,
        )
    assert state is not None, envelope.stream
    match happened:
        case IncidentDetermined():
            state.status = "determined"
            state.severity = happened.severity
            state.responsibility = happened.responsibility
            state.document = happened.document
        case IncidentDeterminationRevoked():
            state.status = "revoked"
            state.severity = None
            state.responsibility = ()
            state.document = happened.document
        case _:
            assert_never(happened)
    return state


def keys(state: IncidentState) -> Iterator[tuple[str, str]]:
    """Find incidents by the unit in which they happened and by every unit held responsible."""
    yield "incident_by_unit", state.unit
    for share in state.responsibility:
        yield "incident_by_responsible_unit", share.unit


INCIDENT = Noun(
    state=IncidentState,
    evolve=evolve,
    keys=keys,
    rekeyed_by=frozenset(
        (
            IncidentDetermined,
            IncidentDeterminationRevoked,
        )
    ),
)


class ReportIncident(Command, frozen=True, kw_only=True):
    """Report an incident; its severity and responsibility are still open."""

    category: Identifier
    accident_date: date
    unit: Identifier
    """Unit in which it happened."""
    description: Text


@INCIDENT.decides(
    "report", scope="writer", creates=True, refuses=(UnknownReference, AccidentInFuture)
)
def report(command: ReportIncident, _incident: None, act: Act, world: World) -> Decided:
    """Take a report about a known unit on or after the day of the accident."""
    known(world, Unit, command.unit, "unit")
    if command.accident_date > act.today:
        raise AccidentInFuture(accident_date=command.accident_date, today=act.today)
    yield IncidentReported(
        incident=act.target,
        category=command.category,
        accident_date=command.accident_date,
        unit=command.unit,
        description=command.description,
    )


class DetermineIncident(Command, frozen=True, kw_only=True):
    """Determine severity and responsibility as the responsible authority stated them."""

    severity: Identifier
    responsibility: Annotated[tuple[Responsibility, ...], Meta(min_length=1)]
    document: Title


@INCIDENT.decides(
    "determine",
    scope="approver",
    function="safety",
    refuses=(UnknownReference, ResponsibilityRepeated, WrongState),
)
def determine(
    command: DetermineIncident, incident: IncidentState, _act: Act, world: World
) -> Decided:
    """Take one determination at a time; after a revocation there may be another."""
    if incident.status == "determined":
        raise WrongState(
            noun="incident", id=incident.id, found="determined", expected="reported or revoked"
        )
    stated: set[str] = set()
    for share in command.responsibility:
        known(world, Unit, share.unit, "responsibility")
        if share.unit in stated:
            raise ResponsibilityRepeated(unit=share.unit)
        stated.add(share.unit)
    yield IncidentDetermined(
        severity=command.severity,
        responsibility=command.responsibility,
        document=command.document,
    )


class RevokeDetermination(Command, frozen=True, kw_only=True):
    """Revoke the determination, as the superior authority decided."""

    document: Title


@INCIDENT.decides(
    "revoke-determination", scope="approver", function="safety", refuses=(WrongState,)
)
def revoke_determination(
    command: RevokeDetermination, incident: IncidentState, _act: Act, _world: World
) -> Decided:
    """Revoke only what was determined (SR-17)."""
    if incident.status != "determined":
        raise WrongState(
            noun="incident", id=incident.id, found=incident.status, expected="determined"
        )
    yield IncidentDeterminationRevoked(document=command.document)
