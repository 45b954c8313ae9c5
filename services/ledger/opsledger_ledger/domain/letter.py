"""Target letters (目标责任书): what a letter says, how far it has come, and its revisions.

What can be asked of a letter stands in the modules beside this one: drafting, agreement, signing
and ending. `opsledger_contracts.letters` folds the content, so both services agree on its hash.
"""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Final, Literal, assert_never

import msgspec

from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.letter import (
    LetterAmended,
    LetterApproved,
    LetterBalanced,
    LetterClosed,
    LetterDrafted,
    LetterItem,
    LetterItemAdded,
    LetterItemImposed,
    LetterItemRemoved,
    LetterItemRevised,
    LetterItemStruck,
    LetterPeriodEnded,
    LetterReturned,
    LetterSigned,
    LetterSubmitted,
    LetterTerminated,
    LetterTookEffect,
    LetterWithdrawn,
    Party,
    SupportCommitmentGiven,
    SupportCommitmentRefused,
)
from opsledger_contracts.letters import (
    LetterDocument,
    amend_items,
    content_hash,
    first_document,
    item_changes,
    revise_item,
)
from opsledger_contracts.problems.general import WrongState
from opsledger_ledger.domain.commitments import Commitments
from opsledger_ledger.domain.deciding import Noun, State
from opsledger_ledger.domain.deed import Deed, deed_of

LetterStatus = Literal[
    "drafted",
    "submitted",
    "returned",
    "balanced",
    "approved",
    "signed",
    "in_force",
    "period_ended",
    "closed",
    "withdrawn",
    "terminated",
]

OPEN_TO_DRAFTER: Final[tuple[LetterStatus, ...]] = ("drafted", "returned")
"""The drafter may still write."""
BEFORE_APPROVAL: Final[tuple[LetterStatus, ...]] = ("drafted", "returned", "submitted", "balanced")
COUNTS_FOR_PERIOD: Final[tuple[LetterStatus, ...]] = ("in_force", "period_ended", "closed")
"""The letter is, or was to the end, the one in force for its period."""
DROPPED: Final[tuple[LetterStatus, ...]] = ("withdrawn", "terminated")


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed for a party, in which position, over which content."""

    signer: str
    position: str
    content_hash: str


class LetterRevision(msgspec.Struct, frozen=True, kw_only=True):
    """The letter as it was in force from a day on, until the next revision."""

    revision: int
    document: LetterDocument
    content_hash: str
    effective_from: date
    adjustment: str | None
    """What brought the revision about; None for the signed letter itself."""
    stream_version: int
    """Version of the event that put the revision in force."""


class LetterState(State):
    """A letter as it stands."""

    NOUN: ClassVar[str] = "letter"

    heading: LetterDocument
    """What the letter says apart from its items."""
    drafter: Deed
    items: dict[str, LetterItem] = {}
    """By code, in their order."""
    status: LetterStatus = "drafted"
    approved_case: str | None = None
    signatures: dict[Party, Signature] = {}
    commitments: Commitments = msgspec.field(default_factory=Commitments)
    revisions: list[LetterRevision] = []
    assessment: str | None = None

    @property
    def document(self) -> LetterDocument:
        """What the letter says now."""
        return msgspec.structs.replace(self.heading, items=tuple(self.items.values()))

    @property
    def content_hash(self) -> str:
        """Hash of what the letter says now; approvals and signatures bind to it."""
        return content_hash(self.document)

    def at_revision(self, revision: int) -> LetterRevision | None:
        """Find a revision by its number."""
        return next((found for found in self.revisions if found.revision == revision), None)

    def require_status(self, *expected: LetterStatus) -> None:
        """Insist on one of the named states.

        Raises:
            WrongState: the letter is in another one.

        """
        if self.status not in expected:
            raise WrongState(
                noun="target letter",
                id=self.id,
                found=self.status,
                expected=" or ".join(expected),
            )


LetterEvent = (
    LetterDrafted
    | LetterItemAdded
    | LetterItemRevised
    | LetterItemRemoved
    | LetterSubmitted
    | LetterReturned
    | LetterBalanced
    | LetterItemImposed
    | LetterItemStruck
    | SupportCommitmentGiven
    | SupportCommitmentRefused
    | LetterApproved
    | LetterSigned
    | LetterTookEffect
    | LetterAmended
    | LetterPeriodEnded
    | LetterTerminated
    | LetterWithdrawn
    | LetterClosed
)


def evolve(state: LetterState | None, event: Event, envelope: Envelope) -> LetterState:
    """Fold one event of a letter."""
    happened: LetterEvent = event  # type: ignore[assignment]
    if isinstance(happened, LetterDrafted):
        drafter = deed_of("initiate", envelope)
        heading = first_document(happened)
        return LetterState(id=happened.letter, heading=heading, drafter=drafter)
    assert state is not None, envelope.stream
    # What comes by the thousand stands first, since the cases are asked in their order.
    match happened:
        case LetterItemRevised():
            state.items[happened.item] = revise_item(state.items[happened.item], happened.changes)
        case SupportCommitmentGiven():
            state.commitments.record(happened.item, happened.unit, bound=True)
        case SupportCommitmentRefused():
            state.commitments.record(happened.item, happened.unit, bound=False)
        case LetterItemAdded():
            state.items[happened.item.item] = happened.item
        case LetterItemRemoved():
            del state.items[happened.item]
        case LetterItemImposed() | LetterItemStruck():
            amend_items(state.items, item_changes(happened))
        case LetterSubmitted():
            state.status = "submitted"
        case LetterReturned():
            state.status = "returned"
        case LetterBalanced():
            amend_items(state.items, happened.changes)
            state.status = "balanced"
        case LetterApproved():
            state.status = "approved"
            state.approved_case = happened.case
        case LetterSigned():
            state.status = "signed"
            state.signatures[happened.party] = Signature(
                signer=happened.signer,
                position=happened.position,
                content_hash=happened.content_hash,
            )
        case LetterTookEffect():
            state.status = "in_force"
            state.revisions.append(_revision(happened, state.document, envelope))
        case LetterAmended():
            amend_items(state.items, happened.changes)
            state.status = "in_force"
            state.revisions.append(_revision(happened, state.document, envelope))
        case LetterPeriodEnded():
            state.status = "period_ended"
        case LetterTerminated():
            state.status = "terminated"
        case LetterWithdrawn():
            state.status = "withdrawn"
        case LetterClosed():
            state.status = "closed"
            state.assessment = happened.assessment
        case _:
            assert_never(happened)
    return state


def _revision(
    event: LetterTookEffect | LetterAmended, document: LetterDocument, envelope: Envelope
) -> LetterRevision:
    return LetterRevision(
        revision=event.revision,
        document=document,
        content_hash=content_hash(document),
        effective_from=event.effective_from,
        adjustment=event.adjustment if isinstance(event, LetterAmended) else None,
        stream_version=envelope.version,
    )


def keys(state: LetterState) -> Iterator[tuple[str, str]]:
    """Find letters by unit, by period, and the one in force for unit, kind and period."""
    document = state.heading
    yield "letter_by_unit", document.responsible_unit
    if state.status not in DROPPED:
        yield "letter_by_period", document.period
    if state.status in COUNTS_FOR_PERIOD:
        yield "letter_in_force", in_force_key(document)


def in_force_key(document: LetterDocument) -> str:
    """Name what only one letter may be in force for."""
    return f"{document.responsible_unit}:{document.kind}:{document.period}"


LETTER = Noun(
    state=LetterState,
    evolve=evolve,
    keys=keys,
    rekeyed_by=frozenset(
        (
            LetterSubmitted,
            LetterReturned,
            LetterBalanced,
            LetterApproved,
            LetterSigned,
            LetterTookEffect,
            LetterAmended,
            LetterPeriodEnded,
            LetterTerminated,
            LetterWithdrawn,
            LetterClosed,
        )
    ),
)
