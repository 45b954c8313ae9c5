"""Checks of SR-29 in the cases that one published example does not show."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.linting.catalogue import CHECKS
from opsledger_contracts.linting.linter import Surroundings, lint, of_severity
from support import scoring_examples
from support.lint_examples import patched

BASE = "rulebook-RB-2026.2.json"
YEARS = Surroundings(calendar_years=frozenset({2026}))
Changes = list[dict[str, Any]]


def told(*changes: dict[str, Any]) -> list[tuple[str, str]]:
    """Checks and paths of what is found beyond the findings on the unchanged document."""
    usual = {(finding.code, finding.path) for finding in lint(patched(BASE, []), YEARS)}
    found = lint(patched(BASE, list(changes)), YEARS)
    return [(one.code, one.path) for one in found if (one.code, one.path) not in usual]


def replace(path: str, value: object) -> dict[str, Any]:
    """A change of one value."""
    return {"op": "replace", "path": path, "value": value}


def test_a_sound_rulebook_has_no_errors() -> None:
    """The published rulebook may be published: two warnings that somebody has to accept."""
    findings = lint(scoring_examples.rulebook(), Surroundings(calendar_years=frozenset({2025})))
    assert of_severity(findings, "error") == ()
    assert [(one.code, one.clause) for one in of_severity(findings, "warning")] == [
        ("RB-DISCONTINUITY", "3.2"),
        ("RB-DISCONTINUITY", "3.8"),
    ]
    assert {one.code for one in findings} <= set(CHECKS)


def test_findings_stand_by_severity() -> None:
    """Errors first, then warnings, then infos."""
    findings = lint(patched(BASE, [replace("/weights/total", "90")]), Surroundings())
    order = ["error", "warning", "info"]
    ranks = [order.index(finding.severity) for finding in findings]
    assert ranks == sorted(ranks)


LOSS = "/clauses/clause=3.13"
CASES: list[tuple[str, Changes, tuple[str, str]]] = [
    (
        "a planned loss of nothing",
        [replace(f"{LOSS}/item_params", []), replace(f"{LOSS}/params/target", "0")],
        ("RB-DIVISION-BY-ZERO", "clauses[17].params.target"),
    ),
    (
        "a planned loss that is a profit",
        [replace(f"{LOSS}/item_params", []), replace(f"{LOSS}/params/target", "5")],
        ("RB-SIGN", "clauses[17].params.target"),
    ),
    (
        "two equal points",
        [
            replace("/clauses/clause=3.2/item_params", ["threshold"]),
            replace("/clauses/clause=3.2/params/target", "5"),
            replace("/clauses/clause=3.2/params/stretch", "5.0"),
        ],
        ("RB-DIVISION-BY-ZERO", "clauses[6].params.stretch"),
    ),
    (
        "a range of points upside down",
        [replace("/clauses/clause=3.5/params/categories/2/points_max", "4")],
        ("RB-CAP-BELOW-BASE", "clauses[9].params.categories[2].points_max"),
    ),
    (
        "points that add instead of deducting",
        [replace("/clauses/clause=3.5/params/categories/0/points_min", "-1")],
        ("RB-CAP-BELOW-BASE", "clauses[9].params.categories[0].points_min"),
    ),
    (
        "a floor above the base",
        [replace("/clauses/clause=3.8/params/floor", "101")],
        ("RB-CAP-BELOW-BASE", "clauses[12].params.base"),
    ),
    (
        "a cap of the total below full marks",
        [replace("/total_range/cap", "99")],
        ("RB-CAP-BELOW-BASE", "total_range.cap"),
    ),
    (
        "an indicator defined twice",
        [
            replace(
                "/indicators",
                [{"indicator": "SALES", "zh": "销售额", "en": "sales", "unit": "cny_10k"}] * 2,
            )
        ],
        ("RB-DUPLICATE-KEY", "indicators[1]"),
    ),
    (
        "an indicator in an unknown unit",
        [
            replace(
                "/indicators",
                [{"indicator": "SALES", "zh": "销售额", "en": "sales", "unit": "bushel"}],
            )
        ],
        ("RB-UNIT-UNKNOWN", "indicators[0].unit"),
    ),
    (
        "a target in another unit than its indicator",
        [
            replace(
                "/indicators",
                [{"indicator": "SALES", "zh": "销售额", "en": "sales", "unit": "cny_10k"}],
            ),
            replace("/clauses/clause=3.1/indicator", "SALES"),
            replace("/clauses/clause=3.1/units", {"target": "tonne"}),
        ],
        ("RB-UNIT-MISMATCH", "clauses[5].units.target"),
    ),
    (
        "a unit of a parameter that there is not",
        [replace("/clauses/clause=3.1/units", {"goal": "tonne", "target": "tonne"})],
        ("RB-UNIT-MISMATCH", "clauses[5].units.goal"),
    ),
]


@pytest.mark.parametrize(
    ("changes", "expected"), [row[1:] for row in CASES], ids=[row[0] for row in CASES]
)
def test_what_is_wrong_is_found_where_it_is(changes: Changes, expected: tuple[str, str]) -> None:
    """Each change is reported by its check at its path."""
    assert expected in told(*changes)


def test_a_planned_loss_below_zero_is_sound() -> None:
    """The sign of a loss is minus."""
    changes = [replace(f"{LOSS}/item_params", []), replace(f"{LOSS}/params/target", "-300")]
    assert "RB-SIGN" not in {code for code, _ in told(*changes)}
    assert "RB-DIVISION-BY-ZERO" not in {code for code, _ in told(*changes)}


def test_per_cent_and_percentage_points_go_together() -> None:
    """A ratio of 8 % and a step of 0.1 percentage point are one unit."""
    units = {"target": "percent", "step": "percentage_point"}
    assert told(replace("/clauses/clause=3.7/units", units)) == []


def test_a_number_that_is_none_is_left_to_the_check_of_form() -> None:
    """Other checks do not stumble over a parameter without its form."""
    assert told(replace("/clauses/clause=3.8/params/base", "many")) == [
        ("RB-PARAMETER-SHAPE", "clauses[12].params.base")
    ]
    assert told(replace("/clauses/clause=3.8/params/base", value=True)) == [
        ("RB-PARAMETER-SHAPE", "clauses[12].params.base")
    ]


def test_a_rule_that_counts_calendar_days_only_needs_no_calendar() -> None:
    """SR-20: without a working day there is nothing to look up."""
    document = patched(BASE, [])
    changed = msgspec.structs.replace(
        document,
        timetable=(),
        adjustment=msgspec.structs.replace(document.adjustment, unit="CD"),
        force_majeure=msgspec.structs.replace(document.force_majeure, unit="CD"),
        appeal=msgspec.structs.replace(document.appeal, unit="CD"),
    )
    assert "RB-CALENDAR" not in {one.code for one in lint(changed, Surroundings())}
    assert "RB-CALENDAR" in {one.code for one in lint(document, Surroundings())}
