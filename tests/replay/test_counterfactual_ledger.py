"""A counterfactual equals a real ledger in which those facts happened, digest for digest."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from opsledger.story.chapters import CHAPTERS, PEOPLE
from opsledger.story.letters import LETTER
from opsledger.story.scoring import ASSESSMENT
from opsledger.story.step import Memory, Step
from opsledger_contracts.canonical import canonical
from opsledger_contracts.events.replay import Override
from opsledger_projections.following.feed import FeedEntry
from opsledger_projections.following.projector import Projector
from opsledger_projections.replay.replaying import replay
from opsledger_projections.tables.port import Tables
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.story_stage import StageStory

LAST = f"assessments/{ASSESSMENT}/calculate"
RATERS = ("FIN", "COST", "MKT", "ENG", "LEGAL", "HR", "AUDIT")
NODES = {"N02": date(2026, 6, 28), "N03": date(2026, 10, 30)}
DIMENSIONS = 5

Changes = Mapping[str, str]
"""What is otherwise, by the path of its override."""


def _to_the_score() -> Iterator[Step]:
    for chapter in (PEOPLE, *CHAPTERS):
        for step in chapter.steps():
            yield step
            if step.do == LAST:
                return


def _as_if(step: Step, changes: Changes) -> Step:
    """The step as it would have been taken had the facts been others."""

    def body(memory: Memory) -> dict[str, Any]:
        content = step.content(memory)
        for path, value in changes.items():
            _change(step, content, path, value)
        return content

    return replace(step, body=body)


def _change(step: Step, content: dict[str, Any], path: str, value: str) -> None:
    kind, name, field = (*path.split("."), "", "")[:3]
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
    elif field == "params" and step.do == f"letters/{LETTER}/draft":
        content["items"] = [
            row | {path.rpartition(".")[2]: value} if row["item"] == name else row
            for row in content["items"]
        ]
    elif field == "value" and step.do == f"measurements/M-BJ-{name}/record":
        content["value"] = value
    elif field == "evidence_date" and step.do.endswith(f"-{name}/claim-completion"):
        content["evidence_date"] = value


def _played(changes: Changes) -> StageStory:
    story = StageStory()
    for step in _to_the_score():
        story.play(_as_if(step, changes))
    return story


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    """The views of the ledger in which everything happened as the story tells it."""
    stage = _played({}).stage
    placed = sorted(
        (placed for stream in stage.streams.values() for placed in stream),
        key=lambda placed: placed.position,
    )
    filled = SqliteTables(tmp_path_factory.mktemp("told") / "t.sqlite", list(VIEWS.values()))
    Projector(list(VIEWS.values()), filled).project(
        [FeedEntry(row.position, canonical(row.recorded.envelope)) for row in placed]
    )
    yield filled
    filled.close()


def _decimal(low: int, high: int, places: int) -> st.SearchStrategy[str]:
    scaled = st.integers(low * 10**places, high * 10**places)
    return scaled.map(lambda number: f"{number // 10**places}.{number % 10**places:0{places}d}")


FACTS: dict[str, st.SearchStrategy[str]] = {
    "items.I01.value": st.integers(150_000, 260_000).map(str),
    "items.I02.value": st.integers(1, 200_000).map(str),
    "items.I03.value": st.integers(9_000, 15_000).map(str),
    "items.I04.value": _decimal(6, 12, 2),
    "items.M01.value": _decimal(0, 100, 2),
    "items.M02.value": st.integers(60, 100).map(str),
    "items.M01.params.target": _decimal(80, 99, 1),
    "clauses.3.1.params.cap": st.sampled_from(("1.00", "1.05", "1.10")),
    "clauses.3.3.params.points_up": _decimal(1, 9, 1),
    **{
        f"items.{item}.evidence_date": st.integers(0, 20).map(
            partial(lambda day, early: (day - timedelta(days=early)).isoformat(), day)
        )
        for item, day in NODES.items()
    },
    **{
        f"satisfaction.{rater}": st.lists(
            _decimal(0, 9, 1), min_size=DIMENSIONS, max_size=DIMENSIONS
        ).map(",".join)
        for rater in RATERS
    },
}


@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    changes=st.lists(st.sampled_from(sorted(FACTS)), min_size=1, max_size=6, unique=True).flatmap(
        lambda paths: st.fixed_dictionaries({path: FACTS[path] for path in paths})
    )
)
def test_a_counterfactual_equals_the_ledger_in_which_it_happened(
    tables: Tables, changes: dict[str, str]
) -> None:
    """R158: the same inputs, the same result and the same tree, though nothing was recorded."""
    overrides = tuple(Override(path=path, value=value) for path, value in changes.items())
    found = replay(
        tables,
        ASSESSMENT,
        "counterfactual",
        position=tables.progress().position,
        overrides=overrides,
    )
    real = _played(changes).data(f"assessment/{ASSESSMENT}", "assessment.score_calculated.v1")
    assert not found.official
    for figure in ("inputs_digest", "result_digest", "tree_digest", "total_exact", "rulebook"):
        assert getattr(found.replayed, figure) == real[figure], figure
