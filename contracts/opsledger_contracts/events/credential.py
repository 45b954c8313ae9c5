"""Events of an API key."""

from typing import ClassVar, Literal

from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Instant, Sha256, Title

Scope = Literal[
    "writer", "approver", "assessor", "auditor", "operator", "administrator", "subscriber"
]


class CredentialIssued(Event, kw_only=True):
    """An API key was issued to a person; only the SHA-256 of its secret is kept."""

    TYPE: ClassVar[str] = "credential.issued.v1"
    credential: Identifier
    person: Identifier
    title: Title
    scopes: tuple[Scope, ...]
    """What the key may be used for."""
    secret_hash: Sha256
    expires_at: Instant | None = None


class CredentialRevoked(Event, kw_only=True):
    """An API key was revoked."""

    TYPE: ClassVar[str] = "credential.revoked.v1"
