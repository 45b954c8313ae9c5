"""The set of streams that have events: what goes in is in it, also after it was written down."""

from hypothesis import given
from hypothesis import strategies as st

from opsledger_ledger.writing.begun import BegunStreams

STREAMS = st.lists(st.text(max_size=8), max_size=40)


@given(STREAMS, STREAMS)
def test_a_set_holds_what_was_added_and_nothing_else(added: list[str], asked: list[str]) -> None:
    """Adding twice is adding once, and a set that was read holds the same."""
    begun = BegunStreams()
    for stream in (*added, *added):
        begun.add(stream)
    again = BegunStreams()
    again.read(begun.written())

    assert len(begun.written()) == 8 * len(set(added))
    for stream in (*added, *asked):
        assert (stream in begun) == (stream in added)
        assert (stream in again) == (stream in added)
    assert again.written() == begun.written()


def test_thousands_of_streams_fill_all_parts_of_the_set() -> None:
    """Many streams share the first bits of their digests, and each is found all the same."""
    names = [f"letter/L-{number:06d}" for number in range(20_000)]
    begun = BegunStreams()
    for name in names:
        begun.add(name)
    again = BegunStreams()
    again.read(begun.written())

    assert all(name in again for name in names)
    assert not any(f"{name}x" in again for name in names)
