"""Letters are agreed: returned, balanced, changed by the authority, supported by other units."""

from collections.abc import Collection
from datetime import date
from fractions import Fraction
from typing import Annotated

import msgspec

from opsledger_contracts.documents.matrix import AuthorityMatrix, Step
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.letter import (
    FieldChange,
    ItemChange,
    LetterBalanced,
    LetterItem,
    LetterItemImposed,
    LetterItemStruck,
    LetterReturned,
    SupportCommitmentGiven,
    SupportCommitmentRefused,
)
from opsledger_contracts.fields import Identifier, Text
from opsledger_contracts.letters import LetterDocument, amend, content_hash
from opsledger_contracts.problems.general import (
    FieldInvalid,
    ReasonMissing,
    UnknownReference,
    WrongState,
)
from opsledger_contracts.problems.letter import (
    CommitmentBinds,
    ConsultationMissing,
    ItemRepeated,
    ItemUnknown,
    LetterNotAcceptable,
    NotSupporting,
    NotTheAuthority,
    SessionNotOpen,
    WeightsNotRebased,
)
from opsledger_contracts.rules.errors import RuleError
from opsledger_contracts.rules.numbers import exact, parse_decimal, parse_rational
from opsledger_contracts.rules.weights import ADD_RULES, DELETE_RULES
from opsledger_ledger.domain.cycle import CycleState
from opsledger_ledger.domain.deciding import (
    Act,
    Authority,
    Command,
    Decided,
    Record,
    World,
    known,
)
from opsledger_ledger.domain.letter import BEFORE_APPROVAL, LETTER, LetterState
from opsledger_ledger.domain.letter_lint import require_acceptable, require_acceptable_items
from opsledger_ledger.domain.letter_terms import (
    ITEM_REFUSALS,
    ItemValues,
    item_of,
    require_sound,
    revision,
    terms_of,
)
from opsledger_ledger.domain.position import PositionState


class ReturnLetter(Command):
    """Send a letter back to its drafter."""

    reasons: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]


@LETTER.decides("return", scope="writer", function="ops", refuses=(WrongState,))
def return_letter(command: ReturnLetter, letter: LetterState, _act: Act, _world: World) -> Decided:
    """Open the letter to its drafter again and say why (R064)."""
    letter.require_status("submitted", "balanced")
    yield LetterReturned(reasons=command.reasons)


class ItemRevision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values for fields of one item."""

    item: Identifier
    values: ItemValues


class BalanceLetter(Command):
    """Agree a letter with all others in a balancing session, with or without changes."""

    cycle: Identifier
    session: Identifier
    revised: tuple[ItemRevision, ...] = ()


@LETTER.decides(
    "balance",
    scope="writer",
    function="ops",
    refuses=(
        FieldInvalid,
        UnknownReference,
        WrongState,
        SessionNotOpen,
        ItemUnknown,
        LetterNotAcceptable,
    ),
)
def balance(command: BalanceLetter, letter: LetterState, _act: Act, world: World) -> Decided:
    """Change letters only in the open session for their period, and only into sound ones (R063)."""
    letter.require_status("submitted", "balanced")
    document = letter.document
    cycle = known(world, CycleState, command.cycle, "cycle")
    if (cycle.session, cycle.period) != (command.session, document.period):
        raise SessionNotOpen(session=command.session, cycle=command.cycle, period=document.period)
    changes: list[ItemChange] = []
    for revised in command.revised:
        change = revision(world, document, revised.item, revised.values)
        document = amend(document, (change,))
        changes.append(change)
    require_acceptable(document, terms_of(world, document))
    yield Record(
        LetterBalanced(
            cycle=command.cycle,
            session=command.session,
            content_hash=content_hash(document),
            changes=tuple(changes),
        ),
        rulebook=document.rulebook,
    )


class ImposeLetterItem(Command):
    """Impose an item on a letter after consultation; the other weights are re-based."""

    item: LetterItem
    consultation: Identifier
    """Reference of the consultation, whose record is attached as evidence."""


@LETTER.decides(
    "impose-item",
    scope="approver",
    refuses=(
        *ITEM_REFUSALS,
        WrongState,
        ReasonMissing,
        ConsultationMissing,
        ItemRepeated,
        NotTheAuthority,
        WeightsNotRebased,
        LetterNotAcceptable,
    ),
)
def impose(command: ImposeLetterItem, letter: LetterState, act: Act, world: World) -> Decided:
    """Let the approver that the matrix names add an item; the others are re-based (R088, SR-15)."""
    letter.require_status("submitted", "balanced")
    document, item = letter.document, command.item
    _require_consultation(act, command.consultation)
    if document.item(item.item) is not None:
        raise ItemRepeated(letter=letter.id, item=item.item)
    require_sound(world, item)
    terms = terms_of(world, document)
    authority = _authority(world, act, document, terms.matrix, item)
    rulebook = terms.rulebook
    try:
        weights = ADD_RULES[rulebook.adjustment.add_rule](
            _weights(document), item.item, parse_rational(item.weight), _total(rulebook)
        )
    except RuleError as error:
        raise WeightsNotRebased(detail=error.en, detail_zh=error.zh) from error
    changes = _rebased(document, weights)
    added = ItemChange(item=item.item, added=item)
    require_acceptable_items(amend(document, (added, *changes)), terms)
    yield Record(
        LetterItemImposed(item=item, consultation=command.consultation, changes=changes),
        authority=authority,
        rulebook=document.rulebook,
    )


class StrikeLetterItem(Command):
    """Strike an item from a letter after consultation; its weight goes to the others."""

    item: Identifier
    consultation: Identifier
    """Reference of the consultation, whose record is attached as evidence."""


@LETTER.decides(
    "strike-item",
    scope="approver",
    refuses=(
        WrongState,
        ReasonMissing,
        ConsultationMissing,
        ItemUnknown,
        NotTheAuthority,
        WeightsNotRebased,
        LetterNotAcceptable,
    ),
)
def strike(command: StrikeLetterItem, letter: LetterState, act: Act, world: World) -> Decided:
    """Let the approver that the matrix names take an item out (R088, SR-15)."""
    letter.require_status("submitted", "balanced")
    document = letter.document
    _require_consultation(act, command.consultation)
    item = item_of(document, command.item)
    terms = terms_of(world, document)
    authority = _authority(world, act, document, terms.matrix, item)
    adjustment = terms.rulebook.adjustment
    groups = None
    if adjustment.redistribution == "same_category":
        groups = {other.item: other.category for other in document.items}
    try:
        weights = DELETE_RULES[adjustment.delete_rule](
            _weights(document), (item.item,), _total(terms.rulebook), groups
        )
    except RuleError as error:
        raise WeightsNotRebased(detail=error.en, detail_zh=error.zh) from error
    changes = _rebased(document, weights)
    removed = ItemChange(item=item.item, removed=True)
    require_acceptable_items(amend(document, (removed, *changes)), terms)
    yield Record(
        LetterItemStruck(item=item.item, consultation=command.consultation, changes=changes),
        authority=authority,
        rulebook=document.rulebook,
    )


def _require_consultation(act: Act, consultation: str) -> None:
    if act.reason is None:
        raise ReasonMissing
    if not act.evidence:
        raise ConsultationMissing(consultation=consultation)


def _authority(
    world: World, act: Act, document: LetterDocument, matrix: AuthorityMatrix, item: LetterItem
) -> Authority:
    """Find the final approving step of the item's matrix item that the position may take."""
    assert act.position is not None, act.command_id
    position = known(world, PositionState, act.position, "position")
    approving = [step for step in _steps(matrix, item) if step.verb == "approve"]
    final = [step for step in approving if step.seq == approving[-1].seq]
    for step in final:
        if step.position.function in position.functions:
            return Authority(matrix=document.matrix, item=item.matrix_item, step=step.seq)
    functions = {step.position.function or f"head of {step.position.head_of}" for step in final}
    raise NotTheAuthority(
        position=position.id,
        item=item.matrix_item,
        expected=", ".join(sorted(functions)) or "nobody",
    )


def _steps(matrix: AuthorityMatrix, item: LetterItem) -> Collection[Step]:
    """Give the steps of the item's matrix item, of the highest bracket where amounts decide."""
    for known_item in matrix.items:
        if known_item.item == item.matrix_item:
            return known_item.brackets[-1].steps if known_item.brackets else known_item.steps
    return ()


def _total(rulebook: Rulebook) -> Fraction:
    return parse_decimal(rulebook.weights.total)


def _weights(document: LetterDocument) -> dict[str, Fraction]:
    return {item.item: parse_rational(item.weight) for item in document.items}


def _rebased(document: LetterDocument, weights: dict[str, Fraction]) -> tuple[ItemChange, ...]:
    return tuple(
        ItemChange(
            item=item.item,
            changes=(
                FieldChange(field="weight", before=item.weight, after=exact(weights[item.item])),
            ),
        )
        for item in document.items
        if item.item in weights
    )


class GiveCommitment(Command):
    """Bind the acting unit to what an item needs from it."""

    item: Identifier
    what: Text
    by_when: date


@LETTER.decides(
    "give-commitment",
    scope="writer",
    refuses=(WrongState, ItemUnknown, NotSupporting, CommitmentBinds),
)
def give_commitment(
    command: GiveCommitment, letter: LetterState, act: Act, _world: World
) -> Decided:
    """Let only the supporting unit itself bind itself (R087)."""
    unit = _supporting_unit(letter, command.item, act)
    yield SupportCommitmentGiven(
        item=command.item, unit=unit, what=command.what, by_when=command.by_when
    )


class RefuseCommitment(Command):
    """Refuse, for the acting unit, what an item needs from it."""

    item: Identifier
    what: Text


@LETTER.decides(
    "refuse-commitment",
    scope="writer",
    refuses=(WrongState, ReasonMissing, ItemUnknown, NotSupporting, CommitmentBinds),
)
def refuse_commitment(
    command: RefuseCommitment, letter: LetterState, act: Act, _world: World
) -> Decided:
    """Record the refusal with its reason; conflict handling may follow (R087)."""
    if act.reason is None:
        raise ReasonMissing
    unit = _supporting_unit(letter, command.item, act)
    yield SupportCommitmentRefused(item=command.item, unit=unit, what=command.what)


def _supporting_unit(letter: LetterState, item_code: str, act: Act) -> str:
    letter.require_status(*BEFORE_APPROVAL, "approved", "signed", "in_force")
    item = item_of(letter.document, item_code)
    if act.unit is None or act.unit not in item.supporting:
        raise NotSupporting(unit=act.unit, item=item.item)
    if letter.commitments.answer(item.item, act.unit):
        raise CommitmentBinds(unit=act.unit, item=item.item)
    return act.unit
