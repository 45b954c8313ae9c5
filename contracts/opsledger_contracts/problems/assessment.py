"""Refusals of assessments."""

from opsledger_contracts.problems.refusal import Conflict, Forbidden, Invalid


class SubjectNotOfLetter(Invalid):
    """The letter binds another unit than the one to be assessed."""

    code = "subject_not_of_letter"
    en = "Letter {letter} binds unit {expected}, not {found}."
    zh = "责任书 {letter} 的责任单位为 {expected},而非 {found}。"


class LetterRevisionUnknown(Invalid):
    """The letter has no such revision in force."""

    code = "letter_revision_unknown"
    en = "Letter {letter} has no revision {found} in force; its last one is {latest}."
    zh = "责任书 {letter} 没有生效的第 {found} 版,其最新版为第 {latest} 版。"


class AssessmentExists(Conflict):
    """The letter is already assessed at this level."""

    code = "assessment_exists"
    en = "Letter {letter} is already assessed by {assessment}."
    zh = "责任书 {letter} 已由考核 {assessment} 评定。"


class AssessesItself(Forbidden):
    """Nobody assesses the unit that they belong to (R024)."""

    code = "assesses_itself"
    en = "Unit {unit} is assessed here, so nobody of it takes part in assessing it."
    zh = "本考核的对象为单位 {unit},其人员不得参与评定。"


class NotTheAssessedUnit(Forbidden):
    """Only the assessed unit can do this."""

    code = "not_the_assessed_unit"
    en = "Only unit {expected} can do this; you act for {found}."
    zh = "仅单位 {expected} 可执行此操作,当前履职单位为 {found}。"


class ItemUnknown(Invalid):
    """The bound letter revision has no such item."""

    code = "item_unknown"
    en = "Revision {revision} of letter {letter} has no item {item}."
    zh = "责任书 {letter} 第 {revision} 版没有工作项 {item}。"


class FactKindWrong(Invalid):
    """The clause of the item is scored by another kind of fact."""

    code = "fact_kind_wrong"
    en = "Item {item} is scored by a {expected} under clause {clause}, not by a {found}."
    zh = "工作项 {item} 依第 {clause} 条按 {expected} 评分,而非 {found}。"


class SourceMismatch(Invalid):
    """A measurement, completion, survey or incident belongs to something else."""

    code = "source_mismatch"
    en = "The {noun} {id} has {field} {found}; this needs {expected}."
    zh = "{noun} {id} 的 {field} 为 {found},此处需要 {expected}。"


class ClauseNotInRulebook(Invalid):
    """The rulebook has no such clause."""

    code = "clause_not_in_rulebook"
    en = "Rulebook {rulebook} has no clause {clause}."
    zh = "管理办法 {rulebook} 没有第 {clause} 条。"


class ScaleWrong(Invalid):
    """A judgement names another scale than the clause of the item."""

    code = "scale_wrong"
    en = "Item {item} is judged on the scale of clause {expected}, not {found}."
    zh = "工作项 {item} 按第 {expected} 条的量表评定,而非 {found}。"


class PointsWithoutEvidence(Invalid):
    """Bonus and penalty points need evidence (SR-10)."""

    code = "points_without_evidence"
    en = "Bonus and penalty points need evidence."
    zh = "加分与扣分必须附证据。"


class PointsNotPositive(Invalid):
    """Points are stated as a positive amount."""

    code = "points_not_positive"
    en = "Points are an amount above 0, not {found}."
    zh = "分值须大于 0,实为 {found}。"


class PointsAboveCap(Invalid):
    """The points of the period would pass the cap of the rulebook (SR-10)."""

    code = "points_above_cap"
    en = "Clause {clause} allows {limit} points in a period; this would make {found}."
    zh = "第 {clause} 条规定每期以 {limit} 分为限,此次将达 {found} 分。"


class InputsMissing(Conflict):
    """Inputs of the score are not there; each row says which, from whom and since when due."""

    code = "inputs_missing"
    en = "{count} inputs are missing (item / input / data owner / due): {missing}"
    zh = "缺少 {count} 项输入(工作项 / 输入 / 数据责任单位 / 应交日期):{missing}"


class RuleInapplicable(Invalid):
    """The rules cannot be applied to these inputs."""

    code = "rule_inapplicable"
    en = "The rules cannot be applied: {detail_en}."
    zh = "规则无法适用:{detail_zh}。"


class InvolvedInScore(Forbidden):
    """Someone who made, confirmed or receives the score takes no part here (domain-model.md, 3)."""

    code = "involved_in_score"
    en = "{person} is {role} of {assessment} and takes no part in this."
    zh = "{person} 为考核 {assessment} 的 {role},不得参与。"


class VerificationDiverged(Conflict):
    """The verification replay inside publishing did not reproduce the run."""

    code = "verification_diverged"
    en = "Run {run} has the {field} {expected}, its replay {found}; it cannot be published."
    zh = "第 {run} 次计算的 {field} 为 {expected},回放得 {found},不得公布。"


class AppealLimitRunning(Conflict):
    """The limit of appeal has not passed."""

    code = "appeal_limit_running"
    en = "The limit of appeal runs until {limit}; today is {today}."
    zh = "申诉期限至 {limit},今日为 {today}。"


class DisputeOpen(Conflict):
    """A dispute of the score is open."""

    code = "dispute_open"
    en = "Dispute {dispute} of assessment {assessment} is open."
    zh = "考核 {assessment} 的申诉 {dispute} 尚未办结。"


class ReopeningUnfounded(Invalid):
    """The named cause does not call for a new score."""

    code = "reopening_unfounded"
    en = "{stream} gives no cause of kind {cause} to reopen: {detail}."
    zh = "{stream} 不构成以 {cause} 为由重新考核的依据:{detail}。"
