"""The index of the decision state, held against a list of everything that was ever put into it."""

from typing import NamedTuple

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from opsledger_ledger.writing.index import Index, IndexSnapshot, Place

PLACES: tuple[Place, ...] = (("unit", "A"), ("unit", "B"), ("period", "A"))
NAMES = ("N1", "N2", "N3")

MOVES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(PLACES), max_size=4)),
        st.sampled_from(("settle", "undo", "restart")),
    ),
    max_size=30,
)


class Stay(NamedTuple):
    """One identifier at one place, until a position or still."""

    place: Place
    identifier: str
    position_from: int
    position_to: int | None = None


class Model:
    """What an index must tell, kept in the plainest way."""

    def __init__(self) -> None:
        """Begin empty."""
        self.stays: list[Stay] = []
        self.places: dict[str, tuple[Place, ...]] = {}
        self.settled: tuple[list[Stay], dict[str, tuple[Place, ...]]] = ([], {})

    def move(self, identifier: str, now: tuple[Place, ...], position: int) -> None:
        """Let an identifier stand at exactly these places."""
        self.stays = [
            stay._replace(position_to=position)
            if stay.identifier == identifier and stay.position_to is None and stay.place not in now
            else stay
            for stay in self.stays
        ]
        standing = {s.place for s in self.stays if s.identifier == identifier and not s.position_to}
        self.stays += [
            Stay(place, identifier, position)
            for place in dict.fromkeys(now)
            if place not in standing
        ]
        self.places[identifier] = now

    def settle(self) -> None:
        """Take everything as lasting."""
        self.settled = list(self.stays), dict(self.places)

    def undo(self) -> None:
        """Go back to the last `settle`."""
        self.stays, self.places = list(self.settled[0]), dict(self.settled[1])

    def found_at(self, place: Place, position: int) -> tuple[str, ...]:
        """List who stood at a place."""
        return tuple(
            stay.identifier
            for stay in self.stays
            if stay.place == place
            and stay.position_from <= position
            and (stay.position_to is None or position < stay.position_to)
        )


@given(MOVES)
def test_an_index_finds_what_a_list_of_all_moves_does(
    moves: list[tuple[str, list[Place]] | str],
) -> None:
    """Now and at every earlier position, through undoing and through snapshots."""
    index, model = Index(), Model()
    position = 0
    for move in moves:
        if move == "undo":
            index.undo()
            model.undo()
        elif isinstance(move, str):
            index.settle()
            model.settle()
            if move == "restart":
                written = msgspec.msgpack.encode(index.snapshot())
                index = Index()
                index.restore(msgspec.msgpack.decode(written, type=IndexSnapshot))
        else:
            position += 1
            identifier, now = move[0], tuple(move[1])
            index.move(identifier, model.places.get(identifier, ()), now, position)
            model.move(identifier, now, position)
        for place in PLACES:
            assert index.find(place) == model.found_at(place, position)
            for earlier in range(position + 1):
                assert index.found_at(place, earlier) == model.found_at(place, earlier)


def test_what_is_undone_leaves_nothing_behind() -> None:
    """What stood before stands again, alone, and what comes next comes after it."""
    index = Index()
    index.move("N1", (), PLACES[:2], 1)
    index.settle()

    index.move("N1", PLACES[:2], PLACES[1:], 2)
    index.move("N2", (), PLACES, 3)
    index.move("N2", PLACES, (), 4)
    assert [index.find(place) for place in PLACES] == [(), ("N1",), ("N1",)]

    index.undo()
    assert [index.find(place) for place in PLACES] == [("N1",), ("N1",), ()]
    assert index.snapshot().identifiers == ["", "N1", "N1"]
    index.move("N3", (), PLACES[2:], 5)
    assert index.find(PLACES[2]) == ("N3",)
