"""The stories of the monthly letter and of the veto on a ledger in memory, and on the read side."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from opsledger.story.chapters import Chapter
from opsledger.story.setting import NEWCOMERS, SETTING
from opsledger.story.step import Step
from opsledger_contracts.canonical import canonical
from opsledger_contracts.codec import Recorded
from opsledger_projections.following.feed import FeedEntry
from opsledger_projections.following.projector import Projector
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.story_stage import StageStory


def steps_of(chapters: Iterable[Chapter]) -> list[Step]:
    """List the steps of chapters as one story, in the order of time."""
    return sorted(chain.from_iterable(part.steps() for part in chapters), key=lambda row: row.at)


def told(*chapters: Chapter) -> StageStory:
    """Tell the setting and further chapters to a ledger in memory."""
    story = StageStory()
    for chapter in NEWCOMERS:
        for step in chapter.steps():
            story.play(step)
    for step in steps_of((*SETTING, *chapters)):
        story.play(step)
    return story


def projected(story: StageStory, path: Path) -> SqliteTables:
    """Project everything that a ledger in memory recorded into the tables of the read side."""
    tables = SqliteTables(path, list(VIEWS.values()))
    placed = sorted(chain.from_iterable(story.stage.streams.values()), key=lambda row: row.position)
    Projector(list(VIEWS.values()), tables).project(
        [FeedEntry(row.position, _entry(row.recorded)) for row in placed]
    )
    return tables


def _entry(recorded: Recorded) -> bytes:
    return canonical(recorded.envelope)
