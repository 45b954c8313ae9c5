"""Organisation units: registered under a parent, moved, dissolved, controlled (R018, R011)."""

from datetime import date

import pytest

from opsledger_contracts.events.unit import (
    ControlModeSet,
    OrgUnitDissolved,
    OrgUnitRegistered,
    OrgUnitReparented,
)
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.unit import UnitCycle
from opsledger_ledger.domain.unit import (
    DissolveUnit,
    RegisterUnit,
    ReparentUnit,
    SetControlMode,
    Unit,
)
from support.deciding import Refused, Stage, undeclared_and_untested

DAY = date(2026, 1, 1)
GROUP = OrgUnitRegistered(unit="HX", type="group", name="华翔集团", valid_from=DAY)
SUBSIDIARY = OrgUnitRegistered(
    unit="BJ", type="subsidiary", name="滨江公司", parent="HX", valid_from=DAY
)
DISSOLVED = OrgUnitDissolved(successors=("HX",), valid_from=DAY)


def stage() -> Stage:
    """A group with one subsidiary."""
    return Stage().given("unit/HX", GROUP).given("unit/BJ", SUBSIDIARY)


def dissolved() -> Stage:
    """The same after the subsidiary was dissolved."""
    return stage().given("unit/BJ", DISSOLVED)


REFUSED = [
    Refused(
        id="parent unknown",
        stage=stage(),
        command=RegisterUnit(type="centre", name="营销中心", parent="NO", valid_from=DAY),
        target="MC",
        refusal=UnknownReference,
    ),
    Refused(
        id="new parent unknown",
        stage=stage(),
        command=ReparentUnit(parent="NO", valid_from=DAY),
        target="BJ",
        refusal=UnknownReference,
    ),
    Refused(
        id="under itself",
        stage=stage(),
        command=ReparentUnit(parent="BJ", valid_from=DAY),
        target="HX",
        refusal=UnitCycle,
    ),
    Refused(
        id="move after dissolution",
        stage=dissolved(),
        command=ReparentUnit(parent="HX", valid_from=DAY),
        target="BJ",
        refusal=WrongState,
    ),
    Refused(
        id="successor unknown",
        stage=stage(),
        command=DissolveUnit(successors=("NO",), valid_from=DAY),
        target="BJ",
        refusal=UnknownReference,
    ),
    Refused(
        id="dissolved twice",
        stage=dissolved(),
        command=DissolveUnit(successors=("HX",), valid_from=DAY),
        target="BJ",
        refusal=WrongState,
    ),
    Refused(
        id="mode of a dissolved unit",
        stage=dissolved(),
        command=SetControlMode(mode="weak", basis="章程", valid_from=DAY),
        target="BJ",
        refusal=WrongState,
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_units_refuse_what_would_break_the_organisation(row: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    row.check()


def test_every_declared_refusal_of_units_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("unit", REFUSED) == (set(), set())


def test_a_unit_is_registered_under_its_parent() -> None:
    """R018: a unit stands in the tree from its registration on."""
    there = stage()
    events = there.do(
        RegisterUnit(type="centre", name="营销中心", parent="HX", valid_from=DAY), "MC"
    )
    assert events == [
        OrgUnitRegistered(unit="MC", type="centre", name="营销中心", parent="HX", valid_from=DAY)
    ]
    assert there.world.find("unit_by_parent", "HX") == ("BJ", "MC")


def test_the_group_has_no_parent() -> None:
    """R018: the root of the tree is registered under nothing."""
    events = Stage().do(RegisterUnit(type="group", name="华翔集团", valid_from=DAY), "HX")
    assert events == [GROUP]


def test_a_unit_moves_under_another_parent() -> None:
    """The tree changes from a day on; the past registration stays in the history."""
    there = stage().given(
        "unit/MC", OrgUnitRegistered(unit="MC", type="centre", name="营销中心", valid_from=DAY)
    )
    assert there.do(ReparentUnit(parent="MC", valid_from=DAY), "BJ") == [
        OrgUnitReparented(parent="MC", valid_from=DAY)
    ]
    moved = there.world.get(Unit, "BJ")
    assert moved is not None
    assert moved.parent == "MC"


def test_a_dissolved_unit_is_no_longer_found_under_its_parent() -> None:
    """Dissolution names successors; the unit leaves the tree, but not the past."""
    there = stage()
    before = there.position
    assert there.do(DissolveUnit(successors=("HX",), valid_from=DAY), "BJ") == [DISSOLVED]
    assert there.world.find("unit_by_parent", "HX") == ()
    assert there.world.as_of(before).find("unit_by_parent", "HX") == ("BJ",)


def test_the_control_mode_is_recorded_with_its_basis() -> None:
    """R011: the mode is an event with its basis, from a day on."""
    there = stage()
    command = SetControlMode(mode="strong", basis="集团章程第三章", valid_from=DAY)
    assert there.do(command, "BJ") == [
        ControlModeSet(mode="strong", basis="集团章程第三章", valid_from=DAY)
    ]
    controlled = there.world.get(Unit, "BJ")
    assert controlled is not None
    assert controlled.mode == "strong"
