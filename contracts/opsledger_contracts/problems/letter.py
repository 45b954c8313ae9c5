"""Refusals of target letters."""

from opsledger_contracts.problems.refusal import Conflict, Forbidden, Invalid


class NotALetterParty(Forbidden):
    """Only a party of the letter may do this."""

    code = "not_a_letter_party"
    en = "Unit {found} is not a party that may do this; it is for {expected}."
    zh = "单元 {found} 不是可执行此操作的一方;此操作属于 {expected}。"


class PeriodNotOfKind(Invalid):
    """An annual letter is for a year, a monthly letter for a month."""

    code = "period_not_of_kind"
    en = "The period {period} is not one of the kind {kind}."
    zh = "周期 {period} 不符合责任书类型 {kind}。"


class ParentNotAnnual(Invalid):
    """A monthly letter stands inside the annual letter of its unit; an annual one stands alone."""

    code = "parent_not_annual"
    en = "The {kind} letter of {unit} for {period} cannot stand under {parent}: {detail}."
    zh = "{unit} {period} 的责任书(类型 {kind})不能隶属于 {parent}:{detail}。"
    needed_en = "A monthly letter names the annual letter of its unit and year; others name none."
    needed_zh = "月度责任书须指明本单位当年的年度责任书;其他责任书不指明上级责任书。"


class OutsideRulebookScope(Invalid):
    """The rulebook does not score letters of this kind or of units of this type."""

    code = "outside_rulebook_scope"
    en = "Rulebook {rulebook} is not for {kind} letters of units of the type {unit_type}."
    zh = "规则手册 {rulebook} 不适用于 {unit_type} 类单位的 {kind} 责任书。"


class PlanNotInForce(Invalid):
    """A letter serves a published plan whose horizon holds its period."""

    code = "plan_not_in_force"
    en = "Plan {plan} is {found} and runs from {valid_from} to before {valid_to}."
    zh = "计划 {plan} 状态为 {found},期间自 {valid_from} 至 {valid_to} 之前。"
    needed_en = "A published plan whose horizon holds the whole period of the letter."
    needed_zh = "须为已发布且期间涵盖责任书整个周期的计划。"


class ItemRepeated(Conflict):
    """The letter already has an item of this code."""

    code = "item_repeated"
    en = "Letter {letter} already has an item {item}."
    zh = "责任书 {letter} 已有工作项 {item}。"


class ItemUnknown(Invalid):
    """The letter has no item of this code."""

    code = "letter_item_unknown"
    en = "Letter {letter} has no item {item}."
    zh = "责任书 {letter} 没有工作项 {item}。"


class LetterNotAcceptable(Invalid):
    """The content of the letter breaks rules of drafting (R090, R092)."""

    code = "letter_not_acceptable"
    en = "The letter is not acceptable ({codes}): {findings}."
    zh = "责任书不符合要求({codes}):{findings_zh}。"


class SessionNotOpen(Conflict):
    """Letters are balanced in the open session of the cycle for their period."""

    code = "session_not_open"
    en = "Session {session} of cycle {cycle} is not an open balancing of {period}."
    zh = "周期 {cycle} 的平衡会 {session} 不是 {period} 正在进行的综合平衡。"


class NotTheAuthority(Forbidden):
    """Only the authority that the matrix names may impose or strike an item (R088)."""

    code = "not_the_authority"
    en = "Position {position} does not approve matrix item {item}; that is for {expected}."
    zh = "岗位 {position} 不是权责事项 {item} 的审批人;审批职能为 {expected}。"


class ConsultationMissing(Invalid):
    """The record of the consultation is attached as evidence (R088)."""

    code = "consultation_missing"
    en = "Attach the record of consultation {consultation} as evidence."
    zh = "须附沟通记录 {consultation} 作为证据。"


class WeightsNotRebased(Invalid):
    """The weights of the other items cannot be re-based (SR-15)."""

    code = "weights_not_rebased"
    en = "The weights cannot be re-based: {detail}."
    zh = "权重无法重新计算:{detail_zh}。"


class NotSupporting(Forbidden):
    """A supporting unit is bound by itself alone (R087)."""

    code = "not_supporting"
    en = "Unit {unit} is not among the supporting units of item {item}."
    zh = "单元 {unit} 不是工作项 {item} 的协办单位。"


class CommitmentBinds(Conflict):
    """A commitment that was given binds the unit."""

    code = "commitment_binds"
    en = "Unit {unit} has already bound itself for item {item}."
    zh = "单元 {unit} 已就工作项 {item} 作出承诺。"


class SignerNotEntitled(Forbidden):
    """For a party signs the head of its unit or its president."""

    code = "signer_not_entitled"
    en = "Position {position} neither heads unit {unit} nor is its president."
    zh = "岗位 {position} 既非单元 {unit} 负责人,也非其总裁。"


class SignedOtherContent(Conflict):
    """Both parties sign the content that was approved."""

    code = "signed_other_content"
    en = "The approved content has the hash {expected}, not {found}."
    zh = "已批准内容的哈希为 {expected},而非 {found}。"


class PartyHasSigned(Conflict):
    """A party signs once."""

    code = "party_has_signed"
    en = "The {party} party signed already."
    zh = "{party} 方已签署。"


class OnePersonForBothParties(Forbidden):
    """One person cannot bind both parties."""

    code = "one_person_for_both_parties"
    en = "{person} signed for the other party already."
    zh = "{person} 已代表另一方签署。"


class LetterInForceExists(Conflict):
    """One letter is in force per unit, kind and period."""

    code = "letter_in_force_exists"
    en = "Letter {found} is in force for {unit}, {kind}, {period}."
    zh = "{unit} 的 {kind} 责任书({period})已有 {found} 生效。"


class PeriodNotOver(Conflict):
    """The period of the letter still runs."""

    code = "period_not_over"
    en = "The period {period} runs until {last_day}; today is {today}."
    zh = "周期 {period} 至 {last_day} 结束,今日为 {today}。"


class AssessmentNotFinal(Conflict):
    """A letter is closed by the final assessment of it."""

    code = "assessment_not_final"
    en = "Assessment {assessment} is not a final one of letter {letter}."
    zh = "考核 {assessment} 不是责任书 {letter} 的最终考核。"
