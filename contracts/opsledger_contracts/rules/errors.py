"""Why a rule cannot be applied.

RuleError
├── MissingInput            something the score needs is not there
│   ├── MissingFact         an item has no recorded fact
│   ├── MissingParameter    neither clause nor item gives a parameter
│   └── MissingCoefficient  the order of operations needs a coefficient
├── UnknownReference        a name leads nowhere
│   ├── UnknownClause
│   ├── UnknownPrimitive
│   ├── UnknownItem
│   ├── UnknownAdjustment
│   ├── UnknownUnitType
│   ├── UnknownGrade
│   ├── UnknownTier
│   ├── UnknownVeto
│   └── UnknownStatus
├── InvalidInput            what is there contradicts the rulebook or itself
│   ├── InvalidNumber
│   ├── InvalidParameter
│   ├── UnexpectedParameter
│   ├── FactKindMismatch
│   ├── OutsideBands
│   ├── RatingInvalid
│   ├── WeightsInvalid
│   ├── RepeatedName
│   ├── AdjustmentNotInRevision
│   ├── TermMismatch
│   ├── TreatmentNotReversible
│   ├── HeadcountTooSmall
│   ├── CoefficientOutside
│   ├── InputNotUsed
│   └── NothingToCount
├── DayNotCovered           no calendar given knows the day
└── InvalidRulebook         the rulebook does not pass its validation
"""

from typing import ClassVar


class RuleError(Exception):
    """A rule cannot be applied to these inputs.

    `code` is stable; `facts` names the item, clause and values concerned; the message is the
    English sentence and `zh` the Chinese one.
    """

    code: ClassVar[str]
    en_template: ClassVar[str]
    zh_template: ClassVar[str]

    def __init__(self, **facts: str) -> None:
        self.facts = facts
        super().__init__(self.en_template.format(**facts))

    @property
    def en(self) -> str:
        """The English sentence with the facts."""
        return self.en_template.format(**self.facts)

    @property
    def zh(self) -> str:
        """The Chinese sentence with the facts."""
        return self.zh_template.format(**self.facts)


class MissingInput(RuleError):
    """Something the score needs is not there."""


class MissingFact(MissingInput):
    """An item has no recorded fact."""

    code = "missing_fact"
    en_template = "item {item} has no recorded fact; its clause {clause} needs one"
    zh_template = "工作项 {item} 没有已记录的事实，第 {clause} 条需要"


class MissingParameter(MissingInput):
    """Neither clause nor item gives a parameter that the primitive declares."""

    code = "missing_parameter"
    en_template = "item {item}: parameter {parameter} of clause {clause} is missing"
    zh_template = "工作项 {item}：缺少第 {clause} 条的参数 {parameter}"


class MissingCoefficient(MissingInput):
    """The order of operations has a coefficient and none is given."""

    code = "missing_coefficient"
    en_template = "assessment {assessment} has no difficulty coefficient; clause {clause} needs one"
    zh_template = "考核 {assessment} 没有难度系数，第 {clause} 条需要"


class UnknownReference(RuleError):
    """A name leads nowhere."""


class UnknownClause(UnknownReference):
    """The rulebook has no clause of this name."""

    code = "unknown_clause"
    en_template = "{where} names clause {clause}, which rulebook {rulebook} does not have"
    zh_template = "{where} 引用的第 {clause} 条不在规则手册 {rulebook} 中"


class UnknownPrimitive(UnknownReference):
    """The engine has no primitive of this name and version, or the clause scores nothing."""

    code = "unknown_primitive"
    en_template = "clause {clause} names the rule {rule}, which the engine does not have"
    zh_template = "第 {clause} 条引用的规则 {rule} 不存在"


class UnknownItem(UnknownReference):
    """An adjustment names an item that the inputs do not hold."""

    code = "unknown_item"
    en_template = "{where} names item {item}, which is not there"
    zh_template = "{where} 引用的工作项 {item} 不存在"


class UnknownAdjustment(UnknownReference):
    """The inputs hold no adjustment of this name."""

    code = "unknown_adjustment"
    en_template = "the inputs of {assessment} hold no adjustment {adjustment}"
    zh_template = "考核 {assessment} 的输入中没有调整 {adjustment}"


class UnknownUnitType(UnknownReference):
    """The satisfaction policy has no share for this type of unit."""

    code = "unknown_unit_type"
    en_template = "clause {clause} has no satisfaction share for units of type {unit_type}"
    zh_template = "第 {clause} 条没有为 {unit_type} 类单位规定满意度占比"


class UnknownGrade(UnknownReference):
    """The distribution policy has no row for this organisation grade."""

    code = "unknown_grade"
    en_template = "clause {clause} has no row for the organisation grade {grade}"
    zh_template = "第 {clause} 条没有组织等级 {grade} 的行"


class UnknownTier(UnknownReference):
    """The tier policy has no such tier."""

    code = "unknown_tier"
    en_template = "clause {clause} has no tier {tier}"
    zh_template = "第 {clause} 条没有职位层级 {tier}"


class UnknownVeto(UnknownReference):
    """The veto table has no row for this incident."""

    code = "unknown_veto"
    en_template = (
        "incident {incident}: clause {clause} has no veto for {category} of severity {severity}"
    )
    zh_template = "事故 {incident}：第 {clause} 条没有 {category}（{severity}）的一票否决"


class UnknownStatus(UnknownReference):
    """The rulebook has no such operating status."""

    code = "unknown_status"
    en_template = "clause {clause} names the status {status}, which has no band"
    zh_template = "第 {clause} 条引用的运营状态 {status} 没有区间"


class InvalidInput(RuleError):
    """What is there contradicts the rulebook or itself."""


class InvalidNumber(InvalidInput):
    """A text is not an exact number of the allowed form."""

    code = "invalid_number"
    en_template = "{text} is not an exact number"
    zh_template = "{text} 不是精确数字"


class InvalidParameter(InvalidInput):
    """A parameter has the wrong shape or an impossible value."""

    code = "invalid_parameter"
    en_template = "item {item}, clause {clause}: {detail}"
    zh_template = "工作项 {item}，第 {clause} 条：{detail}"


class UnexpectedParameter(InvalidInput):
    """The item brings a parameter that the clause does not leave to it."""

    code = "unexpected_parameter"
    en_template = "item {item} sets {parameter}, which clause {clause} does not leave to the item"
    zh_template = "工作项 {item} 设定了 {parameter}，第 {clause} 条未授权工作项设定"


class FactKindMismatch(InvalidInput):
    """The fact is of another kind than the primitive scores."""

    code = "fact_kind_mismatch"
    en_template = "item {item}: clause {clause} scores a {expected}, found a {found}"
    zh_template = "工作项 {item}：第 {clause} 条评定 {expected}，实为 {found}"


class OutsideBands(InvalidInput):
    """The value lies in no band."""

    code = "outside_bands"
    en_template = "item {item}: {value} lies in no band of clause {clause}"
    zh_template = "工作项 {item}：{value} 不在第 {clause} 条的任何区间内"


class RatingInvalid(InvalidInput):
    """A rating of the survey cannot be counted."""

    code = "rating_invalid"
    en_template = "the rating by {rater} under clause {clause} cannot be counted: {detail}"
    zh_template = "{rater} 依第 {clause} 条的评分不能计入：{detail}"


class WeightsInvalid(InvalidInput):
    """Weights do not total what they must, or cannot be redistributed."""

    code = "weights_invalid"
    en_template = "weights: expected {expected}, found {found}"
    zh_template = "权重：应为 {expected}，实为 {found}"


class RepeatedName(InvalidInput):
    """A name that must be unique occurs twice."""

    code = "repeated_name"
    en_template = "{name} occurs twice among the {where}"
    zh_template = "{name} 在 {where} 中重复"


class AdjustmentNotInRevision(InvalidInput):
    """An adjustment is said to be carried by a later revision than the one bound."""

    code = "adjustment_not_in_revision"
    en_template = (
        "adjustment {adjustment} is carried by revision {carried_by}, the bound one is {revision}"
    )
    zh_template = "调整 {adjustment} 载于第 {carried_by} 版，所绑定的是第 {revision} 版"


class TermMismatch(InvalidInput):
    """A change of terms starts from a value that the item does not have."""

    code = "term_mismatch"
    en_template = (
        "adjustment {adjustment}, item {item}: {parameter} should be {expected}, found {found}"
    )
    zh_template = "调整 {adjustment}，工作项 {item}：{parameter} 应为 {expected}，实为 {found}"


class TreatmentNotReversible(InvalidInput):
    """A treatment carried by the letter revision moved weights and cannot be undone."""

    code = "treatment_not_reversible"
    en_template = "adjustment {adjustment} ({treatment}) cannot be undone from revision {revision}"
    zh_template = "调整 {adjustment}（{treatment}）不能从第 {revision} 版撤回"


class HeadcountTooSmall(InvalidInput):
    """Too few persons for quotas of their own: the unit pools with a sibling group."""

    code = "headcount_too_small"
    en_template = "clause {clause} needs at least {minimum} persons, found {found}"
    zh_template = "第 {clause} 条要求至少 {minimum} 人，实为 {found} 人"


class CoefficientOutside(InvalidInput):
    """The difficulty coefficient is outside the range of the rulebook."""

    code = "coefficient_outside"
    en_template = "clause {clause} allows coefficients from {low} to {high}, found {found}"
    zh_template = "第 {clause} 条允许的系数为 {low} 至 {high}，实为 {found}"


class InputNotUsed(InvalidInput):
    """An input would be passed over, since the rulebook has no step for it."""

    code = "input_not_used"
    en_template = (
        "assessment {assessment} has an input for {step}, rulebook {rulebook} no such step"
    )
    zh_template = "考核 {assessment} 有 {step} 的输入，规则手册 {rulebook} 没有该步骤"


class NothingToCount(InvalidInput):
    """A mean or a rank has nothing to work on."""

    code = "nothing_to_count"
    en_template = "clause {clause}: there is no {what} to count"
    zh_template = "第 {clause} 条：没有可计的 {what}"


class DayNotCovered(RuleError):
    """No calendar given knows whether the day is a working day."""

    code = "day_not_covered"
    en_template = "no calendar among {calendars} covers {day}"
    zh_template = "日历 {calendars} 均不含 {day}"


class InvalidRulebook(RuleError):
    """The rulebook does not pass its validation."""

    code = "invalid_rulebook"
    en_template = "rulebook {rulebook}: {path}: {detail}"
    zh_template = "规则手册 {rulebook}：{path}：{detail}"
