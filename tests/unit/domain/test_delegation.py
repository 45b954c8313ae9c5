"""Delegations: power lent for a time, never more than one has (domain-model.md, 2.1)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.events.delegation import DelegationGranted, DelegationRevoked
from opsledger_contracts.events.position import PersonAppointed, PersonRelieved
from opsledger_contracts.problems.delegation import (
    DelegationCycle,
    DelegationExceedsParent,
    DelegationPeriodInvalid,
    NotTheDelegator,
    SubDelegationNotAllowed,
)
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_ledger.domain.delegation import (
    DelegationState,
    GrantDelegation,
    RevokeDelegation,
    chain,
    lapse,
)
from support.deciding import Refused, Stage, undeclared_and_untested
from support.organisation import organisation

JUNE = date(2026, 6, 1)
JULY = date(2026, 7, 1)
AUGUST = date(2026, 8, 1)
GRANT = GrantDelegation(
    delegate="finance-head",
    matrix_items=("PAYMENT", "BUDGET"),
    valid_from=JUNE,
    valid_to=AUGUST,
    amount_limit="500000",
    sub_delegable=True,
)
PASS_ON = GrantDelegation(
    delegate="finance-officer",
    matrix_items=("PAYMENT",),
    valid_from=JUNE,
    valid_to=JULY,
    amount_limit="100000.00",
)
BY_VICE_PRESIDENT = {"person": "vice-president"}
BY_DELEGATE = {"person": "finance-head", "delegation": "D-1"}


def granted(**changes: Any) -> Stage:
    """The vice president's power lent to the head of finance, with changes to its terms."""
    stage = organisation()
    stage.do(msgspec.structs.replace(GRANT, **changes), "D-1", **BY_VICE_PRESIDENT)
    return stage


def passed_on() -> Stage:
    """The same after the head of finance passed a part on."""
    stage = granted()
    stage.do(PASS_ON, "D-2", **BY_DELEGATE)
    return stage


def delegation(stage: Stage, identifier: str) -> DelegationState:
    """Read a delegation that exists."""
    found = stage.world.get(DelegationState, identifier)
    assert found is not None
    return found


def grants(name: str, refusal: Any, **changes: Any) -> Refused:
    """A refusal of the vice president's own grant with changed terms."""
    return Refused(
        id=name,
        stage=organisation(),
        command=msgspec.structs.replace(GRANT, **changes),
        target="D-1",
        refusal=refusal,
        act=BY_VICE_PRESIDENT,
    )


def passes_on(name: str, refusal: Any, stage: Stage | None = None, **changes: Any) -> Refused:
    """A refusal of passing on with changed terms."""
    return Refused(
        id=name,
        stage=stage or granted(),
        command=msgspec.structs.replace(PASS_ON, **changes),
        target="D-2",
        refusal=refusal,
        act=BY_DELEGATE,
    )


REFUSED = [
    grants("delegate unknown", UnknownReference, delegate="nobody"),
    grants("backdated", DelegationPeriodInvalid, valid_from=date(2026, 5, 31)),
    grants("not a day long", DelegationPeriodInvalid, valid_to=JUNE),
    grants("to oneself", DelegationCycle, delegate="vice-president"),
    passes_on("back to the delegator", DelegationCycle, delegate="vice-president"),
    passes_on("passing on not allowed", SubDelegationNotAllowed, granted(sub_delegable=False)),
    passes_on("another item", DelegationExceedsParent, matrix_items=("PAYMENT", "LETTER")),
    passes_on("higher amount", DelegationExceedsParent, amount_limit="500000.01"),
    passes_on("no limit of amount", DelegationExceedsParent, amount_limit=None),
    passes_on("longer", DelegationExceedsParent, valid_to=date(2026, 8, 2)),
    Refused(
        id="revoked by the delegate",
        stage=granted(),
        command=RevokeDelegation(),
        target="D-1",
        refusal=NotTheDelegator,
        act={"person": "finance-head"},
    ),
    Refused(
        id="revoked twice",
        stage=granted().given("delegation/D-1", DelegationRevoked()),
        command=RevokeDelegation(),
        target="D-1",
        refusal=WrongState,
        act=BY_VICE_PRESIDENT,
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_delegations_refuse_more_than_the_delegator_has(row: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    row.check()


def test_every_declared_refusal_of_delegations_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("delegation", REFUSED) == (set(), set())


def test_a_holder_lends_the_position_in_which_they_act() -> None:
    """The delegated position is the acting one, so nobody lends what they do not hold."""
    there = organisation()
    assert there.do(GRANT, "D-1", **BY_VICE_PRESIDENT) == [
        DelegationGranted(
            delegation="D-1",
            delegator="vice-president",
            delegate="finance-head",
            position="HX-VP",
            matrix_items=("PAYMENT", "BUDGET"),
            valid_from=JUNE,
            valid_to=AUGUST,
            amount_limit="500000",
            sub_delegable=True,
        )
    ]
    for index, key in (
        ("delegation_by_delegator", "vice-president"),
        ("delegation_by_delegate", "finance-head"),
        ("delegation_by_position", "HX-VP"),
    ):
        assert there.world.find(index, key) == ("D-1",)


def test_a_delegate_passes_on_a_part_of_the_same_position() -> None:
    """The chain leads from the last delegate back to the holder of the position."""
    there = passed_on()
    part = delegation(there, "D-2")
    assert (part.delegator, part.position, part.parent) == ("finance-head", "HX-VP", "D-1")
    assert [link.id for link in chain(there.world, part)] == ["D-2", "D-1"]


def test_without_a_limit_of_amount_any_limit_may_be_passed_on() -> None:
    """An unlimited delegation has room for every limit, and for none."""
    there = granted(amount_limit=None)
    there.do(msgspec.structs.replace(PASS_ON, amount_limit=None), "D-2", **BY_DELEGATE)
    assert delegation(there, "D-2").amount_limit is None


def test_a_delegation_covers_named_items_up_to_its_amount() -> None:
    """The limit itself is still covered; an act without an amount is covered by its item."""
    lent = delegation(granted(), "D-1")
    assert lent.lacks("PAYMENT", "500000.00") is None
    assert lent.lacks("PAYMENT", None) is None
    assert lent.lacks("PAYMENT", "500000.01") == "amount 500000.01 is above 500000"
    assert lent.lacks("LETTER", None) == "item LETTER is not among PAYMENT, BUDGET"
    assert delegation(granted(amount_limit=None), "D-1").lacks("BUDGET", "9000000") is None


def test_a_delegation_is_in_force_from_its_first_day_to_the_eve_of_its_end() -> None:
    """`valid_to` is the first day without power."""
    there = granted(valid_from=JULY)
    lent = delegation(there, "D-1")
    assert lapse(there.world, lent, date(2026, 6, 30)) is not None
    assert lapse(there.world, lent, JULY) is None
    assert lapse(there.world, lent, date(2026, 7, 31)) is None
    assert lapse(there.world, lent, AUGUST) is not None


def test_a_revocation_takes_along_what_was_passed_on() -> None:
    """Power that is gone at its source is gone everywhere."""
    there = passed_on()
    assert there.do(RevokeDelegation(), "D-1", **BY_VICE_PRESIDENT) == [DelegationRevoked()]
    part = delegation(there, "D-2")
    assert lapse(there.world, part, JUNE) == "delegation D-1 was revoked"


def test_those_at_the_source_revoke_any_part_of_the_chain() -> None:
    """The holder takes back what a delegate passed on."""
    there = passed_on()
    there.do(RevokeDelegation(), "D-2", **BY_VICE_PRESIDENT)
    assert delegation(there, "D-2").revoked
    assert lapse(there.world, delegation(there, "D-1"), JUNE) is None


def test_a_delegation_ends_with_the_post() -> None:
    """When the delegator is relieved, the chain lapses; a new appointment revives nothing."""
    there = passed_on().given(
        "position/HX-VP", PersonRelieved(person="vice-president", valid_to=date(2026, 6, 15))
    )
    part = delegation(there, "D-2")
    assert lapse(there.world, part, date(2026, 6, 14)) is None
    expected = "vice-president no longer holds position HX-VP"
    assert lapse(there.world, part, date(2026, 6, 15)) == expected
    there.given(
        "position/HX-VP", PersonAppointed(person="vice-president", valid_from=date(2026, 6, 20))
    )
    assert lapse(there.world, part, date(2026, 6, 20)) == expected
