"""What the story shows of a group that runs on letters: who may what, and what a letter is."""

from typing import Any

import msgspec
import pytest

from opsledger.story.chapters import CHAPTERS, PEOPLE
from opsledger.story.documents import document
from opsledger.story.step import Step
from opsledger_contracts.documents.matrix import AuthorityMatrix
from opsledger_contracts.events.case import ApprovalGranted
from opsledger_contracts.events.cycle import Goal
from opsledger_contracts.events.letter import LetterItem
from opsledger_contracts.rules.matrix_validation import validate_matrix
from opsledger_ledger.domain.letter import LetterState
from support.story_stage import StageStory


@pytest.fixture(scope="module")
def story() -> StageStory:
    """The story until the score is published."""
    played = StageStory()
    for chapter in (PEOPLE, *CHAPTERS[:5]):
        for step in chapter.steps():
            played.play(step)
    return played


def _refused(story: StageStory, by: str, do: str, code: str, body: dict[str, Any]) -> None:
    story.play(
        Step(at="2027-01-31 10:00", by=by, do=do, body=body, refused=code, en="refused", zh="拒绝")
    )


def test_a_letter_in_force_changes_by_adjustment_only(story: StageStory) -> None:
    """R119: what is signed is never edited; only the approved adjustment made revision 2."""
    changed = {"item": "N01", "values": {"due": "2026-06-30"}}
    _refused(story, "BJ-GM", "letters/BJ-2026/revise-item", "wrong_state", changed)
    letter = story.stage.world.get(LetterState, "BJ-2026")
    assert letter is not None
    assert [(found.revision, found.adjustment) for found in letter.revisions] == [
        (1, None),
        (2, "AD-N01"),
    ]


def test_only_the_planning_and_operations_department_balances(story: StageStory) -> None:
    """R026: coordination belongs to the department that carries the function, and to no other."""
    session = {"cycle": "CY-2026", "session": "BAL-2026"}
    _refused(story, "FIN-HEAD", "letters/LG-2026/balance", "function_missing", session)


def test_the_chain_ends_with_those_whom_the_matrix_names(story: StageStory) -> None:
    """R029, R034, R052: committee and president decide an annual letter, each in their post."""
    granted = [
        event.position
        for event in story.stage.events("case/C-BJ-2026")
        if isinstance(event, ApprovalGranted)
    ]
    assert granted == ["COM-SECRETARY", "PRESIDENT"]
    decision = {"seq": 6, "subject_hash": "0" * 64}
    _refused(story, "FIN-HEAD", "cases/C-BJ-2026/approve", "wrong_state", decision)


def test_nobody_supervises_what_they_execute() -> None:
    """R043: a matrix in which supervisor and executor are one is not published."""
    content = document("matrix-AM-2026.1")
    sound = msgspec.convert(content, AuthorityMatrix)
    assert list(validate_matrix(sound)) == []
    item = next(found for found in content["items"] if found["item"] == "annual-result")
    steps = [
        step | ({"position": {"function": "hr"}} if step["verb"] == "supervise" else {})
        for step in item["steps"]
    ]
    items = [item | {"steps": steps}]
    assert list(validate_matrix(msgspec.convert(content | {"items": items}, AuthorityMatrix)))


def test_every_item_has_one_responsible_unit_and_any_supporting(story: StageStory) -> None:
    """R046, R097: one primary responsibility, the others support; every item has a level."""
    letter = story.stage.world.get(LetterState, "BJ-2026")
    assert letter is not None
    items = {item.item: item for item in letter.document.items}
    assert {item.responsible for item in items.values()} == {"BJ"}
    assert items["N01"].supporting == ("MKT",)
    assert {item.level for item in items.values()} == {"key", "major", "ordinary"}
    fields = msgspec.to_builtins(items["N01"])
    for field in ("responsible", "level"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({key: fields[key] for key in fields if key != field}, LetterItem)


def test_a_goal_is_a_quantity_with_a_unit_and_an_indicator() -> None:
    """R059: a goal without value, unit or indicator is not a goal."""
    goal = {"goal": "G", "name": "销售", "indicator": "SALES", "value": "300000", "unit": "万元"}
    assert msgspec.convert(goal, Goal).value == "300000"
    for field in ("value", "unit", "indicator"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({key: goal[key] for key in goal if key != field}, Goal)


def test_a_score_follows_from_letter_and_rulebook(story: StageStory) -> None:
    """R009, R093, R094: the assessment binds one revision of the letter and one rulebook by hash."""
    opened = story.data("assessment/A-BJ-2026", "assessment.opened.v1")
    rulebook = story.data("rulebook/RB-2026.1", "rulebook.published.v1")
    assert opened["rulebook"] == rulebook["content_hash"]
    frozen = story.data("assessment/A-BJ-2026", "assessment.inputs_frozen.v1")["inputs"]
    assert {item["clause"] for item in frozen["items"]} == {
        "3.1",
        "3.2",
        "3.3",
        "3.4",
        "3.7",
        "3.8",
    }


def test_collaboration_is_a_share_of_the_score(story: StageStory) -> None:
    """R095: the departments' ratings of 86 are a tenth of the organisation score (SR-11, SR-12)."""
    scored = story.data("assessment/A-BJ-2026", "assessment.score_calculated.v1")
    parts = {part["component"]: part["contribution"] for part in scored["components"]}
    assert parts["satisfaction"] == "43/5"
