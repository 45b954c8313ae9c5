"""Persons: pseudonymous ids with a name that only the deletable side table knows.

An event holds a salted commitment to the name, so that erasing the name changes no entry, no proof
and no score (evidence.md, section 5).
"""

from typing import ClassVar, assert_never

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.person import PersonRegistered, PersonRenamed
from opsledger_contracts.evidence.commitment import commitment
from opsledger_contracts.fields import Title
from opsledger_ledger.domain.deciding import (
    Act,
    Command,
    Decided,
    Noun,
    PersonalText,
    Record,
    State,
    World,
)


class PersonState(State):
    """A person as it stands."""

    NOUN: ClassVar[str] = "person"

    name_commitment: str


PersonEvent = PersonRegistered | PersonRenamed


def evolve(state: PersonState | None, event: Event, envelope: Envelope) -> PersonState:
    """Fold one event of a person."""
    happened: PersonEvent = event  # type: ignore[assignment]
    match happened:
        case PersonRegistered():
            return PersonState(id=happened.person, name_commitment=happened.name_commitment)
        case PersonRenamed():
            assert state is not None, envelope.stream
            state.name_commitment = happened.name_commitment
            return state
        case _:
            assert_never(happened)


PERSON = Noun(state=PersonState, evolve=evolve)


class RegisterPerson(Command, frozen=True, kw_only=True):
    """Make a person known to the ledger; the name goes to the deletable side table."""

    name: Title


@PERSON.decides("register", scope="administrator", acting=False, creates=True)
def register(command: RegisterPerson, _person: None, act: Act, _world: World) -> Decided:
    """Commit to the name and keep it out of the entry."""
    yield registration(act.target, command.name, act.salt)


class RenamePerson(Command, frozen=True, kw_only=True):
    """Replace the name of a person."""

    name: Title


@PERSON.decides("rename", scope="administrator", acting=False)
def rename(command: RenamePerson, person: PersonState, act: Act, _world: World) -> Decided:
    """Commit to the new name with a fresh salt."""
    hidden = concealed(person.id, command.name, act.salt)
    yield Record(PersonRenamed(name_commitment=hidden.commitment), personal=(hidden,))


def registration(person: str, name: str, salt: bytes) -> Record:
    """Put together the registration of a person under a fresh salt of 32 bytes."""
    hidden = concealed(person, name, salt)
    return Record(
        PersonRegistered(person=person, name_commitment=hidden.commitment),
        stream=f"person/{person}",
        personal=(hidden,),
    )


def concealed(person: str, value: str, salt: bytes) -> PersonalText:
    """Commit to a personal value under a fresh salt of 32 bytes."""
    return PersonalText(person=person, commitment=commitment(salt, value.encode()), value=value)
