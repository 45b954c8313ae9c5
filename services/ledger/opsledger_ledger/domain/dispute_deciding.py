"""Deciding a dispute, in the second instance too, and answering the decision (R156, SR-23)."""

from functools import partial
from typing import Final

from opsledger_contracts.events.dispute import (
    DisputeClosed,
    DisputeDecided,
    Outcome,
    Remedy,
    RemedyApplied,
    SecondReviewRequested,
)
from opsledger_contracts.fields import Identifier, Text, Version
from opsledger_contracts.problems.assessment import AssessesItself, ClauseNotInRulebook
from opsledger_contracts.problems.deadlines import DayNotInCalendar
from opsledger_contracts.problems.dispute import (
    FindingMissing,
    FindingNeedsReplay,
    NoStanding,
    RemedyInconsistent,
    RemedyOutstanding,
    ReplayNotLinked,
    RescoreMissing,
    SecondReviewLate,
    SecondReviewPossible,
    SecondReviewUsed,
)
from opsledger_contracts.problems.general import WrongState
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_contracts.rules.appeals import decision_deadline, second_appeal_deadline
from opsledger_ledger.domain.assessment import AssessmentState
from opsledger_ledger.domain.assessment_inputs import clause_in
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World, known
from opsledger_ledger.domain.dispute import DISPUTE, INVESTIGATED, DisputeState
from opsledger_ledger.domain.dispute_handling import hands_in_score, require_linked
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.assessing import require_outsider
from opsledger_ledger.domain.policies.deadlines import limit
from opsledger_ledger.domain.policies.separation import require_disjoint

REMEDIES: Final[dict[Outcome, tuple[Remedy, ...]]] = {
    "upheld": ("rescore", "regrade", "none"),
    "partly_upheld": ("rescore", "regrade", "none"),
    "rejected": ("none",),
}
"""Remedies that go with an outcome; a procedure defect may be upheld without one."""


class DecideDispute(Command):
    """Decide the dispute, stating clause, replay and remedy."""

    outcome: Outcome
    clause: Identifier
    remedy: Remedy
    replay: Identifier | None = None


@DISPUTE.decides(
    "decide",
    scope="approver",
    function="committee",
    refuses=(
        WrongState,
        AssessesItself,
        SeparationOfDuties,
        FindingMissing,
        RemedyInconsistent,
        FindingNeedsReplay,
        ReplayNotLinked,
        ClauseNotInRulebook,
        DayNotInCalendar,
    ),
)
def decide(command: DecideDispute, dispute: DisputeState, act: Act, world: World) -> Decided:
    """Keep scorer, confirmer and party out of the panel, and rest a new score on a replay."""
    dispute.require_status(*INVESTIGATED)
    require_outsider(act, world, dispute.unit)
    assessment = known(world, AssessmentState, dispute.assessment, "assessment")
    require_disjoint(act, world, "decide_dispute", hands_in_score(assessment, world))
    if dispute.instance not in dispute.found_in:
        raise FindingMissing(dispute=dispute.id, instance=dispute.instance)
    if command.remedy not in REMEDIES[command.outcome]:
        raise RemedyInconsistent(outcome=command.outcome, remedy=command.remedy)
    if command.remedy != "none" and command.replay is None:
        raise FindingNeedsReplay(kind=command.remedy)
    require_linked(command.replay, dispute)
    rulebook = documents.rulebook(world, dispute.rulebook)
    clause_in(rulebook, command.clause)
    assert dispute.due is not None, dispute.id
    second = limit(world, act.today, partial(second_appeal_deadline, act.today, rulebook.appeal))
    first_instance = dispute.instance == 1
    yield Record(
        DisputeDecided(
            outcome=command.outcome,
            clause=command.clause,
            remedy=command.remedy,
            instance=dispute.instance,
            within_limit=act.today <= dispute.due,
            second_instance_until=second.due if first_instance else None,
            replay=command.replay,
        ),
        rulebook=dispute.rulebook,
        calendar=second.calendar if first_instance else None,
    )


class RequestSecondReview(Command):
    """Ask the committee in full to decide again."""

    statement: Text


@DISPUTE.decides(
    "request-second-review",
    scope="writer",
    refuses=(WrongState, NoStanding, SecondReviewUsed, SecondReviewLate, DayNotInCalendar),
)
def request_second_review(
    command: RequestSecondReview, dispute: DisputeState, act: Act, world: World
) -> Decided:
    """Let the party ask once, within the limit that the decision stated (SR-23)."""
    dispute.require_status("decided")
    if act.unit != dispute.unit:
        raise NoStanding(expected=dispute.unit, found=act.unit)
    until = dispute.decisions[-1].second_until
    if until is None:
        raise SecondReviewUsed(dispute=dispute.id)
    if act.today > until:
        raise SecondReviewLate(limit=until, today=act.today)
    policy = documents.rulebook(world, dispute.rulebook).appeal
    due = limit(world, act.today, partial(decision_deadline, act.today, policy, second=True))
    yield Record(
        SecondReviewRequested(statement=command.statement, due=due.due, calendar=due.calendar),
        rulebook=dispute.rulebook,
        calendar=due.calendar,
    )


class ApplyRemedy(Command):
    """State the published run that answers the decision."""

    run: Version


@DISPUTE.decides("apply-remedy", scope="assessor", refuses=(WrongState, RescoreMissing))
def apply_remedy(command: ApplyRemedy, dispute: DisputeState, _act: Act, world: World) -> Decided:
    """Take only a published score whose run came from a reopening by this dispute (R160)."""
    dispute.require_status("decided")
    assessment = known(world, AssessmentState, dispute.assessment, "assessment")
    score = assessment.holding_score
    cause = assessment.cause_of(command.run)
    if score is None or score.run != command.run or cause != f"dispute/{dispute.id}":
        raise RescoreMissing(assessment=assessment.id, dispute=dispute.id)
    yield RemedyApplied(assessment=assessment.id, score_version=score.version, run=command.run)


class CloseDispute(Command):
    """End the dispute."""


@DISPUTE.decides(
    "close", scope="assessor", refuses=(WrongState, RemedyOutstanding, SecondReviewPossible)
)
def close(_command: CloseDispute, dispute: DisputeState, act: Act, _world: World) -> Decided:
    """Wait for the remedy, and for the second instance unless the party got all it asked for."""
    dispute.require_status("decided", "remedied")
    decision = dispute.decisions[-1]
    if dispute.status == "decided" and decision.remedy != "none":
        raise RemedyOutstanding(dispute=dispute.id, remedy=decision.remedy)
    until = decision.second_until
    if until is not None and act.today <= until and decision.outcome != "upheld":
        raise SecondReviewPossible(limit=until, today=act.today)
    yield DisputeClosed()
