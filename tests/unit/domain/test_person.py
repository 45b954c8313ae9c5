"""Persons: known by pseudonymous ids; names are only committed to (evidence.md, section 5)."""

from hashlib import sha256

from opsledger_contracts.canonical import canonical
from opsledger_contracts.events.person import PersonRegistered, PersonRenamed
from opsledger_ledger.domain.deciding import PersonalText
from opsledger_ledger.domain.person import PersonState, RegisterPerson, RenamePerson
from support.deciding import Stage, undeclared_and_untested

SALT = b"0123456789abcdef0123456789abcdef"
OTHER_SALT = b"fedcba9876543210fedcba9876543210"


def committed(salt: bytes, name: str) -> str:
    """Compute the commitment as its definition says: SHA-256 of salt followed by value."""
    return sha256(salt + name.encode()).hexdigest()


def test_a_name_is_committed_to_and_never_recorded() -> None:
    """The event has the salted commitment; the value goes to the deletable side table."""
    [record] = Stage().decide(RegisterPerson(name="陈一"), "P-7", salt=SALT)
    assert record.stream == "person/P-7"
    assert record.event == PersonRegistered(person="P-7", name_commitment=committed(SALT, "陈一"))
    assert record.personal == (
        PersonalText(person="P-7", commitment=committed(SALT, "陈一"), value="陈一"),
    )
    assert "陈一".encode() not in canonical(record.event)


def test_a_new_name_is_committed_to_under_a_new_salt() -> None:
    """Renaming replaces the commitment, and the old one stays in the history."""
    there = Stage()
    there.do(RegisterPerson(name="陈一"), "P-7", salt=SALT)
    [record] = there.decide(RenamePerson(name="陈二"), "P-7", salt=OTHER_SALT)
    assert record.event == PersonRenamed(name_commitment=committed(OTHER_SALT, "陈二"))
    assert record.personal[0].value == "陈二"
    there.do(RenamePerson(name="陈二"), "P-7", salt=OTHER_SALT)
    person = there.world.get(PersonState, "P-7")
    assert person is not None
    assert person.name_commitment == committed(OTHER_SALT, "陈二")


def test_persons_have_no_refusals_of_their_own() -> None:
    """The catalogue promises none."""
    assert undeclared_and_untested("person", []) == (set(), set())
