"""The golden corpus: 20,000 assessments give the same digits wherever they are computed (P11)."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from opsledger_contracts.documents.rulebook import ScoringStep, Treatment
from opsledger_contracts.documents.structure import VetoEffect
from opsledger_contracts.rules.inputs import AdjustmentKind, Explanation, Fact
from opsledger_contracts.rules.primitives import PRIMITIVES
from opsledger_contracts.rules.rulebook_validation import validate_rulebook
from support import corpus, corpus_matrix, corpus_summary
from support.corpus import Block
from support.corpus_clauses import RULES
from support.corpus_faults import FAULTS
from support.corpus_matrix import (
    Interpreter,
    Leg,
    Unprepared,
    interpreters,
    legs,
    misplaced,
    run,
)

ROWS = range(9)
"""Legs of one interpreter."""
OTHERS_TAKE = 6
"""Every so manyeth block is computed by the other interpreters here; `make corpus` takes them all."""
FAULTY_BLOCKS = (3, 11)
SAMPLED = 12
"""Blocks that are looked at for what the corpus meets."""

Tell = Callable[[str, object], None]


@cache
def _golden() -> dict[int, Block]:
    return corpus.golden()


def _departures(leg: Leg, blocks: Sequence[int]) -> list[str]:
    ran = run(leg, blocks)
    assert [block.block for block in ran.blocks] == list(blocks)
    return misplaced(leg, ran.place) + [
        told for block in ran.blocks for told in corpus.departures(_golden()[block.block], block)
    ]


def _told(leg: Leg, what: object) -> str:
    python = f"CPython {leg.interpreter.version}"
    return corpus_summary.of_leg(python, leg.seed, leg.zone, leg.locale, str(what))


@pytest.mark.parametrize("row", ROWS)
def test_the_corpus_gives_what_was_recorded(row: int, record_property: Tell) -> None:
    """P11: each block once, over all hash seeds, time zones and locales, by this interpreter."""
    leg = legs(interpreters()[0])[row]
    blocks = range(row, corpus.BLOCKS, len(ROWS))
    assert _departures(leg, blocks) == []
    record_property(corpus_summary.PROPERTY, _told(leg, len(blocks) * corpus.ASSESSMENTS))


@pytest.mark.parametrize("row", ROWS)
def test_other_interpreters_give_what_was_recorded(row: int, record_property: Tell) -> None:
    """P11: a part of the corpus by every other CPython that is found, in each of its legs."""
    tried = 0
    for interpreter in interpreters()[1:]:
        leg = legs(interpreter)[row]
        blocks = range(row, corpus.BLOCKS, len(ROWS) * OTHERS_TAKE)
        try:
            assert _departures(leg, blocks) == []
        except Unprepared as reason:
            record_property(corpus_summary.PROPERTY, _told(leg, reason))
            continue
        record_property(corpus_summary.PROPERTY, _told(leg, len(blocks) * corpus.ASSESSMENTS))
        tried += 1
    if not tried:
        pytest.skip("there is no other CPython from 3.11 on that has what the rules need")


def _faulty(leg: Leg, fault: str) -> dict[int, Block]:
    return {block.block: block for block in run(leg, FAULTY_BLOCKS, fault).blocks}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_departs_from_what_was_recorded(fault: str) -> None:
    """P11, canary: float sum, set order, case, collation and local time are all noticed."""
    leg = legs(interpreters()[0])[2]
    assert (leg.zone, leg.seed) == ("America/St_Johns", "0")
    told = [
        line
        for number, block in _faulty(leg, fault).items()
        for line in corpus.departures(_golden()[number], block)
    ]
    assert any("first at assessment" in line for line in told), told


def _differing_in(leg: Leg, **other: str) -> Leg:
    return leg._replace(**other)  # type: ignore[arg-type]


def _newer() -> Interpreter | None:
    """An interpreter that sums floats otherwise than this one, if there is one."""
    changed_in = (3, 12)
    here, *others = (
        (tuple(map(int, found.version.split(".")[:2])) >= changed_in, found)
        for found in interpreters()
    )
    return next((found for sums, found in others if sums != here[0]), None)


def _pairs() -> Iterator[tuple[str, Leg, Leg]]:
    """For each fault two legs of which the second has to give something else than the first."""
    first = legs(interpreters()[0])[0]
    seeded = _differing_in(first, seed="1")
    turkish = _differing_in(first, locale=legs(interpreters()[0])[2].locale)
    yield "set_order", first, seeded
    yield "local_time", first, _differing_in(first, zone="America/St_Johns")
    if turkish.locale != "POSIX":
        yield "collated", first, turkish
    newer = _newer()
    if newer is not None:
        yield "float_sum", first, Leg(newer, first.seed, first.zone, first.locale)


def test_a_fault_that_was_recorded_as_right_departs_elsewhere() -> None:
    """P11, canary: had the faulty figures been recorded, another leg of the matrix would differ."""
    seen = []
    for fault, first, second in _pairs():
        try:
            recorded, elsewhere = _faulty(first, fault), _faulty(second, fault)
        except Unprepared:
            continue
        told = [corpus.departures(recorded[number], elsewhere[number]) for number in recorded]
        assert any(told), (fault, str(second))
        seen.append(fault)
    assert {"set_order", "local_time"} <= set(seen)


def test_a_leg_that_did_not_apply_is_told() -> None:
    """A matrix whose environment is not in force inside its processes proves nothing."""
    leg = legs(interpreters()[0])[0]
    ran = run(leg, [0])
    assert misplaced(leg, ran.place) == []
    elsewhere = leg._replace(
        interpreter=leg.interpreter._replace(version="3.0.0"), zone="Asia/Shanghai", locale="xx"
    )
    assert len(misplaced(elsewhere, ran.place)) == 3


def test_an_interpreter_without_the_library_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be installed, an interpreter is named as not tried, with the reason."""
    monkeypatch.setattr(corpus_matrix, "CACHE", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    other = interpreters()[0]._replace(version="3.99.0", running=False)
    with pytest.raises(Unprepared, match="msgspec"):
        corpus_matrix.library_for(other)


def test_seeds_zones_and_locales_meet_in_pairs() -> None:
    """Nine legs: whatever two of the three do together, some leg does it."""
    rows = legs(interpreters()[0])
    for one, other in (("seed", "zone"), ("seed", "locale"), ("zone", "locale")):
        assert len({(getattr(leg, one), getattr(leg, other)) for leg in rows}) == len(ROWS)


def test_a_departure_names_the_part_and_the_assessment() -> None:
    """Whoever breaks a score is told which one first."""
    block = _golden()[0]
    words = block.scores.split(" ")
    words[7] = "0.00/E/00000000"
    changed = msgspec.structs.replace(block, scores=" ".join(words), trees="0" * 64)
    assert corpus.departures(block, block) == []
    assert corpus.departures(block, changed) == [
        f"block 0: trees {block.trees} became {'0' * 64}",
        f"block 0: first at assessment 7: {block.scores.split(' ')[7]} -> 0.00/E/00000000",
    ]


def test_the_corpus_holds_twenty_thousand_assessments_once() -> None:
    """No block is missing or there twice, and most assessments have a score."""
    lines = corpus.GOLDEN.read_text("ascii").splitlines()
    assert len(lines) == len(_golden()) == corpus.BLOCKS
    assert sorted(_golden()) == list(range(corpus.BLOCKS))
    words = Counter(
        "scored" if "/" in word else word
        for block in _golden().values()
        for word in block.scores.split(" ")
    )
    assert words.total() >= 20_000
    assert words["scored"] > 18_000
    assert len(words) > 8


def _nodes(tree: Explanation) -> Iterator[Explanation]:
    yield tree
    for child in tree.inputs:
        yield from _nodes(child)


def test_the_corpus_meets_every_rule_of_practice() -> None:
    """Every primitive, step, kind of fact, treatment, adjustment, effect; and rulebooks that hold."""
    assert set(RULES) == set(PRIMITIVES)
    steps: set[str] = set()
    ops: set[str] = set()
    facts: set[str] = set()
    treatments: set[str] = set()
    kinds: set[str] = set()
    effects: set[type] = set()
    for block in range(SAMPLED):
        rulebook = corpus.rulebook_of(block)
        assert validate_rulebook(rulebook) == ()
        steps |= set(rulebook.order.steps)
        for place in range(corpus.ASSESSMENTS):
            found = corpus.assessed(block, place, rulebook)
            facts |= {type(item.fact).__name__ for item in found.inputs.items}
            treatments |= {row.treatment for row in found.inputs.adjustments}
            kinds |= {row.kind for row in found.inputs.adjustments}
            if found.outcome is not None:
                ops |= {node.op for node in _nodes(found.outcome.tree)}
                vetoes = found.outcome.vetoes or ()
                effects |= {type(effect) for veto in vetoes for effect in veto.effects}
    assert {name.replace("@", ".") for name in PRIMITIVES} <= ops
    assert {"zero_weight.1", "change_penalty", "bonus", "penalty", "survey"} <= ops
    assert steps == set(get_args(ScoringStep))
    assert {kind.__name__ for kind in get_args(Fact)} <= facts
    assert treatments == set(get_args(Treatment))
    assert kinds == set(get_args(AdjustmentKind))
    assert effects == set(get_args(VetoEffect))


def test_the_summary_tells_where_the_corpus_ran_and_where_not() -> None:
    """A line for each interpreter; one that could not be tried is named with the reason."""
    told = [
        ("corpus", corpus_summary.of_leg("CPython 3.12.1", "0", "UTC", "C", "400")),
        ("corpus", corpus_summary.of_leg("CPython 3.12.1", "1", "UTC", "POSIX", "100")),
        ("corpus", corpus_summary.of_leg("CPython 3.14.0", "0", "UTC", "C", "no network")),
        ("another", "thing"),
    ]
    assert list(corpus_summary.lines(told)) == [
        (
            "CPython 3.12.1: 500 assessments in 2 legs; hash seeds 0, 1; time zones UTC; "
            "locales C, POSIX"
        ),
        "CPython 3.14.0: NOT TRIED: no network",
    ]
    assert list(corpus_summary.lines([])) == []
