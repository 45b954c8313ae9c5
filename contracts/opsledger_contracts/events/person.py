"""Events of a person, who has a pseudonymous id and no personal field in the clear."""

from typing import ClassVar

from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Sha256


class PersonRegistered(Event, kw_only=True):
    """A person became known; the name is a salted commitment (evidence.md, section 5)."""

    TYPE: ClassVar[str] = "person.registered.v1"
    person: Identifier
    name_commitment: Sha256


class PersonRenamed(Event, kw_only=True):
    """The person's name changed; again only a salted commitment."""

    TYPE: ClassVar[str] = "person.renamed.v1"
    name_commitment: Sha256
