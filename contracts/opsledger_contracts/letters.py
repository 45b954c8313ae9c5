"""What a target letter says, and how its events change it.

Both services fold letters with this module, so that the content hash over which a letter is
approved and signed is one function of one document everywhere (domain-model.md, 2.5).
"""

from calendar import monthrange
from datetime import date
from typing import Any, Final

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Clause
from opsledger_contracts.event import Event
from opsledger_contracts.events import letter as happened
from opsledger_contracts.events.letter import (
    FieldChange,
    ItemChange,
    LetterItem,
    LetterKind,
    Period,
)
from opsledger_contracts.fields import Identifier, Sha256, Title


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

    Raises:
        msgspec.ValidationError: a new value does not have the shape of its field, or there is no
            such field.

    """
    return revised(msgspec.to_builtins(item), changes)


def revised(fields: dict[str, Any], changes: tuple[FieldChange, ...]) -> LetterItem:
    """Apply field changes to the JSON-like fields of an item, which are changed by it.

    Raises:
        msgspec.ValidationError: as `revise_item`.

    """
    for change in changes:
        if change.field not in LetterItem.__struct_fields__:
            message = f"a letter item has no field {change.field}"
            raise msgspec.ValidationError(message)
        if change.after is None:
            fields.pop(change.field, None)
        else:
            fields[change.field] = change.after
    return msgspec.convert(fields, LetterItem)


def amend(document: LetterDocument, changes: tuple[ItemChange, ...]) -> LetterDocument:
    """Apply item changes in their order: added, revised or removed items."""
    if not changes:
        return document
    items = {item.item: item for item in document.items}
    for change in changes:
        if change.added is not None:
            items[change.item] = change.added
        elif change.removed:
            del items[change.item]
        else:
            items[change.item] = revise_item(items[change.item], change.changes)
    return msgspec.structs.replace(document, items=tuple(items.values()))


def after(document: LetterDocument | None, event: Event) -> LetterDocument | None:
    """Tell what the letter says after an event of its stream; most events change nothing."""
    if isinstance(event, happened.LetterDrafted):
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
