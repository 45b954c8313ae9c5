"""API keys: issued to known persons, expiring, revoked for ever (evidence.md, section 4)."""

import pytest

from opsledger_contracts.events.credential import CredentialIssued, CredentialRevoked
from opsledger_contracts.problems.credential import CredentialExpiresInPast, LastAdministratorKey
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_ledger.domain.credential import (
    CredentialState,
    IssueCredential,
    RevokeCredential,
)
from support.deciding import NOW, Refused, Stage, undeclared_and_untested
from support.organisation import organisation

HASH = "ab" * 32
LATER = "2026-12-31T16:00:00.000000Z"
ISSUED = CredentialIssued(
    credential="K-1",
    person="ops-head",
    title="运营",
    scopes=("writer", "approver"),
    secret_hash=HASH,
    expires_at=LATER,
)
ISSUE = IssueCredential(
    person="ops-head",
    title="运营",
    scopes=("writer", "approver"),
    secret_hash=HASH,
    expires_at=LATER,
)


def revoked() -> Stage:
    """A key that was revoked."""
    return organisation().given("credential/K-1", ISSUED, CredentialRevoked())


def administrated(*others: str | None) -> Stage:
    """A ledger with an administrator's key, and further ones that expire at instants or never."""
    there = organisation().given("credential/K-A", administrator("K-A", None))
    for number, expires_at in enumerate(others):
        there.given(f"credential/K-{number}", administrator(f"K-{number}", expires_at))
    return there


def administrator(key: str, expires_at: str | None) -> CredentialIssued:
    """A key that can administrate."""
    return CredentialIssued(
        credential=key,
        person="ops-head",
        title="管理员",
        scopes=("administrator",),
        secret_hash=HASH,
        expires_at=expires_at,
    )


REFUSED = [
    Refused(
        id="person unknown",
        stage=organisation(),
        command=IssueCredential(person="nobody", title="x", scopes=("writer",), secret_hash=HASH),
        target="K-1",
        refusal=UnknownReference,
    ),
    Refused(
        id="expires at this instant",
        stage=organisation(),
        command=IssueCredential(
            person="ops-head", title="x", scopes=("writer",), secret_hash=HASH, expires_at=NOW
        ),
        target="K-1",
        refusal=CredentialExpiresInPast,
    ),
    Refused(
        id="revoked twice",
        stage=revoked(),
        command=RevokeCredential(),
        target="K-1",
        refusal=WrongState,
    ),
    Refused(
        id="the last administrator",
        stage=administrated(),
        command=RevokeCredential(),
        target="K-A",
        refusal=LastAdministratorKey,
    ),
    Refused(
        id="the last administrator beside one that expires",
        stage=administrated(LATER),
        command=RevokeCredential(),
        target="K-A",
        refusal=LastAdministratorKey,
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_keys_refuse_what_would_open_nothing_or_to_nobody(row: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    row.check()


def test_every_declared_refusal_of_keys_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("credential", REFUSED) == (set(), set())


def test_a_key_is_issued_with_the_hash_of_a_secret_that_the_ledger_never_saw() -> None:
    """The event holds the person, the scopes and the digest, and is found by the person."""
    there = organisation()
    assert there.do(ISSUE, "K-1") == [ISSUED]
    assert there.world.find("credential_by_person", "ops-head") == ("K-1",)


def test_a_key_opens_until_it_expires() -> None:
    """The instant of expiry itself is too late; a key without one does not expire."""
    there = organisation().given("credential/K-1", ISSUED)
    key = there.world.get(CredentialState, "K-1")
    assert key is not None
    assert key.valid_at("2026-12-31T15:59:59.999999Z")
    assert not key.valid_at(LATER)
    forever = IssueCredential(person="ops-head", title="x", scopes=("writer",), secret_hash=HASH)
    there.do(forever, "K-2")
    unlimited = there.world.get(CredentialState, "K-2")
    assert unlimited is not None
    assert unlimited.valid_at("2099-01-01T00:00:00.000000Z")


def test_a_revoked_key_opens_nothing() -> None:
    """Revocation is an event, and holds from the next command on."""
    there = organisation().given("credential/K-1", ISSUED)
    assert there.do(RevokeCredential(), "K-1") == [CredentialRevoked()]
    key = there.world.get(CredentialState, "K-1")
    assert key is not None
    assert not key.valid_at(NOW)


def test_an_administrator_is_replaced_before_their_key_is_revoked() -> None:
    """With another key that administrates for ever, the first one can go; then that is the last."""
    there = administrated(None)
    assert there.do(RevokeCredential(), "K-A") == [CredentialRevoked()]
    with pytest.raises(LastAdministratorKey):
        there.decide(RevokeCredential(), "K-0")


def test_a_key_that_expires_is_revoked_at_any_time() -> None:
    """What ends by itself is never the last hope, so that a lost key can always be closed."""
    there = administrated(LATER)
    assert there.do(RevokeCredential(), "K-0") == [CredentialRevoked()]
