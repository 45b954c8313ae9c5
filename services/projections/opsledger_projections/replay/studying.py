"""What every study over the published scores of a period tells as it goes on."""

from typing import Final, Literal

import msgspec

from opsledger_contracts.documents.rulebook import GradePolicy
from opsledger_contracts.problems.refusal import Refusal

PROGRESS_EVERY: Final = 20
"""Scores between two reports of progress."""


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence in both languages."""

    zh: str
    en: str


class StudyProgress(msgspec.Struct, frozen=True, kw_only=True):
    """How many of the scores have been looked at."""

    done: int
    of: int


class Uncomputable(msgspec.Struct, frozen=True, kw_only=True):
    """Why a score cannot be computed, with the code of the refusal."""

    code: str
    zh: str
    en: str


def uncomputable(refusal: Refusal) -> Uncomputable:
    """Tell why a score cannot be computed."""
    return Uncomputable(code=refusal.code, zh=refusal.sentence("zh"), en=refusal.sentence("en"))


Crossing = Literal["up", "down", "none"]
"""Whether a grade moves to a better one, to a worse one, or not at all."""


def crossing(before: str, after: str, policy: GradePolicy) -> Crossing:
    """Tell whether a grade moves; a grade that the policy does not have counts as the worst."""
    places = {band.grade: place for place, band in enumerate(policy.bands)}
    was, becomes = (places.get(grade, len(places)) for grade in (before, after))
    if was == becomes:
        return "none"
    return "up" if becomes < was else "down"


def counted_from(total: int) -> StudyProgress:
    """The first report: nothing done yet."""
    return StudyProgress(done=0, of=total)


def reports(done: int, total: int) -> bool:
    """Tell whether progress is reported after so many scores."""
    return done % PROGRESS_EVERY == 0 or done == total
