"""Refusals of adjustments of letters in force (SR-15, SR-16)."""

from opsledger_contracts.problems.refusal import Conflict, Forbidden, Invalid


class RequestTooLate(Invalid):
    """A change is requested before the limit that the item's due date sets (SR-15)."""

    code = "request_too_late"
    en = "A change of item {item} could be requested until {limit}; today is {found}."
    zh = "工作项 {item} 的调整申请截止于 {limit},今日为 {found}。"
    needed_en = "Without an approved change the item is assessed on its original terms."
    needed_zh = "未获批准的变更,仍按原定条款考核。"


class NoticeTooLate(Invalid):
    """Notice of force majeure is given within its limit from the occurrence (SR-16)."""

    code = "notice_too_late"
    en = "Notice of what began on {occurred} could be given until {limit}; today is {found}."
    zh = "对 {occurred} 发生的事件,通知截止于 {limit},今日为 {found}。"


class ProofTooLate(Invalid):
    """Proof of force majeure is handed in within its limit from the occurrence (SR-16)."""

    code = "proof_too_late"
    en = "Proof of what began on {occurred} could be handed in until {limit}; today is {found}."
    zh = "对 {occurred} 发生的事件,证明材料提交截止于 {limit},今日为 {found}。"


class ProofWithoutEvidence(Invalid):
    """Proof comes with the digest of a document."""

    code = "proof_without_evidence"
    en = "Proof for adjustment {adjustment} needs a document as evidence."
    zh = "调整 {adjustment} 的证明须附证据文件。"


class CauseNotFitting(Invalid):
    """Kind, cause and the facts of the cause belong together."""

    code = "cause_not_fitting"
    en = "An adjustment of kind {kind} for the cause {cause} does not fit: {detail}."
    zh = "调整类型 {kind} 与原因 {cause} 不相符:{detail}。"


class EventClassUnknown(Invalid):
    """The rulebook does not count such events as force majeure (SR-16)."""

    code = "event_class_unknown"
    en = "Rulebook {rulebook} knows no force majeure of the class {event_class}."
    zh = "规则手册 {rulebook} 没有不可抗力类别 {event_class}。"


class EventDatesInvalid(Invalid):
    """An event begins before it ends, and not in the future."""

    code = "event_dates_invalid"
    en = "An event from {occurred_from} to {occurred_to} cannot be reported on {date}."
    zh = "自 {occurred_from} 至 {occurred_to} 的事件不能于 {date} 申报。"


class TreatmentNotAllowed(Invalid):
    """The treatment comes from the list for the kind of adjustment (R115)."""

    code = "treatment_not_allowed"
    en = "An adjustment of kind {kind} is treated by {expected}, not by {found}."
    zh = "类型为 {kind} 的调整应按 {expected} 处理,而非 {found}。"


class TermsNotFitting(Invalid):
    """What is asked for does not belong to the treatment."""

    code = "terms_not_fitting"
    en = "The treatment {treatment} of adjustment {adjustment} does not fit: {detail}."
    zh = "调整 {adjustment} 的处理方式 {treatment} 与内容不符:{detail}。"


class NotAdmissible(Conflict):
    """Not all conditions of force majeure are shown (SR-16)."""

    code = "force_majeure_not_shown"
    en = "Force majeure is not shown for adjustment {adjustment}: {findings}."
    zh = "调整 {adjustment} 的不可抗力条件未满足:{findings}。"


class AdjustmentUnbalanced(Invalid):
    """After an adjustment the weights must still total exactly what the rulebook says."""

    code = "adjustment_unbalanced"
    en = "With these changes the weights of letter {letter} are wrong: {findings}."
    zh = "依此变更,责任书 {letter} 的权重不符:{findings}。"


class ExtensionTooLate(Conflict):
    """An extension counts only if it is granted before the due date (SR-20)."""

    code = "extension_too_late"
    en = "Item {item} was due on {due}; an extension granted on {found} does not count."
    zh = "工作项 {item} 到期日为 {due},{found} 批准的延期无效,按原定时间考核。"


class NoLimitPassed(Conflict):
    """An adjustment lapses only when a limit has passed."""

    code = "no_limit_passed"
    en = "No limit of adjustment {adjustment} has passed on {date}."
    zh = "截至 {date},调整 {adjustment} 并无已过的期限。"


class LetterMoved(Conflict):
    """The letter changed since the terms were submitted."""

    code = "letter_moved"
    en = "Letter {letter} is at revision {found}; the changes start from revision {expected}."
    zh = "责任书 {letter} 现为第 {found} 版,所批准的变更基于第 {expected} 版。"
    needed_en = "Terms submitted and approved on the letter as it is now."
    needed_zh = "须就现行责任书重新提交并批准。"


class NotTheRequester(Forbidden):
    """Only the unit that asked for the adjustment, or its letter's issuer, goes on with it."""

    code = "not_the_requester"
    en = "Unit {found} did not ask for adjustment {adjustment}; that was {expected}."
    zh = "单元 {found} 不是调整 {adjustment} 的申请单位,申请单位为 {expected}。"


class CaseNotRefused(Conflict):
    """A refusal that cites a case needs a case that refused."""

    code = "case_not_refused"
    en = "Approval case {case} on {subject} is {found}; it did not refuse."
    zh = "针对 {subject} 的审批单 {case} 当前为 {found},并未否决。"
