"""Versions of the rulebook: drafted clause by clause, checked, approved, in force (R121, R125)."""

from datetime import date
from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.case import ApprovalGranted, ApprovalRefused
from opsledger_contracts.events.rulebook import (
    ClauseWritten,
    ErratumIssued,
    ErratumProposed,
    ErratumSwept,
    LintReported,
    LintWarningAccepted,
    RulebookDrafted,
    RulebookSuperseded,
    RulebookVersionApproved,
    RulebookVersionPublished,
    RulebookWithdrawn,
    ShadowRunAttached,
)
from opsledger_contracts.linting.finding import LintFinding
from opsledger_contracts.linting.linter import Surroundings, lint
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.documents import (
    DocumentMisnamed,
    NoneInForce,
    TakesEffectTooEarly,
)
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.rulebook import (
    CommitteeDecisionRequired,
    ErratumClauseUnknown,
    ErratumNotProposed,
    ErratumUnknown,
    ErratumWithoutChange,
    FrozenPeriod,
    LintErrors,
    SweepOpen,
    WarningAlreadyAccepted,
    WarningsNotAccepted,
    WarningUnknown,
)
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.rulebook import RulebookState
from opsledger_ledger.domain.rulebook_errata import AttachSweep, IssueErratum, ProposeErratum
from opsledger_ledger.domain.rulebook_publishing import (
    AcceptWarning,
    ApproveRulebook,
    AttachShadowRun,
    DraftRulebook,
    LintRulebook,
    PublishRulebook,
    WithdrawRulebook,
)
from opsledger_ledger.domain.subjects import subject_of
from support import scoring_examples
from support.authority import OPS, authorised
from support.deciding import Refused, Stage, undeclared_and_untested
from support.organisation import FOUNDED
from support.planning import decided, opened

FIRST = scoring_examples.rulebook()


def version(number: int, **changes: Any) -> Rulebook:
    """The example rulebook under another version, in force from July unless said otherwise."""
    changed = {"version": number, "effective_from": date(2026, 7, 1)} | changes
    return msgspec.structs.replace(FIRST, **changed)


SECOND = version(2)
HASH = digest(SECOND)
FREEZE = FIRST.freeze_periods[0]
DEFECTIVE = version(2, clauses=(*FIRST.clauses, FIRST.clauses[0]))


def drafted(document: Rulebook = SECOND) -> Stage:
    """A rulebook in force and the draft of the next one."""
    return authorised().given(
        "rulebook/RB-2026.2",
        RulebookDrafted(header=document.header(), content_hash=digest(document)),
        *(ClauseWritten(clause=clause) for clause in document.clauses),
    )


def linted(document: Rulebook = SECOND) -> Stage:
    """The same after it was checked."""
    stage = drafted(document)
    stage.do(LintRulebook(), "RB-2026.2", **OPS)
    return stage


def accepted(document: Rulebook = SECOND) -> Stage:
    """The same after somebody accepted every warning."""
    stage = linted(document)
    for warning in warnings(stage):
        accept = AcceptWarning(check=warning.code, path=warning.path, why="本意如此")
        stage.do(accept, "RB-2026.2", **OPS)
    return stage


def warnings(stage: Stage) -> list[LintFinding]:
    """The warnings of the last check of the second version."""
    *_, report = (
        event for event in stage.events("rulebook/RB-2026.2") if isinstance(event, LintReported)
    )
    return [finding for finding in report.findings if finding.severity == "warning"]


def approved(document: Rulebook = SECOND, stage: Stage | None = None) -> Stage:
    """The same after it was approved."""
    return (stage or accepted(document)).given(
        "rulebook/RB-2026.2", RulebookVersionApproved(case="K", content_hash=digest(document))
    )


def published() -> Stage:
    """The same after it was published."""
    stage = approved()
    stage.do(PublishRulebook(), "RB-2026.2", **OPS)
    return stage


def approved_when_nothing_was_found(document: Rulebook) -> Stage:
    """An approved version whose last check found nothing, since it was done in other times."""
    stage = drafted(document).given(
        "rulebook/RB-2026.2", LintReported(content_hash=digest(document), findings=())
    )
    return approved(document, stage)


def published_before_the_check_was_severe() -> Stage:
    """An approved version whose last check found an error, as an older linter let pass."""
    stage = drafted()
    stage.given(
        "rulebook/RB-2026.2",
        LintReported(
            content_hash=HASH,
            findings=(LintFinding(code="RB-BAND-GAP", path="grades", zh="间隙", en="gap"),),
        ),
    )
    return approved(stage=stage)


CLAUSE = FIRST.clause("3.1")
CORRECTED = msgspec.structs.replace(CLAUSE, params={**CLAUSE.params, "cap": "1.10"})
BROKEN = msgspec.structs.replace(CLAUSE, params={**CLAUSE.params, "cap": "0.5"})
CORRECTED_HASH = digest(
    msgspec.structs.replace(
        FIRST, clauses=tuple(CORRECTED if one is CLAUSE else one for one in FIRST.clauses)
    )
)
BACKWARDS = ProposeErratum(to=CORRECTED, effect="retroactive")
FORWARDS = ProposeErratum(to=CORRECTED, effect="prospective")


def proposed(command: ProposeErratum = BACKWARDS, stage: Stage | None = None) -> Stage:
    """An erratum of the version in force, waiting for its decision."""
    stage = stage or authorised()
    stage.do(command, "RB-2026.1", **OPS)
    return stage


def committee_decided(stage: Stage) -> Stage:
    """The committee approved the erratum in a case."""
    return opened_by("HX-C", stage).given(
        "case/K",
        ApprovalGranted(seq=1, position="HX-C", subject_hash=CORRECTED_HASH, final=True),
    )


def opened_by(position: str, stage: Stage) -> Stage:
    """A case on the erratum that one position has to approve."""
    stage = opened(stage, "K", "rulebook/RB-2026.1", CORRECTED_HASH)
    placed = stage.streams["case/K"].pop()
    stage.position -= 1
    event = placed.recorded.event
    step = msgspec.structs.replace(event.steps[0], positions=(position,))  # type: ignore[attr-defined]
    return stage.given("case/K", msgspec.structs.replace(event, steps=(step,)))


def issued(command: ProposeErratum = BACKWARDS) -> Stage:
    """The erratum after it was issued."""
    stage = committee_decided(proposed(command))
    stage.do(IssueErratum(case="K"), "RB-2026.1", **OPS)
    return stage


def refused_case() -> Stage:
    """A checked draft whose approval was refused."""
    stage = opened(linted(), "K", "rulebook/RB-2026.2", HASH)
    return stage.given("case/K", ApprovalRefused(seq=1, position="HX-P", subject_hash=HASH))


def row(name: str, stage: Stage, command: Any, refusal: type) -> Refused:
    """One row of the table on the second version."""
    return Refused(
        id=name, stage=stage, command=command, target="RB-2026.2", refusal=refusal, act=OPS
    )


def row_of_first(name: str, stage: Stage, command: Any, refusal: type) -> Refused:
    """One row of the table on the version in force."""
    return Refused(
        id=name, stage=stage, command=command, target="RB-2026.1", refusal=refusal, act=OPS
    )


APPROVE = ApproveRulebook(case="K")
ACCEPT = AcceptWarning(check="RB-DISCONTINUITY", path="clauses[6].params", why="本意如此")
ISSUE = IssueErratum(case="K")
SWEEP = AttachSweep(erratum=1, report="3" * 64)


def approved_over(stage: Stage) -> Stage:
    """The second version, approved over a stage on which the first one was corrected."""
    stage.do(DraftRulebook(document=SECOND), "RB-2026.2", **OPS)
    stage.do(LintRulebook(), "RB-2026.2", **OPS)
    for warning in warnings(stage):
        accept = AcceptWarning(check=warning.code, path=warning.path, why="本意如此")
        stage.do(accept, "RB-2026.2", **OPS)
    return approved(stage=stage)


REFUSED = [
    row("sent under another name", authorised(), DraftRulebook(document=FIRST), DocumentMisnamed),
    row("checked in force", published(), LintRulebook(), WrongState),
    row("approved unchecked", drafted(), APPROVE, WrongState),
    row("approved with errors", linted(DEFECTIVE), APPROVE, LintErrors),
    row("case unknown", linted(), APPROVE, UnknownReference),
    row("case refused", refused_case(), APPROVE, CaseNotApproved),
    row(
        "case on another version",
        decided(linted(), "K", "rulebook/RB-2026.3", HASH),
        APPROVE,
        ApprovedOtherContent,
    ),
    row(
        "case along another item",
        decided(linted(), "K", "rulebook/RB-2026.2", HASH, item="budget-adjustment"),
        APPROVE,
        ApprovedUnderOtherItem,
    ),
    row("published unapproved", linted(), PublishRulebook(), WrongState),
    row(
        "not after the one before",
        approved(version(2, effective_from=date(2026, 1, 1))),
        PublishRulebook(),
        TakesEffectTooEarly,
    ),
    row(
        "first day of the freeze",
        approved_when_nothing_was_found(version(2, effective_from=FREEZE.from_)),
        PublishRulebook(),
        FrozenPeriod,
    ),
    row("withdrawn in force", published(), WithdrawRulebook(), WrongState),
    row("accepted unchecked", drafted(), ACCEPT, WrongState),
    row(
        "no such warning",
        linted(),
        AcceptWarning(check="RB-BAND-GAP", path="grades.bands", why="无"),
        WarningUnknown,
    ),
    row("accepted twice", accepted(), ACCEPT, WarningAlreadyAccepted),
    row("shadow after approval", approved(), AttachShadowRun(report="2" * 64), WrongState),
    row(
        "published with errors",
        published_before_the_check_was_severe(),
        PublishRulebook(),
        LintErrors,
    ),
    row(
        "published with warnings",
        approved(stage=linted()),
        PublishRulebook(),
        WarningsNotAccepted,
    ),
    row("published over an open sweep", approved_over(issued()), PublishRulebook(), SweepOpen),
    row("erratum of a draft", drafted(), FORWARDS, WrongState),
    row_of_first("erratum in a row", issued(), BACKWARDS, SweepOpen),
    row_of_first(
        "erratum of no clause",
        authorised(),
        ProposeErratum(to=msgspec.structs.replace(CORRECTED, clause="9.9"), effect="prospective"),
        ErratumClauseUnknown,
    ),
    row_of_first(
        "erratum of nothing",
        authorised(),
        ProposeErratum(to=CLAUSE, effect="prospective"),
        ErratumWithoutChange,
    ),
    row_of_first(
        "erratum with an error",
        authorised(),
        ProposeErratum(to=BROKEN, effect="prospective"),
        LintErrors,
    ),
    row_of_first("nothing proposed", authorised(), ISSUE, ErratumNotProposed),
    row_of_first(
        "superseded meanwhile",
        proposed(FORWARDS).given(
            "rulebook/RB-2026.1",
            RulebookSuperseded(by="RB-2026.2", effective_to=date(2026, 7, 1)),
        ),
        ISSUE,
        WrongState,
    ),
    row_of_first("erratum without case", proposed(), ISSUE, UnknownReference),
    row_of_first(
        "erratum undecided",
        opened(proposed(), "K", "rulebook/RB-2026.1", CORRECTED_HASH),
        ISSUE,
        CaseNotApproved,
    ),
    row_of_first(
        "case on the version, not on the erratum",
        decided(proposed(), "K", "rulebook/RB-2026.1", digest(FIRST)),
        ISSUE,
        ApprovedOtherContent,
    ),
    row_of_first(
        "erratum along another item",
        decided(proposed(), "K", "rulebook/RB-2026.1", CORRECTED_HASH, item="budget-adjustment"),
        ISSUE,
        ApprovedUnderOtherItem,
    ),
    row_of_first(
        "backwards without the committee",
        decided(proposed(), "K", "rulebook/RB-2026.1", CORRECTED_HASH),
        ISSUE,
        CommitteeDecisionRequired,
    ),
    row_of_first("sweep of nothing", authorised(), SWEEP, ErratumUnknown),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_rulebooks_refuse_what_would_make_the_rules_uncertain(row: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    row.check()


def test_every_declared_refusal_of_rulebooks_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("rulebook", REFUSED) == (set(), set())


def test_a_draft_is_recorded_clause_by_clause() -> None:
    """R125: header and clauses, put together again, are the document with the same hash."""
    stage = authorised()
    events = stage.do(DraftRulebook(document=SECOND), "RB-2026.2", **OPS)
    assert events[0] == RulebookDrafted(header=SECOND.header(), content_hash=HASH)
    assert events[1:] == [ClauseWritten(clause=clause) for clause in SECOND.clauses]


def test_a_check_reports_what_the_linter_finds() -> None:
    """SR-29: the report is the same as that of the linter; no error where there is none."""
    calendars = Surroundings(before=FIRST, calendar_years=frozenset({2026}))
    findings = lint(SECOND, calendars)
    assert not [finding for finding in findings if finding.severity == "error"]
    assert drafted().do(LintRulebook(), "RB-2026.2", **OPS) == [
        LintReported(content_hash=HASH, findings=findings)
    ]
    defects = lint(DEFECTIVE, calendars)
    assert [finding.code for finding in defects if finding.severity == "error"] == [
        "RB-CLAUSE-REPEATED"
    ]
    assert drafted(DEFECTIVE).do(LintRulebook(), "RB-2026.2", **OPS) == [
        LintReported(content_hash=digest(DEFECTIVE), findings=defects)
    ]


def test_the_first_rulebook_is_checked_against_nothing_before_it() -> None:
    """SR-29: no version before, no frozen period; no calendar, working days cannot be counted."""
    stage = Stage()
    for stream, placed in authorised().streams.items():
        if not stream.startswith(("rulebook/", "calendar/")):
            stage.given(stream, *(one.recorded.event for one in placed))
    document = version(2, effective_from=FREEZE.from_)
    stage.do(DraftRulebook(document=document), "RB-2026.2", **OPS)
    (report,) = stage.do(LintRulebook(), "RB-2026.2", **OPS)
    assert report == LintReported(
        content_hash=digest(document), findings=lint(document, Surroundings())
    )
    assert "RB-CALENDAR" in {finding.code for finding in warnings(stage)}


def test_a_warning_is_accepted_by_name_and_with_the_reason() -> None:
    """SR-29: who takes responsibility for which finding, and why, is in the event."""
    stage = linted()
    finding = next(one for one in warnings(stage) if one.path == ACCEPT.path)
    assert finding.facts == {"at": "1", "before": "0", "after": "80"}
    assert stage.do(ACCEPT, "RB-2026.2", **OPS) == [
        LintWarningAccepted(
            content_hash=HASH,
            check="RB-DISCONTINUITY",
            path="clauses[6].params",
            finding=digest(finding),
            accepted_by="ops-head",
            why="本意如此",
        )
    ]


def test_a_shadow_run_is_put_beside_the_draft() -> None:
    """Whoever approves sees by its digest what the draft would have done."""
    report = "2" * 64
    assert linted().do(AttachShadowRun(report=report), "RB-2026.2", **OPS) == [
        ShadowRunAttached(content_hash=HASH, report=report)
    ]


def test_an_erratum_that_works_backwards_opens_a_sweep() -> None:
    """Decision 4: the committee decides, the first day of the version counts, scores are swept."""
    stage = committee_decided(proposed())
    assert stage.do(ISSUE, "RB-2026.1", **OPS) == [
        ErratumIssued(
            erratum=1,
            clause="3.1",
            from_=CLAUSE,
            to=CORRECTED,
            effect="retroactive",
            effective_from=FOUNDED,
            case="K",
            content_hash=CORRECTED_HASH,
        )
    ]
    found, document = documents.rulebook_in_force(stage.world, date(2026, 1, 5))
    assert (found, document.clause("3.1")) == (CORRECTED_HASH, CORRECTED)
    assert documents.rulebook(stage.world, digest(FIRST)) == FIRST
    assert documents.rulebook(stage.world, CORRECTED_HASH) == document
    assert stage.do(SWEEP, "RB-2026.1", **OPS) == [ErratumSwept(erratum=1, report="3" * 64)]
    again = ProposeErratum(to=CLAUSE, effect="retroactive")
    assert stage.do(again, "RB-2026.1", **OPS) == [
        ErratumProposed(clause="3.1", to=CLAUSE, effect="retroactive", content_hash=digest(FIRST))
    ]


def test_a_case_decides_on_the_erratum_that_is_proposed() -> None:
    """R040: the content up for approval is the corrected document, its author who proposed it."""
    stage = authorised()
    rulebook = stage.world.get(RulebookState, "RB-2026.1")
    assert rulebook is not None
    assert rulebook.approvable_hash == digest(FIRST)
    assert subject_of(stage.world, "rulebook/RB-2026.1") == (digest(FIRST), (rulebook.drafter,))
    proposed(BACKWARDS, stage)
    content_hash, (author,) = subject_of(stage.world, "rulebook/RB-2026.1") or (None, (None,))
    assert (content_hash, author and author.person) == (CORRECTED_HASH, "ops-head")


def test_an_erratum_for_the_future_leaves_the_past_alone() -> None:
    """Published content is immutable: days before the erratum keep the document as it was."""
    stage = decided(proposed(FORWARDS), "K", "rulebook/RB-2026.1", CORRECTED_HASH)
    (event,) = stage.do(ISSUE, "RB-2026.1", **OPS)
    assert isinstance(event, ErratumIssued)
    assert event.effective_from == date(2026, 6, 1)
    before, on = date(2026, 5, 31), date(2026, 6, 1)
    assert documents.rulebook_in_force(stage.world, before)[0] == digest(FIRST)
    assert documents.rulebook_in_force(stage.world, on)[0] == CORRECTED_HASH


def test_a_version_that_is_superseded_can_be_corrected_backwards() -> None:
    """Scores computed by it may still be wrong."""
    stage = published()
    stage.do(BACKWARDS, "RB-2026.1", **OPS)
    committee_decided(stage).do(ISSUE, "RB-2026.1", **OPS)
    assert documents.rulebook_in_force(stage.world, date(2026, 6, 30))[0] == CORRECTED_HASH


def test_an_approved_version_takes_the_place_of_the_one_before() -> None:
    """R121, R125: one version is in force on each day; every version stays readable for replay."""
    stage = decided(accepted(), "K", "rulebook/RB-2026.2", HASH)
    assert stage.do(APPROVE, "RB-2026.2", **OPS) == [
        RulebookVersionApproved(case="K", content_hash=HASH)
    ]
    assert stage.do(PublishRulebook(), "RB-2026.2", **OPS) == [
        RulebookVersionPublished(content_hash=HASH, effective_from=date(2026, 7, 1)),
        RulebookSuperseded(by="RB-2026.2", effective_to=date(2026, 7, 1)),
    ]
    assert documents.rulebook_in_force(stage.world, date(2026, 6, 30)) == (digest(FIRST), FIRST)
    assert documents.rulebook_in_force(stage.world, date(2026, 7, 1)) == (HASH, SECOND)
    assert documents.rulebook(stage.world, digest(FIRST)) == FIRST
    with pytest.raises(NoneInForce):
        documents.rulebook_in_force(stage.world, date(2020, 1, 1))


def test_the_day_after_the_freeze_is_free() -> None:
    """R121: the frozen period holds from its first to its last day."""
    after = date.fromordinal(FREEZE.to.toordinal() + 1)
    stage = approved(version(2, effective_from=after))
    assert len(stage.do(PublishRulebook(), "RB-2026.2", **OPS)) == 2
    last = Refused(
        id="last day",
        stage=approved_when_nothing_was_found(version(2, effective_from=FREEZE.to)),
        command=PublishRulebook(),
        target="RB-2026.2",
        refusal=FrozenPeriod,
        act=OPS,
    )
    last.check()


def test_the_first_rulebook_may_state_a_day_that_is_past() -> None:
    """Nothing is rewritten by it, since no rulebook was in force before."""
    stage = Stage()
    for stream, placed in authorised().streams.items():
        if not stream.startswith("rulebook/"):
            stage.given(stream, *(one.recorded.event for one in placed))
    document = version(2, effective_from=date(2026, 1, 1))
    stage.do(DraftRulebook(document=document), "RB-2026.2", **OPS)
    stage.do(LintRulebook(), "RB-2026.2", **OPS)
    for warning in warnings(stage):
        accept = AcceptWarning(check=warning.code, path=warning.path, why="本意如此")
        stage.do(accept, "RB-2026.2", **OPS)
    stage.given(
        "rulebook/RB-2026.2", RulebookVersionApproved(case="K", content_hash=digest(document))
    )
    assert stage.do(PublishRulebook(), "RB-2026.2", **OPS) == [
        RulebookVersionPublished(content_hash=digest(document), effective_from=date(2026, 1, 1))
    ]


def test_a_draft_can_be_withdrawn() -> None:
    """A version that was never in force leaves only its history."""
    assert linted().do(WithdrawRulebook(), "RB-2026.2", **OPS) == [RulebookWithdrawn()]
