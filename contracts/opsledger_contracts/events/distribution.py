"""Events of the forced distribution of individual grades in a unit (SR-21)."""

from datetime import date
from typing import ClassVar, Literal

import msgspec

from opsledger_contracts.event import Event
from opsledger_contracts.events.letter import Period
from opsledger_contracts.fields import Count, Identifier, Sha256, Text, Version


class Quota(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many persons may (`max`) or must (`min`) have one of the grades."""

    grades: tuple[Identifier, ...]
    bound: Literal["max", "min"]
    """Whether there may be at most, or must be at least, so many."""
    persons: Count


class QuotaDerived(Event, kw_only=True):
    """Quotas were derived from a published score version and the headcount (R145)."""

    TYPE: ClassVar[str] = "distribution.quota_derived.v1"
    distribution: Identifier
    unit: Identifier
    period: Period
    assessment: Identifier
    score_version: Version
    organisation_grade: Identifier
    headcount: Count
    headcount_on: date
    quotas: tuple[Quota, ...]
    rulebook: Sha256


class IndividualGradeAssigned(Event, kw_only=True):
    """A person's result was given a grade inside the quotas."""

    TYPE: ClassVar[str] = "distribution.grade_assigned.v1"
    person: Identifier
    result: Identifier
    grade: Identifier


class DistributionConflictRaised(Event, kw_only=True):
    """Grades already assigned no longer fit the quotas."""

    TYPE: ClassVar[str] = "distribution.conflict_raised.v1"
    grades: tuple[Identifier, ...]
    assigned: Count
    allowed: Count


class QuotaExceptionGranted(Event, kw_only=True):
    """An approver allowed more persons than the quota (SR-21)."""

    TYPE: ClassVar[str] = "distribution.exception_granted.v1"
    grades: tuple[Identifier, ...]
    persons: Count
    explanation: Text


class DistributionConfirmed(Event, kw_only=True):
    """The distribution was confirmed."""

    TYPE: ClassVar[str] = "distribution.confirmed.v1"
