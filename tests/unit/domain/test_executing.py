"""The one path of every command: what is refused whatever the noun."""

from datetime import date

import pytest

from opsledger_contracts.events.unit import OrgUnitRegistered
from opsledger_contracts.problems.general import AlreadyExists, OccurredInFuture, UnknownThing
from opsledger_ledger.domain.unit import RegisterUnit, SetControlMode
from support.deciding import Stage

DAY = date(2026, 1, 1)
REGISTER = RegisterUnit(type="group", name="华翔集团", valid_from=DAY)


def test_nothing_occurs_after_it_is_recorded() -> None:
    """occurred_at may lie in the past, and never after the ledger's clock."""
    with pytest.raises(OccurredInFuture):
        Stage().decide(REGISTER, "HX", occurred_at="2026-06-01T02:00:00.000001Z")
    assert len(Stage().decide(REGISTER, "HX", occurred_at="2026-05-01T00:00:00.000000Z")) == 1


def test_a_thing_begins_once() -> None:
    """A command that begins a stream meets no stream."""
    there = Stage().given(
        "unit/HX", OrgUnitRegistered(unit="HX", type="group", name="华翔集团", valid_from=DAY)
    )
    with pytest.raises(AlreadyExists):
        there.decide(REGISTER, "HX")


def test_what_does_not_exist_is_asked_nothing() -> None:
    """Any other command needs a stream."""
    with pytest.raises(UnknownThing):
        Stage().decide(SetControlMode(mode="weak", basis="章程", valid_from=DAY), "NO")
