"""Parts: every row has one part that folds it, and always the same one."""

from collections import Counter

import pytest

from opsledger_projections.following.parts import HASHES, Part, Share, division
from opsledger_projections.views.catalogue import VIEWS

VIEW_LIST = list(VIEWS.values())


@pytest.mark.parametrize("count", [1, 2, 3, 5, 64])
def test_each_stream_of_each_view_has_one_part(count: int) -> None:
    """However many parts there are, no row is left out and none is folded twice."""
    shares = division(VIEW_LIST, count)

    assert len(shares) == count
    edges = [0, *[share.hashes.stop for share in shares]]
    assert [share.hashes.start for share in shares] == edges[:-1]
    assert edges[-1] == HASHES
    whole = Counter(view.name for share in shares for view in share.views if view.undivided_percent)
    assert whole == {view.name: 1 for view in VIEW_LIST if view.undivided_percent}
    divided = {view.name for view in VIEW_LIST if not view.undivided_percent}
    assert all(divided <= {view.name for view in share.views} for share in shares)


def test_the_division_stays_what_it_was() -> None:
    """A part goes on with its share after any restart and on any machine: a golden division.

    Another one would tear tables that stand divided: it needs another version of the views.
    """
    halves = division(VIEW_LIST, 2)
    assert [(share.hashes.stop, _undivided(share)) for share in halves] == [
        (1_431_655_765, ["plan_board"]),
        (4_294_967_296, ["trail"]),
    ]
    quarters = division(VIEW_LIST, 4)
    assert [(share.hashes.stop, _undivided(share)) for share in quarters] == [
        (0, ["plan_board"]),
        (0, ["trail"]),
        (2_147_483_648, []),
        (4_294_967_296, []),
    ]
    streams = ("letter/BJ-2026", "case/C-1", "measurement/BJ-2026-sales", "person/P-1", "unit/BJ")
    assert [_part_of(stream, halves) for stream in streams] == [2, 1, 2, 1, 1]
    assert [_part_of(stream, quarters) for stream in streams] == [4, 3, 4, 3, 3]


def _part_of(stream: str, shares: list[Share]) -> int:
    (part,) = (number for number, share in enumerate(shares, 1) if share.has(stream))
    return part


def _undivided(share: Share) -> list[str]:
    return [view.name for view in share.views if view.undivided_percent]


@pytest.mark.parametrize("text", ["", "0/1", "2/1", "1/0", "1/65", "1", "1/2/3", " 1/2", "01/2"])
def test_what_is_no_part_is_refused(text: str) -> None:
    """A part is a number and a count, and the number is not above the count."""
    with pytest.raises(ValueError, match="no part such as 1/2"):
        Part.read(text)
    assert str(Part.read("2/3")) == "2/3"
