"""Replays for readers: as it was done, as it was known, as it might have been (R157, R158).

Nothing here is recorded; a replay that becomes part of a dispute is computed again by the ledger.
"""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from opsledger_contracts.collecting import InputsAbsent, collect
from opsledger_contracts.events.assessment import ScoreCalculated
from opsledger_contracts.events.replay import Override
from opsledger_contracts.overriding import as_if
from opsledger_contracts.problems.assessment import RuleInapplicable
from opsledger_contracts.problems.replay import ReplayOptionWrong
from opsledger_contracts.problems.replaying import InputsNotKnown, RevisionNotKnown
from opsledger_contracts.replaying import divergence
from opsledger_contracts.rules.errors import RuleError
from opsledger_contracts.rules.explanation import Difference, diff, render
from opsledger_contracts.rules.grades import nearest_boundary
from opsledger_contracts.rules.inputs import Explanation, Outcome, ScoringInputs
from opsledger_contracts.rules.numbers import parse_decimal, parse_rational, shown
from opsledger_projections.replay.facts import ViewFacts, basis
from opsledger_projections.replay.runs import Run, run_of, scored
from opsledger_projections.replay.studying import Wording
from opsledger_projections.tables.port import Tables

Mode = Literal["verify", "as_of", "counterfactual"]

WATERMARK_ZH: Final = "反事实回放,仅供参考,不是正式得分"
WATERMARK_EN: Final = "counterfactual, for information only, not an official score"


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """The figures and digests of a run or of a replay."""

    total: str
    total_exact: str
    grade: str
    letter_revision: int
    engine: str
    rulebook: str
    inputs_digest: str
    result_digest: str
    tree_digest: str


class Departure(msgspec.Struct, frozen=True, kw_only=True):
    """The first recorded figure that a replay did not reproduce."""

    field: str
    item: str | None
    recorded: str
    replayed: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A replay beside the run that it replays; `delta` is the replay's total less the run's."""

    assessment: str
    run: int
    mode: Mode
    facts_known_at: int | None
    """Position of the facts; None where the frozen inputs of the run were replayed."""
    official: bool
    watermark: Wording | None
    """What stands over every figure that is not official."""
    matches: bool
    """Whether every figure and digest is bit-identical with the recorded run."""
    divergence: Departure | None
    delta: str
    recorded: Figures
    replayed: Figures
    item_scores: tuple[dict[str, str], ...]
    first_difference: Difference | None
    """First difference between the explanations that has a reason of its own."""
    differences: tuple[Difference, ...]
    tree: Explanation


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """The explanation of a run, computed again from its frozen inputs."""

    assessment: str
    run: int
    total: str
    grade: str
    tree_digest: str
    """As recorded with the run."""
    matches: bool
    """Whether the tree computed now has the recorded digest."""
    nearest_boundary: Wording | None
    lines: tuple[str, ...]
    tree: Explanation


def explain(
    tables: Tables,
    assessment: str,
    number: int | None,
    position: int,
    language: Literal["zh", "en"],
) -> Explained:
    """Explain a run, recomputed from its frozen inputs (V06).

    Raises:
        Refusal: as `run_of`.

    """
    run = run_of(tables, assessment, number, position)
    outcome = scored(run.inputs, run.rulebook)
    policy = run.rulebook.grades
    basis_total = (
        parse_decimal(outcome.total)
        if policy.basis == "rounded"
        else parse_rational(outcome.total_exact)
    )
    boundary = nearest_boundary(basis_total, policy)
    return Explained(
        assessment=assessment,
        run=run.scored.run,
        total=run.scored.total,
        grade=run.scored.grade,
        tree_digest=run.scored.tree_digest,
        matches=divergence(run.scored, outcome) is None,
        nearest_boundary=None if boundary is None else Wording(zh=boundary.zh, en=boundary.en),
        lines=render(outcome.tree, language),
        tree=outcome.tree,
    )


def replay(
    tables: Tables,
    assessment: str,
    mode: Mode,
    *,
    position: int,
    run: int | None = None,
    known_at: int | None = None,
    overrides: Sequence[Override] = (),
) -> Replayed:
    """Replay a run; `position` is where the reader reads, `known_at` the cut of the facts.

    `verify` replays the frozen inputs; `as_of` collects them as they were known at `known_at`
    under the letter revision in force then; `counterfactual` changes what `as_if` describes in the
    frozen inputs or, with `known_at`, in those known then, and in the rulebook.

    Raises:
        ReplayOptionWrong: the mode needs or does not take an option.
        InputsNotKnown, RevisionNotKnown: the cut lies before something that the score needs.
        OverrideUnknown: an override leads to nothing.
        RuleInapplicable: the rules cannot be applied to these inputs.
        Refusal: as `run_of`.

    """
    _require_options(mode, known_at, overrides)
    original = run_of(tables, assessment, run, position)
    facts_known_at = position if mode == "as_of" and known_at is None else known_at
    inputs = original.inputs
    if facts_known_at is not None:
        inputs = inputs_at(tables, original, facts_known_at)
    try:
        inputs, rulebook = as_if(inputs, original.rulebook, tuple(overrides))
    except RuleError as error:
        raise RuleInapplicable(detail_en=error.en, detail_zh=error.zh) from error
    replayed = scored(inputs, rulebook)
    departed = divergence(original.scored, replayed)
    differences = diff(scored(original.inputs, original.rulebook).tree, replayed.tree)
    delta = parse_decimal(replayed.total) - parse_decimal(original.scored.total)
    official = mode != "counterfactual"
    return Replayed(
        assessment=assessment,
        run=original.scored.run,
        mode=mode,
        facts_known_at=facts_known_at,
        official=official,
        watermark=None if official else Wording(zh=WATERMARK_ZH, en=WATERMARK_EN),
        matches=departed is None,
        divergence=departed and Departure(**departed._asdict()),
        delta=shown(delta),
        recorded=_figures(original.scored, original.inputs.letter_revision),
        replayed=_figures(replayed, inputs.letter_revision),
        item_scores=tuple(
            {"item": row.item, "weight": row.weight, "score": row.score, "exact": row.exact}
            for row in replayed.item_scores
        ),
        first_difference=differences[0] if differences else None,
        differences=differences,
        tree=replayed.tree,
    )


def _require_options(mode: Mode, known_at: int | None, overrides: Sequence[Override]) -> None:
    if mode == "verify" and known_at is not None:
        raise ReplayOptionWrong(mode=mode, rule="takes no", field="known_at")
    if mode == "counterfactual" and not overrides:
        raise ReplayOptionWrong(mode=mode, rule="needs", field="overrides")
    if mode != "counterfactual" and overrides:
        raise ReplayOptionWrong(mode=mode, rule="takes no", field="overrides")


def inputs_at(tables: Tables, run: Run, known_at: int) -> ScoringInputs:
    """Collect the inputs as they were known, under the letter revision in force then.

    Raises:
        RevisionNotKnown: no revision was in force.
        InputsNotKnown: facts that the score needs were not known.
        RuleInapplicable: an item names a clause that scores nothing.

    """
    letter = run.sheet["letter"]
    facts = ViewFacts(tables, known_at)
    revision = facts.revision(letter)
    if revision is None:
        raise RevisionNotKnown(letter=letter, position=known_at)
    try:
        return collect(basis(run.sheet, facts), revision, run.rulebook, facts)
    except InputsAbsent as absent:
        raise InputsNotKnown(
            position=known_at,
            count=len(absent.missing),
            missing=[" / ".join(row) for row in absent.missing],
        ) from absent
    except RuleError as error:
        raise RuleInapplicable(detail_en=error.en, detail_zh=error.zh) from error


def _figures(found: ScoreCalculated | Outcome, letter_revision: int) -> Figures:
    rulebook = found.rulebook_hash if isinstance(found, Outcome) else found.rulebook
    return Figures(
        total=found.total,
        total_exact=found.total_exact,
        grade=found.grade,
        letter_revision=letter_revision,
        engine=found.engine,
        rulebook=rulebook,
        inputs_digest=found.inputs_digest,
        result_digest=found.result_digest,
        tree_digest=found.tree_digest,
    )
