"""The story in chapters, in the order in which it happened."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from opsledger.story import disputing, execution, founding, letters, planning, scoring
from opsledger.story.letters import LETTER, SECOND_LETTER
from opsledger.story.scoring import ASSESSMENT
from opsledger.story.step import Step


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the story."""

    zh: str
    en: str
    parts: tuple[Callable[[], Iterator[Step]], ...]

    def steps(self) -> list[Step]:
        """List the steps of the chapter in the order of time."""
        return sorted(chain.from_iterable(part() for part in self.parts), key=lambda step: step.at)


PEOPLE: Final = Chapter("组织与人员", "units, people and positions", (founding.organisation,))

CHAPTERS: Final = (
    Chapter(
        "权责与规则",
        "powers, calendars, rulebook, indicators",
        (
            founding.calendars,
            founding.authority_matrix,
            founding.rulebook,
            founding.indicators,
        ),
    ),
    Chapter("年度计划", "the annual plan", (planning.opened, planning.group_plan)),
    Chapter(
        "责任书",
        "letters drafted, balanced, approved, signed",
        (
            letters.drafted,
            letters.second_drafted,
            letters.committed,
            planning.balancing_opened,
            letters.balanced,
            planning.balancing_closed,
            letters.approved_and_signed,
            planning.published,
        ),
    ),
    Chapter(
        "执行与不可抗力",
        "the year: work, flood and typhoon",
        (
            execution.work_begun,
            execution.flood,
            lambda: execution.work_done(LETTER),
            execution.typhoon,
            lambda: execution.work_done(SECOND_LETTER),
        ),
    ),
    Chapter(
        "计分与公布",
        "measured, rated, scored, published",
        (
            lambda: execution.rated("BJ"),
            lambda: execution.rated("LG"),
            execution.measured,
            scoring.first_scores,
            scoring.quotas,
            scoring.individual_results,
        ),
    ),
    Chapter(
        "申诉与回放",
        "disputed, replayed, decided",
        (disputing.filed, disputing.replayed, disputing.decided),
    ),
    Chapter(
        "重新计分",
        "rescored, superseded, closed",
        (
            disputing.reopened,
            lambda: scoring.scored(
                ASSESSMENT,
                run=2,
                frozen="2027-02-18",
                reviewed="2027-02-19",
                approved=("2027-02-22", "2027-02-23", "2027-02-24"),
                confirmed="2027-02-25",
                published="2027-02-26",
            ),
            scoring.quotas_again,
            disputing.remedied,
        ),
    ),
)
