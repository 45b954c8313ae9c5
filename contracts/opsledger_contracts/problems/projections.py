"""Refusals of the read side."""

from opsledger_contracts.problems.refusal import Conflict, Malformed, Unavailable


class ProjectionsFault(Unavailable):
    """The read side's own program failed on this request; it is reported in its log."""

    code = "projections_fault"
    en = "The read side met a fault of its own; its log has it under {reference}."
    zh = "读取端程序自身出现故障,日志编号 {reference}。"


class LedgerUnreachable(Unavailable):
    """The ledger, from which the read side is fed, gave no answer."""

    code = "ledger_unreachable"
    en = "The ledger cannot be reached: {detail}."
    zh = "无法连接账本:{detail}。"


class ViewsUnreadable(Unavailable):
    """The database of the views gives no answer at this moment."""

    code = "views_unreadable"
    en = "The database of the views gives no answer now; ask again."
    zh = "视图数据库暂时无法应答,请重试。"


class NotCaughtUp(Unavailable):
    """The views are still behind the ledger, or stopped following it."""

    code = "not_caught_up"
    en = "The views are at position {found} of {expected}: {detail}."
    zh = "视图位于位置 {found},账本位于 {expected}:{detail}。"


class RebuildRunning(Conflict):
    """A rebuild is under way already."""

    code = "rebuild_running"
    en = "A rebuild is under way; only one runs at a time."
    zh = "已有重建正在进行,同一时间只能进行一次。"


class ViewNotByDate(Malformed):
    """A view was asked for a day, and its facts have no days on which they hold."""

    code = "view_not_by_date"
    en = "The view {view} has no valid days; leave valid_at out."
    zh = "视图 {view} 不含有效日期,请勿使用 valid_at。"
