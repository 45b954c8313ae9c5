"""The ledger as a thing of its own: founded once, with its clock and its first administrator.

There is no command to found a ledger: the program that makes the directory does it, in one commit.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, assert_never

import msgspec

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.credential import CredentialIssued
from opsledger_contracts.events.ledger import (
    LedgerFounded,
    LegalHoldLifted,
    LegalHoldPlaced,
    PersonalDataErased,
)
from opsledger_ledger.domain.deciding import Noun, Record, State
from opsledger_ledger.domain.person import registration

ClockKind = Literal["system", "scripted"]


class LedgerState(State):
    """A ledger as it stands."""

    NOUN: ClassVar[str] = "ledger"

    title: str
    clock: ClockKind
    erased: list[str] = msgspec.field(default_factory=list)
    """Persons whose personal values were destroyed, in order."""
    holds: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Persons under each legal hold by its name; none under one that was lifted."""


LedgerEvent = LedgerFounded | PersonalDataErased | LegalHoldPlaced | LegalHoldLifted


def evolve(state: LedgerState | None, event: Event, envelope: Envelope) -> LedgerState:
    """Fold one event of the ledger itself."""
    happened: LedgerEvent = event  # type: ignore[assignment]
    if isinstance(happened, LedgerFounded):
        return LedgerState(id=happened.name, title=happened.title, clock=happened.clock)
    assert state is not None, envelope.stream
    match happened:
        case PersonalDataErased():
            state.erased.append(happened.person)
        case LegalHoldPlaced():
            state.holds[happened.hold] = happened.persons
        case LegalHoldLifted():
            state.holds[happened.hold] = ()
        case _:
            assert_never(happened)
    return state


LEDGER = Noun(state=LedgerState, evolve=evolve)


@dataclass(frozen=True, slots=True, kw_only=True)
class Administrator:
    """The person for whom a ledger is founded, and the key with which they begin."""

    person: str
    name: str
    salt: bytes
    """Fresh random bytes, 32 of them, to commit to the name with."""
    credential: str
    secret_hash: str


def found(
    name: str, title: str, clock: ClockKind, administrator: Administrator
) -> tuple[Record, ...]:
    """Put together the first entries of a ledger.

    The first administrator can only administrate: issue keys, register units, persons, positions.
    """
    return (
        Record(LedgerFounded(name=name, title=title, clock=clock), stream=f"ledger/{name}"),
        registration(administrator.person, administrator.name, administrator.salt),
        Record(
            CredentialIssued(
                credential=administrator.credential,
                person=administrator.person,
                title="first administrator",
                scopes=("administrator",),
                secret_hash=administrator.secret_hash,
            ),
            stream=f"credential/{administrator.credential}",
        ),
    )
