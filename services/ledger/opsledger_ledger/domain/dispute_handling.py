"""Filing a dispute, and handling it: admissibility, handler, replays, findings, hearing (R155)."""

from datetime import date
from functools import partial
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from opsledger_contracts.events.assessment import ScoreContested
from opsledger_contracts.events.dispute import (
    Contested,
    DisputeAccepted,
    DisputeFiled,
    DisputeInadmissible,
    DisputeWithdrawn,
    FindingKind,
    FindingRecorded,
    Ground,
    HandlerRecused,
    HearingHeld,
    ReplayOrdered,
)
from opsledger_contracts.fields import Identifier, Text, Version
from opsledger_contracts.problems.assessment import (
    ClauseNotInRulebook,
    DisputeOpen,
    InvolvedInScore,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar
from opsledger_contracts.problems.dispute import (
    ElementUnknown,
    FiledLate,
    FindingNeedsReplay,
    GroundMissing,
    GroundUnknown,
    HeldInFuture,
    NoStanding,
    NotTheHandler,
    ReplayElsewhere,
    ReplayNotLinked,
    ScoreNotContestable,
)
from opsledger_contracts.problems.general import ReasonMissing, UnknownReference, WrongState
from opsledger_contracts.rules.appeals import decision_deadline
from opsledger_ledger.domain.assessment import AssessmentState, Run, Score
from opsledger_ledger.domain.assessment_inputs import clause_in
from opsledger_ledger.domain.case import CaseState
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World, known
from opsledger_ledger.domain.deed import Deed
from opsledger_ledger.domain.dispute import DISPUTE, INVESTIGATED, DisputeState, open_dispute
from opsledger_ledger.domain.person import PersonState
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.assessing import nodes, scored
from opsledger_ledger.domain.policies.deadlines import limit
from opsledger_ledger.domain.policies.identity import people_of
from opsledger_ledger.domain.policies.separation import identities_of
from opsledger_ledger.domain.replay import ReplayState

SHOWN_BY_REPLAY: Final[tuple[FindingKind, ...]] = (
    "rule_misapplied",
    "input_wrong",
    "adjustment_omitted",
)
"""Findings about figures, which only a replay shows."""

PROCEDURE: Final = ("freezing", "calculation", "review", "confirmation", "publication")
"""Steps of an assessment that a party can contest as procedure."""


class FileDispute(Command):
    """Dispute the published score of the own unit."""

    assessment: Identifier
    score_version: Version
    contested: tuple[Contested, ...]
    grounds: tuple[Ground, ...]
    statement: Text


@DISPUTE.decides(
    "file",
    scope="writer",
    creates=True,
    refuses=(
        UnknownReference,
        NoStanding,
        ScoreNotContestable,
        FiledLate,
        DisputeOpen,
        GroundMissing,
        GroundUnknown,
        ElementUnknown,
    ),
)
def file(command: FileDispute, _dispute: None, act: Act, world: World) -> Decided:
    """Ask for standing, the limit, the grounds of the rulebook and elements that exist (SR-23)."""
    assessment = known(world, AssessmentState, command.assessment, "assessment")
    if act.unit != assessment.subject:
        raise NoStanding(expected=assessment.subject, found=act.unit)
    score = assessment.holding_score
    if score is None or score.version != command.score_version or assessment.status == "final":
        raise ScoreNotContestable(
            assessment=assessment.id,
            found=command.score_version,
            expected="none" if score is None or assessment.status == "final" else score.version,
        )
    if act.today > score.appeal_until:
        raise FiledLate(limit=score.appeal_until, today=act.today)
    other = open_dispute(world, assessment.id)
    if other is not None:
        raise DisputeOpen(dispute=other, assessment=assessment.id)
    run = assessment.run(score.run)
    assert run is not None, assessment.id
    _require_grounds(command, run, world)
    _require_elements(command, assessment, score, run, world)
    yield Record(
        DisputeFiled(
            dispute=act.target,
            assessment=assessment.id,
            score_version=score.version,
            unit=assessment.subject,
            contested=command.contested,
            grounds=command.grounds,
            statement=command.statement,
            limit=score.appeal_until,
            calendar=score.calendar,
            rulebook=run.scored.rulebook,
        ),
        rulebook=run.scored.rulebook,
        calendar=score.calendar,
    )
    yield Record(
        ScoreContested(score_version=score.version, dispute=act.target),
        f"assessment/{assessment.id}",
    )


def _require_grounds(command: FileDispute, run: Run, world: World) -> None:
    for field in ("grounds", "contested"):
        if not getattr(command, field):
            raise GroundMissing(field=field)
    policy = documents.rulebook(world, run.scored.rulebook).appeal
    for ground in command.grounds:
        if ground not in {row.ground for row in policy.grounds}:
            raise GroundUnknown(ground=ground, clause=policy.clause)


def _require_elements(
    command: FileDispute, assessment: AssessmentState, score: Score, run: Run, world: World
) -> None:
    """An omitted adjustment is not in the inputs, so all adjustments of the letter can be named."""
    tree = scored(run.inputs, documents.rulebook(world, run.scored.rulebook)).tree
    explained = tuple(nodes(tree))
    known_names = {
        "item": {item.item for item in run.inputs.items},
        "clause": {node.clause for node in explained},
        "input": {source.stream.partition("/")[2] for node in explained for source in node.sources},
        "adjustment": set(world.find("adjustment_by_letter", assessment.letter)),
        "procedure": set(PROCEDURE),
        "grade": {score.grade},
    }
    for row in command.contested:
        if row.name not in known_names[row.element]:
            raise ElementUnknown(assessment=assessment.id, element=row.element, name=row.name)


class AcceptDispute(Command):
    """Accept the dispute and name its handler."""

    handler: Identifier
    """Person who will investigate."""


@DISPUTE.decides(
    "accept",
    scope="assessor",
    function="committee",
    refuses=(WrongState, UnknownReference, InvolvedInScore, DayNotInCalendar),
)
def accept(command: AcceptDispute, dispute: DisputeState, act: Act, world: World) -> Decided:
    """Name a handler without part in the score, and store the day of decision (SR-20, SR-23)."""
    dispute.require_status("filed")
    _require_uninvolved(command.handler, "handler", dispute, act, world)
    policy = documents.rulebook(world, dispute.rulebook).appeal
    due = limit(world, act.today, partial(decision_deadline, act.today, policy))
    yield Record(
        DisputeAccepted(
            handler=command.handler, accepted_on=act.today, due=due.due, calendar=due.calendar
        ),
        rulebook=dispute.rulebook,
        calendar=due.calendar,
    )


def _require_uninvolved(
    person: str, field: str, dispute: DisputeState, act: Act, world: World
) -> None:
    known(world, PersonState, person, field)
    assessment = known(world, AssessmentState, dispute.assessment, "assessment")
    for did, role in (("score", "scorer"), ("confirm", "confirmer")):
        for deed in hands_in_score(assessment, world):
            if deed.did == did and person in identities_of(deed, act, world):
                raise InvolvedInScore(person=person, role=role, assessment=assessment.id)
    if person in people_of(world, dispute.unit, act.today):
        raise InvolvedInScore(person=person, role="party", assessment=assessment.id)


def hands_in_score(assessment: AssessmentState, world: World) -> tuple[Deed, ...]:
    """List who scored and confirmed; whoever approved the case of a result confirmed too (R156)."""
    approvals = (
        msgspec.structs.replace(deed, did="confirm")
        for case in assessment.cases
        for deed in known(world, CaseState, case, "case").deeds
        if deed.did in ("approve", "ratify")
    )
    return (*assessment.deeds, *approvals)


class DeclareInadmissible(Command):
    """Declare the dispute inadmissible; the score stands."""

    ground: Literal["late", "no_standing", "no_ground", "element_unknown"]


@DISPUTE.decides(
    "declare-inadmissible",
    scope="assessor",
    function="committee",
    refuses=(WrongState, ReasonMissing),
)
def declare_inadmissible(
    command: DeclareInadmissible, dispute: DisputeState, act: Act, _world: World
) -> Decided:
    """Refuse a filed dispute only with a reason."""
    dispute.require_status("filed")
    if act.reason is None:
        raise ReasonMissing
    yield DisputeInadmissible(ground=command.ground)


class RecuseHandler(Command):
    """Step back as the handler and leave the dispute to another."""

    successor: Identifier


@DISPUTE.decides(
    "recuse",
    scope="assessor",
    refuses=(WrongState, NotTheHandler, ReasonMissing, UnknownReference, InvolvedInScore),
)
def recuse(command: RecuseHandler, dispute: DisputeState, act: Act, world: World) -> Decided:
    """Let the successor be as free of part in the score as the handler was."""
    dispute.require_status(*INVESTIGATED)
    handler = _require_handler(dispute, act)
    if act.reason is None:
        raise ReasonMissing
    _require_uninvolved(command.successor, "successor", dispute, act, world)
    yield HandlerRecused(handler=handler, successor=command.successor)


def _require_handler(dispute: DisputeState, act: Act) -> str:
    if act.person != dispute.handler:
        raise NotTheHandler(expected=dispute.handler, found=act.person)
    return act.person


class OrderReplay(Command):
    """Make a recorded replay part of the dispute."""

    replay: Identifier


@DISPUTE.decides(
    "order-replay",
    scope="assessor",
    refuses=(WrongState, NotTheHandler, UnknownReference, ReplayElsewhere),
)
def order_replay(command: OrderReplay, dispute: DisputeState, act: Act, world: World) -> Decided:
    """Take only replays of the disputed assessment."""
    dispute.require_status(*INVESTIGATED)
    _require_handler(dispute, act)
    replay = known(world, ReplayState, command.replay, "replay")
    if replay.assessment != dispute.assessment:
        raise ReplayElsewhere(
            replay=replay.id, found=replay.assessment, expected=dispute.assessment
        )
    yield ReplayOrdered(replay=replay.id)


class RecordFinding(Command):
    """State what was found, with the replay that shows it."""

    kind: FindingKind
    detail: Text
    replay: Identifier | None = None
    clause: Identifier | None = None


@DISPUTE.decides(
    "record-finding",
    scope="assessor",
    refuses=(WrongState, NotTheHandler, FindingNeedsReplay, ReplayNotLinked, ClauseNotInRulebook),
)
def record_finding(
    command: RecordFinding, dispute: DisputeState, act: Act, world: World
) -> Decided:
    """Let a replay show every finding about figures; the clause has to exist (SR-23)."""
    dispute.require_status(*INVESTIGATED)
    _require_handler(dispute, act)
    if command.kind in SHOWN_BY_REPLAY and command.replay is None:
        raise FindingNeedsReplay(kind=command.kind)
    require_linked(command.replay, dispute)
    if command.clause is not None:
        clause_in(documents.rulebook(world, dispute.rulebook), command.clause)
    yield FindingRecorded(
        kind=command.kind, detail=command.detail, replay=command.replay, clause=command.clause
    )


def require_linked(replay: str | None, dispute: DisputeState) -> None:
    """Insist that a replay, where one is named, is part of the dispute.

    Raises:
        ReplayNotLinked: it was not ordered.

    """
    if replay is not None and replay not in dispute.replays:
        raise ReplayNotLinked(replay=replay, dispute=dispute.id)


class HoldHearing(Command):
    """Record that the parties were heard."""

    held_on: date
    attendees: Annotated[tuple[Identifier, ...], Meta(min_length=1)]
    summary: Text


@DISPUTE.decides(
    "hold-hearing", scope="assessor", refuses=(WrongState, UnknownReference, HeldInFuture)
)
def hold_hearing(command: HoldHearing, dispute: DisputeState, act: Act, world: World) -> Decided:
    """Record a hearing after it was held, with persons that the ledger knows."""
    dispute.require_status(*INVESTIGATED)
    if command.held_on > act.today:
        raise HeldInFuture(found=command.held_on, today=act.today)
    for person in command.attendees:
        known(world, PersonState, person, "attendees")
    yield HearingHeld(held_on=command.held_on, attendees=command.attendees, summary=command.summary)


class WithdrawDispute(Command):
    """Withdraw the dispute."""


@DISPUTE.decides("withdraw", scope="writer", refuses=(WrongState, NoStanding))
def withdraw(_command: WithdrawDispute, dispute: DisputeState, act: Act, _world: World) -> Decided:
    """Let the party withdraw as long as nothing was decided."""
    dispute.require_status("filed", "accepted")
    if act.unit != dispute.unit:
        raise NoStanding(expected=dispute.unit, found=act.unit)
    yield DisputeWithdrawn()
