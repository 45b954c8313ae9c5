"""Warning levels of nodes and the gap of their progress (SR-19)."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger_contracts.documents.structure import WarningPolicy
from opsledger_contracts.rules.errors import InvalidRulebook
from opsledger_contracts.rules.warnings import GAP_RULES, NodeFacts, warned
from support.released import Released
from support.scoring_examples import rulebook, vectors

RULEBOOK = rulebook("RB-2026.2")
CASES = vectors("SR-19")["cases"]
LEVELS = (None, "blue", "yellow", "orange", "red")


def _policy() -> WarningPolicy:
    assert isinstance(RULEBOOK.warnings, WarningPolicy)
    return RULEBOOK.warnings


def _facts(**known: Any) -> NodeFacts:
    terms: dict[str, Any] = dict.fromkeys(
        ("done_on", "forecast", "progress_planned", "progress_actual")
    )
    return NodeFacts(**{"node_level": "2", "due": date(2026, 6, 30), **terms, **known})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_warning_follows_from_what_is_known_on_the_day(
    case: dict[str, Any], released: Released
) -> None:
    """Boundaries 7, 8, 14 and 15 days, level-1 nodes, forecast, reminder."""
    facts = msgspec.convert(case["node"], NodeFacts)
    found = warned(facts, date.fromisoformat(case["on"]), RULEBOOK)
    assert (found.level, found.days_late) == (case["level"], case["days_late"])
    assert found.days_to_next == case["days_to_next"]
    assert [duty.level for duty in found.duties] == [
        level for level in ("yellow", "orange", "red") if level == case["level"]
    ]
    assert found.clause == "8.2"
    released(found)


def test_a_warning_is_explained_with_its_next_level() -> None:
    """The owner reads how late the node is and when the warning rises."""
    found = warned(_facts(), date(2026, 7, 7), RULEBOOK)
    assert found.zh == "2026-07-07 评定：延误 7 天，黄色预警，再延误 1 天升级"
    assert found.en == "on 2026-07-07: 7 days late, yellow warning, the next level in 1 days"
    assert found.duties[0].working_days == 2
    quiet = warned(_facts(), date(2026, 6, 1), RULEBOOK)
    assert (quiet.zh, quiet.en) == (
        "2026-06-01 评定：距期限 29 天，无预警",
        "on 2026-06-01: due in 29 days, no warning",
    )


def test_bands_may_begin_later(released: Released) -> None:
    """Where the first row begins at day 3, two days late are no warning yet."""
    rows = tuple(
        msgspec.structs.replace(row, late=row.late[1:]) for row in _policy().nodes if row.late
    )
    warnings = msgspec.structs.replace(_policy(), nodes=rows)
    found = warned(_facts(), date(2026, 7, 2), msgspec.structs.replace(RULEBOOK, warnings=warnings))
    assert (found.level, found.days_late, found.days_to_next) == (None, 2, 6)
    released(found)


def test_bands_may_stand_in_any_order() -> None:
    """Which band a delay is in does not depend on the order of the rows."""
    rows = tuple(msgspec.structs.replace(row, late=row.late[::-1]) for row in _policy().nodes)
    turned = msgspec.structs.replace(
        RULEBOOK, warnings=msgspec.structs.replace(_policy(), nodes=rows)
    )
    for days in (1, 7, 8, 14, 15, 40):
        on = date(2026, 6, 30) + timedelta(days=days)
        assert warned(_facts(), on, turned) == warned(_facts(), on, RULEBOOK)


def test_a_level_without_a_row_is_refused(released: Released) -> None:
    """A table that knows only level 1 warns of no other node."""
    warnings = msgspec.structs.replace(_policy(), nodes=_policy().nodes[:1])
    with pytest.raises(InvalidRulebook, match=r"warnings\.nodes: no row for 2") as refused:
        warned(_facts(), date(2026, 7, 2), msgspec.structs.replace(RULEBOOK, warnings=warnings))
    released(refused.value)


@pytest.mark.parametrize("change", [None, {"rule": "x@1"}, {"gap_rule": "x@1"}], ids=str)
def test_without_section_or_rule_nothing_is_warned(
    change: dict[str, str] | None, released: Released
) -> None:
    """A rulebook without warnings, or of a newer engine, is refused."""
    section: Any = msgspec.UNSET
    if change is not None:
        section = msgspec.structs.replace(_policy(), **change)
    with pytest.raises(InvalidRulebook, match="warnings") as refused:
        warned(_facts(), date(2026, 7, 2), msgspec.structs.replace(RULEBOOK, warnings=section))
    released(refused.value)


@pytest.mark.parametrize(
    ("planned", "actual", "gap"),
    [("80", "70", Fraction(10)), ("80", "70.01", Fraction("9.99")), ("70", "80", Fraction(-10))],
)
def test_the_gap_is_exact(planned: str, actual: str, gap: Fraction) -> None:
    """9.99 points are not 10."""
    facts = _facts(progress_planned=planned, progress_actual=actual)
    assert GAP_RULES["forecast_gap@1"](facts) == gap


def test_an_unknown_progress_has_no_gap() -> None:
    """Nothing is assumed for what nobody reported."""
    assert GAP_RULES["forecast_gap@1"](_facts(progress_actual="3")) is None
    assert GAP_RULES["forecast_gap@1"](_facts(progress_planned="3")) is None


@given(level=st.sampled_from("123"), day=st.integers(-60, 60), more=st.integers(0, 60))
def test_a_node_that_is_not_done_never_gets_a_milder_warning(
    level: str, day: int, more: int
) -> None:
    """Days pass, the warning stays or rises."""
    facts = _facts(node_level=level)
    first, later = (
        warned(facts, facts.due + timedelta(days=days), RULEBOOK) for days in (day, day + more)
    )
    assert LEVELS.index(later.level) >= LEVELS.index(first.level)
