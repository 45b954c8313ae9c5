"""Events of the ledger itself."""

from typing import ClassVar, Literal

from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Text, Title


class LedgerFounded(Event, kw_only=True):
    """The first entry of every ledger: who it belongs to and which clock it believes."""

    TYPE: ClassVar[str] = "ledger.founded.v1"
    name: Identifier
    title: Title
    clock: Literal["system", "scripted"]
    """`scripted` reads the time from a file, for demonstrations; it can never be changed."""


class PersonalDataErased(Event, kw_only=True):
    """Personal values of a person were destroyed; commitments and scores stay."""

    TYPE: ClassVar[str] = "ledger.personal_data_erased.v1"
    person: Identifier
    scope: Text
    legal_basis: Text
    approvers: tuple[Identifier, ...]
    case: Identifier | None = None
    """Approval case in which they decided."""


class LegalHoldPlaced(Event, kw_only=True):
    """The personal data of some persons must not be erased until further notice."""

    TYPE: ClassVar[str] = "ledger.legal_hold_placed.v1"
    hold: Identifier
    persons: tuple[Identifier, ...]
    basis: Text


class LegalHoldLifted(Event, kw_only=True):
    """A legal hold ended."""

    TYPE: ClassVar[str] = "ledger.legal_hold_lifted.v1"
    hold: Identifier
