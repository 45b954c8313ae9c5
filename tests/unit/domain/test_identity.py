"""Who acts: scope, position, delegation, function, and all whose will an act is (SoD)."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from opsledger_contracts.events.credential import CredentialIssued, CredentialRevoked
from opsledger_contracts.events.delegation import DelegationGranted, DelegationRevoked
from opsledger_contracts.events.position import PersonRelieved
from opsledger_contracts.problems.general import (
    CredentialInvalid,
    DelegationNotValid,
    FunctionMissing,
    PositionNotHeld,
    PositionRequired,
    ScopeMissing,
)
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.deciding import Act, Command
from opsledger_ledger.domain.delegation import RevokeDelegation
from opsledger_ledger.domain.indicator import ReviseIndicator
from opsledger_ledger.domain.measurement_stating import AttestMeasurement
from opsledger_ledger.domain.person import RegisterPerson
from opsledger_ledger.domain.policies.identity import (
    IDENTITY_REFUSALS,
    covers,
    established,
    identities,
    people_of,
    speaks_for,
)
from support.deciding import ALL_SCOPES, NOW, Stage, entry_of
from support.organisation import employ, organisation

TODAY = date(2026, 6, 1)
ADMINISTRATIVE = RegisterPerson(name="陈一")
BUSINESS = AttestMeasurement(value="1")
DELEGABLE = RevokeDelegation()
OF_OPERATIONS = ReviseIndicator(
    title="回款额",
    unit="万元",
    direction="higher_better",
    formula="到账",
    source="ERP",
    owner="FIN",
    frequency="annual",
    precision=2,
)


def lent(delegation: str, delegator: str, delegate: str, **terms: Any) -> DelegationGranted:
    """A delegation of the vice president's position from today until August."""
    standard: dict[str, Any] = {
        "matrix_items": ("PAYMENT",),
        "valid_from": TODAY,
        "valid_to": date(2026, 8, 1),
    }
    return DelegationGranted(
        delegation=delegation,
        delegator=delegator,
        delegate=delegate,
        position="HX-VP",
        **(standard | terms),
    )


def stage() -> Stage:
    """The organisation, a chain of two delegations, keys, and a person in two positions."""
    there = organisation()
    employ(there, "BJ-2", "BJ", "lingang-head")
    return (
        there.given("delegation/D-1", lent("D-1", "vice-president", "finance-head"))
        .given(
            "delegation/D-2",
            lent("D-2", "finance-head", "finance-officer", parent="D-1", amount_limit="100"),
        )
        .given(
            "delegation/D-3",
            lent("D-3", "vice-president", "finance-head"),
            DelegationRevoked(),
        )
        .given("credential/K-1", key("K-1"))
        .given("credential/K-2", key("K-2"), CredentialRevoked())
        .given("credential/K-3", key("K-3", expires_at=NOW))
    )


def key(credential: str, expires_at: str | None = None) -> CredentialIssued:
    """A key of the head of operations."""
    return CredentialIssued(
        credential=credential,
        person="ops-head",
        title="运营",
        scopes=("writer",),
        secret_hash="ab" * 32,
        expires_at=expires_at,
    )


def act(person: str, **attributes: Any) -> Act:
    """An act of a person with every scope, before it is established."""
    asked = Act(target="X", person=person, now=NOW, occurred_at=NOW, command_id="C-1")
    return replace(asked, **({"scopes": ALL_SCOPES} | attributes))


def establish(command: Command, asked: Act, there: Stage | None = None) -> Act:
    """Establish an act on the stage."""
    return established(entry_of(command), asked, (there or stage()).world)


REFUSED: dict[str, tuple[Command, Act, type[Refusal]]] = {
    "key unknown": (BUSINESS, act("ops-head", credential="NO"), CredentialInvalid),
    "key of another person": (BUSINESS, act("ops-officer", credential="K-1"), CredentialInvalid),
    "key revoked": (BUSINESS, act("ops-head", credential="K-2"), CredentialInvalid),
    "key expired": (BUSINESS, act("ops-head", credential="K-3"), CredentialInvalid),
    "no scope": (BUSINESS, act("ops-head", scopes=frozenset()), ScopeMissing),
    "another scope": (BUSINESS, act("ops-head", scopes=frozenset(("auditor",))), ScopeMissing),
    "no position": (BUSINESS, act("nobody"), PositionRequired),
    "one of two positions": (BUSINESS, act("lingang-head"), PositionRequired),
    "position unknown": (BUSINESS, act("ops-head", position="NO"), PositionNotHeld),
    "position of another": (BUSINESS, act("ops-head", position="FIN-1"), PositionNotHeld),
    "position not held for an administrative act": (
        ADMINISTRATIVE,
        act("ops-head", position="FIN-1"),
        PositionNotHeld,
    ),
    "function missing": (OF_OPERATIONS, act("finance-head"), FunctionMissing),
    "delegation unknown": (
        DELEGABLE,
        act("finance-head", delegation="NO"),
        DelegationNotValid,
    ),
    "delegation of another": (DELEGABLE, act("ops-head", delegation="D-1"), DelegationNotValid),
    "delegation of another position": (
        DELEGABLE,
        act("finance-head", delegation="D-1", position="FIN-1"),
        DelegationNotValid,
    ),
    "delegation revoked": (
        DELEGABLE,
        act("finance-head", delegation="D-3"),
        DelegationNotValid,
    ),
    "delegation expired": (
        DELEGABLE,
        act("finance-head", delegation="D-1", now="2026-08-01T02:00:00.000000Z"),
        DelegationNotValid,
    ),
    "command cannot be delegated": (
        BUSINESS,
        act("finance-head", delegation="D-1"),
        DelegationNotValid,
    ),
}


@pytest.mark.parametrize(("command", "asked", "refusal"), REFUSED.values(), ids=REFUSED)
def test_nobody_acts_without_the_power_to(
    command: Command, asked: Act, refusal: type[Refusal]
) -> None:
    """Default is deny: each row lacks exactly one thing (R018, R048)."""
    with pytest.raises(refusal):
        establish(command, asked)


def test_every_refusal_of_identity_is_in_the_table() -> None:
    """The list that the documentation shows is complete."""
    assert {refusal for _, _, refusal in REFUSED.values()} == set(IDENTITY_REFUSALS)


def test_the_only_position_need_not_be_named() -> None:
    """The unit comes from the position, and nobody else is behind the act."""
    done = establish(BUSINESS, act("ops-head", credential="K-1", on_behalf_of="president"))
    assert (done.position, done.unit, done.on_behalf_of) == ("OPS-1", "OPS", None)


def test_one_of_several_positions_is_named() -> None:
    """A person in two positions says in which one they act."""
    done = establish(BUSINESS, act("lingang-head", position="BJ-2"))
    assert (done.position, done.unit) == ("BJ-2", "BJ")


def test_a_position_is_held_on_the_local_day_of_recording() -> None:
    """The day is that of the group: midnight in Shanghai is 16:00 UTC."""
    there = stage().given(
        "position/OPS-1", PersonRelieved(person="ops-head", valid_to=date(2026, 6, 2))
    )
    last = act("ops-head", now="2026-06-01T15:59:59.999999Z")
    assert establish(BUSINESS, last, there).position == "OPS-1"
    with pytest.raises(PositionRequired):
        establish(BUSINESS, replace(last, now="2026-06-01T16:00:00.000000Z"), there)


def test_an_administrative_act_needs_no_position() -> None:
    """An administrator has no business rights and no post."""
    done = establish(ADMINISTRATIVE, act("admin", unit="BJ", on_behalf_of="president"))
    assert (done.position, done.unit, done.on_behalf_of) == (None, None, None)


def test_a_position_that_carries_the_function_does_what_belongs_to_it() -> None:
    """The function is one of the position, not of the person."""
    assert establish(OF_OPERATIONS, act("ops-officer")).position == "OPS-2"


@pytest.mark.parametrize("position", [None, "HX-VP"])
def test_a_delegate_acts_in_the_lent_position(position: str | None) -> None:
    """The act is of the lent post and its unit, on behalf of the delegator."""
    done = establish(DELEGABLE, act("finance-head", delegation="D-1", position=position))
    assert (done.position, done.unit, done.on_behalf_of) == ("HX-VP", "HX", "vice-president")


def test_all_delegators_of_the_chain_are_behind_an_act() -> None:
    """E = {actor, on behalf of} with the whole chain of delegators (domain-model.md, section 3)."""
    there = stage()
    own = establish(BUSINESS, act("ops-head"), there)
    assert identities(own, there.world) == {"ops-head"}
    through_two = establish(DELEGABLE, act("finance-officer", delegation="D-2"), there)
    assert through_two.on_behalf_of == "finance-head"
    assert identities(through_two, there.world) == {
        "finance-officer",
        "finance-head",
        "vice-president",
    }


def test_a_delegation_covers_only_its_items_and_amounts() -> None:
    """The narrowest link of the chain decides; an act in one's own post needs no cover."""
    there = stage()
    asked = act("finance-officer", delegation="D-2")
    covers(asked, there.world, "PAYMENT", "100")
    covers(act("ops-head"), there.world, "ANYTHING", "1000000")
    with pytest.raises(DelegationNotValid):
        covers(asked, there.world, "PAYMENT", "100.01")
    with pytest.raises(DelegationNotValid):
        covers(asked, there.world, "LETTER")


def test_the_people_of_a_unit_are_those_who_hold_its_positions_on_the_day() -> None:
    """Past and future holders are not among them."""
    there = stage().given(
        "position/BJ-1", PersonRelieved(person="binjiang-head", valid_to=date(2026, 6, 2))
    )
    assert people_of(there.world, "BJ", TODAY) == {"binjiang-head", "lingang-head"}
    assert people_of(there.world, "BJ", date(2026, 6, 2)) == {"lingang-head"}
    assert people_of(there.world, "BJ", date(2025, 12, 31)) == frozenset()


def test_an_act_speaks_for_every_unit_behind_it() -> None:
    """By the position, by the actor's other posts, and by the posts of those who lent theirs."""
    there = stage()
    two_posts = establish(BUSINESS, act("lingang-head", position="LG-1"), there)
    assert speaks_for(two_posts, there.world, "LG")
    assert speaks_for(two_posts, there.world, "BJ")
    assert not speaks_for(two_posts, there.world, "FIN")
    delegate = establish(DELEGABLE, act("finance-head", delegation="D-1"), there)
    assert speaks_for(delegate, there.world, "HX")
    assert speaks_for(delegate, there.world, "FIN")
