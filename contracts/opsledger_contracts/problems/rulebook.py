"""Refusals of versions of the rulebook."""

from opsledger_contracts.problems.refusal import Conflict, Invalid


class LintErrors(Conflict):
    """The check of the content found errors, which stand against approving and publishing."""

    code = "lint_errors"
    en = "The check of rulebook {id} found {count} errors: {findings}."
    zh = "规则手册 {id} 的检查发现 {count} 处错误:{findings}。"


class WarningsNotAccepted(Conflict):
    """Warnings of the last check stand against publishing until somebody accepts each by name."""

    code = "warnings_not_accepted"
    en = "Nobody accepted {count} warnings about rulebook {id}: {findings}."
    zh = "规则手册 {id} 有 {count} 处警告无人署名接受:{findings}。"
    needed_en = "Change the clause, or accept each warning by name and with a reason."
    needed_zh = "请修改条款,或逐项署名说明理由后接受警告。"


class WarningUnknown(Invalid):
    """The last check reported no such warning."""

    code = "warning_unknown"
    en = "The last check of rulebook {id} has no warning {check} at {path}."
    zh = "规则手册 {id} 最近一次检查在 {path} 处没有警告 {check}。"


class WarningAlreadyAccepted(Conflict):
    """Somebody accepted the warning before."""

    code = "warning_already_accepted"
    en = "The warning {check} at {path} of rulebook {id} was accepted by {by}."
    zh = "规则手册 {id} 在 {path} 处的警告 {check} 已由 {by} 接受。"


class FrozenPeriod(Invalid):
    """The version in force does not let another one take its place on that day (R121)."""

    code = "frozen_period"
    en = "Rulebook {id} would take effect on {found}, inside the frozen period {first} to {last}."
    zh = "规则手册 {id} 拟于 {found} 生效,处于 {first} 至 {last} 的冻结期内。"


class ErratumClauseUnknown(Invalid):
    """The erratum corrects a clause that the version does not have."""

    code = "erratum_clause_unknown"
    en = "Rulebook {id} has no clause {clause} to correct."
    zh = "规则手册 {id} 没有可更正的第 {clause} 条。"


class ErratumWithoutChange(Invalid):
    """The erratum says what the clause says already."""

    code = "erratum_without_change"
    en = "The erratum leaves clause {clause} of rulebook {id} as it is."
    zh = "该勘误未改变规则手册 {id} 第 {clause} 条。"


class ErratumNotProposed(Conflict):
    """No erratum is waiting for a decision."""

    code = "erratum_not_proposed"
    en = "No erratum of rulebook {id} is waiting for a decision."
    zh = "规则手册 {id} 没有待决定的勘误。"


class CommitteeDecisionRequired(Conflict):
    """A retroactive erratum needs a case in which the committee approved."""

    code = "committee_decision_required"
    en = "Approval case {case} holds no approval of the committee; erratum of rulebook {id}."
    zh = "审批单 {case} 没有委员会的批准;涉及规则手册 {id} 的勘误。"
    needed_en = "An erratum that works backwards is decided by the committee."
    needed_zh = "具有溯及力的勘误须由委员会决定。"


class SweepOpen(Conflict):
    """The scores that a retroactive erratum touches have not been swept yet."""

    code = "sweep_open"
    en = "The sweep after erratum {erratum} of rulebook {id} is not done."
    zh = "规则手册 {id} 第 {erratum} 号勘误后的清查尚未完成。"


class ErratumUnknown(Invalid):
    """The version has no retroactive erratum of this number that waits for its sweep."""

    code = "erratum_unknown"
    en = "Rulebook {id} has no retroactive erratum {erratum} that waits for a sweep."
    zh = "规则手册 {id} 没有待清查的第 {erratum} 号溯及既往勘误。"
