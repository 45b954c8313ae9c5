"""Positions: defined in a unit, described, reviewed, held by one person at a time (R018, R019)."""

from datetime import date

import pytest

from opsledger_contracts.events.position import (
    JobDescriptionPublished,
    PersonAppointed,
    PersonRelieved,
    PositionDefined,
    PositionReviewed,
)
from opsledger_contracts.events.unit import OrgUnitDissolved
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.position import (
    NotAppointed,
    PositionOccupied,
    RelievedBeforeAppointed,
)
from opsledger_ledger.domain.position import (
    AppointPerson,
    DefinePosition,
    PositionState,
    PublishJobDescription,
    RelievePerson,
    ReviewPosition,
)
from support.deciding import Refused, Stage, undeclared_and_untested
from support.organisation import organisation

JANUARY = date(2026, 1, 1)
JUNE = date(2026, 6, 1)
JULY = date(2026, 7, 1)
RELIEVED = PersonRelieved(person="binjiang-head", valid_to=JULY)


def dissolved() -> Stage:
    """The organisation after 临港公司 was dissolved."""
    return organisation().given("unit/LG", OrgUnitDissolved(successors=("BJ",), valid_from=JUNE))


def leaving() -> Stage:
    """The organisation with the head of 滨江公司 relieved from July on."""
    return organisation().given("position/BJ-1", RELIEVED)


REFUSED = [
    Refused(
        id="unit unknown",
        stage=organisation(),
        command=DefinePosition(unit="NO", title="岗位", tier="staff"),
        target="NEW",
        refusal=UnknownReference,
    ),
    Refused(
        id="superior unknown",
        stage=organisation(),
        command=DefinePosition(unit="BJ", title="岗位", tier="staff", reports_to="NO"),
        target="NEW",
        refusal=UnknownReference,
    ),
    Refused(
        id="unit dissolved",
        stage=dissolved(),
        command=DefinePosition(unit="LG", title="岗位", tier="staff"),
        target="NEW",
        refusal=WrongState,
    ),
    Refused(
        id="person unknown",
        stage=leaving(),
        command=AppointPerson(person="nobody", valid_from=JULY),
        target="BJ-1",
        refusal=UnknownReference,
    ),
    Refused(
        id="position held",
        stage=organisation(),
        command=AppointPerson(person="lingang-head", valid_from=JULY),
        target="BJ-1",
        refusal=PositionOccupied,
    ),
    Refused(
        id="position held until later",
        stage=leaving(),
        command=AppointPerson(person="lingang-head", valid_from=JUNE),
        target="BJ-1",
        refusal=PositionOccupied,
    ),
    Refused(
        id="relieved without appointment",
        stage=organisation(),
        command=RelievePerson(person="lingang-head", valid_to=JULY),
        target="BJ-1",
        refusal=NotAppointed,
    ),
    Refused(
        id="relieved twice",
        stage=leaving(),
        command=RelievePerson(person="binjiang-head", valid_to=JULY),
        target="BJ-1",
        refusal=NotAppointed,
    ),
    Refused(
        id="relieved before appointed",
        stage=organisation(),
        command=RelievePerson(person="binjiang-head", valid_to=date(2025, 12, 31)),
        target="BJ-1",
        refusal=RelievedBeforeAppointed,
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_positions_refuse_what_would_blur_who_holds_what(row: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    row.check()


def test_every_declared_refusal_of_positions_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("position", REFUSED) == (set(), set())


def test_a_position_is_found_by_its_unit_and_functions() -> None:
    """R018: a position stands in its unit and carries functions of the matrix."""
    there = organisation()
    command = DefinePosition(
        unit="BJ",
        title="成本经理",
        tier="supervisor",
        functions=("cost",),
        head=False,
        reports_to="BJ-1",
    )
    assert there.do(command, "BJ-2") == [
        PositionDefined(
            position="BJ-2",
            unit="BJ",
            title="成本经理",
            tier="supervisor",
            functions=("cost",),
            reports_to="BJ-1",
        )
    ]
    assert there.world.find("position_by_unit", "BJ") == ("BJ-1", "BJ-2")
    assert there.world.find("position_by_function", "cost") == ("BJ-2",)


def test_the_highest_position_reports_to_nobody() -> None:
    """R018: a superior is optional, and so are functions."""
    [event] = organisation().do(DefinePosition(unit="HX", title="董事长", tier="unit_head"), "HX-C")
    assert event == PositionDefined(position="HX-C", unit="HX", title="董事长", tier="unit_head")


def test_a_job_description_is_replaced_as_a_whole() -> None:
    """R019: the last published version describes the position."""
    there = organisation()
    first = PublishJobDescription(duties=("编制月度计划",), skills=("计划",))
    second = PublishJobDescription(duties=("编制年度计划",), powers=("PLAN",), indicators=("I01",))
    there.do(first, "BJ-1")
    published = there.do(second, "BJ-1")
    assert published == [
        JobDescriptionPublished(duties=("编制年度计划",), powers=("PLAN",), indicators=("I01",))
    ]
    position = there.world.get(PositionState, "BJ-1")
    assert position is not None
    assert position.job_description == published[0]


def test_a_review_is_dated_on_the_day_it_was_held() -> None:
    """R022: the review counts for its day in the business, not for the day of recording."""
    there = organisation()
    held = "2026-05-20T02:00:00.000000Z"
    events = there.do(ReviewPosition(outcome="维持"), "BJ-1", occurred_at=held)
    assert events == [PositionReviewed(reviewed_on=date(2026, 5, 20), outcome="维持")]
    position = there.world.get(PositionState, "BJ-1")
    assert position is not None
    assert position.reviewed_on == date(2026, 5, 20)


def test_one_holder_follows_another_without_gap_or_overlap() -> None:
    """R018: the predecessor holds the position to the eve, the successor from the day on."""
    there = organisation()
    assert there.do(RelievePerson(person="binjiang-head", valid_to=JULY), "BJ-1") == [RELIEVED]
    assert there.do(AppointPerson(person="finance-officer", valid_from=JULY), "BJ-1") == [
        PersonAppointed(person="finance-officer", valid_from=JULY)
    ]
    position = there.world.get(PositionState, "BJ-1")
    assert position is not None
    assert position.holder_on(date(2025, 12, 31)) == ()
    assert position.holder_on(date(2026, 6, 30)) == ("binjiang-head",)
    assert position.holder_on(JULY) == ("finance-officer",)
    assert position.held_by("finance-officer", JULY)
    assert there.world.find("position_by_person", "finance-officer") == ("FIN-2", "BJ-1")


def test_a_mistaken_appointment_is_undone_on_its_first_day() -> None:
    """An appointment that ended on its first day holds nothing and stands in nobody's way."""
    there = leaving()
    there.do(AppointPerson(person="lingang-head", valid_from=date(2026, 9, 1)), "BJ-1")
    there.do(RelievePerson(person="lingang-head", valid_to=date(2026, 9, 1)), "BJ-1")
    there.do(AppointPerson(person="finance-officer", valid_from=JULY), "BJ-1")
    position = there.world.get(PositionState, "BJ-1")
    assert position is not None
    assert position.holder_on(date(2026, 9, 1)) == ("finance-officer",)


def test_two_appointments_of_a_person_are_not_one() -> None:
    """Someone who left and came back did not hold the position throughout."""
    there = leaving()
    there.do(AppointPerson(person="binjiang-head", valid_from=date(2026, 8, 1)), "BJ-1")
    position = there.world.get(PositionState, "BJ-1")
    assert position is not None
    assert position.held_throughout("binjiang-head", JANUARY, JUNE)
    assert not position.held_throughout("binjiang-head", JUNE, date(2026, 8, 1))
