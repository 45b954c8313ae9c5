"""Sweep: who else was scored by a clause, by a primitive, or under superseded terms (R137, R159)."""

from collections.abc import Iterator

import msgspec

from opsledger_contracts.problems.assessment import ClauseNotInRulebook
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.rules.inputs import Explanation, Outcome
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_projections.replay.facts import ViewFacts
from opsledger_projections.replay.replaying import inputs_at
from opsledger_projections.replay.runs import Holding, PublishedScores, Run, scored
from opsledger_projections.replay.studying import (
    Crossing,
    StudyProgress,
    Uncomputable,
    counted_from,
    crossing,
    reports,
    uncomputable,
)
from opsledger_projections.tables.port import Tables


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep looks for; a score is found where all that is asked holds.

    With nothing asked, superseded letter revisions are looked for.
    """

    clause: str | None = None
    primitive: str | None = None
    superseded: bool = False
    effect: bool = False
    """Whether to compute what each score found would be under what is known now."""

    @property
    def revisions(self) -> bool:
        """Whether superseded letter revisions are looked for."""
        return self.superseded or (self.clause is None and self.primitive is None)


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What a score would be if it were rescored: the letter revision in force, facts as known."""

    total: str
    grade: str
    delta: str
    """That total less the published one."""
    crosses: Crossing


class Affected(msgspec.Struct, frozen=True, kw_only=True):
    """A published score that a sweep found."""

    assessment: str
    subject: str
    letter: str
    score_version: int
    run: int
    total: str
    grade: str
    rulebook: str
    """Name of the rulebook."""
    letter_revision: int
    letter_revision_in_force: int
    superseded: bool
    """Whether the score rests on an earlier letter revision than the one in force."""
    clause_places: tuple[str, ...]
    """Places in the explanation that rest on the clause asked for."""
    primitive_items: tuple[str, ...]
    """Items that the primitive asked for scores."""
    effect: Effect | None = None
    not_computed: Uncomputable | None = None
    """Why there is no effect although it was asked for."""


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep came to."""

    period: str
    scores: int
    """Published scores that were looked at."""
    affected: int
    not_computed: int
    crossing_up: int
    crossing_down: int


def sweep(
    tables: Tables, period: str, search: Search, position: int
) -> Iterator[StudyProgress | Affected | Swept]:
    """Look at every published score of a period as known at a position, unit by unit.

    Gives progress, each score found, and at last the sum. Nothing is recorded.

    Raises:
        ClauseNotInRulebook: scores were published, and none of their rulebooks has the clause.
        DocumentUnknown: a score names a rulebook that was never published.

    """
    scores = PublishedScores(tables, period, position)
    total = len(scores.scores)
    facts = ViewFacts(tables, position)
    _require_clause(search.clause, scores, facts)
    yield counted_from(total)
    found: list[Affected] = []
    for done, (holding, run) in enumerate(scores.runs(), 1):
        affected = _looked_at(holding, run, search, facts)
        if affected is not None:
            if search.effect:
                affected = _with_effect(affected, tables, run, position)
            found.append(affected)
            yield affected
        if reports(done, total):
            yield StudyProgress(done=done, of=total)
    yield Swept(
        period=period,
        scores=total,
        affected=len(found),
        not_computed=sum(row.not_computed is not None for row in found),
        crossing_up=sum(row.effect is not None and row.effect.crosses == "up" for row in found),
        crossing_down=sum(row.effect is not None and row.effect.crosses == "down" for row in found),
    )


def _require_clause(clause: str | None, scores: PublishedScores, facts: ViewFacts) -> None:
    hashes = sorted({found.sheet["rulebook"] for found in scores.scores})
    if clause is None or not hashes:
        return
    rulebooks = [facts.rulebook(content_hash) for content_hash in hashes]
    if all(row.clause != clause for rulebook in rulebooks for row in rulebook.clauses):
        names = ", ".join(rulebook.name for rulebook in rulebooks)
        raise ClauseNotInRulebook(rulebook=names, clause=clause)


def _looked_at(holding: Holding, run: Run, search: Search, facts: ViewFacts) -> Affected | None:
    letter = holding.sheet["letter"]
    in_force = facts.revision(letter)
    bound = run.inputs.letter_revision
    latest = bound if in_force is None else in_force.revision
    superseded = bound < latest
    if search.revisions and not superseded:
        return None
    items = primitive_items(run, search.primitive)
    if search.primitive is not None and not items:
        return None
    places: tuple[str, ...] = ()
    if search.clause is not None:
        places = clause_places(scored(run.inputs, run.rulebook), search.clause)
        if not places:
            return None
    return Affected(
        assessment=holding.sheet["id"],
        subject=holding.sheet["subject"],
        letter=letter,
        score_version=holding.score_version,
        run=holding.run,
        total=run.scored.total,
        grade=run.scored.grade,
        rulebook=run.rulebook.name,
        letter_revision=bound,
        letter_revision_in_force=latest,
        superseded=superseded,
        clause_places=places,
        primitive_items=items,
    )


def primitive_items(run: Run, primitive: str | None) -> tuple[str, ...]:
    """List the items of a run that a primitive scores."""
    if primitive is None:
        return ()
    scored_by = {row.clause for row in run.rulebook.clauses if row.rule == primitive}
    return tuple(item.item for item in run.inputs.items if item.clause in scored_by)


def clause_places(outcome: Outcome, clause: str) -> tuple[str, ...]:
    """List the places of an explanation that rest on a clause, each once, from the top."""
    return tuple(dict.fromkeys(node.path for node in _nodes(outcome.tree) if node.clause == clause))


def _nodes(tree: Explanation) -> Iterator[Explanation]:
    yield tree
    for child in tree.inputs:
        yield from _nodes(child)


def _with_effect(affected: Affected, tables: Tables, run: Run, position: int) -> Affected:
    try:
        outcome = scored(inputs_at(tables, run, position), run.rulebook)
    except Refusal as refusal:
        return msgspec.structs.replace(affected, not_computed=uncomputable(refusal))
    delta = parse_decimal(outcome.total) - parse_decimal(affected.total)
    effect = Effect(
        total=outcome.total,
        grade=outcome.grade,
        delta=shown(delta),
        crosses=crossing(affected.grade, outcome.grade, run.rulebook.grades),
    )
    return msgspec.structs.replace(affected, effect=effect)
