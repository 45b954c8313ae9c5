"""Warning levels of nodes and the gap of their progress (SR-19)."""

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import msgspec

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.documents.structure import (
    ForecastRule,
    NodeWarnings,
    WarningDuty,
    WarningName,
    WarningPolicy,
)
from opsledger_contracts.fields import DecimalText, Identifier
from opsledger_contracts.rules.days import days_late
from opsledger_contracts.rules.errors import InvalidRulebook
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_contracts.rules.run import required, rule_of


class NodeFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a node on the day of evaluation; None is what is not known.

    `done_on` is the evidence date of a claimed completion, `forecast` the day on which completion
    is expected, progress is in per cent.
    """

    node_level: Identifier
    due: date
    done_on: date | None
    forecast: date | None
    progress_planned: DecimalText | None
    progress_actual: DecimalText | None


class Warned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The warning level on a day; None is no warning.

    `days_to_next` is how many more days late lead to the next level, None at the last one and
    before the due day.
    """

    level: WarningName | None
    on: date
    days_late: int
    clause: Identifier
    days_to_next: int | None
    duties: tuple[WarningDuty, ...]
    zh: str
    en: str


def forecast_gap(facts: NodeFacts) -> Fraction | None:
    """Percentage points by which actual progress is behind plan; None where either is unknown."""
    if facts.progress_planned is None or facts.progress_actual is None:
        return None
    return parse_decimal(facts.progress_planned) - parse_decimal(facts.progress_actual)


GapRule = Callable[[NodeFacts], Fraction | None]
GAP_RULES: Final[Mapping[str, GapRule]] = MappingProxyType({"forecast_gap@1": forecast_gap})


def warning_level(
    facts: NodeFacts, on: date, gap: Fraction | None, policy: WarningPolicy, row: NodeWarnings
) -> tuple[WarningName | None, str, str]:
    """The level on a day and why: lateness first, then the forecast, then the reminder.

    A node done in time has no warning; one done late keeps the level of its lateness.
    """
    late = days_late(facts.due, facts.done_on or on)
    if late > 0:
        bands = sorted(row.late, key=lambda band: band.days_from)
        for band in reversed(bands):
            if late >= band.days_from:
                return band.level, f"延误 {late} 天", f"{late} days late"
        return None, f"延误 {late} 天，未达预警", f"{late} days late, no warning yet"
    if facts.done_on is not None:
        return None, f"{facts.done_on} 已按时完成", f"done in time on {facts.done_on}"
    left = -late
    if row.forecast is not None:
        said = _forecast(facts, left, gap, row.forecast)
        if said is not None:
            return row.forecast.level, *said
    if left <= policy.remind_days:
        return "blue", f"距期限 {left} 天，尚未申报完成", f"due in {left} days, not claimed"
    return None, f"距期限 {left} 天", f"due in {left} days"


def _forecast(
    facts: NodeFacts, left: int, gap: Fraction | None, rule: ForecastRule
) -> tuple[str, str] | None:
    """Why the forecast calls for a warning; None where it does not."""
    if facts.forecast is not None:
        ahead = days_late(facts.due, facts.forecast)
        if ahead >= rule.forecast_days_late:
            return f"预计延误 {ahead} 天", f"forecast {ahead} days late"
    if gap is not None and left <= rule.days_before_due and gap >= parse_decimal(rule.gap_points):
        return (
            f"距期限 {left} 天，进度落后 {shown(gap)} 个百分点",
            f"due in {left} days, progress {shown(gap)} points behind",
        )
    return None


LevelRule = Callable[
    [NodeFacts, date, Fraction | None, WarningPolicy, NodeWarnings],
    tuple[WarningName | None, str, str],
]
LEVEL_RULES: Final[Mapping[str, LevelRule]] = MappingProxyType({"warning_level@1": warning_level})


def warned(facts: NodeFacts, on: date, rulebook: Rulebook) -> Warned:
    """The warning of a node from facts as known on the day of evaluation.

    Raises:
        InvalidRulebook: the rulebook has no such section or no row for the node level, or names an
            unknown rule.

    """
    policy = required(rulebook.warnings, "warnings", rulebook)
    level_rule = rule_of(LEVEL_RULES, policy.rule, "warnings.rule", rulebook)
    gap_rule = rule_of(GAP_RULES, policy.gap_rule, "warnings.gap_rule", rulebook)
    row = _row(facts.node_level, policy, rulebook)
    level, zh, en = level_rule(facts, on, gap_rule(facts), policy, row)
    late = max(0, days_late(facts.due, facts.done_on or on))
    further = [band.days_from - late for band in row.late if band.days_from > late]
    to_next = min(further, default=None) if late and facts.done_on is None else None
    near_zh = "" if to_next is None else f"，再延误 {to_next} 天升级"
    near_en = "" if to_next is None else f", the next level in {to_next} days"
    level_zh = "无预警" if level is None else f"{_COLOURS[level]}预警"
    return Warned(
        level=level,
        on=on,
        days_late=late,
        clause=policy.clause,
        days_to_next=to_next,
        duties=tuple(duty for duty in policy.duties if duty.level == level),
        zh=f"{on} 评定：{zh}，{level_zh}{near_zh}",
        en=f"on {on}: {en}, {level or 'no'} warning{near_en}",
    )


_COLOURS: Final[Mapping[WarningName, str]] = MappingProxyType(
    {"blue": "蓝色", "yellow": "黄色", "orange": "橙色", "red": "红色"}
)


def _row(node_level: str, policy: WarningPolicy, rulebook: Rulebook) -> NodeWarnings:
    rows = {row.node_level: row for row in policy.nodes}
    found = rows.get(node_level, rows.get(None))
    if found is None:
        raise InvalidRulebook(
            rulebook=rulebook.name, path="warnings.nodes", detail=f"no row for {node_level}"
        )
    return found
