"""The satisfaction score of a survey and its share (SR-11 部门满意度)."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final

import msgspec

from opsledger_contracts.documents.rulebook import SatisfactionPolicy
from opsledger_contracts.rules.errors import RatingInvalid, RepeatedName, UnknownUnitType
from opsledger_contracts.rules.inputs import RatingInput, SatisfactionInput
from opsledger_contracts.rules.numbers import mean, parse_decimal, trimmed_mean


class Satisfaction(msgspec.Struct, frozen=True, kw_only=True):
    """The counted ratings by rater, whether ends were dropped, and the score on 100 points.

    `score` is None when too few ratings count; the share then returns to the letter.
    """

    ratings: dict[str, Fraction]
    trimmed: bool
    score: Fraction | None


def share_of(policy: SatisfactionPolicy, unit_type: str) -> Fraction:
    """The share of satisfaction in the organisation score of units of this type.

    Raises:
        UnknownUnitType: the policy has none.

    """
    for share in policy.shares:
        if share.unit_type == unit_type:
            return parse_decimal(share.share)
    raise UnknownUnitType(clause=policy.clause, unit_type=unit_type)


def _rating(rating: RatingInput, policy: SatisfactionPolicy) -> Fraction:
    if len(rating.values) > policy.dimensions_max:
        raise RatingInvalid(
            rater=rating.rater,
            clause=policy.clause,
            detail=f"{len(rating.values)} dimensions, at most {policy.dimensions_max}",
        )
    values = [parse_decimal(text) for text in rating.values]
    for text, value in zip(rating.values, values, strict=True):
        if not 0 <= value <= parse_decimal(policy.scale_max):
            raise RatingInvalid(
                rater=rating.rater,
                clause=policy.clause,
                detail=f"{text} is not within 0 to {policy.scale_max}",
            )
    return mean(values)


def satisfaction_share(
    survey: SatisfactionInput | None, subject: str, policy: SatisfactionPolicy
) -> Satisfaction:
    """The trimmed mean of the ratings of others x factor.

    The subject's rating of itself is left out. From `trim_from` ratings on, `trim_each_end`
    highest and lowest are dropped. Fewer than `raters_min`, or no survey, give no score.

    Raises:
        RatingInvalid: a rating is of another unit, off the scale or has too many dimensions.
        RepeatedName: a unit rated twice.

    """
    ratings: dict[str, Fraction] = {}
    for rating in survey.ratings if survey is not None else ():
        if rating.ratee != subject:
            raise RatingInvalid(
                rater=rating.rater,
                clause=policy.clause,
                detail=f"it rates {rating.ratee}, not {subject}",
            )
        if rating.rater in ratings:
            raise RepeatedName(name=rating.rater, where="raters")
        value = _rating(rating, policy)
        if rating.rater != subject:
            ratings[rating.rater] = value
    if len(ratings) < policy.raters_min:
        return Satisfaction(ratings=ratings, trimmed=False, score=None)
    trimmed = len(ratings) >= policy.trim_from
    average = trimmed_mean(tuple(ratings.values()), policy.trim_each_end if trimmed else 0)
    return Satisfaction(
        ratings=ratings, trimmed=trimmed, score=average * parse_decimal(policy.factor)
    )


SatisfactionRule = Callable[[SatisfactionInput | None, str, SatisfactionPolicy], Satisfaction]

SATISFACTION_RULES: Final[Mapping[str, SatisfactionRule]] = MappingProxyType(
    {"satisfaction_share@1": satisfaction_share}
)
