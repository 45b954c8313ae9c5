"""Refusals of disputes."""

from opsledger_contracts.problems.refusal import Conflict, Forbidden, Invalid


class NoStanding(Forbidden):
    """Only the assessed unit disputes its score (R155)."""

    code = "no_standing"
    en = "The score is of unit {expected}; you act for {found}, which has no standing."
    zh = "该得分属单位 {expected},{found} 无申诉资格。"


class FiledLate(Conflict):
    """The limit of appeal has passed: the score is deemed accepted (SR-23)."""

    code = "filed_late"
    en = "The limit was {limit}; today is {today}: the score is deemed accepted."
    zh = "申诉期限为 {limit},今日为 {today},逾期视为默认。"


class ScoreNotContestable(Conflict):
    """The score version is not the one that is provisional now."""

    code = "score_not_contestable"
    en = "Score version {found} of {assessment} cannot be disputed; provisional is {expected}."
    zh = "考核 {assessment} 的第 {found} 版得分不可申诉,当前待定版本为 {expected}。"


class GroundUnknown(Invalid):
    """The ground is not one of the rulebook."""

    code = "ground_unknown"
    en = "{ground} is no ground of appeal under clause {clause}."
    zh = "{ground} 不是第 {clause} 条规定的申诉理由。"


class GroundMissing(Invalid):
    """A dispute states at least one ground and one contested element."""

    code = "ground_missing"
    en = "A dispute states at least one entry in {field}."
    zh = "申诉须至少在 {field} 中说明一项。"


class ElementUnknown(Invalid):
    """The contested element is not in the explanation of the score (R155)."""

    code = "element_unknown"
    en = "The score of {assessment} has no {element} {name}."
    zh = "考核 {assessment} 的得分中没有 {element} {name}。"


class NotTheHandler(Forbidden):
    """Only the handler of the dispute can do this."""

    code = "not_the_handler"
    en = "Only the handler {expected} can do this, not {found}."
    zh = "仅经办人 {expected} 可执行此操作,而非 {found}。"


class ReplayNotLinked(Invalid):
    """The replay is not part of the dispute."""

    code = "replay_not_linked"
    en = "Replay {replay} was not ordered in dispute {dispute}."
    zh = "回放 {replay} 未列入申诉 {dispute}。"


class ReplayElsewhere(Invalid):
    """The replay is of another assessment."""

    code = "replay_elsewhere"
    en = "Replay {replay} is of assessment {found}, not of {expected}."
    zh = "回放 {replay} 属于考核 {found},而非 {expected}。"


class FindingNeedsReplay(Invalid):
    """Such a finding or remedy rests on a replay (SR-23)."""

    code = "finding_needs_replay"
    en = "{kind} must be shown by a replay of this dispute."
    zh = "{kind} 须以本申诉中的回放证明。"


class FindingMissing(Conflict):
    """Nothing was found in this instance yet."""

    code = "finding_missing"
    en = "Dispute {dispute} has no finding in instance {instance}."
    zh = "申诉 {dispute} 在第 {instance} 审尚无认定。"


class RemedyInconsistent(Invalid):
    """Outcome and remedy contradict each other."""

    code = "remedy_inconsistent"
    en = "The outcome {outcome} does not go with the remedy {remedy}."
    zh = "结论 {outcome} 与处理方式 {remedy} 不符。"


class SecondReviewUsed(Conflict):
    """There is one second instance (SR-23)."""

    code = "second_review_used"
    en = "Dispute {dispute} was decided in the second instance, which is the last."
    zh = "申诉 {dispute} 已经二次复核,为终局。"


class SecondReviewLate(Conflict):
    """The limit for the second instance has passed."""

    code = "second_review_late"
    en = "The second review could be asked for until {limit}; today is {today}."
    zh = "二次复核的申请期限为 {limit},今日为 {today}。"


class SecondReviewPossible(Conflict):
    """The party can still ask for the second instance."""

    code = "second_review_possible"
    en = "The second review can be asked for until {limit}; today is {today}."
    zh = "在 {limit} 之前仍可申请二次复核,今日为 {today}。"


class RescoreMissing(Conflict):
    """No published score answers the decision."""

    code = "rescore_missing"
    en = "Assessment {assessment} has no published score from a reopening by dispute {dispute}."
    zh = "考核 {assessment} 没有因申诉 {dispute} 重新评定并公布的得分。"


class RemedyOutstanding(Conflict):
    """The decided remedy has not been applied."""

    code = "remedy_outstanding"
    en = "The remedy {remedy} of dispute {dispute} has not been applied."
    zh = "申诉 {dispute} 的处理方式 {remedy} 尚未落实。"


class HeldInFuture(Invalid):
    """A hearing is recorded after it was held."""

    code = "held_in_future"
    en = "The hearing of {found} lies after today, {today}."
    zh = "听证日期 {found} 晚于今日 {today}。"
