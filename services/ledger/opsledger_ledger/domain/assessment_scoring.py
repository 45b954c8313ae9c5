"""Scoring an assessment: calculated from frozen inputs, reviewed, and confirmed by the committee.

The hands are separate: who scored neither reviews nor confirms (domain-model.md, section 3).
"""

import msgspec

from opsledger_contracts.events.assessment import (
    AssessmentConfirmed,
    AssessmentReviewed,
    GradeAssigned,
    Rescored,
    ScoreCalculated,
)
from opsledger_contracts.fields import Identifier, Text
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.assessment import AssessesItself, RuleInapplicable
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_ledger.domain.assessment import ASSESSMENT, AssessmentState
from opsledger_ledger.domain.case import CaseState
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.approval import approved
from opsledger_ledger.domain.policies.assessing import (
    ASSESSOR_REFUSALS,
    require_assessor,
    require_outsider,
    scored,
)
from opsledger_ledger.domain.policies.separation import (
    identities_of,
    require_disjoint,
    require_others,
)


class CalculateScore(Command):
    """Compute a run from the frozen inputs."""


@ASSESSMENT.decides(
    "calculate",
    scope="assessor",
    refuses=(WrongState, *ASSESSOR_REFUSALS, RuleInapplicable),
)
def calculate(
    _command: CalculateScore, assessment: AssessmentState, act: Act, world: World
) -> Decided:
    """Compute only from what was frozen; a run after an earlier one says what it changes (R126)."""
    assessment.require_status("frozen")
    require_assessor(act, world, assessment.subject)
    assert assessment.inputs is not None, assessment.id
    outcome = scored(assessment.inputs, documents.rulebook(world, assessment.rulebook))
    number = len(assessment.runs) + 1
    yield Record(
        ScoreCalculated(
            run=number,
            engine=outcome.engine,
            rulebook=outcome.rulebook_hash,
            inputs_digest=outcome.inputs_digest,
            item_scores=outcome.item_scores,
            components=outcome.components,
            total_exact=outcome.total_exact,
            total=outcome.total,
            grade=outcome.grade,
            result_digest=outcome.result_digest,
            tree_digest=outcome.tree_digest,
            vetoes=() if outcome.vetoes is msgspec.UNSET else outcome.vetoes,
            operating_status=None if outcome.status is msgspec.UNSET else outcome.status,
        ),
        rulebook=outcome.rulebook_hash,
    )
    if assessment.runs:
        previous = assessment.runs[-1].scored
        yield Rescored(
            previous_run=previous.run,
            run=number,
            delta=shown(parse_decimal(outcome.total) - parse_decimal(previous.total)),
        )


class ReviewAssessment(Command):
    """Review the last run."""

    remarks: Text


@ASSESSMENT.decides(
    "review", scope="assessor", refuses=(WrongState, AssessesItself, SeparationOfDuties)
)
def review(
    command: ReviewAssessment, assessment: AssessmentState, act: Act, world: World
) -> Decided:
    """Let nobody review a score that they had a hand in, or that is of their own unit."""
    assessment.require_status("calculated")
    require_outsider(act, world, assessment.subject)
    require_others(act, world, "review", (deed for deed in assessment.deeds if deed.did == "score"))
    yield AssessmentReviewed(run=assessment.runs[-1].number, remarks=command.remarks)


class ConfirmAssessment(Command):
    """Confirm the reviewed run on the approval of its result."""

    case: Identifier


@ASSESSMENT.decides(
    "confirm",
    scope="approver",
    function="committee",
    refuses=(
        WrongState,
        AssessesItself,
        SeparationOfDuties,
        UnknownReference,
        CaseNotApproved,
        ApprovedOtherContent,
        ApprovedUnderOtherItem,
    ),
)
def confirm(
    command: ConfirmAssessment, assessment: AssessmentState, act: Act, world: World
) -> Decided:
    """Confirm exactly the result that was approved, in other hands than those that scored it."""
    assessment.require_status("reviewed")
    require_outsider(act, world, assessment.subject)
    require_disjoint(act, world, "confirm", assessment.deeds)
    run = assessment.runs[-1].scored
    case = approved(world, command.case, f"assessment/{assessment.id}", run.result_digest)
    _require_approved_by_others(case, assessment, act, world)
    yield AssessmentConfirmed(run=run.run, case=case.id, result_digest=run.result_digest)
    yield Record(
        GradeAssigned(run=run.run, total=run.total, grade=run.grade, rulebook=run.rulebook),
        rulebook=run.rulebook,
    )


def _require_approved_by_others(
    case: CaseState, assessment: AssessmentState, act: Act, world: World
) -> None:
    """The approvers of the case are those who confirm in substance."""
    scorers = frozenset[str]().union(
        *(identities_of(deed, act, world) for deed in assessment.deeds if deed.did == "score")
    )
    for deed in case.deeds:
        overlap = identities_of(deed, act, world) & scorers
        if deed.did in ("approve", "ratify") and overlap:
            raise SeparationOfDuties(first="score", second="confirm", person=min(overlap))
