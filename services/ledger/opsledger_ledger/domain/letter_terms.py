"""What a letter refers to: the documents it is held against, and the things its items name."""

from typing import Annotated

import msgspec

from opsledger_contracts.events.letter import FieldChange, ItemChange, ItemValue, LetterItem
from opsledger_contracts.letters import LetterDocument, revise_item
from opsledger_contracts.problems.general import FieldInvalid, UnknownReference
from opsledger_contracts.problems.letter import ItemUnknown, NotALetterParty
from opsledger_contracts.rules.errors import InvalidNumber
from opsledger_contracts.rules.numbers import parse_rational
from opsledger_ledger.domain.deciding import Act, World, known
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.letter_lint import Terms
from opsledger_ledger.domain.person import PersonState
from opsledger_ledger.domain.plan import PlanState
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.unit_tree import stands_in
from opsledger_ledger.domain.unit import Unit

ItemValues = Annotated[dict[str, ItemValue], msgspec.Meta(min_length=1, max_length=40)]
"""New values of fields of an item by name; null takes an optional field away."""

ITEM_REFUSALS = (FieldInvalid, UnknownReference)
"""Refusals of an item that cannot even be written down."""


def terms_of(world: World, document: LetterDocument) -> Terms:
    """Read everything that the lint holds a letter against."""
    plan = world.get(PlanState, document.plan) if document.plan else None
    parent = world.get(LetterState, document.parent) if document.parent else None
    return Terms(
        rulebook=documents.rulebook(world, document.rulebook),
        matrix=documents.matrix(world, document.matrix),
        goals=frozenset(goal.goal for goal in plan.content.goals) if plan else frozenset(),
        parent=parent.document if parent else None,
    )


def require_sound(world: World, item: LetterItem) -> None:
    """Insist that an item names known units and persons and has a readable weight (R046, R089).

    Raises:
        UnknownReference: a unit or the person is not known.
        FieldInvalid: the weight is no exact number of a bearable length.

    """
    known(world, Unit, item.responsible, "responsible")
    known(world, PersonState, item.responsible_person, "responsible_person")
    known(world, Unit, item.data_owner, "data_owner")
    for unit in item.supporting:
        known(world, Unit, unit, "supporting")
    try:
        parse_rational(item.weight)
    except InvalidNumber as error:
        raise FieldInvalid(pointer="/item/weight", detail=error.en) from error


def item_of(document: LetterDocument, code: str) -> LetterItem:
    """Find an item of a letter.

    Raises:
        ItemUnknown: the letter has none of this code.

    """
    item = document.item(code)
    if item is None:
        raise ItemUnknown(letter=document.letter, item=code)
    return item


def revision(
    world: World, document: LetterDocument, code: str, values: dict[str, ItemValue]
) -> ItemChange:
    """Put together the change that gives an item new values, with the old ones beside them.

    Raises:
        ItemUnknown: the letter has no such item.
        FieldInvalid: an item has no such field, or not with such a value.
        UnknownReference: a new value names an unknown unit or person.

    """
    item = item_of(document, code)
    present = msgspec.to_builtins(item)
    changes = tuple(
        FieldChange(field=field, before=present.get(field), after=value)
        for field, value in values.items()
    )
    try:
        revised = revise_item(item, changes)
    except msgspec.ValidationError as error:
        raise FieldInvalid(pointer="/values", detail=str(error)) from error
    if revised.item != code:
        raise FieldInvalid(pointer="/values/item", detail="an item keeps its code")
    require_sound(world, revised)
    return ItemChange(item=code, changes=changes)


def require_responsible_unit(act: Act, world: World, document: LetterDocument) -> None:
    """Insist that the act comes from the responsible unit or a part of it.

    Raises:
        NotALetterParty: it comes from elsewhere.

    """
    if not stands_in(world, act.unit, document.responsible_unit):
        raise NotALetterParty(found=act.unit, expected=document.responsible_unit)
