"""Events of a version of the rulebook (考核管理办法)."""

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from opsledger_contracts.documents.rulebook import Clause, RulebookHeader
from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Sha256, Text, Version
from opsledger_contracts.linting.finding import LintFinding

ErratumEffect = Annotated[
    Literal["prospective", "retroactive"],
    Meta(description="Whether it holds from its issue or from the first day of the version."),
]


class RulebookDrafted(Event, kw_only=True):
    """A version was drafted: all that stands beside the clauses, which follow one by one (R125)."""

    TYPE: ClassVar[str] = "rulebook.drafted.v1"
    header: RulebookHeader
    content_hash: Sha256
    """Hash of the whole document, header and clauses."""


class ClauseWritten(Event, kw_only=True):
    """A clause of the draft was written, in Chinese with an English gloss."""

    TYPE: ClassVar[str] = "rulebook.clause_written.v1"
    clause: Clause


class LintReported(Event, kw_only=True):
    """The draft was checked; errors stand against publishing, warnings until they are accepted."""

    TYPE: ClassVar[str] = "rulebook.lint_reported.v1"
    content_hash: Sha256
    findings: tuple[LintFinding, ...]


class LintWarningAccepted(Event, kw_only=True):
    """Somebody takes responsibility for a warning, by name and with the reason."""

    TYPE: ClassVar[str] = "rulebook.warning_accepted.v1"
    content_hash: Sha256
    check: Text
    """Identifier of the check, e.g. ``RB-DISCONTINUITY``."""
    path: Text
    finding: Sha256
    """Digest of the finding as it was reported."""
    accepted_by: Identifier
    why: Text


class ShadowRunAttached(Event, kw_only=True):
    """A run of the draft over a past period was put beside it; nothing official was touched."""

    TYPE: ClassVar[str] = "rulebook.shadow_attached.v1"
    content_hash: Sha256
    report: Sha256
    """Digest of the report of effects."""


class RulebookVersionApproved(Event, kw_only=True):
    """An approval case decided on exactly this content."""

    TYPE: ClassVar[str] = "rulebook.approved.v1"
    case: Identifier
    content_hash: Sha256


class RulebookVersionPublished(Event, kw_only=True):
    """The version is in force from a day on; its content never changes again (R121)."""

    TYPE: ClassVar[str] = "rulebook.published.v1"
    content_hash: Sha256
    effective_from: date


class ErratumProposed(Event, kw_only=True):
    """A correction of one clause of a published version was put up for decision."""

    TYPE: ClassVar[str] = "rulebook.erratum_proposed.v1"
    clause: Identifier
    to: Clause
    effect: ErratumEffect
    content_hash: Sha256
    """Hash of the whole document with the corrected clause, which is what a case decides on."""


class ErratumIssued(Event, kw_only=True):
    """A clause was corrected; the published document stays, the corrected one has its own hash.

    A prospective erratum holds from the day of issue, a retroactive one from the first day of the
    version, and then every score that used the clause has to be swept.
    """

    TYPE: ClassVar[str] = "rulebook.erratum_issued.v1"
    erratum: Version
    clause: Identifier
    from_: Clause = msgspec.field(name="from")
    to: Clause
    effect: ErratumEffect
    effective_from: date
    case: Identifier
    content_hash: Sha256
    """Hash of the whole document with the corrected clause."""


class ErratumSwept(Event, kw_only=True):
    """Every score that used the clause of a retroactive erratum was found and listed."""

    TYPE: ClassVar[str] = "rulebook.erratum_swept.v1"
    erratum: Version
    report: Sha256
    """Digest of the report of the sweep."""


class RulebookSuperseded(Event, kw_only=True):
    """A later version took its place from a day on."""

    TYPE: ClassVar[str] = "rulebook.superseded.v1"
    by: Identifier
    effective_to: date
    """First day on which it is no longer in force."""


class RulebookWithdrawn(Event, kw_only=True):
    """A draft was withdrawn."""

    TYPE: ClassVar[str] = "rulebook.withdrawn.v1"
