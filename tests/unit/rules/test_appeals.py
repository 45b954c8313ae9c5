"""Limits and admissibility of appeals (SR-23)."""

from datetime import date

import pytest

from opsledger_contracts.rules.appeals import (
    admissibility_deadline,
    appeal_deadline,
    appeal_findings,
    decision_deadline,
    second_appeal_deadline,
)
from support.released import Released
from support.scoring_examples import calendar, rulebook

POLICY = rulebook().appeal
CN_2027 = calendar("CN-2027.1")
PUBLISHED_ON = date(2027, 1, 28)


def test_the_limits_of_scenario_s2() -> None:
    """Appeal until 02-04; decision 02-18 on weekdays, 02-24 over the holidays (R155)."""
    assert appeal_deadline(PUBLISHED_ON, POLICY, CN_2027).due == date(2027, 2, 4)
    accepted_on = date(2027, 2, 4)
    assert decision_deadline(accepted_on, POLICY, calendar("weekdays")).due == date(2027, 2, 18)
    assert decision_deadline(accepted_on, POLICY, CN_2027).due == date(2027, 2, 24)


def test_the_other_limits_of_the_procedure(released: Released) -> None:
    """Admissibility in 2, second instance filed in 5 and decided in 15 working days."""
    assert admissibility_deadline(date(2027, 2, 2), POLICY, CN_2027).due == date(2027, 2, 4)
    assert second_appeal_deadline(date(2027, 2, 17), POLICY, CN_2027).due == date(2027, 2, 24)
    second = decision_deadline(date(2027, 3, 1), POLICY, CN_2027, second=True)
    assert second.due == date(2027, 3, 22)
    released(
        [
            appeal_deadline(PUBLISHED_ON, POLICY, CN_2027),
            admissibility_deadline(date(2027, 2, 2), POLICY, CN_2027),
            decision_deadline(date(2027, 2, 4), POLICY, CN_2027),
            second_appeal_deadline(date(2027, 2, 17), POLICY, CN_2027),
            second,
        ]
    )


@pytest.mark.parametrize(
    ("filed_on", "grounds", "codes"),
    [
        (date(2027, 2, 2), ("adjustment_omitted",), []),
        (date(2027, 2, 4), ("input_wrong", "grade_or_quota"), []),
        (date(2027, 2, 12), ("input_wrong",), ["filed_late"]),
        (date(2027, 2, 2), (), ["ground_missing"]),
        (date(2027, 2, 2), ("unfair",), ["ground_unknown"]),
        (date(2027, 2, 12), ("unfair", "input_wrong"), ["filed_late", "ground_unknown"]),
    ],
    ids=["S2", "last day", "late", "no ground", "unknown ground", "late and unknown"],
)
def test_an_appeal_is_admissible_in_time_and_on_a_ground(
    filed_on: date, grounds: tuple[str, ...], codes: list[str], released: Released
) -> None:
    """Late or groundless appeals are inadmissible and say why (R155)."""
    limit = appeal_deadline(PUBLISHED_ON, POLICY, CN_2027)
    findings = appeal_findings(filed_on, grounds, limit, POLICY)
    assert [finding.code for finding in findings] == codes
    released(findings)
