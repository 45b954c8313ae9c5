"""Correcting a clause of a published rulebook: proposed, decided, issued, swept."""

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Clause
from opsledger_contracts.events.rulebook import (
    ErratumEffect,
    ErratumIssued,
    ErratumProposed,
    ErratumSwept,
)
from opsledger_contracts.fields import Identifier, Sha256, Version
from opsledger_contracts.linting.linter import Surroundings, lint, of_severity
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.rulebook import (
    CommitteeDecisionRequired,
    ErratumClauseUnknown,
    ErratumNotProposed,
    ErratumUnknown,
    ErratumWithoutChange,
    LintErrors,
    SweepOpen,
)
from opsledger_ledger.domain.case import CaseState
from opsledger_ledger.domain.deciding import Act, Command, Decided, World
from opsledger_ledger.domain.policies.approval import approved
from opsledger_ledger.domain.policies.documents import told
from opsledger_ledger.domain.position import PositionState
from opsledger_ledger.domain.rulebook import RULEBOOK, RulebookState
from opsledger_ledger.domain.rulebook_publishing import calendar_years, require_status


class ProposeErratum(Command, frozen=True, kw_only=True):
    """Propose a corrected clause, to hold from now on or from the first day of the version."""

    to: Clause
    effect: ErratumEffect


@RULEBOOK.decides(
    "propose-erratum",
    scope="writer",
    function="ops",
    refuses=(WrongState, SweepOpen, ErratumClauseUnknown, ErratumWithoutChange, LintErrors),
)
def propose_erratum(
    command: ProposeErratum, rulebook: RulebookState, _act: Act, world: World
) -> Decided:
    """Put one corrected clause up for decision; a new proposal takes the place of an open one.

    A version that is no longer in force can still be corrected, since scores were computed by it.
    """
    _require_correctable(rulebook, command.effect)
    present = rulebook.clause_now(command.to.clause)
    if present is None:
        raise ErratumClauseUnknown(id=rulebook.id, clause=command.to.clause)
    if present == command.to:
        raise ErratumWithoutChange(id=rulebook.id, clause=command.to.clause)
    document = rulebook.with_clauses(*(one.to for one in rulebook.errata), command.to)
    surroundings = Surroundings(calendar_years=calendar_years(rulebook, world))
    errors = of_severity(lint(document, surroundings), "error")
    if errors:
        raise LintErrors(id=rulebook.id, count=len(errors), findings=told(errors))
    yield ErratumProposed(
        clause=command.to.clause,
        to=command.to,
        effect=command.effect,
        content_hash=digest(document),
    )


class IssueErratum(Command, frozen=True, kw_only=True):
    """Issue the proposed erratum, on the decision of an approval case."""

    case: Identifier


@RULEBOOK.decides(
    "issue-erratum",
    scope="writer",
    function="ops",
    refuses=(
        ErratumNotProposed,
        WrongState,
        UnknownReference,
        CaseNotApproved,
        ApprovedOtherContent,
        ApprovedUnderOtherItem,
        CommitteeDecisionRequired,
    ),
)
def issue_erratum(
    command: IssueErratum, rulebook: RulebookState, act: Act, world: World
) -> Decided:
    """Let the correction hold; backwards only by decision of the committee (decision 4)."""
    proposal = rulebook.proposal
    if proposal is None:
        raise ErratumNotProposed(id=rulebook.id)
    _require_correctable(rulebook, proposal.effect)
    case = approved(world, command.case, f"rulebook/{rulebook.id}", proposal.content_hash)
    if proposal.effect == "retroactive" and not _committee_approved(case, world):
        raise CommitteeDecisionRequired(id=rulebook.id, case=command.case)
    present, first_day = rulebook.clause_now(proposal.to.clause), rulebook.effective_from
    assert present is not None, proposal
    assert first_day is not None, rulebook.id
    yield ErratumIssued(
        erratum=len(rulebook.errata) + 1,
        clause=present.clause,
        from_=present,
        to=proposal.to,
        effect=proposal.effect,
        effective_from=first_day if proposal.effect == "retroactive" else max(act.today, first_day),
        case=command.case,
        content_hash=proposal.content_hash,
    )


class AttachSweep(Command, frozen=True, kw_only=True):
    """Put the report of the sweep after a retroactive erratum beside it."""

    erratum: Version
    report: Sha256


@RULEBOOK.decides("attach-sweep", scope="writer", function="ops", refuses=(ErratumUnknown,))
def attach_sweep(
    command: AttachSweep, rulebook: RulebookState, _act: Act, _world: World
) -> Decided:
    """Close the sweep that the erratum opened."""
    if command.erratum not in rulebook.sweeps_open:
        raise ErratumUnknown(id=rulebook.id, erratum=command.erratum)
    yield ErratumSwept(erratum=command.erratum, report=command.report)


def _require_correctable(rulebook: RulebookState, effect: ErratumEffect) -> None:
    """Published, or superseded for a correction that works backwards; one sweep at a time."""
    require_status(
        rulebook, *(("published",) if effect == "prospective" else ("published", "superseded"))
    )
    for erratum in rulebook.sweeps_open:
        raise SweepOpen(id=rulebook.id, erratum=erratum)


def _committee_approved(case: CaseState, world: World) -> bool:
    """Whether a step of approving that was taken belongs to the committee."""
    positions = {
        position
        for step in case.steps
        if step.verb == "approve" and step.taken
        for position in step.positions
    }
    found = (world.get(PositionState, position) for position in sorted(positions))
    return any(one is not None and "committee" in one.functions for one in found)
