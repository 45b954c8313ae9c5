"""Sensitivity: the single fact nearest to moving the grade, and all others ranked behind it."""

from fractions import Fraction
from typing import Final

import msgspec

from opsledger_contracts.problems.assessment import RuleInapplicable
from opsledger_contracts.rules.errors import RuleError
from opsledger_contracts.rules.numbers import exact, shown
from opsledger_projections.replay.composing import Composition, edges
from opsledger_projections.replay.moving import FactKind, FactMoves, Found, Scene, item_fact
from opsledger_projections.replay.moving_amounts import points_facts, rating_facts
from opsledger_projections.replay.runs import run_of
from opsledger_projections.replay.studying import Crossing, Wording, crossing
from opsledger_projections.tables.port import Tables


class Sensitive(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest change of one fact, in one direction, that moves the grade."""

    rank: int
    path: str
    """The fact, as a counterfactual override names it."""
    item: str | None
    kind: FactKind
    recorded: str
    threshold: str
    """Exact value at which the grade moves: decimal, `n/d`, date, or number of events."""
    reached: bool
    """Whether exactly the threshold is enough; else anything beyond it is."""
    change: str
    """Threshold less recorded value: in the unit of the fact, in days, or in events."""
    share: str
    """The change by the measure of the fact: its recorded value (for a value or a judgement), the
    days of the period, one more than the recorded events, the scale of ratings, the recorded
    points. Facts are ranked by it."""
    example: str
    """A value that moves the grade and can be recorded."""
    total: str
    """The total with the example."""
    grade: str
    moves: Crossing
    zh: str
    en: str


class NotAnalysed(msgspec.Struct, frozen=True, kw_only=True):
    """A fact whose rule has no known pieces."""

    item: str
    clause: str


class Sensitivity(msgspec.Struct, frozen=True, kw_only=True):
    """What the grade of a run hangs on."""

    assessment: str
    run: int
    total: str
    grade: str
    nearest: Sensitive | None
    """None where no change of a single fact moves the grade."""
    facts: tuple[Sensitive, ...]
    """Nearest first."""
    unmoved: tuple[str, ...]
    """Facts that alone cannot move the grade, by path."""
    not_analysed: tuple[NotAnalysed, ...]
    official: bool
    watermark: Wording


WATERMARK: Final = Wording(
    zh="敏感性分析,仅供参考,不是正式得分",
    en="sensitivity analysis, for information only, not an official score",
)


def sensitivity(tables: Tables, assessment: str, number: int | None, position: int) -> Sensitivity:
    """Find for every fact of a run the smallest change that moves the grade.

    Raises:
        RuleInapplicable: the rules cannot be applied to the frozen inputs.
        Refusal: as `run_of`.

    """
    run = run_of(tables, assessment, number, position)
    try:
        composition = Composition(run.inputs, run.rulebook)
    except RuleError as error:
        raise RuleInapplicable(detail_en=error.en, detail_zh=error.zh) from error
    scene = Scene(composition=composition, edges=edges(run.rulebook))
    facts, unknown = _facts(scene)
    ranked = _ranked(scene, facts)
    return Sensitivity(
        assessment=assessment,
        run=run.scored.run,
        total=composition.now.total,
        grade=composition.now.grade,
        nearest=ranked[0] if ranked else None,
        facts=ranked,
        unmoved=tuple(fact.path for fact in facts if not fact.found),
        not_analysed=unknown,
        official=False,
        watermark=WATERMARK,
    )


def _facts(scene: Scene) -> tuple[list[FactMoves], tuple[NotAnalysed, ...]]:
    facts: list[FactMoves] = []
    unknown: list[NotAnalysed] = []
    for item in scene.composition.items:
        found = item_fact(scene, item)
        if found is None:
            unknown.append(NotAnalysed(item=item.item, clause=item.clause))
        else:
            facts.append(found)
    facts += rating_facts(scene)
    facts += points_facts(scene, "bonus", scene.inputs.bonus)
    facts += points_facts(scene, "penalties", scene.inputs.penalties)
    return facts, tuple(unknown)


def _ranked(scene: Scene, facts: list[FactMoves]) -> tuple[Sensitive, ...]:
    rows = sorted(
        ((abs(row.change) / row.measure, fact, row) for fact in facts for row in fact.found),
        key=lambda found: (found[0], found[1].path, found[2].change),
    )
    return tuple(
        _sensitive(scene, rank, share, fact, row) for rank, (share, fact, row) in enumerate(rows, 1)
    )


def _sensitive(scene: Scene, rank: int, share: Fraction, fact: FactMoves, row: Found) -> Sensitive:
    policy = scene.composition.rulebook.grades
    landing = row.landing
    beyond_zh, beyond_en = ("", "") if row.reached else ("以外", "beyond ")
    return Sensitive(
        rank=rank,
        path=fact.path,
        item=fact.item,
        kind=fact.kind,
        recorded=fact.recorded,
        threshold=row.threshold,
        reached=row.reached,
        change=shown(row.change),
        share=exact(share),
        example=row.example,
        total=landing.total,
        grade=landing.grade,
        moves=crossing(scene.grade, landing.grade, policy),
        zh=f"{fact.path} 由 {fact.recorded} 变为 {row.threshold}{beyond_zh}"
        f"（{shown(row.change)}），等级由 {scene.grade} 变为 {landing.grade}",
        en=f"{fact.path} from {fact.recorded} to {beyond_en}{row.threshold} "
        f"({shown(row.change)}) moves the grade from {scene.grade} to {landing.grade}",
    )
