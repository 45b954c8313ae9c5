"""The ledger itself: founded with a clock and a first administrator; erasures are its entries."""

from datetime import date
from typing import Any

import pytest

from opsledger_contracts.events.credential import CredentialIssued
from opsledger_contracts.events.ledger import LedgerFounded, PersonalDataErased
from opsledger_contracts.events.person import PersonRegistered
from opsledger_contracts.evidence.commitment import verify_commitment
from opsledger_contracts.problems.credential import LastAdministratorKey
from opsledger_contracts.problems.general import ScopeMissing
from opsledger_ledger.domain.credential import RevokeCredential
from opsledger_ledger.domain.deciding import COMMANDS
from opsledger_ledger.domain.ledger import Administrator, LedgerState, found
from opsledger_ledger.domain.person import RegisterPerson
from opsledger_ledger.domain.unit import RegisterUnit
from support.deciding import Stage

SALT = b"0123456789abcdef0123456789abcdef"
FIRST = Administrator(
    person="P-0", name="管理员", salt=SALT, credential="K-0", secret_hash="ab" * 32
)


def founded() -> Stage:
    """A ledger that has only its first entries."""
    stage = Stage()
    for record in found("HX", "华翔集团运营账本", "scripted", FIRST):
        assert record.stream is not None
        stage.given(record.stream, record.event)
    return stage


def test_the_first_entries_are_the_founding_and_the_first_administrator() -> None:
    """The clock is stored in the first entry; the administrator's name only as a commitment."""
    first, person, credential = found("HX", "华翔集团运营账本", "scripted", FIRST)
    assert (first.stream, first.event) == (
        "ledger/HX",
        LedgerFounded(name="HX", title="华翔集团运营账本", clock="scripted"),
    )
    assert person.stream == "person/P-0"
    assert isinstance(person.event, PersonRegistered)
    verify_commitment(person.event.name_commitment, SALT, "管理员".encode())
    assert person.personal[0].value == "管理员"
    assert (credential.stream, credential.event) == (
        "credential/K-0",
        CredentialIssued(
            credential="K-0",
            person="P-0",
            title="first administrator",
            scopes=("administrator",),
            secret_hash="ab" * 32,
        ),
    )


def test_the_first_administrator_can_set_up_the_organisation_and_nothing_else() -> None:
    """Evidence.md, section 4: an administrator has no business rights."""
    there = founded()
    key: dict[str, Any] = {
        "person": "P-0",
        "credential": "K-0",
        "scopes": frozenset(("administrator",)),
    }
    there.do(RegisterPerson(name="陈一"), "P-1", **key)
    for entry in COMMANDS.values():
        assert (entry.scope == "administrator") == (not entry.acting), entry.name
    command = RegisterUnit(type="group", name="华翔集团", valid_from=date(2026, 1, 1))
    with pytest.raises(ScopeMissing):
        there.decide(command, "HX", **(key | {"scopes": frozenset(("writer",))}))
    # Nobody else could administrate then (the table of keys has the other side of it).
    with pytest.raises(LastAdministratorKey):
        there.decide(RevokeCredential(), "K-0", **key)


def test_an_erasure_is_an_entry_of_the_ledger() -> None:
    """Who was erased is known for ever, what was erased is not (evidence.md, section 5)."""
    there = founded().given(
        "ledger/HX",
        PersonalDataErased(
            person="P-7",
            scope="姓名",
            legal_basis="个人信息保护法第四十七条",
            approvers=("P-1", "P-2"),
        ),
    )
    ledger = there.world.get(LedgerState, "HX")
    assert ledger == LedgerState(
        id="HX", title="华翔集团运营账本", clock="scripted", erased=["P-7"]
    )
