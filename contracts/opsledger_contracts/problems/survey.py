"""Refusals of satisfaction surveys."""

from opsledger_contracts.problems.refusal import Conflict, Forbidden, Invalid


class SurveyExists(Conflict):
    """A unit is surveyed once for a period."""

    code = "survey_exists"
    en = "Unit {ratee} is surveyed for {period} in survey {survey}."
    zh = "单元 {ratee} 在 {period} 已有满意度调查 {survey}。"


class RateeAmongRaters(Invalid):
    """Nobody is invited to rate their own unit."""

    code = "ratee_among_raters"
    en = "Unit {ratee} is rated and cannot be among the raters."
    zh = "单元 {ratee} 为被评价方,不能同时为评价方。"


class RaterRepeated(Invalid):
    """A unit is invited once."""

    code = "rater_repeated"
    en = "Unit {rater} is named more than once among the raters."
    zh = "单元 {rater} 在评价方中重复出现。"


class DimensionsInvalid(Invalid):
    """A form has between one and the rulebook's number of different dimensions."""

    code = "dimensions_invalid"
    en = "The form has {found} dimensions or repeats one; clause {clause} allows 1 to {limit}."
    zh = "问卷有 {found} 个维度或存在重复,第 {clause} 条允许 1 至 {limit} 个。"


class OwnUnitRated(Forbidden):
    """Nobody rates their own unit."""

    code = "own_unit_rated"
    en = "Person {person} belongs to the rated unit {ratee}."
    zh = "人员 {person} 属于被评价单元 {ratee}。"


class RaterNotInvited(Forbidden):
    """Only invited units rate."""

    code = "rater_not_invited"
    en = "Unit {rater} was not invited to survey {survey}."
    zh = "单元 {rater} 未被邀请参加调查 {survey}。"


class AlreadyRated(Conflict):
    """A unit hands in one ballot."""

    code = "already_rated"
    en = "Unit {rater} has already handed in its ballot in survey {survey}."
    zh = "单元 {rater} 在调查 {survey} 中已提交评价。"


class BallotTokenTaken(Conflict):
    """A ballot token leads to one ballot."""

    code = "ballot_token_taken"
    en = "The ballot token is taken in survey {survey}; draw a fresh one."
    zh = "调查 {survey} 中该选票凭证已被使用,请重新生成。"


class BallotIncomplete(Invalid):
    """A ballot rates every dimension of the form once."""

    code = "ballot_incomplete"
    en = "The ballot rates {found}; the form asks for {expected}."
    zh = "选票评价了 {found},问卷要求 {expected}。"


class RatingOffScale(Invalid):
    """A rating lies on the scale of the form."""

    code = "rating_off_scale"
    en = "The rating {score} of {dimension} is not within 0 to {scale_max}."
    zh = "{dimension} 的评分 {score} 不在 0 至 {scale_max} 之间。"
