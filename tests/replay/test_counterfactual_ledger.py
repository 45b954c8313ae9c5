"""A counterfactual equals a real ledger in which it happened so, digest for digest where it can."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from opsledger.story.letters import items
from opsledger.story.scoring import ASSESSMENT
from opsledger.story.step import Step
from opsledger_contracts.events.replay import Override
from opsledger_projections.replay.replaying import Replayed, replay
from opsledger_projections.tables.port import Tables
from support.story_stage import StageStory
from support.story_variants import OPENED, Variant, adjusted, assessing, tables_of

RATERS = ("FIN", "COST", "MKT", "ENG", "LEGAL", "HR", "AUDIT")
NODES = {"N02": date(2026, 6, 28), "N03": date(2026, 10, 30)}
DIMENSIONS = 5
DUE = date(2026, 5, 29)
"""The day on which N01 is due before its extension."""
ON_REVISION_2 = {OPENED: {"letter_revision": 2}}
ON_REVISION_3 = {OPENED: {"letter_revision": 3}}
EXTENSION = "adjustments/AD-N01"
DIGESTS = ("inputs_digest", "result_digest", "tree_digest", "total_exact", "rulebook")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[int, Tables]]:
    """The views of the story as it is told, scored on revision 1 or on revision 2 of the letter."""
    folder = tmp_path_factory.mktemp("told")
    variants = {1: Variant(), 2: Variant(bodies=ON_REVISION_2)}
    filled = {
        revision: tables_of(variant.played(), folder / f"{revision}.sqlite")
        for revision, variant in variants.items()
    }
    yield filled
    for tables in filled.values():
        tables.close()


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
    told: Mapping[int, Tables], changes: dict[str, str]
) -> None:
    """R158: the same inputs, the same result and the same tree, though nothing was recorded."""
    found = _counterfactual(told[1], changes)
    real = _score(Variant(facts=changes).played())
    assert not found.official
    for figure in DIGESTS:
        assert getattr(found.replayed, figure) == real[figure], figure


def _counterfactual(tables: Tables, changes: Mapping[str, str]) -> Replayed:
    return replay(
        tables,
        ASSESSMENT,
        "counterfactual",
        position=tables.progress().position,
        overrides=tuple(Override(path=path, value=value) for path, value in changes.items()),
    )


def _score(real: StageStory) -> dict[str, Any]:
    return real.data(f"assessment/{ASSESSMENT}", "assessment.score_calculated.v1")


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


@settings(max_examples=3, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    bonus=_decimal(1, 4, 1),
    penalty=_decimal(1, 9, 2),
    value=FACTS["items.I02.value"],
)
def test_points_that_were_not_given_equal_the_ledger_in_which_they_were(
    told: Mapping[int, Tables], bonus: str, penalty: str, value: str
) -> None:
    """R158: bonus and penalty with the entry that would have given them; every digest is equal."""
    facts = {"items.I02.value": value}
    given_points = {"grant-bonus": ("bonus", bonus), "apply-penalty": ("penalties", penalty)}
    further = [
        assessing(
            verb,
            {
                "clause": "4.2",
                "points": points,
                "reason": "假设",
                "evidence": [{"sha256": "a" * 64, "media": "application/pdf", "title": "证明"}],
            },
        )
        for verb, (_, points) in given_points.items()
    ]
    story = Variant(facts=facts, further=further).played()
    stream = f"assessment/{ASSESSMENT}"
    # The score and the frozen inputs follow the two points.
    first = story.version(stream) - len(further) - 1
    overrides = facts | {
        f"{noun}.4.2.added": _json(
            {
                "points": points,
                "reason": "假设",
                "sources": [{"stream": stream, "version": first + place}],
            }
        )
        for place, (noun, points) in enumerate(given_points.values())
    }
    found, real = _counterfactual(told[1], overrides), _score(story)
    for figure in DIGESTS:
        assert getattr(found.replayed, figure) == real[figure], figure


class Otherwise(NamedTuple):
    """Terms that were otherwise: the real ledger, and the same as changes of the told one."""

    variant: Variant
    revision: int
    """Revision of the letter on which the told ledger is scored."""
    changes: dict[str, str]


def _extended(days: int) -> Otherwise:
    """Told on revision 1 as if the extension counted; really so many days were granted."""
    later = (DUE + timedelta(days=days)).isoformat()
    changes = {
        "kind": "force_majeure",
        "cause_class": "force_majeure",
        "treatment": "extend",
        "items": ["N01"],
        "changes": [
            {"item": "N01", "parameter": "due", "value_from": DUE.isoformat(), "value_to": later}
        ],
        "requested_on": "2026-05-21",
        "sources": [{"stream": "adjustment/AD-N01", "version": 7}],
    }
    bodies: dict[str, Mapping[str, Any]] = {
        OPENED: {"letter_revision": 2},
        f"{EXTENSION}/assess-impact": {"critical_path_days": days},
        f"{EXTENSION}/submit": {"granted_days": days},
    }
    return Otherwise(Variant(bodies=bodies), 1, {"adjustments.AD-N01.added": _json(changes)})


def _refused(_days: int) -> Otherwise:
    """Told on revision 2 as if the extension had been refused; really revision 1 held."""
    return Otherwise(Variant(), 2, {"adjustments.AD-N01.treatment": "refuse"})


def _undone(_days: int) -> Otherwise:
    """Told on revision 2 as if there had been no adjustment; really revision 1 held."""
    return Otherwise(Variant(), 2, {"adjustments.AD-N01.deleted": "undo"})


def _is_of(item: str) -> Callable[[Step], bool]:
    """Whether a step binds or does the work of an item that is not in the letter any more."""

    def dropped(step: Step) -> bool:
        binds = isinstance(step.body, Mapping) and step.body.get("item") == item
        return binds and step.do.startswith(f"assessments/{ASSESSMENT}/bind-")

    return dropped


def _excluded(_days: int) -> Otherwise:
    """Told on revision 2 as if N01 had been excluded; really the committee took it out."""
    bodies: dict[str, Mapping[str, Any]] = {
        OPENED: {"letter_revision": 2},
        f"{EXTENSION}/submit": {"treatment": "exclude", "granted_days": None},
    }
    return Otherwise(
        Variant(bodies=bodies, dropped=_is_of("N01")),
        2,
        {"adjustments.AD-N01.treatment": "exclude"},
    )


def _deleted(item: str) -> Callable[[int], Otherwise]:
    def otherwise(_days: int) -> Otherwise:
        """Told on revision 2 as if an item were not there; really the group deleted it."""
        asked = {"items": [item], "kind": "delete", "requested_change": f"删除 {item}"}
        return Otherwise(
            Variant(
                bodies=ON_REVISION_3,
                dropped=_is_of(item),
                further=tuple(adjusted("AD-OFF", asked, {"treatment": "exclude"})),
            ),
            2,
            {f"items.{item}.deleted": "redistribute"},
        )

    return otherwise


def _added(days: int) -> Otherwise:
    """Told on revision 2 as if there were a tenth item; really the group imposed it."""
    template = next(row for row in items("BJ", "P-CHEN") if row["item"] == "I02")
    target = str(100_000 + 1_000 * days)
    item = template | {"item": "Z01", "name": "专项回款", "weight": "7", "target": target}
    asked = {"items": ["Z01"], "kind": "add", "requested_change": "集团增加专项回款"}
    terms = {"treatment": "reweight", "added": [item]}
    added = {
        "title": item["name"],
        "category": item["category"],
        "level": item["level"],
        "weight": item["weight"],
        "clause": item["clause"],
        "params": {"target": target},
        "fact": {
            "kind": "value",
            "value": "127500",
            "unit": "万元",
            "sources": [{"stream": "measurement/M-BJ-I02", "version": 1}],
        },
        "sources": [{"stream": "letter/BJ-2026", "version": 1}],
    }
    bound = assessing("bind-measurement", {"item": "Z01", "measurement": "M-BJ-I02"})
    return Otherwise(
        Variant(bodies=ON_REVISION_3, further=(*adjusted("AD-ON", asked, terms), bound)),
        2,
        {"items.Z01.added": _json(added)},
    )


def _retargeted(days: int) -> Otherwise:
    """Told on revision 2 as if I02 had another target; really the group set it in July."""
    target = str(120_000 + 1_000 * days)
    asked = {"items": ["I02"], "kind": "retarget", "requested_change": "调整回款目标"}
    terms = {"treatment": "retarget", "terms": [{"item": "I02", "values": {"target": target}}]}
    return Otherwise(
        Variant(bodies=ON_REVISION_3, further=tuple(adjusted("AD-TO", asked, terms))),
        2,
        {"items.I02.params.target": target},
    )


OTHERWISE: Mapping[str, Callable[[int], Otherwise]] = {
    "extended": _extended,
    "refused": _refused,
    "undone": _undone,
    "excluded": _excluded,
    "item with a value deleted": _deleted("I04"),
    "node deleted": _deleted("N03"),
    "added": _added,
    "retargeted": _retargeted,
}


@pytest.mark.parametrize("name", OTHERWISE)
@settings(max_examples=2, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(days=st.integers(1, 9), value=FACTS["items.I01.value"])
def test_other_terms_equal_the_ledger_in_which_they_were_decided(
    told: Mapping[int, Tables], name: str, days: int, value: str
) -> None:
    """R158: weight and score of every item, total and grade, to the last digit of the exact value.

    Digests differ, since the real ledger cites the entries that decided so.
    """
    variant, revision, changes = OTHERWISE[name](days)
    facts = {"items.I01.value": value}
    found = _counterfactual(told[revision], facts | changes)
    real = _score(replace(variant, facts=facts).played())
    assert (found.replayed.total_exact, found.replayed.total, found.replayed.grade) == (
        real["total_exact"],
        real["total"],
        real["grade"],
    )
    assert [row["item"] for row in found.item_scores] == [
        row["item"] for row in real["item_scores"]
    ]
    for row, recorded in zip(found.item_scores, real["item_scores"], strict=True):
        assert row.items() <= recorded.items()
