"""Events of a target letter (目标责任书): drafted, agreed, signed, amended, closed."""

from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from opsledger_contracts.documents.rulebook import ItemLevel, ParameterName
from opsledger_contracts.event import Event
from opsledger_contracts.fields import (
    Count,
    DecimalText,
    Identifier,
    RationalText,
    Sha256,
    Text,
    Title,
    Version,
)
from opsledger_contracts.rules.inputs import ItemParameter

Period = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{4}(-(0[1-9]|1[0-2])|-Q[1-4])?$(?!\n)",
        description="Year `2026`, quarter `2026-Q1` or month `2026-03`.",
        examples=["2026"],
    ),
]

LetterKind = Annotated[
    Literal["annual", "monthly"], Meta(description="Period for which the letter promises.")
]
Party = Annotated[
    Literal["issuer", "responsible"], Meta(description="Side of the letter that signs.")
]

ItemValue = str | Count | tuple[str, ...] | dict[str, str] | None


class LetterItem(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One weighted promise of a letter and the terms on which it is assessed."""

    item: Identifier
    name: Title
    category: Identifier
    level: ItemLevel
    """Weight class of the rulebook; key items must carry a minimum share."""
    weight: RationalText
    """Points of 100; exact, so a weight after re-basing may be `540/173`."""
    clause: Identifier
    """Clause of the rulebook that scores the item (rule_ref)."""
    matrix_item: Identifier
    """Key work item of the authority matrix to which the item belongs (R036)."""
    responsible: Identifier
    """The one primarily responsible unit (R046)."""
    responsible_person: Identifier
    data_owner: Identifier
    """Unit that states the actual value; never the assessed unit's own word alone."""
    completion_standard: Text
    deliverables: tuple[Title, ...] = ()
    taxonomy: Identifier | None = None
    indicator: Identifier | None = None
    unit: Title | None = None
    """Unit of measure of baseline, threshold, target and stretch, such as 万元 or %."""
    baseline: DecimalText | None = None
    threshold: DecimalText | None = None
    target: DecimalText | None = None
    stretch: DecimalText | None = None
    params: dict[ParameterName, ItemParameter] = {}
    """Further parameters of the clause for this item."""
    node_level: Annotated[int, Meta(ge=1, le=3)] | None = None
    start: date | None = None
    due: date | None = None
    buffer_days: Annotated[int, Meta(ge=0, le=366)] = 0
    supporting: tuple[Identifier, ...] = ()
    depends_on: tuple[Identifier, ...] = ()
    contributes_to: Identifier | None = None
    """Goal of the plan that the item serves (R085)."""
    parent_item: Identifier | None = None
    """Item of the annual letter to which a monthly item traces; absent means ad hoc (R083)."""
    funding_plan: Identifier | None = None


class FieldChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of an item before and after; an absent value is null."""

    field: Annotated[str, Meta(pattern=r"^[a-z_]{1,32}$(?!\n)")]
    before: ItemValue = msgspec.field(name="from")
    after: ItemValue = msgspec.field(name="to")


class ItemChange(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What happens to one item in a change of the letter: added, removed, or fields revised."""

    item: Identifier
    added: LetterItem | None = None
    removed: bool = False
    changes: tuple[FieldChange, ...] = ()


class LetterDrafted(Event, kw_only=True):
    """A letter was drafted; its items follow as events of their own."""

    TYPE: ClassVar[str] = "letter.drafted.v1"
    letter: Identifier
    kind: LetterKind
    title: Title
    period: Period
    issuer: Identifier
    responsible_unit: Identifier
    responsible_person: Identifier
    rulebook: Sha256
    matrix: Sha256
    calendar: Sha256
    parent: Identifier | None = None
    plan: Identifier | None = None


class LetterItemAdded(Event, kw_only=True):
    """An item was added to a draft."""

    TYPE: ClassVar[str] = "letter.item_added.v1"
    item: LetterItem


class LetterItemRevised(Event, kw_only=True):
    """Fields of an item of a draft were revised."""

    TYPE: ClassVar[str] = "letter.item_revised.v1"
    item: Identifier
    changes: tuple[FieldChange, ...]


class LetterItemRemoved(Event, kw_only=True):
    """An item was taken out of a draft."""

    TYPE: ClassVar[str] = "letter.item_removed.v1"
    item: Identifier


class LetterSubmitted(Event, kw_only=True):
    """The responsible unit submitted the draft as it stood."""

    TYPE: ClassVar[str] = "letter.submitted.v1"
    content_hash: Sha256


class LetterReturned(Event, kw_only=True):
    """The letter went back to the drafter."""

    TYPE: ClassVar[str] = "letter.returned.v1"
    reasons: tuple[Text, ...]


class LetterBalanced(Event, kw_only=True):
    """A balancing session agreed the letter with all others, with or without changes (R063)."""

    TYPE: ClassVar[str] = "letter.balanced.v1"
    cycle: Identifier
    session: Identifier
    content_hash: Sha256
    changes: tuple[ItemChange, ...] = ()


class LetterItemImposed(Event, kw_only=True):
    """The authority imposed an item after consultation; other weights were re-based (R088)."""

    TYPE: ClassVar[str] = "letter.item_imposed.v1"
    item: LetterItem
    consultation: Identifier
    changes: tuple[ItemChange, ...] = ()
    """New weights of the other items."""


class LetterItemStruck(Event, kw_only=True):
    """The authority struck an item after consultation (R088)."""

    TYPE: ClassVar[str] = "letter.item_struck.v1"
    item: Identifier
    consultation: Identifier
    changes: tuple[ItemChange, ...] = ()
    """New weights of the items that are left."""


class SupportCommitmentGiven(Event, kw_only=True):
    """A supporting unit bound itself to what an item needs (横向承诺, R087)."""

    TYPE: ClassVar[str] = "letter.commitment_given.v1"
    item: Identifier
    unit: Identifier
    what: Text
    by_when: date


class SupportCommitmentRefused(Event, kw_only=True):
    """A supporting unit refused; conflict handling may follow (R087)."""

    TYPE: ClassVar[str] = "letter.commitment_refused.v1"
    item: Identifier
    unit: Identifier
    what: Text


class LetterApproved(Event, kw_only=True):
    """An approval case decided on exactly this content."""

    TYPE: ClassVar[str] = "letter.approved.v1"
    case: Identifier
    content_hash: Sha256


class LetterSigned(Event, kw_only=True):
    """A party signed the content hash."""

    TYPE: ClassVar[str] = "letter.signed.v1"
    party: Party
    signer: Identifier
    position: Identifier
    content_hash: Sha256


class LetterTookEffect(Event, kw_only=True):
    """Both parties had signed the same hash; the letter is in force as revision 1."""

    TYPE: ClassVar[str] = "letter.took_effect.v1"
    effective_from: date
    revision: Version


class LetterAmended(Event, kw_only=True):
    """An approved adjustment changed the letter, which is a new revision."""

    TYPE: ClassVar[str] = "letter.amended.v1"
    adjustment: Identifier
    revision: Version
    changes: tuple[ItemChange, ...]
    effective_from: date
    content_hash: Sha256


class LetterPeriodEnded(Event, kw_only=True):
    """The period of the letter is over; nothing more can be adjusted."""

    TYPE: ClassVar[str] = "letter.period_ended.v1"


class LetterTerminated(Event, kw_only=True):
    """The letter ended before its period."""

    TYPE: ClassVar[str] = "letter.terminated.v1"
    successors: tuple[Identifier, ...] = ()


class LetterWithdrawn(Event, kw_only=True):
    """The drafter withdrew a letter that was not yet signed."""

    TYPE: ClassVar[str] = "letter.withdrawn.v1"


class LetterClosed(Event, kw_only=True):
    """The final assessment closed the letter."""

    TYPE: ClassVar[str] = "letter.closed.v1"
    assessment: Identifier
