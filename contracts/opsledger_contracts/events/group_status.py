"""Events of the operating status of the whole group."""

from typing import Annotated, ClassVar

import msgspec

from opsledger_contracts.event import Event
from opsledger_contracts.events.letter import Period
from opsledger_contracts.fields import (
    Count,
    DecimalText,
    Identifier,
    RationalText,
    Sha256,
    Title,
    Version,
)


class UnitStanding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit with the published score that it brings into the group, and its weight there."""

    unit: Identifier
    unit_type: Identifier
    weight: DecimalText
    assessment: Identifier
    score_version: Version
    total: RationalText
    """As the rulebook says that totals are carried: rounded, or exact."""
    vetoes: Count
    """Vetoes in force in that score."""


class GroupStatusCalculated(Event, kw_only=True):
    """The group's operating status was computed from the published scores (R129, SR-13)."""

    TYPE: ClassVar[str] = "group_status.calculated.v1"
    group_status: Identifier
    period: Period
    basis: Title
    """Approved document from which the weights come."""
    units: Annotated[tuple[UnitStanding, ...], msgspec.Meta(min_length=1)]
    total_exact: RationalText
    total: DecimalText
    status_by_bands: Identifier
    """What the status would be without vetoes."""
    operating_status: Identifier
    vetoes: Count
    rulebook: Sha256
    tree_digest: Sha256


class GroupStatusFlagged(Event, kw_only=True):
    """A score that the status counts was superseded; it is to be computed again (R160)."""

    TYPE: ClassVar[str] = "group_status.flagged.v1"
    assessment: Identifier
    score_version: Version
    """The superseded version."""
    superseded_by: Version
