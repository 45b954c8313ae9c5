"""Events of a delegation of power."""

from datetime import date
from typing import ClassVar

from opsledger_contracts.event import Event
from opsledger_contracts.fields import DecimalText, Identifier


class DelegationGranted(Event, kw_only=True):
    """A holder of a position let another person act for it, in part and for a time."""

    TYPE: ClassVar[str] = "delegation.granted.v1"
    delegation: Identifier
    delegator: Identifier
    delegate: Identifier
    position: Identifier
    matrix_items: tuple[Identifier, ...]
    valid_from: date
    valid_to: date
    """First day on which the delegation no longer holds."""
    amount_limit: DecimalText | None = None
    """CNY; acts of at most this amount."""
    sub_delegable: bool = False
    parent: Identifier | None = None
    """Delegation from which this one was passed on."""


class DelegationRevoked(Event, kw_only=True):
    """The delegator took the power back."""

    TYPE: ClassVar[str] = "delegation.revoked.v1"
