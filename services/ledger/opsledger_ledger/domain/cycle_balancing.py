"""Balancing: find and resolve what stands against each other in letters, then publish."""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from opsledger_contracts.events.cycle import (
    BalancingClosed,
    ClashesSearched,
    ClashKind,
    ClashResolved,
    PlanClashFound,
    PlanCycleClosed,
    PlanCyclePublished,
)
from opsledger_contracts.events.letter import LetterItem
from opsledger_contracts.fields import Identifier, Text
from opsledger_contracts.problems.cycle import (
    ClashesOpen,
    ClashItemUnknown,
    ClashRepeated,
    ClashUnknown,
    PlanNotPublished,
)
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_ledger.domain.cycle import CYCLE, Clash, CycleState
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World, known
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.plan import PlanState


class FindClash(Command):
    """Record items that stand against each other."""

    clash: Identifier
    kind: ClashKind
    items: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=50)]
    """Items as `<letter>/<item>`."""
    detail: Text


@CYCLE.decides(
    "find-clash",
    scope="writer",
    function="ops",
    refuses=(WrongState, ClashRepeated, ClashItemUnknown),
)
def find_clash(command: FindClash, cycle: CycleState, _act: Act, world: World) -> Decided:
    """Name clashes by real items of the letters that are balanced (R063)."""
    cycle.require_status("balancing")
    if command.clash in cycle.clashes:
        raise ClashRepeated(clash=command.clash)
    there = {
        f"{letter.id}/{item.item}"
        for letter in letters_of(cycle, world)
        for item in letter.document.items
    }
    for item in command.items:
        if item not in there:
            raise ClashItemUnknown(item=item, period=cycle.period)
    yield PlanClashFound(
        clash=command.clash, kind=command.kind, items=command.items, detail=command.detail
    )


class DetectClashes(Command):
    """Let the ledger compare the letters of the period and record what clashes."""


@CYCLE.decides("detect-clashes", scope="writer", function="ops", refuses=(WrongState,))
def detect_clashes(_command: DetectClashes, cycle: CycleState, _act: Act, world: World) -> Decided:
    """Find dates against dependencies, unowned support and duplicate claims (R063).

    A clash that was recorded before is not recorded again, not even after it was resolved.
    """
    cycle.require_status("balancing")
    letters = letters_of(cycle, world)
    before = {(clash.kind, clash.items, clash.detail) for clash in cycle.clashes.values()}
    found = [
        clash
        for clash in clashes_between(letters)
        if (clash.kind, clash.items, clash.detail) not in before
    ]
    yield ClashesSearched(letters=tuple(letter.id for letter in letters), found=len(found))
    number = 0
    for clash in found:
        number += 1
        while (code := f"CLASH-{number}") in cycle.clashes:
            number += 1
        yield Record(
            PlanClashFound(clash=code, kind=clash.kind, items=clash.items, detail=clash.detail),
            derived=True,
        )


def letters_of(cycle: CycleState, world: World) -> tuple[LetterState, ...]:
    """Give the letters for the period of a cycle, except those withdrawn or terminated."""
    return tuple(
        known(world, LetterState, identifier, "letter")
        for identifier in world.find("letter_by_period", cycle.period)
    )


def clashes_between(letters: tuple[LetterState, ...]) -> Iterator[Clash]:
    """Find what stands against each other in letters, always in the same order."""
    for letter in letters:
        for item in letter.document.items:
            yield from _early_dependants(letter, item)
            yield from _unowned_support(letter, item)
    yield from _duplicates(letters)


def _early_dependants(letter: LetterState, item: LetterItem) -> Iterator[Clash]:
    begins = item.start or item.due
    for name in item.depends_on:
        before = letter.document.item(name)
        if begins and before and before.due and before.due > begins:
            yield Clash(
                kind="dependency",
                items=(f"{letter.id}/{item.item}", f"{letter.id}/{name}"),
                detail=f"{item.item} on {begins} depends on {name}, due on {before.due}",
            )


def _unowned_support(letter: LetterState, item: LetterItem) -> Iterator[Clash]:
    for unit in item.supporting:
        given = letter.commitments.answer(item.item, unit)
        if not given:
            said = "did not answer" if given is None else "refused"
            yield Clash(
                kind="support",
                items=(f"{letter.id}/{item.item}",),
                detail=f"{unit} is to support {item.item} and {said}",
            )


def _duplicates(letters: tuple[LetterState, ...]) -> Iterator[Clash]:
    """Find the same funding, or the same indicator of one unit, claimed by several items."""
    claims: dict[tuple[ClashKind, str], list[str]] = {}
    for letter in letters:
        for item in letter.document.items:
            name = f"{letter.id}/{item.item}"
            if item.funding_plan is not None:
                claims.setdefault(("resource", f"funding {item.funding_plan}"), []).append(name)
            if item.indicator is not None:
                claim = f"indicator {item.indicator} of {item.responsible}"
                claims.setdefault(("duplicate", claim), []).append(name)
    for (kind, claim), items in claims.items():
        if len(items) > 1:
            yield Clash(kind=kind, items=tuple(items), detail=f"several items claim {claim}")


class ResolveClash(Command):
    """Record how a clash was resolved."""

    clash: Identifier
    resolution: Text


@CYCLE.decides("resolve-clash", scope="writer", function="ops", refuses=(WrongState, ClashUnknown))
def resolve_clash(command: ResolveClash, cycle: CycleState, _act: Act, _world: World) -> Decided:
    """Resolve what is open, in words that can be checked against the letters."""
    cycle.require_status("balancing")
    if command.clash not in cycle.open_clashes:
        raise ClashUnknown(clash=command.clash)
    yield ClashResolved(clash=command.clash, resolution=command.resolution)


class CloseBalancing(Command):
    """Close the balancing session; approval may begin."""


@CYCLE.decides("close-balancing", scope="writer", function="ops", refuses=(WrongState, ClashesOpen))
def close_balancing(
    _command: CloseBalancing, cycle: CycleState, _act: Act, _world: World
) -> Decided:
    """Let no clash go unresolved into approval (R063)."""
    cycle.require_status("balancing")
    if cycle.open_clashes:
        raise ClashesOpen(clashes=", ".join(cycle.open_clashes))
    assert cycle.session is not None, cycle.id
    yield BalancingClosed(session=cycle.session)


class PublishPlanCycle(Command):
    """Publish the results of the cycle."""

    plans: tuple[Identifier, ...] = ()


@CYCLE.decides(
    "publish",
    scope="writer",
    function="ops",
    refuses=(WrongState, UnknownReference, PlanNotPublished),
)
def publish(command: PublishPlanCycle, cycle: CycleState, _act: Act, world: World) -> Decided:
    """Publish plans that are approved and published themselves (R064)."""
    cycle.require_status("approving")
    for identifier in command.plans:
        plan = known(world, PlanState, identifier, "plans")
        if plan.status != "published":
            raise PlanNotPublished(plan=plan.id, found=plan.status)
    yield PlanCyclePublished(plans=command.plans)


class ClosePlanCycle(Command):
    """Close the cycle."""


@CYCLE.decides("close", scope="writer", function="ops", refuses=(WrongState,))
def close(_command: ClosePlanCycle, cycle: CycleState, _act: Act, _world: World) -> Decided:
    """End the planning of the period after its results are published."""
    cycle.require_status("published")
    yield PlanCycleClosed()
