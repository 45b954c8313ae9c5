"""The story up to a score, told otherwise: other facts, other decisions, further steps.

Each variant is a real ledger; what a counterfactual says has to be what such a ledger holds.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from opsledger.story.approving import approval
from opsledger.story.chapters import CHAPTERS, PEOPLE
from opsledger.story.execution import paper
from opsledger.story.letters import LETTER
from opsledger.story.scoring import ASSESSMENT
from opsledger.story.step import Memory, Step
from opsledger_contracts.canonical import canonical
from opsledger_projections.following.feed import FeedEntry
from opsledger_projections.following.projector import Projector
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.story_stage import StageStory

LAST = f"assessments/{ASSESSMENT}/calculate"
OPENED = f"assessments/{ASSESSMENT}/open"

Changes = Mapping[str, str]
"""What is otherwise, by the path of its override."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A story that went otherwise.

    `facts` are replaced in the steps that brought them; `bodies` are merged into the bodies of the
    steps of a name, where None takes a field away; `dropped` are steps that were not taken;
    `further` are steps that were taken besides, at their time.
    """

    facts: Changes = field(default_factory=dict)
    bodies: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dropped: Callable[[Step], bool] = lambda _: False
    further: Sequence[Step] = ()

    def steps(self) -> Iterator[Step]:
        """The steps up to the first score, in the order of time."""
        left = sorted(self.further, key=lambda step: step.at)
        for step in _to_the_score():
            while left and left[0].at < step.at:
                yield left.pop(0)
            if not self.dropped(step):
                yield self._told(step)

    def _told(self, step: Step) -> Step:
        def body(memory: Memory) -> dict[str, Any]:
            content = step.content(memory) | dict(self.bodies.get(step.do, {}))
            for path, value in self.facts.items():
                _change(step, content, path, value)
            return {name: value for name, value in content.items() if value is not None}

        return replace(step, body=body)

    def played(self) -> StageStory:
        """Take the steps."""
        story = StageStory()
        for step in self.steps():
            story.play(step)
        return story


def _to_the_score() -> Iterator[Step]:
    for chapter in (PEOPLE, *CHAPTERS):
        for step in chapter.steps():
            yield step
            if step.do == LAST:
                return


def _change(step: Step, content: dict[str, Any], path: str, value: str) -> None:
    kind, name, what = (*path.split("."), "", "")[:3]
    if kind == "clauses" and step.do.startswith("rulebooks/") and "document" in content:
        content["document"] = document = msgspec.to_builtins(content["document"])
        clause, _, parameter = path.removeprefix("clauses.").partition(".params.")
        row = next(row for row in document["clauses"] if row["clause"] == clause)
        row["params"] = row["params"] | {parameter: value}
    elif kind == "satisfaction" and (step.by, step.do) == (
        f"{name}-HEAD",
        "surveys/S-BJ-2026/rate",
    ):
        content["scores"] = [
            row | {"score": text}
            for row, text in zip(content["scores"], value.split(","), strict=True)
        ]
    elif what == "params" and step.do == f"letters/{LETTER}/draft":
        content["items"] = [
            row | {path.rpartition(".")[2]: value} if row["item"] == name else row
            for row in content["items"]
        ]
    elif what == "value" and step.do == f"measurements/M-BJ-{name}/record":
        content["value"] = value
    elif what == "evidence_date" and step.do.endswith(f"-{name}/claim-completion"):
        content["evidence_date"] = value


def adjusted(adjustment: str, asked: Mapping[str, Any], terms: Mapping[str, Any]) -> Iterable[Step]:
    """Let the group impose an adjustment of the letter in July, approved along the matrix."""
    by, path = "PRESIDENT", f"adjustments/{adjustment}"
    bodies: dict[str, Mapping[str, Any]] = {
        "request": {
            "letter": LETTER,
            "cause": "group_imposed",
            "consultation": "GT-1",
            "evidence": [paper("沟通记录")],
            **asked,
        },
        "submit-evidence": {"description": "集团通知", "evidence": [paper("集团通知")]},
        "submit": {"effective_from": "2026-07-08", **terms},
    }
    for minute, (verb, body) in enumerate(bodies.items()):
        yield _step(f"2026-07-06 09:0{minute}", by, f"{path}/{verb}", body)
    yield from approval(
        case=f"C-{adjustment}",
        subject=f"adjustment/{adjustment}",
        subject_hash=lambda memory: memory.data(
            f"adjustment/{adjustment}", "adjustment.submitted.v1"
        )["content_hash"],
        item="ordinary-adjustment",
        initiator=by,
        days=("2026-07-06", "2026-07-08"),
    )
    yield _step("2026-07-08 17:00", "OPS-PLAN", f"{path}/approve", {"case": f"C-{adjustment}"})
    yield _step("2026-07-08 17:10", "OPS-PLAN", f"{path}/apply", {})


def assessing(verb: str, body: Mapping[str, Any]) -> Step:
    """A further step of whoever collects what the assessment needs."""
    return _step("2027-01-18 11:30", "OPS-SCORE", f"assessments/{ASSESSMENT}/{verb}", body)


def _step(at: str, by: str, do: str, body: Mapping[str, Any]) -> Step:
    return Step(at=at, by=by, do=do, body=body, en=do, zh=do)


def tables_of(story: StageStory, file: Path) -> SqliteTables:
    """The views of the ledger in which a variant happened."""
    placed = sorted(
        (placed for stream in story.stage.streams.values() for placed in stream),
        key=lambda placed: placed.position,
    )
    filled = SqliteTables(file, list(VIEWS.values()))
    Projector(list(VIEWS.values()), filled).project(
        [FeedEntry(row.position, canonical(row.recorded.envelope)) for row in placed]
    )
    return filled
