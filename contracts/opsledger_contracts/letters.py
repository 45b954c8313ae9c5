"""What a target letter says, and how its events change it.

Both services fold letters with this module, so that the content hash over which a letter is
approved and signed is one function of one document everywhere (domain-model.md, 2.5).
"""

import re
from calendar import monthrange
from datetime import date
from typing import Any, Final, Optional, get_args

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Clause
from opsledger_contracts.event import Event
from opsledger_contracts.events import letter as happened
from opsledger_contracts.events.letter import (
    FieldChange,
    ItemChange,
    ItemValue,
    LetterItem,
    LetterKind,
    Period,
)
from opsledger_contracts.fields import DecimalText, Identifier, RationalText, Sha256, Title


class LetterDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The whole content of a letter at one revision; what the parties approve and sign."""

    letter: Identifier
    kind: LetterKind
    title: Title
    period: Period
    issuer: Identifier
    responsible_unit: Identifier
    responsible_person: Identifier
    rulebook: Sha256
    matrix: Sha256
    calendar: Sha256
    parent: Identifier | None = None
    plan: Identifier | None = None
    items: tuple[LetterItem, ...] = ()

    def item(self, code: str) -> LetterItem | None:
        """Find an item by its code."""
        return next((item for item in self.items if item.item == code), None)


def content_hash(document: LetterDocument) -> str:
    """Tell the hash that approvals and signatures bind to."""
    return digest(document)


def revise_item(item: LetterItem, changes: tuple[FieldChange, ...]) -> LetterItem:
    """Apply field changes to an item.

    Only what changes is checked: a replay does this by the million.

    Raises:
        msgspec.ValidationError: a new value does not have the shape of its field, or there is no
            such field.

    """
    after: dict[str, ItemValue] = {}
    for change in changes:
        after[change.field] = change.after
    for name, value in after.items():
        pattern = _PATTERNS.get(name)
        # The converter would search for the same pattern, but takes many times as long.
        if pattern is None or not isinstance(value, str) or pattern.search(value) is None:
            after[name] = _field_value(name, value)
    return msgspec.structs.replace(item, **after)


def _field_value(name: str, value: ItemValue) -> Any:
    form = _FORMS.get(name)
    if form is None:
        message = f"a letter item has no field {name}"
        raise msgspec.ValidationError(message)
    return getattr(msgspec.convert({} if value is None else {name: value}, form), name)


def _form(field: msgspec.structs.FieldInfo) -> type[msgspec.Struct]:
    default: dict[str, Any] = {
        "default": field.default,
        "default_factory": field.default_factory,
    }
    return msgspec.defstruct(
        "LetterItemField", [(field.name, field.type, msgspec.field(**default))]
    )


_FORMS: Final = {field.name: _form(field) for field in msgspec.structs.fields(LetterItem)}
"""The fields of an item, each alone."""


_PATTERNS: Final = {
    field.name: re.compile(get_args(kind)[1].pattern)
    for field in msgspec.structs.fields(LetterItem)
    for kind in (Identifier, DecimalText, RationalText)
    if field.type in {kind, Optional[kind]}  # noqa: UP045 - made here.
}
"""What text must look like in the fields that ask nothing else of it."""


def amend(document: LetterDocument, changes: tuple[ItemChange, ...]) -> LetterDocument:
    """Apply item changes in their order: added, revised or removed items."""
    if not changes:
        return document
    items = {item.item: item for item in document.items}
    amend_items(items, changes)
    return msgspec.structs.replace(document, items=tuple(items.values()))


def amend_items(items: dict[str, LetterItem], changes: tuple[ItemChange, ...]) -> None:
    """Apply item changes in their order to the items of a letter by code, which are changed by it.

    Raises:
        KeyError: there is no such item.
        msgspec.ValidationError: as `revise_item`.

    """
    for change in changes:
        if change.added is not None:
            items[change.item] = change.added
        elif change.removed:
            del items[change.item]
        else:
            items[change.item] = revise_item(items[change.item], change.changes)


def first_document(event: happened.LetterDrafted) -> LetterDocument:
    """Tell what a letter says when it is drafted; it has no items yet."""
    return LetterDocument(
        letter=event.letter,
        kind=event.kind,
        title=event.title,
        period=event.period,
        issuer=event.issuer,
        responsible_unit=event.responsible_unit,
        responsible_person=event.responsible_person,
        rulebook=event.rulebook,
        matrix=event.matrix,
        calendar=event.calendar,
        parent=event.parent,
        plan=event.plan,
    )


def after(document: LetterDocument | None, event: Event) -> LetterDocument | None:
    """Tell what the letter says after an event of its stream; most events change nothing."""
    if isinstance(event, happened.LetterDrafted):
        return first_document(event)
    return document and amend(document, item_changes(event))


def item_changes(event: Event) -> tuple[ItemChange, ...]:
    """Tell which items an event of a letter changes, and how; none for most events."""
    changes: tuple[ItemChange, ...] = ()
    match event:
        case happened.LetterItemAdded():
            changes = (ItemChange(item=event.item.item, added=event.item),)
        case happened.LetterItemRevised():
            changes = (ItemChange(item=event.item, changes=event.changes),)
        case happened.LetterItemRemoved():
            changes = (ItemChange(item=event.item, removed=True),)
        case happened.LetterItemImposed():
            changes = (ItemChange(item=event.item.item, added=event.item), *event.changes)
        case happened.LetterItemStruck():
            changes = (ItemChange(item=event.item, removed=True), *event.changes)
        case happened.LetterBalanced() | happened.LetterAmended():
            changes = event.changes
        case _:
            pass
    return changes


def period_days(period: Period) -> tuple[date, date]:
    """Tell the first and the last day of a year, quarter or month, both included."""
    year, _, part = period.partition("-")
    if not part:
        first_month, last_month = 1, 12
    elif part.startswith("Q"):
        last_month = int(part[1]) * 3
        first_month = last_month - 2
    else:
        first_month = last_month = int(part)
    last_day = monthrange(int(year), last_month)[1]
    return date(int(year), first_month, 1), date(int(year), last_month, last_day)


ITEM_TERMS: Final = ("baseline", "threshold", "target", "stretch", "due", "node_level")
"""Fields of an item that a clause may ask for by the same name among its `item_params`."""


def item_parameters(item: LetterItem, clause: Clause) -> dict[str, str]:
    """Give the parameters that the item brings to its clause, as text.

    Terms that the clause does not ask for stay out; further `params` are all given, so that the
    engine refuses one that the clause does not leave to the item.
    """
    terms = {name: getattr(item, name) for name in ITEM_TERMS if name in clause.item_params}
    return {
        **{name: str(value) for name, value in terms.items() if value is not None},
        **item.params,
    }
