"""Who did an act, remembered so that a later act of the same people can be refused."""

import msgspec

from opsledger_contracts.documents import matrix
from opsledger_contracts.envelope import Envelope


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One act in the vocabulary of separation of duties, with everybody who stands behind it."""

    did: matrix.Act
    person: str
    on_behalf_of: str | None = None
    delegation: str | None = None


def deed_of(did: matrix.Act, envelope: Envelope) -> Deed:
    """Read from an entry who did this act."""
    return Deed(
        did=did,
        person=envelope.person,
        on_behalf_of=envelope.on_behalf_of,
        delegation=envelope.delegation,
    )
