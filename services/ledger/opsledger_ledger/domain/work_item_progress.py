"""Work goes on: opened, started, reported, inspected, explained, stopped and resumed, cancelled."""

from datetime import date
from typing import Annotated

import msgspec

from opsledger_contracts.documents.rulebook import CauseClass
from opsledger_contracts.events.work_item import (
    DeviationExplained,
    ForecastRevised,
    NodeInspected,
    Percent,
    ProgressReported,
    WorkItemCancelled,
    WorkItemOpened,
    WorkItemResumed,
    WorkItemSuspended,
    WorkStarted,
)
from opsledger_contracts.fields import Identifier, Text, Title
from opsledger_contracts.problems.general import ReasonMissing, UnknownReference, WrongState
from opsledger_contracts.problems.letter import ItemUnknown
from opsledger_contracts.problems.work_item import (
    ForecastMissing,
    InspectedInFuture,
    ItemStillPromised,
    LetterNotInEffect,
    NotResponsible,
    WorkItemExists,
)
from opsledger_ledger.domain.deciding import Act, Command, Decided, World, known
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.letter_terms import item_of
from opsledger_ledger.domain.policies.unit_tree import stands_in
from opsledger_ledger.domain.work_item import WORK_ITEM, WorkItemState


class OpenWorkItem(Command):
    """Open the execution of an item of a letter in force."""

    letter: Identifier
    item: Identifier
    milestones: Annotated[tuple[Title, ...], msgspec.Meta(max_length=50)] = ()


@WORK_ITEM.decides(
    "open",
    scope="writer",
    creates=True,
    refuses=(UnknownReference, LetterNotInEffect, ItemUnknown, NotResponsible, WorkItemExists),
)
def open_work_item(command: OpenWorkItem, _work_item: None, act: Act, world: World) -> Decided:
    """Take terms and owner from the letter in force, once for each item (R003, R066)."""
    letter = known(world, LetterState, command.letter, "letter")
    if letter.status != "in_force":
        raise LetterNotInEffect(letter=letter.id, found=letter.status, since="")
    item = item_of(letter.document, command.item)
    require_responsible(act, world, item.responsible)
    for found in world.find("work_item_by_item", f"{letter.id}:{item.item}"):
        raise WorkItemExists(item=item.item, letter=letter.id, found=found)
    yield WorkItemOpened(
        work_item=act.target,
        letter=letter.id,
        item=item.item,
        responsible=item.responsible,
        responsible_person=item.responsible_person,
        completion_standard=item.completion_standard,
        deliverables=item.deliverables,
        start=item.start,
        due=item.due,
        milestones=command.milestones,
        depends_on=item.depends_on,
    )


class StartWork(Command):
    """Begin the work."""


@WORK_ITEM.decides("start", scope="writer", refuses=(WrongState, NotResponsible, LetterNotInEffect))
def start(_command: StartWork, work_item: WorkItemState, act: Act, world: World) -> Decided:
    """Refuse work before the approval of its letter took effect (R044)."""
    work_item.require_status("planned")
    require_responsible(act, world, work_item.responsible)
    letter = known(world, LetterState, work_item.letter, "letter")
    effective_from = letter.revisions[0].effective_from
    if letter.status != "in_force" or act.occurred_on < effective_from:
        raise LetterNotInEffect(letter=letter.id, found=letter.status, since=f" ({effective_from})")
    yield WorkStarted()


class ReportProgress(Command):
    """Report how far the work is, and how far it should be."""

    percent: Percent
    planned_percent: Percent
    note: Text
    forecast: date | None = None
    """Expected day of completion; required when behind the plan."""


@WORK_ITEM.decides(
    "report-progress", scope="writer", refuses=(WrongState, NotResponsible, ForecastMissing)
)
def report_progress(
    command: ReportProgress, work_item: WorkItemState, act: Act, world: World
) -> Decided:
    """Ask for a forecast from who is behind the plan (R078, R096)."""
    work_item.require_status("in_progress")
    require_responsible(act, world, work_item.responsible)
    if command.percent < command.planned_percent and command.forecast is None:
        raise ForecastMissing(percent=command.percent, planned=command.planned_percent)
    yield ProgressReported(
        percent=command.percent,
        planned_percent=command.planned_percent,
        note=command.note,
        forecast=command.forecast,
    )


class ReviseForecast(Command):
    """Tell a new expected day of completion."""

    forecast: date


@WORK_ITEM.decides("revise-forecast", scope="writer", refuses=(WrongState, NotResponsible))
def revise_forecast(
    command: ReviseForecast, work_item: WorkItemState, act: Act, world: World
) -> Decided:
    """Move the forecast; the due date stays until an adjustment moves it (R078)."""
    work_item.require_status("planned", "in_progress", "suspended")
    require_responsible(act, world, work_item.responsible)
    yield ForecastRevised(forecast=command.forecast)


class InspectNode(Command):
    """Record an inspection on the spot."""

    inspected_on: date
    finding: Text


@WORK_ITEM.decides(
    "inspect", scope="writer", function="ops", refuses=(WrongState, InspectedInFuture)
)
def inspect(command: InspectNode, work_item: WorkItemState, act: Act, _world: World) -> Decided:
    """Record what planning and operations found on a day that has come (R071)."""
    work_item.require_status("planned", "in_progress", "claimed", "suspended")
    if command.inspected_on > act.today:
        raise InspectedInFuture(inspected_on=command.inspected_on, today=act.today)
    yield NodeInspected(inspected_on=command.inspected_on, finding=command.finding)


class ExplainDeviation(Command):
    """State the class of cause of a deviation, without naming a person."""

    cause: CauseClass
    text: Text


@WORK_ITEM.decides("explain-deviation", scope="writer", refuses=(WrongState, NotResponsible))
def explain_deviation(
    command: ExplainDeviation, work_item: WorkItemState, act: Act, world: World
) -> Decided:
    """Let the responsible unit give the cause in the classes of the rulebook (R098, R099)."""
    work_item.require_status("in_progress", "claimed", "suspended")
    require_responsible(act, world, work_item.responsible)
    yield DeviationExplained(cause=command.cause, text=command.text)


class SuspendWorkItem(Command):
    """Stop the work for the time being."""


@WORK_ITEM.decides("suspend", scope="writer", refuses=(WrongState, NotResponsible, ReasonMissing))
def suspend(_command: SuspendWorkItem, work_item: WorkItemState, act: Act, world: World) -> Decided:
    """Stop with a reason; the due date goes on to count."""
    work_item.require_status("in_progress")
    require_responsible(act, world, work_item.responsible)
    if act.reason is None:
        raise ReasonMissing
    yield WorkItemSuspended()


class ResumeWorkItem(Command):
    """Go on with suspended work."""


@WORK_ITEM.decides("resume", scope="writer", refuses=(WrongState, NotResponsible))
def resume(_command: ResumeWorkItem, work_item: WorkItemState, act: Act, world: World) -> Decided:
    """Go on where the work stopped."""
    work_item.require_status("suspended")
    require_responsible(act, world, work_item.responsible)
    yield WorkItemResumed()


class CancelWorkItem(Command):
    """Cancel work that its letter no longer asks for."""


@WORK_ITEM.decides(
    "cancel",
    scope="writer",
    function="ops",
    refuses=(WrongState, ReasonMissing, ItemStillPromised),
)
def cancel(_command: CancelWorkItem, work_item: WorkItemState, act: Act, world: World) -> Decided:
    """Keep work alive as long as its item stands in a letter in force."""
    work_item.require_status("planned", "in_progress", "claimed", "suspended")
    if act.reason is None:
        raise ReasonMissing
    letter = known(world, LetterState, work_item.letter, "letter")
    if letter.status == "in_force" and letter.document.item(work_item.item) is not None:
        raise ItemStillPromised(item=work_item.item, letter=letter.id)
    yield WorkItemCancelled()


def require_responsible(act: Act, world: World, responsible: str) -> None:
    """Insist that the act comes from the responsible unit or a part of it.

    Raises:
        NotResponsible: it comes from elsewhere.

    """
    if not stands_in(world, act.unit, responsible):
        raise NotResponsible(found=act.unit, expected=responsible)
