"""The decision state: bounded, looking back, and able to forget what is not durable."""

from datetime import date
from unittest.mock import patch

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from opsledger.examples.recording import story_recorded
from opsledger_contracts.event import Event
from opsledger_contracts.events.unit import OrgUnitDissolved, OrgUnitRegistered, OrgUnitReparented
from opsledger_ledger.domain.nouns import NOUN_RULES
from opsledger_ledger.domain.unit import Unit
from opsledger_ledger.writing import world as writing_world
from opsledger_ledger.writing.world import LedgerWorld, Placed, WorldSnapshot, folded
from support.deciding import Stage, entries_of

DAY = date(2026, 1, 1)
UNITS = ("A", "B", "C")


def moved(parents: list[tuple[int, int]]) -> list[Placed]:
    """Register all units under A, then move them about; gives the events in order."""
    stage = Stage()
    for unit in UNITS:
        stage.given(
            f"unit/{unit}",
            OrgUnitRegistered(unit=unit, type="group", name=unit, parent="A", valid_from=DAY),
        )
    for below, above in parents:
        event: Event = OrgUnitReparented(parent=UNITS[above], valid_from=DAY)
        if below == above:
            event = OrgUnitDissolved(successors=(), valid_from=DAY)
        stage.given(f"unit/{UNITS[below]}", event)
    return sorted(placed for stream in stage.streams.values() for placed in stream)


def world_of(events: list[Placed], kept_events_max: int = 50_000) -> LedgerWorld:
    """A world whose log is a list that it has yet to fold."""

    def load(stream: str, after: int) -> list[tuple[int, bytes]]:
        found = [placed for placed in events if placed.recorded.envelope.stream == stream]
        return entries_of(found[after:])

    return LedgerWorld(load, kept_events_max)


def world_of_all(events: list[Placed]) -> LedgerWorld:
    """A world that has folded every event."""
    world = world_of(events)
    for placed in events:
        world.fold(placed)
    return world


def told(world: LedgerWorld) -> object:
    """All that a world can be asked."""
    return (
        world.position(),
        [world.get(Unit, unit) for unit in UNITS],
        [world.version(f"unit/{unit}") for unit in UNITS],
        [world.find("unit_by_parent", unit) for unit in UNITS],
        [
            (
                world.as_of(position).find("unit_by_parent", unit),
                world.as_of(position).get(Unit, unit),
            )
            for position in range(world.position() + 1)
            for unit in UNITS
        ],
    )


MOVES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=8)


@given(MOVES, st.integers(0, 11))
def test_undoing_is_as_if_it_had_never_been(parents: list[tuple[int, int]], cut: int) -> None:
    """Whatever was folded since the last commit, the world after `undo` is that of the commit."""
    events = moved(parents)
    cut = min(cut, len(events))
    world, plain = world_of(events), world_of(events)
    for placed in events[:cut]:
        world.fold(placed)
        plain.fold(placed)
    world.settle()
    for placed in events[cut:]:
        world.fold(placed)
    world.undo()
    assert told(world) == told(plain)
    for placed in events[cut:]:
        world.fold(placed)
        plain.fold(placed)
    assert told(world) == told(plain)


@given(MOVES)
def test_a_small_memory_changes_no_answer(parents: list[tuple[int, int]]) -> None:
    """Streams that were let go are folded again from the log."""
    events = moved(parents)
    small, large = world_of(events, kept_events_max=1), world_of(events)
    for placed in events:
        small.fold(placed)
        large.fold(placed)
    assert told(small) == told(large)


@given(MOVES, st.integers(0, 11), st.integers(1, 3))
def test_a_snapshot_is_as_good_as_the_whole_past(
    parents: list[tuple[int, int]], cut: int, long_events: int
) -> None:
    """A world that begins at a snapshot, taken anywhere, is the one that folded everything.

    Streams are long here from a few events on, so that their states come from the snapshot.
    """
    events = moved(parents)
    cut = min(cut, len(events))
    with patch.object(writing_world, "LONG_EVENTS", long_events):
        before, after, plain = world_of(events), world_of(events), world_of(events)
        for placed in events[:cut]:
            before.fold(placed)
        before.settle()
        written = msgspec.msgpack.encode(before.snapshot())
        after.restore(msgspec.msgpack.decode(written, type=WorldSnapshot))
        for placed in events:
            if placed.position > cut:
                after.fold(placed)
            plain.fold(placed)
        assert told(after) == told(plain)


def test_a_long_stream_is_not_folded_again() -> None:
    """What was written down when a stream was let go is where its folding begins."""
    events = moved([(1, 2)] * 8)
    asked: list[tuple[str, int]] = []

    def load(stream: str, after: int) -> list[tuple[int, bytes]]:
        asked.append((stream, after))
        found = [placed for placed in events if placed.recorded.envelope.stream == stream]
        return entries_of(found[after:])

    with patch.object(writing_world, "LONG_EVENTS", 5):
        world = LedgerWorld(load, kept_events_max=1)
        for placed in events:
            world.fold(placed)
            world.settle()
        assert world.get(Unit, "A") is not None
        asked.clear()
        assert world.version("unit/B") == 9
    assert asked == [("unit/B", 9)]


def test_what_is_written_down_is_bounded() -> None:
    """States of long streams are forgotten, the oldest first, and folded from the log again."""
    events = moved([(1, 2), (2, 1)] * 8)
    asked: list[tuple[str, int]] = []

    def load(stream: str, after: int) -> list[tuple[int, bytes]]:
        asked.append((stream, after))
        found = [placed for placed in events if placed.recorded.envelope.stream == stream]
        return entries_of(found[after:])

    with patch.object(writing_world, "LONG_EVENTS", 1):
        one = LedgerWorld(load)
        one.fold(events[0])
        one.settle()
        size = len(one.snapshot().long["unit/A"].state)
        world = LedgerWorld(load, kept_events_max=1, written_bytes_max=2 * size)
        for placed in events:
            world.fold(placed)
            world.settle()
            written = world.snapshot().long.values()
            assert sum(len(each.state) for each in written) <= 2 * size
        assert "unit/A" not in world.snapshot().long
        asked.clear()
        assert [world.version(f"unit/{unit}") for unit in UNITS] == [1, 9, 9]
    assert asked[0] == ("unit/A", 0)
    assert told(world) == told(world_of_all(events))


def test_every_state_goes_on_from_where_it_was_written_down() -> None:
    """Of every noun: written down after each event of a whole story, it is that of the full fold."""
    entries: dict[str, list[tuple[int, bytes]]] = {}
    with patch.object(writing_world, "LONG_EVENTS", 1):
        world = LedgerWorld(lambda stream, after: entries[stream][after:], kept_events_max=1)
        for position, entry in enumerate(story_recorded().entries, 1):
            stream = entry.recorded.envelope.stream
            entries.setdefault(stream, []).append((position, entry.stored))
            world.fold(Placed(position, entry.recorded))
            world.settle()
            assert world.version(stream) == len(entries[stream])
        for stream, history in entries.items():
            noun, _, identifier = stream.partition("/")
            found = world.get(NOUN_RULES[noun].state, identifier)
            assert (found, len(history)) == folded(stream, history)


def test_only_what_is_not_durable_is_unsettled() -> None:
    """The writer asks this to know where to read a stream from."""
    events = moved([])
    world = world_of(events)
    world.fold(events[0])
    assert world.unsettled("unit/A")
    world.settle()
    assert not world.unsettled("unit/A")
