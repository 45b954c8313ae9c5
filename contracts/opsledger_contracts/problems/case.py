"""Refusals of approval cases."""

from opsledger_contracts.problems.refusal import Conflict, Forbidden, Invalid


class MatrixItemUnknown(Invalid):
    """The authority matrix in force has no such key work item (R036)."""

    code = "matrix_item_unknown"
    en = "Authority matrix {matrix} has no item {item}."
    zh = "权责体系 {matrix} 没有事项 {item}。"


class AmountMissing(Invalid):
    """The chain of this item depends on the amount (SR-22)."""

    code = "amount_missing"
    en = "The chain of item {item} depends on the amount; state it in CNY."
    zh = "事项 {item} 的审批链取决于金额,请注明人民币金额。"


class AmountOutsideBrackets(Invalid):
    """No bracket of the item holds the amount (SR-22)."""

    code = "amount_outside_brackets"
    en = "No bracket of item {item} holds the amount {amount}."
    zh = "事项 {item} 没有包含金额 {amount} 的档次。"


class NobodyForStep(Invalid):
    """No position exists that could take a step of the chain."""

    code = "nobody_for_step"
    en = "No position can take step {seq} ({verb}): {rule} has none."
    zh = "第 {seq} 步({verb})没有可办理的岗位:{rule} 无对应岗位。"


class NotTheInitiator(Forbidden):
    """Only the position that the matrix names initiates, and only it withdraws (R037)."""

    code = "not_the_initiator"
    en = "Position {position} is not the initiator of item {item}; that is {expected}."
    zh = "岗位 {position} 不是事项 {item} 的发起岗位,发起岗位为 {expected}。"


class PaperWithoutScan(Invalid):
    """What was done on paper is recorded with the scan as evidence (R051)."""

    code = "paper_without_scan"
    en = "Case {case} runs on paper; give the scan as evidence."
    zh = "审批单 {case} 为纸质审批,请附扫描件作为证据。"


class StepNotOpen(Conflict):
    """The chain has no open step of this kind at this place."""

    code = "step_not_open"
    en = "Case {case} has no open step to {verb} at {seq}."
    zh = "审批单 {case} 在第 {seq} 步没有待办的 {verb}。"


class OutOfOrder(Conflict):
    """Steps are taken in order and none is skipped (R038)."""

    code = "out_of_order"
    en = "Case {case} stands at step {expected}, not at {found}."
    zh = "审批单 {case} 当前处于第 {expected} 步,而非第 {found} 步。"


class NotYourStep(Forbidden):
    """The step belongs to other positions."""

    code = "not_your_step"
    en = "Position {position} may not {verb} in case {case}; that is for {expected}."
    zh = "岗位 {position} 不得在审批单 {case} 中办理 {verb},应由 {expected} 办理。"


class DecidesOtherContent(Conflict):
    """An opinion or decision names another content than the case is about (R040)."""

    code = "decides_other_content"
    en = "Case {case} is about the content {expected}, not {found}."
    zh = "审批单 {case} 针对的内容为 {expected},而非 {found}。"


class SubjectChanged(Conflict):
    """The subject says something else by now, which voids the case (R040)."""

    code = "subject_changed"
    en = "{subject} now has the content {found}, not {expected}."
    zh = "{subject} 的内容现为 {found},而非 {expected}。"
    needed_en = "A case on the content as it is now."
    needed_zh = "须就现有内容另行发起审批。"


class ReturnsNotBack(Invalid):
    """A case is returned to an earlier step of the chain."""

    code = "returns_not_back"
    en = "Case {case} stands at step {seq} and cannot be returned to {to_seq}."
    zh = "审批单 {case} 处于第 {seq} 步,不能退回至第 {to_seq} 步。"


class NotOverdue(Conflict):
    """Only a step that passed its limit is escalated."""

    code = "not_overdue"
    en = "No open step {seq} of case {case} is past its limit on {date}."
    zh = "审批单 {case} 的第 {seq} 步在 {date} 并无逾期的待办。"


class SecondPersonInvolved(Invalid):
    """An exception takes three people: who grants, who is let act, who stands beside them."""

    code = "second_person_involved"
    en = "{person}, {second_person} and whoever grants the exception must be different people."
    zh = "{person}、{second_person} 与例外批准人须为不同人员。"


class RecipientNotNamed(Invalid):
    """The chain does not name this position as a recipient."""

    code = "recipient_not_named"
    en = "Case {case} names as recipients {expected}, not {found}."
    zh = "审批单 {case} 规定的接收岗位为 {expected},而非 {found}。"


class OutcomeOutstanding(Conflict):
    """Before a decided case is closed, everybody concerned knows its outcome (R041, R045)."""

    code = "outcome_outstanding"
    en = "Case {case} cannot be archived; the outcome has not reached {missing}."
    zh = "审批单 {case} 尚不能归档,结果尚未送达 {missing}。"
