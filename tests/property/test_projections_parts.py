"""What views declare about streams is true: folding each stream alone gives the same rows, or not."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger_contracts.catalogue import EVENTS, NOUNS
from opsledger_contracts.codec import decode
from opsledger_contracts.event import Event
from opsledger_projections.following.folding import ViewFold
from opsledger_projections.tables.port import POSITION
from opsledger_projections.views.board import PLAN_BOARD
from opsledger_projections.views.catalogue import VIEWS
from opsledger_projections.views.trail import TRAIL
from opsledger_projections.views.view import Fact, View
from support.disputed_score import DisputedScore
from support.feeds import MemoryLedger, NoTables
from support.source import ROOT

IDENTIFIERS = ("X-1", "X-2")
"""Every stream and every field that names a thing has one of these, so that things meet."""
NAMING = {*NOUNS, "item", "subject"} - {"rulebook", "calendar", "matrix", "result"}
"""Fields that name a thing by its identifier, not by its content."""
ENTRIES = ROOT / "contracts" / "examples" / "entries"
DIVIDED = [view for view in VIEWS.values() if not view.undivided_percent]


class Folded(NamedTuple):
    """What comes out of a fold: rows, elements of lists, and streams that failed."""

    rows: list[Any]
    elements: list[Any]
    failed: list[tuple[str, int]]


def _folded(view: View, facts: Iterable[Fact]) -> Folded:
    fold = ViewFold(view, NoTables(), complete=True)
    failed: dict[str, int] = {}
    for fact in facts:
        if fact.type in view.types and fact.stream not in failed and fold.take(fact):
            failed[fact.stream] = fact.position
    written = fold.changes()
    return Folded(
        sorted(written.inserted, key=_place), sorted(written.grown), sorted(failed.items())
    )


def _place(row: Any) -> Any:
    return row[: POSITION + 1]


def _stream(fact: Fact) -> str:
    return fact.stream


def _by_stream(view: View, facts: Sequence[Fact]) -> Folded:
    """Fold each stream as if there was no other."""
    alone = [_folded(view, own) for _, own in groupby(sorted(facts, key=_stream), key=_stream)]
    return Folded(
        sorted((row for one in alone for row in one.rows), key=_place),
        sorted(row for one in alone for row in one.elements),
        sorted(row for one in alone for row in one.failed),
    )


def _facts(ledger: MemoryLedger) -> list[Fact]:
    return [Fact.read(*fed) for fed in ledger.page(0, ledger.position, 0)]


@cache
def _story() -> list[Fact]:
    return _facts(DisputedScore().tell().ledger)


@cache
def _examples() -> dict[str, Event]:
    """The released example of every type of event."""
    return {name: decode((ENTRIES / f"{name}.json").read_bytes()).event for name in EVENTS}


def _met(event: Event, identifier: str) -> Event:
    """Let every field that names a thing name one that has a stream."""
    named = {
        field.name: f"letter/{identifier}" if field.name == "subject" else identifier
        for field in msgspec.structs.fields(event)
        if field.name in NAMING and isinstance(getattr(event, field.name), str)
    }
    return msgspec.structs.replace(event, **named)


HISTORIES = st.lists(
    st.tuples(
        st.sampled_from(sorted(EVENTS)),
        st.sampled_from(IDENTIFIERS),
        st.sampled_from(IDENTIFIERS),
    ),
    min_size=20,
    max_size=200,
)


def _history(recorded: Iterable[tuple[str, str, str]]) -> list[Fact]:
    """Record examples, each with the name of its stream and the one that it names."""
    ledger = MemoryLedger()
    for type_name, own, other in recorded:
        ledger.record(f"{type_name.partition('.')[0]}/{own}", _met(_examples()[type_name], other))
    return _facts(ledger)


@pytest.mark.parametrize("view", DIVIDED, ids=attrgetter("name"))
def test_a_divided_view_needs_one_stream_for_each_row_of_the_story(view: View) -> None:
    """P10: each stream of the story folded alone gives the rows of all streams folded together."""
    assert _by_stream(view, _story()) == _folded(view, _story())


@given(history=HISTORIES)
@settings(max_examples=40, deadline=None)
def test_a_divided_view_needs_one_stream_for_each_row_of_any_history(
    history: list[tuple[str, str, str]],
) -> None:
    """P10: the same for any events in any order, those included on which a view fails."""
    facts = _history(history)
    for view in DIVIDED:
        assert _by_stream(view, facts) == _folded(view, facts), view.name


@pytest.mark.parametrize("view", [PLAN_BOARD, TRAIL], ids=attrgetter("name"))
def test_a_view_that_says_falsely_that_it_needs_one_stream_is_found(view: View) -> None:
    """The canary: the views that join streams, declared as if they did not."""
    false = replace(view, undivided_percent=0)
    assert _by_stream(false, _story()) != _folded(false, _story())
