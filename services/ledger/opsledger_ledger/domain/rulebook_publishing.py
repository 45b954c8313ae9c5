"""From the draft of a rulebook over its check and approval to its being in force."""

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.rulebook import (
    ClauseWritten,
    LintReported,
    LintWarningAccepted,
    RulebookDrafted,
    RulebookSuperseded,
    RulebookVersionApproved,
    RulebookVersionPublished,
    RulebookWithdrawn,
    ShadowRunAttached,
)
from opsledger_contracts.fields import Identifier, Sha256, Text
from opsledger_contracts.linting.linter import Surroundings, of_severity
from opsledger_contracts.linting.linter import lint as checked
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.documents import DocumentMisnamed, TakesEffectTooEarly
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.rulebook import (
    FrozenPeriod,
    LintErrors,
    SweepOpen,
    WarningAlreadyAccepted,
    WarningsNotAccepted,
    WarningUnknown,
)
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World
from opsledger_ledger.domain.policies.approval import approved
from opsledger_ledger.domain.policies.documents import (
    latest_calendar,
    newest_rulebook,
    require_later,
    require_named,
    told,
)
from opsledger_ledger.domain.rulebook import RULEBOOK, RulebookState


class DraftRulebook(Command, frozen=True, kw_only=True):
    """Draft a version of the rulebook as a whole document."""

    document: Rulebook


@RULEBOOK.decides(
    "draft", scope="writer", function="ops", creates=True, refuses=(DocumentMisnamed,)
)
def draft(command: DraftRulebook, _rulebook: None, act: Act, _world: World) -> Decided:
    """Record the header, then each clause as an event of its own (R125)."""
    require_named(command.document.name, act.target)
    yield RulebookDrafted(header=command.document.header(), content_hash=digest(command.document))
    for clause in command.document.clauses:
        yield ClauseWritten(clause=clause)


class LintRulebook(Command, frozen=True, kw_only=True):
    """Check the draft and record what was found."""


@RULEBOOK.decides("lint", scope="writer", function="ops", refuses=(WrongState,))
def lint(_command: LintRulebook, rulebook: RulebookState, _act: Act, world: World) -> Decided:
    """Report every finding; nothing is refused, since the report is the point (SR-29)."""
    require_status(rulebook, "drafted", "linted")
    newest = newest_rulebook(world)
    surroundings = Surroundings(
        before=None if newest is None else newest.document,
        calendar_years=calendar_years(rulebook, world),
    )
    yield LintReported(
        content_hash=rulebook.content_hash, findings=checked(rulebook.document, surroundings)
    )


class AcceptWarning(Command, frozen=True, kw_only=True):
    """Take responsibility for one warning of the last check, saying why it is meant so."""

    check: Text
    """Identifier of the check, e.g. ``RB-DISCONTINUITY``."""
    path: Text
    """Where the warning points to, as the report says it."""
    why: Text


@RULEBOOK.decides(
    "accept-warning",
    scope="writer",
    function="ops",
    refuses=(WrongState, WarningUnknown, WarningAlreadyAccepted),
)
def accept_warning(
    command: AcceptWarning, rulebook: RulebookState, act: Act, _world: World
) -> Decided:
    """Bind the acceptance to the warnings exactly as they were reported at this place (SR-29)."""
    require_status(rulebook, "linted", "approved")
    found = [
        digest(warning)
        for warning in of_severity(rulebook.findings, "warning")
        if (warning.code, warning.path) == (command.check, command.path)
    ]
    if not found:
        raise WarningUnknown(id=rulebook.id, check=command.check, path=command.path)
    if found[0] in rulebook.accepted:
        raise WarningAlreadyAccepted(
            id=rulebook.id,
            check=command.check,
            path=command.path,
            by=rulebook.accepted[found[0]],
        )
    for finding in found:
        yield LintWarningAccepted(
            content_hash=rulebook.content_hash,
            check=command.check,
            path=command.path,
            finding=finding,
            accepted_by=act.person,
            why=command.why,
        )


class AttachShadowRun(Command, frozen=True, kw_only=True):
    """Put the report of a shadow run over a past period beside the draft."""

    report: Sha256


@RULEBOOK.decides("attach-shadow", scope="writer", function="ops", refuses=(WrongState,))
def attach_shadow(
    command: AttachShadowRun, rulebook: RulebookState, _act: Act, _world: World
) -> Decided:
    """Let whoever approves see what the draft would have done; later it would be too late."""
    require_status(rulebook, "drafted", "linted")
    yield ShadowRunAttached(content_hash=rulebook.content_hash, report=command.report)


class ApproveRulebook(Command, frozen=True, kw_only=True):
    """Record that an approval case decided on this version."""

    case: Identifier


@RULEBOOK.decides(
    "approve",
    scope="writer",
    function="ops",
    refuses=(
        WrongState,
        LintErrors,
        UnknownReference,
        CaseNotApproved,
        ApprovedOtherContent,
        ApprovedUnderOtherItem,
    ),
)
def approve(command: ApproveRulebook, rulebook: RulebookState, _act: Act, world: World) -> Decided:
    """Take only an approval of exactly this content, checked and without errors (R040)."""
    require_status(rulebook, "linted")
    _require_no_errors(rulebook)
    approved(world, command.case, f"rulebook/{rulebook.id}", rulebook.content_hash)
    yield RulebookVersionApproved(case=command.case, content_hash=rulebook.content_hash)


class PublishRulebook(Command, frozen=True, kw_only=True):
    """Put this version in force from the day that it states."""


@RULEBOOK.decides(
    "publish",
    scope="writer",
    function="ops",
    refuses=(
        WrongState,
        LintErrors,
        WarningsNotAccepted,
        TakesEffectTooEarly,
        FrozenPeriod,
        SweepOpen,
    ),
)
def publish(_command: PublishRulebook, rulebook: RulebookState, act: Act, world: World) -> Decided:
    """Let an approved version follow the other one, but not inside a frozen period (R121).

    Errors stand against it, and warnings that nobody accepted by name (SR-29).
    """
    require_status(rulebook, "approved")
    _require_no_errors(rulebook)
    _require_acceptance(rulebook)
    effective_from = rulebook.header.effective_from
    newest = newest_rulebook(world)
    before = None if newest is None else newest.effective_from
    require_later("rulebook", rulebook.id, effective_from, before, act.today)
    if newest is not None:
        _require_free(rulebook, newest)
    yield RulebookVersionPublished(
        content_hash=rulebook.content_hash, effective_from=effective_from
    )
    if newest is not None:
        yield Record(
            RulebookSuperseded(by=rulebook.id, effective_to=effective_from),
            f"rulebook/{newest.id}",
        )


class WithdrawRulebook(Command, frozen=True, kw_only=True):
    """Withdraw a version that was not published."""


@RULEBOOK.decides("withdraw", scope="writer", function="ops", refuses=(WrongState,))
def withdraw(
    _command: WithdrawRulebook, rulebook: RulebookState, _act: Act, _world: World
) -> Decided:
    """Let only what never was in force be withdrawn."""
    require_status(rulebook, "drafted", "linted", "approved")
    yield RulebookWithdrawn()


def require_status(rulebook: RulebookState, *expected: str) -> None:
    """Let an act pass only in certain states.

    Raises:
        WrongState: the version is in another one.

    """
    if rulebook.status not in expected:
        raise WrongState(
            noun="rulebook",
            id=rulebook.id,
            found=rulebook.status,
            expected=" or ".join(expected),
        )


def calendar_years(rulebook: RulebookState, world: World) -> frozenset[int]:
    """The year in which the version begins, if a calendar covers it."""
    year = rulebook.header.effective_from.year
    return frozenset() if latest_calendar(world, year) is None else frozenset({year})


def _require_no_errors(rulebook: RulebookState) -> None:
    errors = of_severity(rulebook.findings, "error")
    if errors:
        raise LintErrors(id=rulebook.id, count=len(errors), findings=told(errors))


def _require_acceptance(rulebook: RulebookState) -> None:
    open_warnings = tuple(
        warning
        for warning in of_severity(rulebook.findings, "warning")
        if digest(warning) not in rulebook.accepted
    )
    if open_warnings:
        raise WarningsNotAccepted(
            id=rulebook.id, count=len(open_warnings), findings=told(open_warnings)
        )


def _require_free(rulebook: RulebookState, newest: RulebookState) -> None:
    """The version before lets go: not inside its frozen periods, and with no sweep left open."""
    effective_from = rulebook.header.effective_from
    for frozen in newest.header.freeze_periods:
        if frozen.from_ <= effective_from <= frozen.to:
            raise FrozenPeriod(
                id=rulebook.id, found=effective_from, first=frozen.from_, last=frozen.to
            )
    for erratum in newest.sweeps_open:
        raise SweepOpen(id=newest.id, erratum=erratum)
