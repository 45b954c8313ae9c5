"""Events of a satisfaction survey between departments."""

from typing import ClassVar

import msgspec

from opsledger_contracts.event import Event
from opsledger_contracts.events.letter import Period
from opsledger_contracts.fields import Count, DecimalText, Identifier, RationalText, Sha256, Title


class DimensionRating(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rating of one dimension on the scale of the form."""

    dimension: Identifier
    score: DecimalText


class SurveyOpened(Event, kw_only=True):
    """A survey was opened: which units rate which unit on which form (R222)."""

    TYPE: ClassVar[str] = "survey.opened.v1"
    survey: Identifier
    title: Title
    period: Period
    ratee: Identifier
    raters: tuple[Identifier, ...]
    form: Identifier
    dimensions: tuple[Identifier, ...]
    scale_max: DecimalText
    rulebook: Sha256


class RatingSubmitted(Event, kw_only=True):
    """A rating unit handed in its ballot; the mean is over the dimensions."""

    TYPE: ClassVar[str] = "survey.rating_submitted.v1"
    rater: Identifier
    ballot: Sha256
    """Pseudonymous ballot token by which the rater can find the ballot again."""
    scores: tuple[DimensionRating, ...]


class SurveyClosed(Event, kw_only=True):
    """No more ballots are taken."""

    TYPE: ClassVar[str] = "survey.closed.v1"
    responses: Count


class SatisfactionComputed(Event, kw_only=True):
    """The score of the survey was computed by SR-11 of the rulebook."""

    TYPE: ClassVar[str] = "survey.satisfaction_computed.v1"
    responses: Count
    ratings: tuple[RationalText, ...]
    """Exact mean of each ballot, in the order in which the ballots came."""
    trimmed: bool
    """Whether the highest and lowest ratings were dropped."""
    score: RationalText | None
    """Exact, on 100 points; null where too few answered (the share returns to the letter)."""
