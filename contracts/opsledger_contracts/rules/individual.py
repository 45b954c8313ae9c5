"""Organisation by individual weighting by position (SR-18)."""

from collections.abc import Sequence
from fractions import Fraction

import msgspec

from opsledger_contracts.documents.rulebook import Rulebook, Tier, TierPolicy
from opsledger_contracts.rules.errors import UnknownTier
from opsledger_contracts.rules.numbers import exact, parse_decimal, weighted_mean
from opsledger_contracts.rules.rounding import rounded_text


class IndividualTotal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A combined total, exact and as published."""

    exact: str
    total: str


class TierDays(msgspec.Struct, frozen=True, kw_only=True):
    """Calendar days in a tier under one organisation score."""

    tier: str
    organisation: Fraction
    days: int


def tier_of(policy: TierPolicy, tier: str) -> Tier:
    """The tier of this name.

    Raises:
        UnknownTier: the policy has none.

    """
    for row in policy.tiers:
        if row.tier == tier:
            return row
    raise UnknownTier(clause=policy.clause, tier=tier)


def combine(
    organisation: Fraction, individual: Fraction, tier: str, rulebook: Rulebook
) -> IndividualTotal:
    """The total of someone who held one tier for the whole period.

    `organisation` is the carried total of the unit (`scoring.carried`).

    Raises:
        UnknownTier: the rulebook has no such tier.

    """
    return combine_over_time(
        (TierDays(tier=tier, organisation=organisation, days=1),), individual, rulebook
    )


def combine_over_time(
    spans: Sequence[TierDays], individual: Fraction, rulebook: Rulebook
) -> IndividualTotal:
    """The total of someone who moved, weighted by calendar days over positions.

    Raises:
        UnknownTier: the rulebook has no such tier.
        InvalidNumber: the spans have no day.

    """
    value = weighted_mean(
        [
            (
                parse_decimal(tier.organisation) * span.organisation
                + parse_decimal(tier.individual) * individual,
                Fraction(span.days),
            )
            for span in spans
            for tier in (tier_of(rulebook.tiers, span.tier),)
        ]
    )
    return IndividualTotal(exact=exact(value), total=rounded_text(value, "total", rulebook))
