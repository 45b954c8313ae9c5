"""Incidents: reported, determined by the safety function, revocable afterwards (R136, SR-17)."""

from datetime import date
from typing import Any

import pytest

from opsledger_contracts.events.incident import (
    IncidentDeterminationRevoked,
    IncidentDetermined,
    IncidentReported,
    Responsibility,
)
from opsledger_contracts.problems.general import FunctionMissing, UnknownReference, WrongState
from opsledger_contracts.problems.incident import AccidentInFuture, ResponsibilityRepeated
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.incident import (
    DetermineIncident,
    IncidentState,
    ReportIncident,
    RevokeDetermination,
)
from support.deciding import Refused, Stage, undeclared_and_untested
from support.organisation import organisation

TODAY = date(2026, 6, 1)
REPORT = ReportIncident(
    category="fatal_accident", accident_date=TODAY, unit="LG", description="塔吊倾覆"
)
REPORTED = IncidentReported(
    incident="X-1",
    category="fatal_accident",
    accident_date=TODAY,
    unit="LG",
    description="塔吊倾覆",
)
MAIN = Responsibility(unit="LG", degree="主要责任")
MINOR = Responsibility(unit="ENG", degree="次要责任")
DETERMINE = DetermineIncident(
    severity="major", responsibility=(MAIN, MINOR), document="事故调查报告"
)
DETERMINED = IncidentDetermined(
    severity="major", responsibility=(MAIN, MINOR), document="事故调查报告"
)
REVOKE = RevokeDetermination(document="复核决定")
SAFETY = {"person": "safety-officer"}


def reported() -> Stage:
    """An accident at 临港公司."""
    return organisation().given("incident/X-1", REPORTED)


def determined() -> Stage:
    """The same, with two units held responsible."""
    return reported().given("incident/X-1", DETERMINED)


def row(name: str, stage: Stage, command: Command, refusal: type[Refusal], **act: Any) -> Refused:
    """One refusal, of the safety function unless said otherwise."""
    return Refused(
        id=name, stage=stage, command=command, target="X-1", refusal=refusal, act=SAFETY | act
    )


REFUSED = [
    row(
        "unit unknown",
        organisation(),
        ReportIncident(category="fire", accident_date=TODAY, unit="NO", description="x"),
        UnknownReference,
    ),
    row(
        "tomorrow",
        organisation(),
        ReportIncident(category="fire", accident_date=date(2026, 6, 2), unit="LG", description="x"),
        AccidentInFuture,
    ),
    row("determined twice", determined(), DETERMINE, WrongState),
    row(
        "responsible unit unknown",
        reported(),
        DetermineIncident(
            severity="major",
            responsibility=(Responsibility(unit="NO", degree="主要责任"),),
            document="x",
        ),
        UnknownReference,
    ),
    row(
        "responsible twice",
        reported(),
        DetermineIncident(severity="major", responsibility=(MAIN, MAIN), document="x"),
        ResponsibilityRepeated,
    ),
    row("revoked before determined", reported(), REVOKE, WrongState),
]


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.id)
def test_incidents_refuse_what_is_out_of_order(refused: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    refused.check()


def test_every_declared_refusal_of_incidents_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("incident", REFUSED) == (set(), set())


@pytest.mark.parametrize(("stage", "command"), [(reported(), DETERMINE), (determined(), REVOKE)])
def test_only_the_safety_function_determines_and_revokes(stage: Stage, command: Command) -> None:
    """R136: a head of a unit cannot say what the unit is responsible for."""
    with pytest.raises(FunctionMissing):
        stage.decide(command, "X-1", person="lingang-head")


def test_an_accident_is_reported_with_its_own_date() -> None:
    """R136: the date of the accident counts, not the date of knowledge."""
    there = organisation()
    assert there.do(REPORT, "X-1", person="lingang-head") == [REPORTED]
    assert there.world.find("incident_by_unit", "LG") == ("X-1",)
    assert there.world.find("incident_by_responsible_unit", "LG") == ()


def test_a_determination_names_severity_and_responsible_units() -> None:
    """Every responsible unit finds the incident that may count against it."""
    there = reported()
    assert there.do(DETERMINE, "X-1", **SAFETY) == [DETERMINED]
    assert there.world.find("incident_by_responsible_unit", "ENG") == ("X-1",)
    incident = there.world.get(IncidentState, "X-1")
    assert incident is not None
    assert (incident.status, incident.severity) == ("determined", "major")
    assert incident.responsibility == (MAIN, MINOR)


def test_a_revoked_determination_holds_nobody_responsible_and_may_be_followed_by_another() -> None:
    """SR-17: the superior authority revokes; what was believed before stays answerable."""
    there = determined()
    before = there.position
    assert there.do(REVOKE, "X-1", **SAFETY) == [IncidentDeterminationRevoked(document="复核决定")]
    incident = there.world.get(IncidentState, "X-1")
    assert incident is not None
    assert (incident.status, incident.severity, incident.responsibility) == ("revoked", None, ())
    assert there.world.find("incident_by_responsible_unit", "LG") == ()
    assert there.world.as_of(before).find("incident_by_responsible_unit", "LG") == ("X-1",)
    assert there.do(DETERMINE, "X-1", **SAFETY) == [DETERMINED]
