"""Organisation by individual weighting by position (SR-18)."""

from fractions import Fraction

import pytest

from opsledger_contracts.rules.errors import InvalidNumber, UnknownTier
from opsledger_contracts.rules.individual import TierDays, combine, combine_over_time
from opsledger_contracts.rules.numbers import exact
from support.released import Released
from support.scoring_examples import rulebook, vectors

RULEBOOK = rulebook()


@pytest.mark.parametrize(
    "case", vectors("SR-18")["cases"], ids=lambda case: f"{case['tier']} {case['organisation']}"
)
def test_a_tier_weighs_organisation_and_individual(case: dict[str, str]) -> None:
    """The worked totals for both organisation scores of scenario S2 (R144)."""
    total = combine(
        Fraction(case["organisation"]), Fraction(case["individual"]), case["tier"], RULEBOOK
    )
    assert total.exact == exact(Fraction(case["exact"]))
    assert total.total == case["out"]


def test_who_moved_is_weighted_by_calendar_days() -> None:
    """Half a year as staff under 96.26 and half as supervisor under 90."""
    spans = (
        TierDays(tier="staff", organisation=Fraction("96.26"), days=181),
        TierDays(tier="supervisor", organisation=Fraction(90), days=184),
    )
    staff, supervisor = Fraction("92.578"), Fraction("90.5")
    expected = (staff * 181 + supervisor * 184) / 365
    assert combine_over_time(spans, Fraction(91), RULEBOOK).exact == exact(expected)


def test_a_tier_must_be_in_the_rulebook(released: Released) -> None:
    """No weights are invented for an unknown tier, nor for no time at all."""
    with pytest.raises(UnknownTier, match="no tier intern") as refused:
        combine(Fraction(90), Fraction(90), "intern", RULEBOOK)
    released(refused.value)
    with pytest.raises(InvalidNumber):
        combine_over_time((), Fraction(90), RULEBOOK)
