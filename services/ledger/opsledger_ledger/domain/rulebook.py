"""The state of a version of the rulebook."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Literal, assert_never

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Clause, Rulebook, RulebookHeader
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.rulebook import (
    ClauseWritten,
    ErratumEffect,
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
from opsledger_ledger.domain.deciding import Noun, State
from opsledger_ledger.domain.deed import Deed, deed_of


class Erratum(msgspec.Struct, frozen=True, kw_only=True):
    """One correction of a clause, in force from a day on."""

    erratum: int
    to: Clause
    effect: ErratumEffect
    effective_from: date


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A correction that waits for its decision."""

    to: Clause
    effect: ErratumEffect
    content_hash: str
    proposer: Deed


class RulebookState(State):
    """A version of the rulebook as it stands."""

    NOUN: ClassVar[str] = "rulebook"

    header: RulebookHeader
    content_hash: str
    """Hash of the document as it was drafted and published."""
    drafter: Deed
    clauses: tuple[Clause, ...] = ()
    status: Literal["drafted", "linted", "approved", "published", "superseded", "withdrawn"] = (
        "drafted"
    )
    findings: tuple[LintFinding, ...] = ()
    """What the last check found."""
    accepted: dict[str, str] = msgspec.field(default_factory=dict)
    """Who accepted which warning, by the digest of the finding."""
    shadow_reports: tuple[str, ...] = ()
    case: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    """First day on which it is no longer in force."""
    errata: tuple[Erratum, ...] = ()
    proposal: Proposal | None = None
    sweeps_open: tuple[int, ...] = ()
    """Retroactive errata whose scores have not been swept."""
    corrected: dict[str, Rulebook] = msgspec.field(default_factory=dict)
    """Every content that an erratum ever brought about, by its hash."""

    @property
    def document(self) -> Rulebook:
        """The whole document as published; its digest is `content_hash`."""
        return Rulebook.of(self.header, self.clauses)

    @property
    def approvable_hash(self) -> str:
        """Hash of what an approval case on this version decides on now."""
        return self.content_hash if self.proposal is None else self.proposal.content_hash

    @property
    def author(self) -> Deed:
        """Who wrote what an approval case on this version decides on now."""
        return self.drafter if self.proposal is None else self.proposal.proposer

    def content(self, content_hash: str) -> Rulebook:
        """The document with this hash, as published or as an erratum left it."""
        return self.corrected.get(content_hash) or self.document

    def content_on(self, day: date) -> tuple[str, Rulebook]:
        """Hash and document with the errata that hold on a day."""
        holding = [erratum.to for erratum in self.errata if erratum.effective_from <= day]
        if not holding:
            return self.content_hash, self.document
        document = self.with_clauses(*holding)
        return digest(document), document

    def with_clauses(self, *corrected: Clause) -> Rulebook:
        """The published document with some clauses replaced, later ones over earlier ones."""
        clauses = {clause.clause: clause for clause in (*self.clauses, *corrected)}
        return Rulebook.of(self.header, tuple(clauses.values()))

    def clause_now(self, name: str) -> Clause | None:
        """A clause as the last erratum left it, None if the version does not have it."""
        now = self.with_clauses(*(erratum.to for erratum in self.errata))
        return next((clause for clause in now.clauses if clause.clause == name), None)

    def in_force_on(self, day: date) -> bool:
        """Tell whether the version is in force on a day."""
        return (
            self.effective_from is not None
            and self.effective_from <= day
            and (self.effective_to is None or day < self.effective_to)
        )


RulebookEvent = (
    RulebookDrafted
    | ClauseWritten
    | LintReported
    | LintWarningAccepted
    | ShadowRunAttached
    | RulebookVersionApproved
    | RulebookVersionPublished
    | ErratumProposed
    | ErratumIssued
    | ErratumSwept
    | RulebookSuperseded
    | RulebookWithdrawn
)


def evolve(state: RulebookState | None, event: Event, envelope: Envelope) -> RulebookState:
    """Fold one event of a version of the rulebook."""
    happened: RulebookEvent = event  # type: ignore[assignment]
    if isinstance(happened, RulebookDrafted):
        return RulebookState(
            id=happened.header.name,
            header=happened.header,
            content_hash=happened.content_hash,
            drafter=deed_of("initiate", envelope),
        )
    assert state is not None, envelope.stream
    match happened:
        case ClauseWritten():
            state.clauses = (*state.clauses, happened.clause)
        case LintReported():
            state.status = "linted"
            state.findings = happened.findings
        case LintWarningAccepted():
            state.accepted[happened.finding] = happened.accepted_by
        case ShadowRunAttached():
            state.shadow_reports = (*state.shadow_reports, happened.report)
        case RulebookVersionApproved():
            state.status = "approved"
            state.case = happened.case
        case RulebookVersionPublished():
            state.status = "published"
            state.effective_from = happened.effective_from
        case ErratumProposed():
            state.proposal = Proposal(
                to=happened.to,
                effect=happened.effect,
                content_hash=happened.content_hash,
                proposer=deed_of("initiate", envelope),
            )
        case ErratumIssued():
            _correct(state, happened)
        case ErratumSwept():
            state.sweeps_open = tuple(
                number for number in state.sweeps_open if number != happened.erratum
            )
        case RulebookSuperseded():
            state.status = "superseded"
            state.effective_to = happened.effective_to
        case RulebookWithdrawn():
            state.status = "withdrawn"
        case _:
            assert_never(happened)
    return state


def _correct(state: RulebookState, issued: ErratumIssued) -> None:
    state.proposal = None
    erratum = Erratum(
        erratum=issued.erratum,
        to=issued.to,
        effect=issued.effect,
        effective_from=issued.effective_from,
    )
    state.errata = (*state.errata, erratum)
    if issued.effect == "retroactive":
        state.sweeps_open = (*state.sweeps_open, issued.erratum)
    for day in sorted({one.effective_from for one in state.errata}):
        content_hash, document = state.content_on(day)
        state.corrected[content_hash] = document


def keys(state: RulebookState) -> Iterator[tuple[str, str]]:
    """Find what was ever published, by content and all together."""
    if state.effective_from is not None:
        yield "rulebook_by_hash", state.content_hash
        for content_hash in state.corrected:
            yield "rulebook_by_hash", content_hash
        yield "rulebook_published", "all"


RULEBOOK = Noun(
    state=RulebookState,
    evolve=evolve,
    keys=keys,
    rekeyed_by=frozenset(
        (
            RulebookVersionPublished,
            ErratumIssued,
        )
    ),
)
