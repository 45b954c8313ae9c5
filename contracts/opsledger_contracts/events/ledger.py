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
