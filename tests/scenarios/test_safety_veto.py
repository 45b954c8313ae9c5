"""Scenario S5: a veto after publication, and its lifting; the status of the group follows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from opsledger.story.veto import ASSESSMENT, DISTRIBUTION, GROUP, INCIDENT, VETO
from opsledger_contracts.events.assessment import VetoApplied, VetoLifted
from opsledger_contracts.events.distribution import QuotaDerived
from opsledger_contracts.events.group_status import GroupStatusCalculated, GroupStatusFlagged
from opsledger_projections.replay.replaying import replay
from opsledger_projections.tables.port import Tables
from opsledger_projections.views.assessments import ASSESSMENTS
from opsledger_projections.views.registers import GROUP_STATUSES
from support.later_stories import projected, told
from support.story_stage import StageStory

STREAM = f"assessment/{ASSESSMENT}"


@pytest.fixture(scope="module")
def story() -> StageStory:
    """The year 2026 of three units, scored, struck by the veto, and lifted."""
    return told(*VETO)


@pytest.fixture(scope="module")
def tables(story: StageStory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """The read side of the whole story."""
    path: Path = tmp_path_factory.mktemp("veto") / "tables.sqlite"
    filled = projected(story, path)
    yield filled
    filled.close()


def _data(story: StageStory, stream: str, type_name: str) -> list[dict[str, Any]]:
    return [
        msgspec.to_builtins(event)
        for event in story.stage.events(stream)
        if type_name == event.TYPE
    ]


def _moment(story: StageStory, type_name: str, number: int) -> int:
    """Give the position of the nth event of a type in the stream of the assessment."""
    placed = [
        row.position
        for row in story.stage.streams[STREAM]
        if row.recorded.envelope.type == type_name
    ]
    return placed[number - 1]


def test_three_versions_are_published_and_all_are_kept(story: StageStory) -> None:
    """R136, R160: 88.40 (B), 59.99 (E), 88.40 (B); each supersedes the one before it."""
    published = _data(story, STREAM, "assessment.score_published.v1")
    assert [(row["total"], row["grade"]) for row in published] == [
        ("88.40", "B"),
        ("59.99", "E"),
        ("88.40", "B"),
    ]
    superseded = _data(story, STREAM, "assessment.score_superseded.v1")
    assert [(row["score_version"], row["by"]) for row in superseded] == [(1, 2), (2, 3)]
    rescored = _data(story, STREAM, "assessment.rescored.v1")
    assert [row["delta"] for row in rescored] == ["-28.41", "28.41"]


def test_the_veto_is_applied_with_its_clause_and_lifted_with_its_ground(story: StageStory) -> None:
    """R136, SR-17: by the day of the accident, in the period scored, with every effect listed."""
    events = story.stage.events(STREAM)
    [applied] = [event for event in events if isinstance(event, VetoApplied)]
    assert (applied.incident, applied.clause, str(applied.accident_date)) == (
        INCIDENT,
        "4.4",
        "2026-11-20",
    )
    assert [msgspec.to_builtins(effect)["effect"] for effect in applied.effects] == [
        "cap_score",
        "cap_grade",
        "no_bonus",
        "responsible_persons_lowest",
    ]
    [lifted] = [event for event in events if isinstance(event, VetoLifted)]
    assert (lifted.incident, lifted.grounds) == (INCIDENT, "上级机关复核:无责任")


def test_no_bonus_counts_while_the_veto_is_in_force(story: StageStory) -> None:
    """SR-17: the bonus point of the first run contributes nothing to the second."""
    runs = _data(story, STREAM, "assessment.score_calculated.v1")
    contributions = [
        {row["component"]: row["contribution"] for row in run["components"]}["bonus"]
        for run in runs
    ]
    assert contributions == ["1", "0", "1"]
    assert [len(run.get("vetoes", ())) for run in runs] == [0, 1, 0]


def test_the_individual_quotas_follow_the_grade_of_the_organisation(story: StageStory) -> None:
    """S5: B, then E, then B again; under E nobody of 23 gets an A."""
    derived = [
        event
        for event in story.stage.events(f"distribution/{DISTRIBUTION}")
        if isinstance(event, QuotaDerived)
    ]
    best = [{row.grades: row.persons for row in event.quotas}["A",] for event in derived]
    assert [event.organisation_grade for event in derived] == ["B", "E", "B"]
    assert best == [4, 0, 4]


def test_the_group_is_capped_at_normal_while_the_veto_is_in_force(story: StageStory) -> None:
    """R129, SR-13: by its score the group would be good; one veto allows at most normal.

    R160: each score that is superseded flags the status until it is computed again.
    """
    found = [
        event
        for event in story.stage.events(f"group_status/{GROUP}")
        if isinstance(event, GroupStatusCalculated)
    ]
    told_of = [
        (event.total, event.status_by_bands, event.operating_status, event.vetoes)
        for event in found
    ]
    assert told_of == [
        ("99.76", "excellent", "excellent", 0),
        ("93.13", "good", "normal", 1),
        ("99.76", "excellent", "excellent", 0),
    ]
    assert [type(event) for event in story.stage.events(f"group_status/{GROUP}")] == [
        GroupStatusCalculated,
        GroupStatusFlagged,
        GroupStatusCalculated,
        GroupStatusFlagged,
        GroupStatusCalculated,
    ]
    assert [row.score_version for event in found for row in event.units if row.unit == "LG"] == [
        1,
        2,
        3,
    ]


@pytest.mark.parametrize(("publication", "total"), [(1, "88.40"), (2, "59.99"), (3, "88.40")])
def test_the_sheet_is_readable_as_it_was_known(
    story: StageStory, tables: Tables, publication: int, total: str
) -> None:
    """R161: after each publication the sheet shows that version; the vetoes stand beside it."""
    position = _moment(story, "assessment.score_published.v1", publication)
    found = tables.read(ASSESSMENTS, ASSESSMENT, position)
    assert found is not None
    sheet = found.row(ASSESSMENTS).body
    assert (sheet["total"], len(sheet["score_versions"])) == (total, publication)
    assert len(sheet["vetoes"]) == (1 if publication == 2 else 0)
    applied = sheet.get("vetoes_applied", [])
    assert [row["incident"] for row in applied] == [INCIDENT] * min(1, publication - 1)
    assert [row["incident"] for row in applied if "lifted" in row] == [INCIDENT] * (
        publication == 3
    )


def test_the_group_status_is_readable_as_it_was_known(story: StageStory, tables: Tables) -> None:
    """R129, R161: the register has the status of each time, and whether it was outdated (V15)."""
    statuses = []
    for placed in story.stage.streams[f"group_status/{GROUP}"]:
        found = tables.read(GROUP_STATUSES, GROUP, placed.position)
        assert found is not None
        labels = found.row(GROUP_STATUSES).labels
        statuses.append((labels["status"], labels["operating_status"]))
    assert statuses == [
        ("calculated", "excellent"),
        ("flagged", "excellent"),
        ("calculated", "normal"),
        ("flagged", "normal"),
        ("calculated", "excellent"),
    ]


@pytest.mark.parametrize("run", [1, 2, 3])
def test_each_run_is_reproduced_bit_for_bit(story: StageStory, tables: Tables, run: int) -> None:
    """R157: verified from its inputs, and collected again as it was known when it was frozen."""
    position = tables.progress().position
    verified = replay(
        tables, ASSESSMENT, "verify", position=position, run=run, known_at=None, overrides=()
    )
    assert verified.matches
    known_at = _moment(story, "assessment.inputs_frozen.v1", run)
    collected = replay(
        tables, ASSESSMENT, "as_of", position=position, run=run, known_at=known_at, overrides=()
    )
    assert collected.matches
    assert collected.replayed.inputs_digest == verified.recorded.inputs_digest
