"""Which events may change where a thing is found, held against a ledger with every kind of event."""

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from opsledger.examples.branching import recorded
from opsledger.examples.recording import MemoryLedger, story_recorded, veto_recorded
from opsledger.examples.released import BRANCHES
from opsledger_contracts.catalogue import EVENTS
from opsledger_contracts.codec import Recorded, decode
from opsledger_ledger.domain.nouns import NOUN_RULES
from opsledger_ledger.writing.world import LedgerWorld, Placed


@cache
def story() -> MemoryLedger:
    """The story as a ledger in memory."""
    return story_recorded()


def histories() -> Iterator[list[Recorded]]:
    """The events of every stream of the stories, and of the other ways that it could have gone."""
    for ledger in (story(), veto_recorded()):
        for entries in ledger.chains.streams.values():
            yield [entry.recorded for entry in entries]
    for branches in BRANCHES:
        for branch in branches(story()):
            further = recorded(branch, story())
            begun = story().chains.streams.get(branch.stream, [])
            begun = begun[: further[0].recorded.envelope.version - 1]
            yield [entry.recorded for entry in (*begun, *further)]


def test_no_other_event_changes_the_keys() -> None:
    """What is no first event of a stream and is not said to rekey leaves all keys as they are."""
    seen = set()
    for history in histories():
        noun = NOUN_RULES[history[0].envelope.stream.partition("/")[0]]
        state: Any = None
        for envelope, event in history:
            before = set(() if state is None else noun.keys(state))
            state = noun.evolve(state, event, envelope)
            seen.add(envelope.type)
            if envelope.version > 1 and type(event) not in noun.rekeyed_by:
                assert set(noun.keys(state)) == before, envelope.type
    assert seen == set(EVENTS)


@pytest.mark.parametrize("kept_events_max", [1, 150])
def test_a_world_that_keeps_few_streams_finds_what_one_that_keeps_all_does(
    kept_events_max: int,
) -> None:
    """Events of streams that are not kept are passed over, and no index is another for it."""
    streams: dict[str, list[tuple[int, bytes]]] = defaultdict(list)

    def load(stream: str, after: int) -> list[tuple[int, bytes]]:
        return streams[stream][after:]

    small, large = LedgerWorld(load, kept_events_max), LedgerWorld(load)
    for position, entry in enumerate(story().entries, 1):
        placed = Placed(position, decode(entry.stored))
        streams[placed.recorded.envelope.stream].append((position, entry.stored))
        for world in (small, large):
            world.fold(placed)
            world.settle()
    assert small.snapshot().index == large.snapshot().index
    for stream in streams:
        assert small.version(stream) == large.version(stream)
