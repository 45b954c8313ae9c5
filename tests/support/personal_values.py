"""Personal values for tests of the side tables."""

import secrets

from opsledger_contracts.evidence.commitment import SALT_BYTES, commitment
from opsledger_ledger.recording.log import PersonalValue


def concealed(person: str, value: bytes) -> PersonalValue:
    """A value with a fresh salt and the commitment that its entry holds."""
    salt = secrets.token_bytes(SALT_BYTES)
    return PersonalValue(person, commitment(salt, value), salt, value)
