"""The decision state: bounded, looking back, and able to forget what is not durable."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.event import Event
from opsledger_contracts.events.unit import OrgUnitDissolved, OrgUnitRegistered, OrgUnitReparented
from opsledger_ledger.domain.unit import Unit
from opsledger_ledger.writing.world import LedgerWorld, Placed
from support.deciding import Stage

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


def world_of(events: list[Placed], streams_max: int = 20_000) -> LedgerWorld:
    """A world whose log is a list that it has yet to fold."""

    def load(stream: str) -> list[Placed]:
        return [placed for placed in events if placed.recorded.envelope.stream == stream]

    return LedgerWorld(load, streams_max)


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
    small, large = world_of(events, streams_max=1), world_of(events)
    for placed in events:
        small.fold(placed)
        large.fold(placed)
    assert told(small) == told(large)


def test_only_what_is_not_durable_is_unsettled() -> None:
    """The writer asks this to know where to read a stream from."""
    events = moved([])
    world = world_of(events)
    world.fold(events[0])
    assert world.unsettled("unit/A")
    world.settle()
    assert not world.unsettled("unit/A")
