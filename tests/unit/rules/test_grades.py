"""Grades of organisations and the nearest boundary (SR-14)."""

from fractions import Fraction

import msgspec
import pytest

from opsledger_contracts.rules.errors import OutsideBands
from opsledger_contracts.rules.grades import grade_of, nearest_boundary
from support.released import Released
from support.scoring_examples import rulebook, vectors

POLICY = rulebook().grades


@pytest.mark.parametrize("case", vectors("SR-14")["cases"], ids=lambda case: case["total"])
def test_a_total_has_one_grade_and_a_nearest_boundary(case: dict[str, str]) -> None:
    """Bands are half open, and the distance to the next grade is told (R132)."""
    total = Fraction(case["total"])
    boundary = nearest_boundary(total, POLICY)
    assert grade_of(total, POLICY).grade == case["grade"]
    assert boundary is not None
    assert boundary.en == case["boundary"]
    assert boundary.grade == case["grade"]


def test_the_boundary_is_told_in_chinese() -> None:
    """The assessed party reads how much is missing."""
    below, above = (nearest_boundary(Fraction(text), POLICY) for text in ("94.96", "96.26"))
    assert below is not None
    assert below.zh == "距 A 差 0.04 分"
    assert above is not None
    assert above.zh == "高于 B 上限 1.26 分"


def test_a_single_grade_has_no_boundary() -> None:
    """Where there is nothing to cross, nothing is near."""
    only = msgspec.structs.replace(POLICY.bands[0], lo=None)
    policy = msgspec.structs.replace(POLICY, bands=(only,))
    assert nearest_boundary(Fraction(50), policy) is None


def test_a_total_outside_every_band_is_an_error(released: Released) -> None:
    """A rulebook with a gap gives no grade rather than a wrong one."""
    policy = msgspec.structs.replace(POLICY, bands=POLICY.bands[:1])
    with pytest.raises(OutsideBands, match=r"lies in no band of clause 5\.1") as refused:
        grade_of(Fraction(50), policy)
    released(refused.value)
