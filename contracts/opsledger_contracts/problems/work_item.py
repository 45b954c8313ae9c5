"""Refusals of work items."""

from opsledger_contracts.problems.refusal import Conflict, Forbidden, Invalid


class NotResponsible(Forbidden):
    """Only the responsible unit does this."""

    code = "not_responsible"
    en = "Unit {found} is not responsible for the work; {expected} is."
    zh = "单元 {found} 不是该工作的责任单位;责任单位为 {expected}。"


class LetterNotInEffect(Conflict):
    """Work begins after the approval took effect (R044)."""

    code = "letter_not_in_effect"
    en = "Letter {letter} is {found}; work on it may begin when it is in force{since}."
    zh = "责任书 {letter} 状态为 {found};生效{since}后方可开工。"


class WorkItemExists(Conflict):
    """An item of a letter is executed by one work item."""

    code = "work_item_exists"
    en = "Item {item} of letter {letter} is executed by {found}."
    zh = "责任书 {letter} 的工作项 {item} 已由 {found} 执行。"


class ForecastMissing(Invalid):
    """Who is behind the plan says when it will be done (R078)."""

    code = "forecast_missing"
    en = "Progress of {percent} % is behind the planned {planned} %; state a forecast date."
    zh = "进度 {percent} % 落后于计划 {planned} %,须填写预计完成日期。"


class EvidenceAfterClaim(Invalid):
    """Evidence is not dated after the claim that cites it."""

    code = "evidence_after_claim"
    en = "The evidence is dated {evidence_date}, after the claim on {claimed_on}."
    zh = "证据日期 {evidence_date} 晚于申报日期 {claimed_on}。"


class DeliverablesMissing(Invalid):
    """A completion is claimed with every deliverable that the letter promised."""

    code = "deliverables_missing"
    en = "These deliverables are missing: {missing}."
    zh = "缺少下列交付成果:{missing}。"


class VerifierIsResponsible(Forbidden):
    """Nobody verifies the work of their own unit."""

    code = "verifier_is_responsible"
    en = "{person} acts for the responsible unit {unit} and cannot verify its work."
    zh = "{person} 代表责任单位 {unit},不能核实本单位的工作。"


class DeviationUnexplained(Conflict):
    """A late item is not closed before its cause is stated (R077)."""

    code = "deviation_unexplained"
    en = "It was done on {actual_date}, after {due}; its unit must state the cause first."
    zh = "完成日期 {actual_date} 晚于期限 {due};责任单位须先说明原因。"


class InspectedInFuture(Invalid):
    """An inspection is recorded after it was held."""

    code = "inspected_in_future"
    en = "The inspection on {inspected_on} lies after today, {today}."
    zh = "检查日期 {inspected_on} 晚于今日 {today}。"


class HandoverPending(Conflict):
    """One hand-over is offered at a time."""

    code = "handover_pending"
    en = "A hand-over to {to} is offered and not answered."
    zh = "已向 {to} 提出移交,尚未答复。"


class HandoverToItself(Invalid):
    """Work is handed over to another unit."""

    code = "handover_to_itself"
    en = "Unit {unit} is responsible already."
    zh = "单元 {unit} 已是责任单位。"


class NoHandoverOffered(Conflict):
    """A hand-over is answered after it was offered."""

    code = "no_handover_offered"
    en = "No hand-over of work item {work_item} is offered."
    zh = "工作项 {work_item} 没有待答复的移交。"


class NotTheRecipient(Forbidden):
    """A hand-over is answered by the unit it is offered to."""

    code = "not_the_recipient"
    en = "The hand-over is offered to {expected}, not to {found}."
    zh = "移交对象为 {expected},而非 {found}。"


class ItemStillPromised(Conflict):
    """Work is cancelled after its item left the letter, or the letter ended."""

    code = "item_still_promised"
    en = "Item {item} still stands in letter {letter}."
    zh = "工作项 {item} 仍在责任书 {letter} 中。"
