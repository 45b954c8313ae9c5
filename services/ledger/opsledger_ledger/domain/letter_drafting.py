"""Letters come about: the responsible unit drafts items, revises them and submits the whole."""

from collections.abc import Iterator
from datetime import date

from opsledger_contracts.events.letter import (
    LetterDrafted,
    LetterItem,
    LetterItemAdded,
    LetterItemRemoved,
    LetterItemRevised,
    LetterKind,
    LetterSubmitted,
    Period,
)
from opsledger_contracts.fields import Identifier, Title
from opsledger_contracts.letters import period_days
from opsledger_contracts.problems.documents import NoneInForce
from opsledger_contracts.problems.general import FieldInvalid, UnknownReference, WrongState
from opsledger_contracts.problems.letter import (
    ItemRepeated,
    ItemUnknown,
    LetterNotAcceptable,
    NotALetterParty,
    OutsideRulebookScope,
    ParentNotAnnual,
    PeriodNotOfKind,
    PlanNotInForce,
)
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World, known
from opsledger_ledger.domain.letter import DROPPED, LETTER, OPEN_TO_DRAFTER, LetterState
from opsledger_ledger.domain.letter_lint import require_acceptable
from opsledger_ledger.domain.letter_terms import (
    ITEM_REFUSALS,
    ItemValues,
    item_of,
    require_responsible_unit,
    require_sound,
    revision,
    terms_of,
)
from opsledger_ledger.domain.person import PersonState
from opsledger_ledger.domain.plan import PlanState
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.unit_tree import stands_in
from opsledger_ledger.domain.unit import Unit

PERIOD_LENGTH: dict[LetterKind, int] = {"annual": len("2026"), "monthly": len("2026-03")}
"""Length of the text of a period of the kind; a quarter has a `Q` besides."""


class DraftLetter(Command):
    """Draft a letter for a unit and a period, with all its items or with some to follow."""

    kind: LetterKind
    title: Title
    period: Period
    issuer: Identifier
    """Unit that gives the targets."""
    responsible_unit: Identifier
    responsible_person: Identifier
    parent: Identifier | None = None
    """Annual letter inside which a monthly one stands."""
    plan: Identifier | None = None
    items: tuple[LetterItem, ...] = ()


@LETTER.decides(
    "draft",
    scope="writer",
    creates=True,
    refuses=(
        *ITEM_REFUSALS,
        NotALetterParty,
        PeriodNotOfKind,
        ParentNotAnnual,
        PlanNotInForce,
        NoneInForce,
        OutsideRulebookScope,
        ItemRepeated,
    ),
)
def draft(command: DraftLetter, _letter: None, act: Act, world: World) -> Decided:
    """Bind the letter to the documents that are in force on the first day of its period.

    A monthly letter stands inside the annual one of its unit (R083), a letter serves a published
    plan (R055), and the rulebook must be made for such letters (R081).
    """
    known(world, Unit, command.issuer, "issuer")
    unit = known(world, Unit, command.responsible_unit, "responsible_unit")
    known(world, PersonState, command.responsible_person, "responsible_person")
    if not stands_in(world, act.unit, unit.id):
        raise NotALetterParty(found=act.unit, expected=unit.id)
    if len(command.period) != PERIOD_LENGTH[command.kind] or "Q" in command.period:
        raise PeriodNotOfKind(period=command.period, kind=command.kind)
    _require_parent(command, world)
    first, last = period_days(command.period)
    _require_plan(command, world, first, last)
    rulebook_hash, rulebook = documents.rulebook_in_force(world, first)
    matrix_hash, _ = documents.matrix_in_force(world, first)
    calendar_hash, _ = documents.calendar_for(world, first)
    scope = rulebook.scope
    if command.kind not in scope.letter_kinds or unit.type not in scope.unit_types:
        raise OutsideRulebookScope(rulebook=rulebook.name, kind=command.kind, unit_type=unit.type)
    drafted = LetterDrafted(
        letter=act.target,
        kind=command.kind,
        title=command.title,
        period=command.period,
        issuer=command.issuer,
        responsible_unit=command.responsible_unit,
        responsible_person=command.responsible_person,
        rulebook=rulebook_hash,
        matrix=matrix_hash,
        calendar=calendar_hash,
        parent=command.parent,
        plan=command.plan,
    )
    yield Record(drafted, rulebook=rulebook_hash, calendar=calendar_hash)
    yield from _items(command, act, world)


def _items(command: DraftLetter, act: Act, world: World) -> Iterator[LetterItemAdded]:
    codes: set[str] = set()
    for item in command.items:
        if item.item in codes:
            raise ItemRepeated(letter=act.target, item=item.item)
        codes.add(item.item)
        require_sound(world, item)
        yield LetterItemAdded(item=item)


def _require_parent(command: DraftLetter, world: World) -> None:
    detail = None
    if command.parent is None:
        if command.kind == "monthly":
            detail = "a monthly letter names its annual letter"
    elif command.kind == "annual":
        detail = "an annual letter stands under no other"
    else:
        above = known(world, LetterState, command.parent, "parent")
        expected = (command.responsible_unit, "annual", command.period[: len("2026")])
        found = above.document
        if (found.responsible_unit, found.kind, found.period) != expected:
            detail = f"it is the {found.kind} letter of {found.responsible_unit} for {found.period}"
        elif above.status in DROPPED:
            detail = f"it is {above.status}"
    if detail is not None:
        raise ParentNotAnnual(
            kind=command.kind,
            unit=command.responsible_unit,
            period=command.period,
            parent=command.parent or "nothing",
            detail=detail,
        )


def _require_plan(command: DraftLetter, world: World, first: date, last: date) -> None:
    if command.plan is None:
        return
    plan = known(world, PlanState, command.plan, "plan")
    content = plan.content
    if plan.status != "published" or not content.valid_from <= first <= last < content.valid_to:
        raise PlanNotInForce(
            plan=plan.id,
            found=plan.status,
            valid_from=content.valid_from,
            valid_to=content.valid_to,
        )


class AddLetterItem(Command):
    """Add an item to a draft."""

    item: LetterItem


@LETTER.decides(
    "add-item",
    scope="writer",
    refuses=(*ITEM_REFUSALS, WrongState, NotALetterParty, ItemRepeated),
)
def add_item(command: AddLetterItem, letter: LetterState, act: Act, world: World) -> Decided:
    """Take an item with task, schedule, owner and terms into the draft (R062, R065)."""
    letter.require_status(*OPEN_TO_DRAFTER)
    require_responsible_unit(act, world, letter.document)
    if letter.document.item(command.item.item) is not None:
        raise ItemRepeated(letter=letter.id, item=command.item.item)
    require_sound(world, command.item)
    yield LetterItemAdded(item=command.item)


class ReviseLetterItem(Command):
    """Give fields of an item of a draft new values."""

    item: Identifier
    values: ItemValues


@LETTER.decides(
    "revise-item",
    scope="writer",
    refuses=(FieldInvalid, UnknownReference, WrongState, NotALetterParty, ItemUnknown),
)
def revise_item(command: ReviseLetterItem, letter: LetterState, act: Act, world: World) -> Decided:
    """Keep the old value beside the new one, so that each revision shows its difference."""
    letter.require_status(*OPEN_TO_DRAFTER)
    require_responsible_unit(act, world, letter.document)
    change = revision(world, letter.document, command.item, command.values)
    yield LetterItemRevised(item=change.item, changes=change.changes)


class RemoveLetterItem(Command):
    """Take an item out of a draft."""

    item: Identifier


@LETTER.decides("remove-item", scope="writer", refuses=(WrongState, NotALetterParty, ItemUnknown))
def remove_item(command: RemoveLetterItem, letter: LetterState, act: Act, world: World) -> Decided:
    """Let the drafter take back what they wrote."""
    letter.require_status(*OPEN_TO_DRAFTER)
    require_responsible_unit(act, world, letter.document)
    item = item_of(letter.document, command.item)
    yield LetterItemRemoved(item=item.item)


class SubmitLetter(Command):
    """Submit the draft as it stands."""


@LETTER.decides(
    "submit", scope="writer", refuses=(WrongState, NotALetterParty, LetterNotAcceptable)
)
def submit(_command: SubmitLetter, letter: LetterState, act: Act, world: World) -> Decided:
    """Let only a letter pass that can be assessed: no finding of the lint (R090, R092, SR-12)."""
    letter.require_status(*OPEN_TO_DRAFTER)
    document = letter.document
    require_responsible_unit(act, world, document)
    require_acceptable(document, terms_of(world, document))
    yield Record(LetterSubmitted(content_hash=letter.content_hash), rulebook=document.rulebook)
