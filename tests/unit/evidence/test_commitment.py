"""The salted commitment to a personal value."""

from hashlib import sha256

import pytest

from opsledger_contracts.evidence.commitment import (
    CommitmentMismatch,
    commitment,
    verify_commitment,
)

SALT = bytes(range(32))
VALUE = "身份证明".encode()


def test_a_commitment_is_the_digest_of_salt_and_value() -> None:
    """Anybody can recompute a commitment with SHA-256 alone."""
    assert commitment(SALT, VALUE) == sha256(SALT + VALUE).hexdigest()
    verify_commitment(commitment(SALT, VALUE), SALT, VALUE)


@pytest.mark.parametrize(
    ("salt", "value"),
    [
        pytest.param(SALT, VALUE + b" ", id="another value"),
        pytest.param(SALT[::-1], VALUE, id="another salt"),
        pytest.param(SALT + VALUE[:1], VALUE[1:], id="cut at another place"),
        pytest.param(b"", SALT + VALUE, id="no salt"),
    ],
)
def test_no_other_disclosure_fits(salt: bytes, value: bytes) -> None:
    """A commitment opens to one salt and one value, at one cut between them."""
    with pytest.raises(CommitmentMismatch):
        verify_commitment(commitment(SALT, VALUE), salt, value)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_salt_has_one_length(length: int) -> None:
    """A commitment is never made with a salt of another length."""
    with pytest.raises(ValueError, match="a salt has 32 bytes"):
        commitment(bytes(length), VALUE)
