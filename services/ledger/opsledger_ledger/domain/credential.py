"""API keys: issued to a person with scopes, expiring, revocable.

The client makes the secret and the ledger only ever sees its SHA-256 (evidence.md, section 4).
"""

from collections.abc import Iterator
from typing import Annotated, ClassVar, assert_never

from msgspec import Meta

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.credential import CredentialIssued, CredentialRevoked, Scope
from opsledger_contracts.fields import Identifier, Instant, Sha256, Title
from opsledger_contracts.problems.credential import CredentialExpiresInPast, LastAdministratorKey
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_ledger.domain.deciding import Act, Command, Decided, Noun, State, World, known
from opsledger_ledger.domain.person import PersonState


class CredentialState(State):
    """An API key as it stands."""

    NOUN: ClassVar[str] = "credential"

    person: str
    scopes: tuple[Scope, ...]
    secret_hash: str
    expires_at: str | None
    revoked: bool = False

    def valid_at(self, instant: str) -> bool:
        """Tell whether the key opens anything at an instant."""
        return not self.revoked and (self.expires_at is None or instant < self.expires_at)


CredentialEvent = CredentialIssued | CredentialRevoked


def evolve(state: CredentialState | None, event: Event, envelope: Envelope) -> CredentialState:
    """Fold one event of an API key."""
    happened: CredentialEvent = event  # type: ignore[assignment]
    match happened:
        case CredentialIssued():
            return CredentialState(
                id=happened.credential,
                person=happened.person,
                scopes=happened.scopes,
                secret_hash=happened.secret_hash,
                expires_at=happened.expires_at,
            )
        case CredentialRevoked():
            assert state is not None, envelope.stream
            state.revoked = True
            return state
        case _:
            assert_never(happened)


def keys(state: CredentialState) -> Iterator[tuple[str, str]]:
    """Find the keys of a person, and those that can administrate for ever."""
    yield "credential_by_person", state.person
    if "administrator" in state.scopes and state.expires_at is None and not state.revoked:
        yield "credential_administrating", "for ever"


CREDENTIAL = Noun(
    state=CredentialState, evolve=evolve, keys=keys, rekeyed_by=frozenset((CredentialRevoked,))
)


class IssueCredential(Command, frozen=True, kw_only=True):
    """Issue an API key whose secret only the client knows."""

    person: Identifier
    title: Title
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1)]
    secret_hash: Sha256
    expires_at: Instant | None = None


@CREDENTIAL.decides(
    "issue",
    scope="administrator",
    acting=False,
    creates=True,
    refuses=(UnknownReference, CredentialExpiresInPast),
)
def issue(command: IssueCredential, _credential: None, act: Act, world: World) -> Decided:
    """Issue keys only to known persons and for a time that lies ahead."""
    known(world, PersonState, command.person, "person")
    if command.expires_at is not None and command.expires_at <= act.now:
        raise CredentialExpiresInPast(expires_at=command.expires_at, now=act.now)
    yield CredentialIssued(
        credential=act.target,
        person=command.person,
        title=command.title,
        scopes=command.scopes,
        secret_hash=command.secret_hash,
        expires_at=command.expires_at,
    )


class RevokeCredential(Command, frozen=True, kw_only=True):
    """Revoke an API key at once and for ever."""


@CREDENTIAL.decides(
    "revoke", scope="administrator", acting=False, refuses=(WrongState, LastAdministratorKey)
)
def revoke(
    _command: RevokeCredential, credential: CredentialState, _act: Act, world: World
) -> Decided:
    """Revoke a key once, but never the last with which new keys can be issued."""
    if credential.revoked:
        raise WrongState(noun="API key", id=credential.id, found="revoked", expected="issued")
    if world.find("credential_administrating", "for ever") == (credential.id,):
        raise LastAdministratorKey(id=credential.id)
    yield CredentialRevoked()
