"""How a noun says what can be asked of it and how it answers.

A noun is a module with a state, commands (frozen structs), one deciding function per command, and an
`evolve` that folds events. A deciding function asks its questions first, changes nothing, and yields
what happened; it raises a refusal when a rule says no. Routes, permissions, schemas and documentation
are generated from what `Noun.decides` has collected, so a new command is one class and one function.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import (
    Any,
    ClassVar,
    Final,
    Generic,
    Protocol,
    TypeVar,
    dataclass_transform,
    get_type_hints,
)

import msgspec

from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.credential import Scope
from opsledger_contracts.fields import Evidence, local_date
from opsledger_contracts.problems.general import UnknownReference
from opsledger_contracts.problems.refusal import Refusal


# The metaclass passes these two on to subclasses; type checkers know it from here only.
@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked of one thing; accepted whole or refused whole.

    Who asks, when it occurred, the reason and the evidence are not in here but in the `Act`.
    """


class State(msgspec.Struct, kw_only=True):
    """What the past events of one stream amount to, as far as decisions need it.

    Only `evolve` changes a state; a deciding function reads it.
    """

    NOUN: ClassVar[str]

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who asks, in which capacity, for whom, and when; established by the ledger, not by the body."""

    target: str
    """Identifier of the thing that is asked."""
    person: str
    """Pseudonymous id of the verified person."""
    now: str
    """Instant of recording, by the ledger's clock."""
    occurred_at: str
    """Instant of the business; not after `now`."""
    command_id: str
    scopes: frozenset[Scope] = frozenset()
    credential: str | None = None
    position: str | None = None
    """Position in which the person acts; held, or lent by the delegation, at this moment."""
    unit: str | None = None
    """Unit of the position."""
    delegation: str | None = None
    on_behalf_of: str | None = None
    """Delegator for whom the person acts."""
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()
    salt: bytes = b""
    """Fresh random bytes with which a personal value of this command is committed to."""

    @property
    def today(self) -> date:
        """Local date of the group on which the ledger records the act."""
        return local_date(self.now)

    @property
    def occurred_on(self) -> date:
        """Local date of the group on which the act occurred in the business."""
        return local_date(self.occurred_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """By what power: an item and step of a version of the authority matrix."""

    matrix: str
    """Content hash of the version."""
    item: str
    step: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalText:
    """A personal value that goes to the deletable side table; the event has only its commitment."""

    person: str
    commitment: str
    """Hexadecimal SHA-256 of the salt of the act followed by the value in UTF-8."""
    value: str


@dataclass(frozen=True, slots=True)
class Record:
    """An event to be recorded, where it is more than an event of the asked thing's own stream.

    `stream` names another stream; `rulebook` and `calendar` are the content hashes of the documents
    that were applied; `derived` marks what the ledger concluded by itself; `personal` are the values
    behind the event's commitments.
    """

    event: Event
    stream: str | None = None
    authority: Authority | None = None
    rulebook: str | None = None
    calendar: str | None = None
    derived: bool = False
    personal: tuple[PersonalText, ...] = ()


Decided = Iterator[Event | Record]

S = TypeVar("S", bound=State)


class World(Protocol):
    """The current state of everything, read inside the transaction of the command."""

    def get(self, state: type[S], identifier: str) -> S | None:
        """Read the state of one thing, or None if it has no event."""

    def find(self, index: str, key: str) -> tuple[str, ...]:
        """List the identifiers under a key of an index, in the order in which they came."""

    def version(self, stream: str) -> int:
        """Tell the last version of a stream, 0 if it has no event."""

    def position(self) -> int:
        """Tell the last position of the ledger."""

    def as_of(self, position: int) -> "World":
        """Look at the world as it was known at a position, both for `get` and for `find`."""


def known(world: World, state: type[S], identifier: str, field_name: str) -> S:
    """Read the state of a thing that a field of a command names.

    Raises:
        UnknownReference: it has no event.

    """
    found = world.get(state, identifier)
    if found is None:
        raise UnknownReference(field=field_name, noun=NOUNS[state.NOUN].en, id=identifier)
    return found


Decide = Callable[[Any, Any, Act, World], Iterable[Event | Record]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandEntry:
    """One command in the catalogue."""

    noun: str
    verb: str
    command: type[Command]
    decide: Decide
    scope: Scope
    refuses: tuple[type[Refusal], ...]
    creates: bool
    function: str | None
    """Function that the acting position must carry."""
    acting: bool
    """Whether a position is needed to act in."""
    delegable: bool

    @property
    def name(self) -> str:
        """Name of the command, such as `SignLetter`."""
        return self.command.__name__

    @property
    def summary(self) -> str:
        """First line of the command's documentation."""
        return (inspect.getdoc(self.command) or "").partition("\n")[0]


COMMANDS: Final[dict[tuple[str, str], CommandEntry]] = {}
"""Every command by noun and verb; filled by the noun modules, read through `domain.catalogue`."""


def _no_keys(_state: Any) -> Iterable[tuple[str, str]]:
    return ()


@dataclass(kw_only=True)
class Noun(Generic[S]):
    """One kind of thing: how its events fold, under which keys it is found, what it can be asked."""

    state: type[S]
    evolve: Callable[[S | None, Event, Envelope], S]
    keys: Callable[[S], Iterable[tuple[str, str]]] = _no_keys
    """Pairs of index name and key under which the thing is to be found in its present state."""
    rekeyed_by: frozenset[type[Event]] = frozenset()
    """Events that may change the keys, beside the first of a stream."""
    commands: dict[str, CommandEntry] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the noun, the first part of its stream names."""
        return self.state.NOUN

    def decides(
        self,
        verb: str,
        *,
        scope: Scope,
        refuses: tuple[type[Refusal], ...] = (),
        creates: bool = False,
        function: str | None = None,
        acting: bool = True,
        delegable: bool = False,
    ) -> Callable[[Decide], Decide]:
        """Enter a deciding function into the catalogue; its first parameter's type is the command."""

        def enter(decide: Decide) -> Decide:
            hints = get_type_hints(decide)
            command = hints[next(iter(inspect.signature(decide).parameters))]
            entry = CommandEntry(
                noun=self.name,
                verb=verb,
                command=command,
                decide=decide,
                scope=scope,
                refuses=refuses,
                creates=creates,
                function=function,
                acting=acting,
                delegable=delegable,
            )
            self.commands[verb] = entry
            COMMANDS[self.name, verb] = entry
            return decide

        return enter
