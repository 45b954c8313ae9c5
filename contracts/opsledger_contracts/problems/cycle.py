"""Refusals of plan cycles."""

from opsledger_contracts.problems.refusal import Conflict, Invalid


class PeriodHasCycle(Conflict):
    """There is one cycle for a period."""

    code = "period_has_cycle"
    en = "Cycle {found} is already for {period}."
    zh = "{period} 已有计划周期 {found}。"


class SessionRepeated(Conflict):
    """A session is held once."""

    code = "session_repeated"
    en = "Session {session} was already held."
    zh = "平衡会 {session} 已召开过。"


class ClashRepeated(Conflict):
    """A clash has its code alone."""

    code = "clash_repeated"
    en = "Clash {clash} is already recorded."
    zh = "矛盾 {clash} 已记录。"


class ClashUnknown(Invalid):
    """The cycle has no open clash of this code."""

    code = "clash_unknown"
    en = "Clash {clash} is not an open one."
    zh = "矛盾 {clash} 不是待解决的矛盾。"


class ClashItemUnknown(Invalid):
    """A clash is between items of letters, written `<letter>/<item>`."""

    code = "clash_item_unknown"
    en = "{item} is not an item of a letter for {period}."
    zh = "{item} 不是 {period} 责任书的工作项。"


class ClashesOpen(Conflict):
    """Balancing ends when every clash is resolved (R063)."""

    code = "clashes_open"
    en = "These clashes are open: {clashes}."
    zh = "下列矛盾尚未解决:{clashes}。"


class PlanNotPublished(Conflict):
    """A cycle publishes plans that were approved and published (R064)."""

    code = "plan_not_published"
    en = "Plan {plan} is {found}, not published."
    zh = "计划 {plan} 状态为 {found},尚未发布。"
