"""Refusals of the forced distribution of individual grades."""

from opsledger_contracts.problems.refusal import Conflict, Invalid


class ScoreNotPublished(Conflict):
    """The assessment has no published score."""

    code = "score_not_published"
    en = "Assessment {assessment} has no published score that holds."
    zh = "考核 {assessment} 没有有效的已公布得分。"


class QuotaCurrent(Conflict):
    """The quotas already rest on the published score version."""

    code = "quota_current"
    en = "The quotas rest on score version {score_version} already."
    zh = "配额已依据第 {score_version} 版得分推导。"


class QuotaExceeded(Conflict):
    """More persons would have the grades than the quota allows (SR-21)."""

    code = "quota_exceeded"
    en = "At most {allowed} persons of {headcount} get {grades}; this would make {found}."
    zh = "{headcount} 人中至多 {allowed} 人可评 {grades},此次将达 {found} 人。"


class IndividualGradeUnknown(Invalid):
    """The rulebook has no such grade."""

    code = "individual_grade_unknown"
    en = "The rulebook has no grade {grade}; it has {known}."
    zh = "管理办法没有等级 {grade},仅有 {known}。"


class QuotaUnknown(Invalid):
    """There is no upper quota for these grades."""

    code = "quota_unknown"
    en = "There is no upper quota for {grades}."
    zh = "{grades} 没有上限配额。"


class ResultElsewhere(Invalid):
    """The individual result is of another unit or period."""

    code = "result_elsewhere"
    en = "Result {result} is of {found}, not of {expected}."
    zh = "个人结果 {result} 属于 {found},而非 {expected}。"


class DistributionIncomplete(Conflict):
    """The grades assigned do not meet the quotas."""

    code = "distribution_incomplete"
    en = "The distribution cannot be confirmed: {findings_en}."
    zh = "等级分布不能确认:{findings_zh}。"
