"""Refusals of individual results."""

from opsledger_contracts.problems.refusal import Conflict, Invalid


class TierDaysMissing(Invalid):
    """The person held no position of the unit in the period (SR-18)."""

    code = "tier_days_missing"
    en = "The person of result {result} held no position of unit {unit} in {period}."
    zh = "个人结果 {result} 的人员在 {period} 未任单位 {unit} 的岗位。"


class AssessmentElsewhere(Invalid):
    """The assessment is of another unit or period than the result."""

    code = "assessment_elsewhere"
    en = "Assessment {assessment} is of {found}, the result of {expected}."
    zh = "考核 {assessment} 属于 {found},个人结果属于 {expected}。"


class ScoreNotFinal(Conflict):
    """Only a final score is used (R147)."""

    code = "score_not_final"
    en = "Score version {score_version} of {assessment} is not final."
    zh = "考核 {assessment} 的第 {score_version} 版得分尚未终定。"


class ApplicationSuspended(Conflict):
    """A dispute of the score is open, so results are not used (SR-23)."""

    code = "application_suspended"
    en = "Dispute {dispute} of {assessment} is open; results are not used until it is over."
    zh = "考核 {assessment} 的申诉 {dispute} 未办结,暂停结果运用。"


class CombinationSuperseded(Conflict):
    """The result rests on a score version that was superseded."""

    code = "combination_superseded"
    en = "The result rests on score version {found}; {expected} holds. Combine it again."
    zh = "该结果依据第 {found} 版得分,现行为第 {expected} 版,请重新合成。"


class InterviewMissing(Conflict):
    """The lowest grade is not used before the interview (R148)."""

    code = "interview_missing"
    en = "The grade {grade} is the lowest: an interview is held before the result is used."
    zh = "等级 {grade} 为最低等级,运用结果前须先面谈。"
