"""The operating status of the group (集团最终运营状态): computed from the published scores (R129).

The weights come from an approved document and stay; whenever a score is superseded, the status is
computed again on the same weights. A veto in force in any unit caps it (SR-13).
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, assert_never

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.group_status import (
    GroupStatusCalculated,
    GroupStatusFlagged,
    UnitStanding,
)
from opsledger_contracts.events.letter import Period
from opsledger_contracts.fields import DecimalText, Identifier, Title
from opsledger_contracts.letters import period_days
from opsledger_contracts.problems.assessment import RuleInapplicable
from opsledger_contracts.problems.documents import NoneInForce
from opsledger_contracts.problems.general import AlreadyExists, UnknownReference
from opsledger_contracts.problems.group_status import (
    GroupStatusCurrent,
    UnitNotCounted,
    UnitNotScored,
    UnitNotWeighted,
    UnitWeightNotPositive,
)
from opsledger_contracts.rules.group import GroupMember, group_status
from opsledger_contracts.rules.inputs import SourceReference
from opsledger_contracts.rules.numbers import parse_decimal
from opsledger_contracts.rules.run import required
from opsledger_ledger.domain.assessment import AssessmentState, Score
from opsledger_ledger.domain.deciding import (
    Act,
    Command,
    Decided,
    Noun,
    Record,
    State,
    World,
    known,
)
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.assessing import rules_applied
from opsledger_ledger.domain.unit import Unit


class GroupStatusState(State):
    """The status of the group for a period as it was computed last."""

    NOUN: ClassVar[str] = "group_status"

    calculated: GroupStatusCalculated
    flagged: bool = False
    """Whether a score that it counts was superseded since."""

    def counts(self, assessment: str, score_version: int) -> bool:
        """Tell whether a version of a score stands in the computation."""
        return any(
            (row.assessment, row.score_version) == (assessment, score_version)
            for row in self.calculated.units
        )


GroupStatusEvent = GroupStatusCalculated | GroupStatusFlagged


def evolve(state: GroupStatusState | None, event: Event, envelope: Envelope) -> GroupStatusState:
    """Fold one event of the status of the group."""
    happened: GroupStatusEvent = event  # type: ignore[assignment]
    match happened:
        case GroupStatusCalculated():
            return GroupStatusState(id=happened.group_status, calculated=happened)
        case GroupStatusFlagged():
            assert state is not None, envelope.stream
            state.flagged = True
            return state
        case _:
            assert_never(happened)


def keys(state: GroupStatusState) -> Iterator[tuple[str, str]]:
    """Find the status by its period, and by the assessments that it counts."""
    yield "group_status_by_period", state.calculated.period
    for row in state.calculated.units:
        yield "group_status_by_assessment", row.assessment


GROUP_STATUS = Noun(
    state=GroupStatusState, evolve=evolve, keys=keys, rekeyed_by=frozenset((GroupStatusCalculated,))
)


class UnitWeight(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The weight of a unit in the group, such as its approved revenue target."""

    unit: Identifier
    weight: DecimalText


class CalculateGroupStatus(Command):
    """Compute the operating status of the group for a period."""

    period: Period
    basis: Title
    """Approved document from which the weights come."""
    weights: Annotated[tuple[UnitWeight, ...], msgspec.Meta(min_length=1)]


@GROUP_STATUS.decides(
    "calculate",
    scope="assessor",
    function="ops",
    creates=True,
    refuses=(
        AlreadyExists,
        UnknownReference,
        NoneInForce,
        RuleInapplicable,
        UnitWeightNotPositive,
        UnitNotCounted,
        UnitNotScored,
        UnitNotWeighted,
    ),
)
def calculate(command: CalculateGroupStatus, _status: None, act: Act, world: World) -> Decided:
    """Count every scored unit of the types that the rulebook counts, once per period (SR-13)."""
    for identifier in world.find("group_status_by_period", command.period):
        raise AlreadyExists(noun="group status", id=identifier)
    weights: dict[str, str] = {}
    for row in command.weights:
        if row.unit in weights:
            raise AlreadyExists(noun="weight of unit", id=row.unit)
        if parse_decimal(row.weight) <= 0:
            raise UnitWeightNotPositive(unit=row.unit, found=row.weight)
        weights[row.unit] = row.weight
    yield _calculated(act.target, command.period, command.basis, weights, world)


class RecalculateGroupStatus(Command):
    """Compute the status again, after a score was superseded or published later."""


@GROUP_STATUS.decides(
    "recalculate",
    scope="assessor",
    function="ops",
    refuses=(GroupStatusCurrent, RuleInapplicable, UnitNotCounted, UnitNotWeighted),
)
def recalculate(
    _command: RecalculateGroupStatus, status: GroupStatusState, _act: Act, world: World
) -> Decided:
    """Keep the weights and follow the scores that hold now (R160)."""
    before = status.calculated
    weights = {row.unit: row.weight for row in before.units}
    record = _calculated(status.id, before.period, before.basis, weights, world)
    if record.event == before:
        raise GroupStatusCurrent(period=before.period)
    yield record


def _calculated(
    identifier: str, period: str, basis: str, weights: Mapping[str, str], world: World
) -> Record:
    _, last = period_days(period)
    content_hash, rulebook = documents.rulebook_in_force(world, last)
    with rules_applied():
        policy = required(rulebook.group, "group", rulebook)
    counted = (*policy.operating_types, *policy.functional_types)
    published = _published(period, world)
    for unit in weights:
        unit_type = _type(unit, world)
        if unit_type not in counted:
            raise UnitNotCounted(clause=policy.clause, unit_type=unit_type, unit=unit)
        if unit not in published:
            raise UnitNotScored(unit=unit, period=period)
    for unit in published:
        if unit not in weights and _type(unit, world) in counted:
            raise UnitNotWeighted(unit=unit, period=period)
    members = [
        _member(_type(unit, world), weight, published[unit], rulebook)
        for unit, weight in weights.items()
    ]
    with rules_applied():
        found = group_status([member for member, _ in members], rulebook)
    return Record(
        GroupStatusCalculated(
            group_status=identifier,
            period=period,
            basis=basis,
            units=tuple(standing for _, standing in members),
            total_exact=found.total_exact,
            total=found.total,
            status_by_bands=found.by_bands,
            operating_status=found.status,
            vetoes=found.vetoes,
            rulebook=content_hash,
            tree_digest=digest(found.tree),
        ),
        rulebook=content_hash,
    )


def _type(unit: str, world: World) -> str:
    return known(world, Unit, unit, "weights").type


def _published(period: str, world: World) -> dict[str, tuple[AssessmentState, Score]]:
    """Find the published score of every unit that has one in the period."""
    found: dict[str, tuple[AssessmentState, Score]] = {}
    for identifier in world.find("assessment_by_period", period):
        assessment = known(world, AssessmentState, identifier, "period")
        score = assessment.holding_score
        if assessment.level == "organisation" and score is not None:
            found[assessment.subject] = (assessment, score)
    return found


def _member(
    unit_type: str, weight: str, published: tuple[AssessmentState, Score], rulebook: Rulebook
) -> tuple[GroupMember, UnitStanding]:
    assessment, score = published
    run = assessment.runs[score.run - 1].scored
    total = run.total if rulebook.rounding.carry == "rounded" else run.total_exact
    vetoes = len(run.vetoes)
    member = GroupMember(
        unit=assessment.subject,
        unit_type=unit_type,
        weight=weight,
        total=total,
        vetoes=vetoes,
        sources=(
            SourceReference(stream=f"assessment/{assessment.id}", version=score.stream_version),
        ),
    )
    standing = UnitStanding(
        unit=assessment.subject,
        unit_type=unit_type,
        weight=weight,
        assessment=assessment.id,
        score_version=score.version,
        total=total,
        vetoes=vetoes,
    )
    return member, standing
