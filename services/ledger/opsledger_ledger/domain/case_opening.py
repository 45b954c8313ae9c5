"""Opening an approval case: the matrix fixes the chain for good (R037).

Positions are resolved when the case is opened, so that neither a later matrix nor a later move of
posts changes a chain that already runs.
"""

from collections.abc import Iterator
from typing import Final, Literal

from opsledger_contracts.documents.matrix import AuthorityMatrix, Bracket, MatrixItem, Step, Verb
from opsledger_contracts.events.case import ApprovalCaseOpened, Channel, PlannedStep
from opsledger_contracts.fields import DecimalText, Identifier, Sha256, StreamName
from opsledger_contracts.problems.case import (
    AmountMissing,
    AmountOutsideBrackets,
    MatrixItemUnknown,
    NobodyForStep,
    NotTheInitiator,
    PaperWithoutScan,
    SubjectChanged,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar
from opsledger_contracts.problems.documents import NoneInForce
from opsledger_contracts.problems.general import UnknownReference
from opsledger_contracts.rules.numbers import parse_decimal
from opsledger_ledger.domain.case import CASE, GATES
from opsledger_ledger.domain.case_steps import assignments, require_scan
from opsledger_ledger.domain.deciding import Act, Authority, Command, Decided, Record, World, known
from opsledger_ledger.domain.policies.documents import matrix_in_force
from opsledger_ledger.domain.policies.identity import covers
from opsledger_ledger.domain.position import PositionState
from opsledger_ledger.domain.subjects import subject_of
from opsledger_ledger.domain.unit import Unit

VERBS_ZH: Final[dict[Verb, str]] = {
    "initiate": "发起",
    "review": "审核",
    "participate": "参与",
    "approve": "审批",
    "ratify": "核准",
    "file": "备案",
    "archive": "归档",
    "execute": "执行",
    "supervise": "监督",
    "feedback": "反馈",
}
"""The verbs as the source documents name them (003:365)."""

_MAY_BE_EMPTY: Final[tuple[Verb, ...]] = ("participate", "file", "execute", "supervise", "feedback")
"""Verbs whose step falls away where the case has no unit of the kind that would take it."""


class OpenCase(Command, frozen=True, kw_only=True):
    """Open an approval case on a content of a thing."""

    subject: StreamName
    subject_hash: Sha256
    item: Identifier
    amount: DecimalText | None = None
    responsible_unit: Identifier | None = None
    """Unit whose matter it is; the initiator's own if it is not stated."""
    supporting_units: tuple[Identifier, ...] = ()
    affected_units: tuple[Identifier, ...] = ()
    channel: Channel = "online"


@CASE.decides(
    "open",
    scope="writer",
    creates=True,
    delegable=True,
    refuses=(
        UnknownReference,
        PaperWithoutScan,
        SubjectChanged,
        NoneInForce,
        MatrixItemUnknown,
        AmountMissing,
        AmountOutsideBrackets,
        NobodyForStep,
        NotTheInitiator,
        DayNotInCalendar,
    ),
)
def open_case(command: OpenCase, _case: None, act: Act, world: World) -> Decided:
    """Let the position that the matrix names initiate, on the content as it is now (R036, R037)."""
    covers(act, world, command.item, command.amount)
    require_scan(act.target, command.channel, act)
    subject = subject_of(world, command.subject)
    if subject is not None and subject.content_hash != command.subject_hash:
        raise SubjectChanged(
            subject=command.subject, expected=command.subject_hash, found=subject.content_hash
        )
    matrix_hash, matrix = matrix_in_force(world, act.today)
    item = _item(matrix, command.item)
    bracket = _bracket(item, command.amount)
    chain = item.steps if bracket is None else bracket.steps
    steps = tuple(_planned(world, chain, _units(command, act, world)))
    _require_initiator(command, steps, act)
    yield Record(
        ApprovalCaseOpened(
            case=act.target,
            subject=command.subject,
            subject_hash=command.subject_hash,
            matrix=matrix_hash,
            item=item.item,
            initiator=act.position or "",
            initiator_unit=act.unit or "",
            steps=steps,
            amount=command.amount,
            bracket=None if bracket is None else f"[{bracket.lo}, {bracket.hi or '∞'})",
            channel=command.channel,
        ),
        authority=Authority(matrix=matrix_hash, item=item.item, step=steps[0].seq),
    )
    first = min(step.seq for step in steps if step.verb in GATES)
    due = [step for step in steps if step.verb in GATES and step.seq == first]
    yield from assignments(world, due, matrix_hash, item.item, act)


UnitsByRole = dict[
    Literal["responsible_unit", "supporting_units", "affected_units", "each_unit"], tuple[str, ...]
]


def _item(matrix: AuthorityMatrix, identifier: str) -> MatrixItem:
    try:
        return matrix.item(identifier)
    except KeyError:
        raise MatrixItemUnknown(matrix=matrix.name, item=identifier) from None


def _bracket(item: MatrixItem, amount: str | None) -> Bracket | None:
    if not item.brackets:
        return None
    if amount is None:
        raise AmountMissing(item=item.item)
    for bracket in item.brackets:
        below = bracket.hi is None or parse_decimal(amount) < parse_decimal(bracket.hi)
        if parse_decimal(bracket.lo) <= parse_decimal(amount) and below:
            return bracket
    raise AmountOutsideBrackets(item=item.item, amount=amount)


def _units(command: OpenCase, act: Act, world: World) -> UnitsByRole:
    responsible = command.responsible_unit or act.unit or ""
    each = dict.fromkeys((responsible, *command.supporting_units, *command.affected_units))
    for unit in each:
        known(world, Unit, unit, "units")
    return {
        "responsible_unit": (responsible,),
        "supporting_units": command.supporting_units,
        "affected_units": command.affected_units,
        "each_unit": tuple(each),
    }


def _planned(world: World, chain: tuple[Step, ...], units: UnitsByRole) -> Iterator[PlannedStep]:
    for step in chain:
        groups = _groups(world, step, units)
        if not groups and step.verb not in _MAY_BE_EMPTY:
            raise NobodyForStep(seq=step.seq, verb=step.verb, rule=step.position.head_of)
        for label, positions in groups.items():
            if not positions:
                raise NobodyForStep(seq=step.seq, verb=step.verb, rule=label)
            yield PlannedStep(
                seq=step.seq,
                verb=step.verb,
                title=f"{VERBS_ZH[step.verb]} {label}",
                positions=positions,
                sla_working_days=step.sla_working_days,
            )


def _groups(world: World, step: Step, units: UnitsByRole) -> dict[str, tuple[str, ...]]:
    rule = step.position
    if rule.head_of is None:
        function = rule.function or ""
        return {function: world.find("position_by_function", function)}
    return {unit: _heads(world, unit) for unit in units[rule.head_of]}


def _heads(world: World, unit: str) -> tuple[str, ...]:
    return tuple(
        identifier
        for identifier in world.find("position_by_unit", unit)
        if known(world, PositionState, identifier, "position").head
    )


def _require_initiator(command: OpenCase, steps: tuple[PlannedStep, ...], act: Act) -> None:
    expected = [
        position for step in steps if step.verb == "initiate" for position in step.positions
    ]
    # On paper it is recorded and reported, not refused, that somebody else initiated (R051).
    if command.channel == "online" and act.position not in expected:
        raise NotTheInitiator(
            position=act.position, item=command.item, expected=", ".join(expected)
        )
