"""How far a rating or an amount of points has to move until the grade does."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Literal

import msgspec

from opsledger_contracts.rules.inputs import PointsInput, ScoringInputs
from opsledger_contracts.rules.numbers import parse_decimal, quantise, shown
from opsledger_projections.replay.moving import PLACES, FactMoves, Found, Scene, example
from opsledger_projections.replay.nearest import Axis, moves


def rating_facts(scene: Scene) -> Iterator[FactMoves]:
    """Each rating of one value; those of several dimensions are not single facts."""
    survey = scene.inputs.satisfaction
    if survey is None:
        return
    policy = scene.composition.rulebook.satisfaction
    scale = parse_decimal(policy.scale_max)
    others = tuple(parse_decimal(text) for row in survey.ratings for text in row.values)
    for place, rating in enumerate(survey.ratings):
        if len(rating.values) != 1:
            continue

        def replaced(value: Fraction, place: int = place) -> ScoringInputs:
            rows = list(survey.ratings)
            rows[place] = msgspec.structs.replace(rows[place], values=(_text(value),))
            changed = msgspec.structs.replace(survey, ratings=tuple(rows))
            return msgspec.structs.replace(scene.inputs, satisfaction=changed)

        yield _amount(
            scene,
            FactMoves(
                path=f"satisfaction.{rating.rater}",
                item=None,
                kind="rating",
                recorded=rating.values[0],
                found=(),
            ),
            (scale, scale),
            others,
            replaced,
        )


def points_facts(
    scene: Scene, name: Literal["bonus", "penalties"], given: tuple[PointsInput, ...]
) -> Iterator[FactMoves]:
    """Each amount of bonus or penalty points."""
    policy = scene.composition.rulebook.points
    cap = parse_decimal(policy.bonus_max if name == "bonus" else policy.penalty_max)
    for place, row in enumerate(given):

        def replaced(value: Fraction, place: int = place) -> ScoringInputs:
            rows = list(given)
            rows[place] = msgspec.structs.replace(rows[place], points=_text(value))
            return msgspec.structs.replace(scene.inputs, **{name: tuple(rows)})

        points = parse_decimal(row.points)
        rest = cap - sum((parse_decimal(other.points) for other in given), Fraction(0)) + points
        yield _amount(
            scene,
            FactMoves(
                path=f"{name}.{row.clause}",
                item=None,
                kind="points",
                recorded=row.points,
                found=(),
            ),
            (cap, points),
            (rest,),
            replaced,
        )


def _amount(
    scene: Scene,
    fact: FactMoves,
    scale: tuple[Fraction, Fraction],
    breaks: tuple[Fraction, ...],
    replaced: Callable[[Fraction], ScoringInputs],
) -> FactMoves:
    """Moves of a number that stands beside the items, from 0 to the end of its scale."""
    high, measure = scale
    recorded = parse_decimal(fact.recorded)
    axis = Axis(
        start=recorded,
        low=Fraction(0),
        high=high,
        breaks=breaks,
        at=lambda value: scene.composition.landing({}, replaced(value)),
    )
    found = []
    for move in moves(axis, scene.grade, scene.edges):
        nearby = example(move, recorded)
        found.append(
            Found(
                threshold=shown(move.value),
                reached=move.reached,
                change=move.value - recorded,
                measure=measure or Fraction(1),
                example=shown(nearby),
                landing=axis.at(nearby),
            )
        )
    return msgspec.structs.replace(fact, found=tuple(found))


def _text(value: Fraction) -> str:
    """Decimal text of a value; a sample that is none is taken at the next one below."""
    return shown(quantise(value, PLACES, "floor"))
