"""Scenarios S1 and S2 on a ledger in memory: every figure comes out to the digit."""

from typing import Any

import msgspec
import pytest

from opsledger.story.chapters import CHAPTERS, PEOPLE
from opsledger.story.step import Step
from opsledger_contracts.rules.numbers import parse_rational
from support.story_stage import StageStory


def _steps() -> list[Step]:
    return [step for chapter in (PEOPLE, *CHAPTERS) for step in chapter.steps()]


@pytest.fixture(scope="module")
def story() -> StageStory:
    """The whole story, played once."""
    played = StageStory()
    for step in _steps():
        played.play(step)
    return played


def _all(story: StageStory, stream: str, type_name: str) -> list[dict[str, Any]]:
    return [
        msgspec.to_builtins(event)
        for event in story.stage.events(stream)
        if type_name == event.TYPE
    ]


def _item_scores(scored: dict[str, Any]) -> dict[str, str]:
    return {score["item"]: score["score"] for score in scored["item_scores"]}


def test_the_wrong_revision_scores_94_37_and_b(story: StageStory) -> None:
    """S1: item by item, with N01 ten days late on the original terms (R126, R128, R131, SR-12)."""
    first = _all(story, "assessment/A-BJ-2026", "assessment.score_calculated.v1")[0]
    assert _item_scores(first) == {
        "I01": "105.0000",
        "I02": "85.0000",
        "I03": "105.0000",
        "I04": "96.0000",
        "N01": "64.0000",
        "N02": "101.0000",
        "N03": "100.0000",
        "M01": "95.0000",
        "M02": "100.0000",
    }
    components = {part["component"]: part["score"] for part in first["components"]}
    assert components == {"letter": "95.3000", "satisfaction": "86.0000"}
    assert (first["total_exact"], first["total"], first["grade"]) == ("9437/100", "94.37", "B")


def test_contributions_add_up_to_the_letter(story: StageStory) -> None:
    """Each item's contribution is weight x score / 100, and they total the letter exactly (R135)."""
    scored = _all(story, "assessment/A-BJ-2026", "assessment.score_calculated.v1")[-1]
    total = sum(parse_rational(score["contribution"]) for score in scored["item_scores"])
    assert total == parse_rational("97.4")


def test_the_verification_replay_is_bit_identical(story: StageStory) -> None:
    """S2: the ledger is right about what was done (R157)."""
    replayed = story.data("replay/RP-VERIFY", "replay.completed.v1")
    run = _all(story, "assessment/A-BJ-2026", "assessment.score_calculated.v1")[0]
    assert replayed["matches"] is True
    assert replayed["official"] is True
    for digest in ("inputs_digest", "result_digest", "tree_digest"):
        assert replayed[digest] == run[digest]


def test_the_as_of_replay_gives_96_26_and_a(story: StageStory) -> None:
    """S2: with what was known when the replay was asked for, the omitted adjustment shows (R157)."""
    replayed = story.data("replay/RP-AS-OF", "replay.completed.v1")
    assert (replayed["total"], replayed["grade"], replayed["delta"]) == ("96.26", "A", "1.89")
    first = replayed["differences"][0]
    assert first["clause"] == "6.2"
    assert "N01" in first["path"]
    assert "2026-05-29" in first["after"]
    assert "2026-06-03" in first["after"]


def test_the_counterfactual_is_never_official(story: StageStory) -> None:
    """The treatment alone moves 1.24 points; a counterfactual says so and changes nothing (R158)."""
    replayed = story.data("replay/RP-EXCLUDE", "replay.completed.v1")
    assert (replayed["total"], replayed["official"]) == ("97.50", False)
    published = _all(story, "assessment/A-BJ-2026", "assessment.score_published.v1")
    assert [score["total"] for score in published] == ["94.37", "96.26"]


def test_the_sweep_finds_the_second_unit(story: StageStory) -> None:
    """Everyone else scored with a superseded revision is found (R137, R159)."""
    swept = story.data("replay/RP-SWEEP", "replay.sweep_completed.v1")
    assert [found["assessment"] for found in swept["affected"]] == ["A-LG-2026"]


def test_the_limit_of_the_decision_follows_the_stored_calendar(story: StageStory) -> None:
    """Ten working days after acceptance, over the holidays, is 02-24, not 02-18 (SR-20, SR-23)."""
    accepted = story.data("dispute/DI-BJ-2026", "dispute.accepted.v1")
    assert (accepted["accepted_on"], accepted["due"]) == ("2027-02-04", "2027-02-24")
    assert (
        accepted["calendar"]
        == story.data("calendar/CN-2027.1", "calendar.published.v1")["content_hash"]
    )
    decided = story.data("dispute/DI-BJ-2026", "dispute.decided.v1")
    assert (decided["outcome"], decided["within_limit"]) == ("upheld", True)


def test_the_rescore_supersedes_and_flags(story: StageStory) -> None:
    """Delta +1.89; version 1 is kept and superseded; who used it is flagged (R160)."""
    rescored = story.data("assessment/A-BJ-2026", "assessment.rescored.v1")
    assert rescored == {"previous_run": 1, "run": 2, "delta": "1.89"}
    superseded = story.data("assessment/A-BJ-2026", "assessment.score_superseded.v1")
    assert superseded == {"score_version": 1, "by": 2}
    flagged = story.data("result/R-P-CHEN-2026", "result.application_flagged.v1")
    assert (flagged["score_version"], flagged["superseded_by"]) == (1, 2)


def test_quotas_follow_the_grade(story: StageStory) -> None:
    """Of 23 persons, A goes from at most 4 to at most 6 (SR-21, R145)."""
    derived = _all(story, "distribution/D-BJ-2026", "distribution.quota_derived.v1")
    a_max = [
        quota["persons"]
        for found in derived
        for quota in found["quotas"]
        if quota["grades"] == ["A"] or quota["grades"] == ("A",)
    ]
    assert a_max == [4, 6]


def test_the_final_score_is_the_rescored_one(story: StageStory) -> None:
    """The score is provisional until the limit has passed without an open dispute (R149, SR-23)."""
    final = story.data("assessment/A-BJ-2026", "assessment.score_finalised.v1")
    assert (final["score_version"], final["total"], final["grade"]) == (2, "96.26", "A")


def test_the_same_story_again_gives_the_same_events(story: StageStory) -> None:
    """Nothing but the story decides: a second ledger holds the same events in the same streams."""
    again = StageStory()
    for step in _steps():
        again.play(step)
    assert again.stage.streams.keys() == story.stage.streams.keys()
    for stream in again.stage.streams:
        assert again.stage.events(stream) == story.stage.events(stream)


def test_another_legal_interleaving_gives_the_same_scores(story: StageStory) -> None:
    """Steps of the two subsidiaries at the same time may come in the other order."""
    swapped = StageStory()
    for chapter in (PEOPLE, *CHAPTERS):
        steps = chapter.steps()
        if chapter is not PEOPLE:
            steps.sort(key=lambda step: (step.at, "LG" not in step.do))
        for step in steps:
            swapped.play(step)
    order = [placed.recorded.envelope.id for placed in swapped.stage.streams["letter/LG-2026"]]
    assert order != [
        placed.recorded.envelope.id for placed in story.stage.streams["letter/LG-2026"]
    ]
    for assessment in ("A-BJ-2026", "A-LG-2026"):
        stream = f"assessment/{assessment}"
        ours = _all(swapped, stream, "assessment.score_calculated.v1")
        theirs = _all(story, stream, "assessment.score_calculated.v1")
        assert [run["total"] for run in ours] == [run["total"] for run in theirs]
