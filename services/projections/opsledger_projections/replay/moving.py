"""How far the fact of an item has to move until the grade does."""

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Final, Literal

import msgspec

from opsledger_contracts.documents.rulebook import Clause
from opsledger_contracts.linting.pieces import Piece, Shape, Stairs
from opsledger_contracts.linting.shapes import shapes
from opsledger_contracts.rules.days import days_late
from opsledger_contracts.rules.inputs import (
    CompletionFact,
    ItemInput,
    JudgementFact,
    Occurrence,
    OccurrencesFact,
    ScoringInputs,
    ValueFact,
)
from opsledger_contracts.rules.numbers import parse_decimal, quantise, shown
from opsledger_contracts.rules.primitives import score_item
from opsledger_projections.replay.composing import Composition, Edge, Landing
from opsledger_projections.replay.nearest import Axis, Move, moves

PLACES: Final = 12
"""Decimals of an example: as many as a decimal of the ledger can have."""
STEPS_MAX: Final = 1_000
"""Steps of an uncapped staircase that are looked at on each side of the recorded value."""
EVENTS_MAX: Final = 100
"""Further events of one category that are looked at."""

FactKind = Literal["value", "judgement", "completion", "occurrences", "rating", "points"]


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """A scored assessment with the edges of its grades."""

    composition: Composition
    edges: tuple[Edge, ...]

    @property
    def grade(self) -> str:
        """The grade as it is."""
        return self.composition.now.grade

    @property
    def inputs(self) -> ScoringInputs:
        """The inputs with all adjustments applied."""
        return self.composition.inputs

    def clause(self, item: ItemInput) -> Clause:
        """The clause that scores an item."""
        return self.composition.rulebook.clause(item.clause)

    def with_fact(self, item: ItemInput, fact: object) -> Landing:
        """Where it lands with another fact, scored by the rule itself."""
        changed = msgspec.structs.replace(item, fact=fact)
        return self.landing(item, score_item(changed, self.clause(item)).exact)

    def landing(self, item: ItemInput, score: Fraction) -> Landing:
        """Where it lands with another score of an item."""
        return self.composition.landing({item.item: score})


class FactMoves(msgspec.Struct, frozen=True, kw_only=True):
    """One fact, and the moves found on it before they are ranked."""

    path: str
    item: str | None
    kind: FactKind
    recorded: str
    found: tuple["Found", ...]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One move of a fact; `measure` is what the change is measured by for ranking."""

    threshold: str
    reached: bool
    change: Fraction
    measure: Fraction
    example: str
    landing: Landing


def item_fact(scene: Scene, item: ItemInput) -> FactMoves | None:
    """The moves of the fact of an item; None where its rule has no known pieces."""
    known = shapes(scene.clause(item), item.params)
    if not known:
        return None
    fact = item.fact
    path = f"items.{item.item}"
    match fact:
        case ValueFact():
            return FactMoves(
                path=f"{path}.value",
                item=item.item,
                kind="value",
                recorded=fact.value,
                found=tuple(_values(scene, item, known[0], fact.value)),
            )
        case JudgementFact():
            return FactMoves(
                path=f"{path}.value",
                item=item.item,
                kind="judgement",
                recorded=fact.value,
                found=tuple(_values(scene, item, known[0], fact.value)),
            )
        case CompletionFact():
            return FactMoves(
                path=f"{path}.evidence_date",
                item=item.item,
                kind="completion",
                recorded=fact.evidence_date.isoformat(),
                found=tuple(_days(scene, item, fact, known[0])),
            )
        case OccurrencesFact():
            return FactMoves(
                path=f"{path}.fact",
                item=item.item,
                kind="occurrences",
                recorded=str(len(fact.occurrences)),
                found=tuple(_events(scene, item, fact)),
            )
        case _:
            return None


def _values(scene: Scene, item: ItemInput, shape: Shape, text: str) -> Iterator[Found]:
    """Moves of a measured or judged value; the pieces of its rule give its score exactly."""
    recorded = parse_decimal(text)
    low, high = shape.pieces[0].lo, shape.pieces[-1].hi
    axis = Axis(
        start=recorded,
        low=low,
        high=high,
        breaks=tuple(_breaks(scene, item, shape, recorded)),
        at=lambda value: scene.landing(item, _value_of(shape, value)),
    )
    for move in moves(axis, scene.grade, scene.edges):
        nearby = example(move, recorded)
        yield Found(
            threshold=shown(move.value),
            reached=move.reached,
            change=move.value - recorded,
            measure=abs(recorded) or Fraction(1),
            example=shown(nearby),
            landing=axis.at(nearby),
        )


def _value_of(shape: Shape, value: Fraction) -> Fraction:
    piece = next(
        piece
        for piece in reversed(shape.pieces)
        if piece.lo is None or value > piece.lo or (value == piece.lo and piece.lo_held)
    )
    return piece.run.value(value)


def _breaks(scene: Scene, item: ItemInput, shape: Shape, recorded: Fraction) -> Iterator[Fraction]:
    """Ends of pieces, ends of steps, and where a gate begins to look at the item otherwise."""
    gate = scene.composition.rulebook.gate
    bases = () if gate is msgspec.UNSET else gate.bases
    limits = [parse_decimal(row.base) for row in bases if row.scored_by == item.clause]
    for piece in shape.pieces:
        yield from (end for end in (piece.lo, piece.hi) if end is not None)
        if isinstance(piece.run, Stairs):
            yield from _steps(piece, piece.run, recorded)
        elif piece.run.slope:
            slope, intercept = piece.run.slope, piece.run.intercept
            yield from ((limit - intercept) / slope for limit in limits)


def _steps(piece: Piece, stairs: Stairs, recorded: Fraction) -> Iterator[Fraction]:
    away = recorded - stairs.origin if stairs.ascending else stairs.origin - recorded
    steps = away / stairs.width
    middle = max(steps.numerator // steps.denominator, 0)
    last = middle + STEPS_MAX
    if stairs.limit is not None and stairs.rise:
        share = stairs.limit / abs(stairs.rise)
        last = min(last, -(-share.numerator // share.denominator))
    for count in range(max(1, middle - STEPS_MAX), last + 1):
        step = stairs.width * count
        place = stairs.origin + (step if stairs.ascending else -step)
        if (piece.lo is None or place > piece.lo) and (piece.hi is None or place < piece.hi):
            yield place


def example(move: Move, recorded: Fraction) -> Fraction:
    """The recordable value nearest to a threshold that moves the grade."""
    if move.reached and quantise(move.value, PLACES, "floor") == move.value:
        return move.value
    unit = Fraction(1, 10**PLACES)
    if move.value >= recorded:
        return quantise(move.value, PLACES, "floor") + unit
    return quantise(move.value, PLACES, "ceiling") - unit


def _days(scene: Scene, item: ItemInput, fact: CompletionFact, shape: Shape) -> Iterator[Found]:
    """Moves of an evidence date: day by day as far as the rule has something to say."""
    due = str({**scene.clause(item).params, **item.params}["due"])
    late = days_late(date.fromisoformat(due), fact.evidence_date)
    ends = [abs(end - late) for piece in shape.pieces if (end := piece.hi) is not None]
    reach = int(max(ends)) + 2
    period = scene.inputs.period
    for sign in (-1, 1):
        before = scene.composition.score(item.item)
        for count in range(1, reach + 1):
            day = fact.evidence_date + timedelta(days=sign * count)
            changed = msgspec.structs.replace(fact, evidence_date=day)
            score = score_item(
                msgspec.structs.replace(item, fact=changed), scene.clause(item)
            ).exact
            if score == before:
                continue
            before = score
            landing = scene.landing(item, score)
            if landing.grade != scene.grade:
                yield Found(
                    threshold=day.isoformat(),
                    reached=True,
                    change=Fraction(sign * count),
                    measure=Fraction((period.to - period.from_).days + 1),
                    example=day.isoformat(),
                    landing=landing,
                )
                break


def _events(scene: Scene, item: ItemInput, fact: OccurrencesFact) -> Iterator[Found]:
    """Moves of countable events: the fewest to be gone, and the fewest more of one category."""
    measure = Fraction(1 + len(fact.occurrences))

    def found(rows: tuple[Occurrence, ...]) -> Found | None:
        landing = scene.with_fact(item, msgspec.structs.replace(fact, occurrences=rows))
        if landing.grade == scene.grade:
            return None
        count = str(len(rows))
        return Found(
            threshold=count,
            reached=True,
            change=Fraction(len(rows) - len(fact.occurrences)),
            measure=measure,
            example=count,
            landing=landing,
        )

    for choices in (_fewer(scene, item, fact), _more(scene, item, fact)):
        first = next((move for rows in choices if (move := found(rows)) is not None), None)
        if first is not None:
            yield first


def _fewer(
    scene: Scene, item: ItemInput, fact: OccurrencesFact
) -> Iterator[tuple[Occurrence, ...]]:
    """The events without the dearest one, the two dearest, and so on; an accident goes whole."""
    names = dict.fromkeys(row.occurrence for row in fact.occurrences)

    def alone(name: str) -> Fraction:
        rows = tuple(row for row in fact.occurrences if row.occurrence == name)
        only = msgspec.structs.replace(fact, occurrences=rows)
        return score_item(msgspec.structs.replace(item, fact=only), scene.clause(item)).exact

    gone: set[str] = set()
    for name in sorted(names, key=lambda name: (alone(name), name)):
        gone.add(name)
        yield tuple(row for row in fact.occurrences if row.occurrence not in gone)


def _more(scene: Scene, item: ItemInput, fact: OccurrencesFact) -> Iterator[tuple[Occurrence, ...]]:
    """The events with one more, two more, and so on, of the category that costs most."""
    categories = scene.clause(item).params["categories"]
    assert isinstance(categories, list), item.clause
    dearest = max(categories, key=lambda row: parse_decimal(str(row["points_max"])))
    ranged = dearest["points_min"] != dearest["points_max"]
    rows = fact.occurrences
    for count in range(1, EVENTS_MAX + 1):
        rows = (
            *rows,
            Occurrence(
                occurrence=f"further-{count}",
                category=str(dearest["category"]),
                points=str(dearest["points_max"]) if ranged else None,
                reason="假设" if ranged else None,
                sources=fact.sources,
            ),
        )
        yield rows
