"""Properties of the fold of a letter: over any cut, and along any path to the same document."""

from collections.abc import Sequence
from datetime import date
from functools import reduce
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger_contracts.canonical import canonical
from opsledger_contracts.event import Event
from opsledger_contracts.events.letter import (
    FieldChange,
    ItemChange,
    LetterAmended,
    LetterBalanced,
    LetterDrafted,
    LetterItem,
    LetterItemAdded,
    LetterItemImposed,
    LetterItemRemoved,
    LetterItemRevised,
    LetterItemStruck,
    LetterSubmitted,
    Period,
)
from opsledger_contracts.letters import (
    LetterDocument,
    after,
    amend,
    content_hash,
    period_days,
    revise_item,
)
from support.event_strategies import values

HASH = "0" * 64
DRAFTED = values(LetterDrafted)
ITEMS = values(LetterItem)
FEWER = settings(max_examples=max(15, settings().max_examples // 4))
"""Whole letters take long to make up: these tests used a quarter of the time of all properties."""
REVISABLE = tuple(name for name in LetterItem.__struct_fields__ if name != "item")


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """A drafted letter and events that each fit what stands in it by then."""
    events: list[Event] = [draw(DRAFTED)]
    held: dict[str, LetterItem] = {}
    for _ in range(draw(st.integers(0, 6))):
        item = draw(ITEMS)
        kinds = ["added", "imposed", "submitted"]
        if held:
            kinds += ["revised", "removed", "struck", "balanced", "amended"]
        match draw(st.sampled_from(kinds)):
            case "added":
                held[item.item] = item
                events.append(LetterItemAdded(item=item))
            case "imposed":
                changes = _some_changes(draw, held)
                held[item.item] = item
                events.append(LetterItemImposed(item=item, consultation="CS", changes=changes))
            case "revised":
                name = draw(st.sampled_from(sorted(held)))
                changed = _field_changes(draw, held, name)
                events.append(LetterItemRevised(item=name, changes=changed))
            case "removed":
                name = draw(st.sampled_from(sorted(held)))
                del held[name]
                events.append(LetterItemRemoved(item=name))
            case "struck":
                name = draw(st.sampled_from(sorted(held)))
                del held[name]
                changes = _some_changes(draw, held)
                events.append(LetterItemStruck(item=name, consultation="CS", changes=changes))
            case "balanced":
                changes = _some_changes(draw, held)
                balanced = LetterBalanced(
                    cycle="C", session="S", content_hash=HASH, changes=changes
                )
                events.append(balanced)
            case "amended":
                amended = LetterAmended(
                    adjustment="AD",
                    revision=2,
                    changes=_some_changes(draw, held),
                    effective_from=date(2026, 6, 4),
                    content_hash=HASH,
                )
                events.append(amended)
            case _:
                events.append(LetterSubmitted(content_hash=HASH))
    return events


def _some_changes(draw: st.DrawFn, held: dict[str, LetterItem]) -> tuple[ItemChange, ...]:
    names = draw(st.lists(st.sampled_from(sorted(held)), unique=True)) if held else []
    return tuple(ItemChange(item=name, changes=_field_changes(draw, held, name)) for name in names)


def _field_changes(
    draw: st.DrawFn, held: dict[str, LetterItem], name: str
) -> tuple[FieldChange, ...]:
    """Draw the fields in which another item differs, and hold the revised one."""
    fields = draw(st.lists(st.sampled_from(REVISABLE), unique=True, max_size=4))
    changes = differences(held[name], draw(ITEMS), fields)
    held[name] = revise_item(held[name], changes)
    return changes


def differences(
    before: LetterItem, to: LetterItem, fields: Sequence[str]
) -> tuple[FieldChange, ...]:
    """Change the named fields of an item to those of another."""
    old: dict[str, Any] = msgspec.to_builtins(before)
    new: dict[str, Any] = msgspec.to_builtins(to)
    return tuple(
        FieldChange(field=field, before=old.get(field), after=new.get(field)) for field in fields
    )


def folded(document: LetterDocument | None, events: Sequence[Event]) -> LetterDocument | None:
    """Fold events one after the other."""
    return reduce(after, events, document)


@FEWER
@given(histories(), st.data())
def test_a_fold_goes_on_from_a_stored_document_as_from_the_events(
    events: list[Event], data: st.DataObject
) -> None:
    """Fold a prefix, store it, read it and fold the rest: the same as the whole fold (R123)."""
    whole = folded(None, events)
    cut = data.draw(st.integers(1, len(events)))
    stored = canonical(folded(None, events[:cut]))
    assert folded(msgspec.json.decode(stored, type=LetterDocument), events[cut:]) == whole


@FEWER
@given(DRAFTED, ITEMS, ITEMS, st.data())
def test_the_hash_does_not_depend_on_the_path_to_an_item(
    drafted: LetterDrafted, first: LetterItem, wanted: LetterItem, data: st.DataObject
) -> None:
    """Drafted as wanted, revised to it at once or field by field: one hash (domain-model, 2.5)."""
    wanted = msgspec.structs.replace(wanted, item=first.item)
    changes = differences(first, wanted, data.draw(st.permutations(REVISABLE)))
    at_once = folded(None, [drafted, LetterItemAdded(item=wanted)])
    revised = folded(
        None,
        [drafted, LetterItemAdded(item=first), LetterItemRevised(item=first.item, changes=changes)],
    )
    one_by_one = folded(
        None,
        [
            drafted,
            LetterItemAdded(item=first),
            *(LetterItemRevised(item=first.item, changes=(change,)) for change in changes),
        ],
    )
    assert at_once is not None
    assert revised is not None
    assert one_by_one is not None
    assert content_hash(at_once) == content_hash(revised) == content_hash(one_by_one)


@FEWER
@given(
    DRAFTED, st.lists(ITEMS, min_size=2, max_size=4, unique_by=lambda item: item.item), st.data()
)
def test_changes_of_different_items_may_come_in_any_order(
    drafted: LetterDrafted, items: list[LetterItem], data: st.DataObject
) -> None:
    """An amendment is a set of changes, one per item; each order gives the same hash."""
    document = folded(None, [drafted, *(LetterItemAdded(item=item) for item in items)])
    assert document is not None
    changes = [
        ItemChange(item=item.item, changes=differences(item, data.draw(ITEMS), REVISABLE))
        for item in items
    ]
    shuffled = data.draw(st.permutations(changes))
    assert content_hash(amend(document, tuple(changes))) == content_hash(
        amend(document, tuple(shuffled))
    )


@FEWER
@given(DRAFTED, ITEMS, ITEMS)
def test_a_change_that_is_taken_back_leaves_the_hash(
    drafted: LetterDrafted, item: LetterItem, other: LetterItem
) -> None:
    """Revise and revise back, or add and remove: what is approved is the document, not its past."""
    document = folded(None, [drafted, LetterItemAdded(item=item)])
    assert document is not None
    there = LetterItemRevised(item=item.item, changes=differences(item, other, REVISABLE))
    moved = msgspec.structs.replace(other, item=item.item)
    back = LetterItemRevised(item=item.item, changes=differences(moved, item, REVISABLE))
    returned = folded(document, [there, back])
    assert returned is not None
    assert content_hash(returned) == content_hash(document)
    passing = msgspec.structs.replace(other, item=f"{item.item[:60]}.X")
    gone = folded(document, [LetterItemAdded(item=passing), LetterItemRemoved(item=passing.item)])
    assert gone is not None
    assert content_hash(gone) == content_hash(document)


@given(values(Period).filter(lambda period: period[:4] != "0000"))
def test_a_period_is_whole_months(period: str) -> None:
    """First and last day include the period: a month, three, or twelve of them."""
    first, last = period_days(period)
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    expected = 3 if "Q" in period else 1 if "-" in period else 12
    assert months == expected
    assert first.day == 1
    assert (last.year, last.month) == (9999, 12) or date.fromordinal(last.toordinal() + 1).day == 1
