"""From a command to the events it leads to: the one path that every command takes."""

from dataclasses import replace
from typing import Any, NamedTuple

from opsledger_contracts.catalogue import NOUNS
from opsledger_contracts.problems.general import AlreadyExists, OccurredInFuture, UnknownThing
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.deciding import Act, Command, CommandEntry, Record, World
from opsledger_ledger.domain.nouns import NOUN_RULES
from opsledger_ledger.domain.policies.identity import established

GENERAL_REFUSALS: tuple[type[Refusal], ...] = (OccurredInFuture, UnknownThing, AlreadyExists)
"""Refusals that any command can meet beside those of identity and its own."""


class Decision(NamedTuple):
    """What a command leads to, and the act as the ledger has established it."""

    act: Act
    records: list[Record]


def decide(entry: CommandEntry, command: Command, act: Act, world: World) -> Decision:
    """Decide a command on the current state of the world.

    Returns:
        The act with the capacity in which the person acts, and at least one record, each with its
        stream, in the order in which they are to be appended.

    Raises:
        Refusal: a rule says no; nothing was changed.

    """
    if act.occurred_at > act.now:
        raise OccurredInFuture(occurred_at=act.occurred_at, now=act.now)
    act = established(entry, act, world)
    noun = NOUN_RULES[entry.noun]
    state = world.get(noun.state, act.target)
    if entry.creates:
        if state is not None:
            raise AlreadyExists(noun=NOUNS[entry.noun].en, id=act.target)
    elif state is None:
        raise UnknownThing(noun=NOUNS[entry.noun].en, id=act.target)
    own_stream = f"{entry.noun}/{act.target}"
    records = [_placed(item, own_stream) for item in entry.decide(command, state, act, world)]
    return Decision(act, records)


def _placed(item: Any, own_stream: str) -> Record:
    if not isinstance(item, Record):
        return Record(item, own_stream)
    if item.stream is None:
        return replace(item, stream=own_stream)
    return item
