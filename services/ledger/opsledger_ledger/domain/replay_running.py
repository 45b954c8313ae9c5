"""Replays: as it was done, as it was known, as it might have been, and who else (R157 to R159)."""

from typing import Literal

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.replay import (
    AffectedScore,
    Difference,
    Override,
    ReplayCompleted,
    ReplayDiverged,
    ReplayRequested,
    SweepCompleted,
)
from opsledger_contracts.fields import Identifier, Position, Version
from opsledger_contracts.overriding import as_if
from opsledger_contracts.problems.assessment import (
    ClauseNotInRulebook,
    InputsMissing,
    LetterRevisionUnknown,
    RuleInapplicable,
    SourceMismatch,
)
from opsledger_contracts.problems.deadlines import DayNotInCalendar, DutyUnknown
from opsledger_contracts.problems.distribution import ScoreNotPublished
from opsledger_contracts.problems.general import KnownAtAhead, UnknownReference
from opsledger_contracts.problems.replay import (
    OverrideUnknown,
    ReplayOptionWrong,
    RunUnknown,
)
from opsledger_contracts.replaying import divergence
from opsledger_contracts.rules import explanation
from opsledger_contracts.rules.inputs import Outcome, ScoringInputs
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_ledger.domain.assessment import AssessmentState, Run
from opsledger_ledger.domain.assessment_inputs import clause_in, revision_to_bind
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World, known
from opsledger_ledger.domain.dispute import DisputeState
from opsledger_ledger.domain.policies import documents
from opsledger_ledger.domain.policies.assessing import nodes, rules_applied, scored
from opsledger_ledger.domain.policies.collecting import collect, letter_of
from opsledger_ledger.domain.replay import REPLAY


class RequestReplay(Command):
    """Replay a run of an assessment."""

    mode: Literal["verify", "as_of", "counterfactual"]
    """`verify` computes from the frozen inputs and has to be bit-identical; `as_of` collects the
    inputs afresh as they were known at a position, under the letter revision in force then;
    `counterfactual` changes inputs or clauses and is never official."""
    assessment: Identifier
    run: Version | None = None
    """Run to replay; absent takes the last one."""
    known_at: Position | None = None
    """Last position to be known; absent means now for `as_of`, and the frozen inputs for
    `counterfactual`."""
    dispute: Identifier | None = None
    overrides: tuple[Override, ...] = ()


@REPLAY.decides(
    "request",
    scope="assessor",
    creates=True,
    refuses=(
        UnknownReference,
        RunUnknown,
        SourceMismatch,
        ReplayOptionWrong,
        KnownAtAhead,
        OverrideUnknown,
        RuleInapplicable,
        InputsMissing,
        LetterRevisionUnknown,
        DutyUnknown,
        DayNotInCalendar,
    ),
)
def request(command: RequestReplay, _replay: None, act: Act, world: World) -> Decided:
    """Compute the replay here and record what came out; a difference in `verify` is an alarm."""
    assessment = known(world, AssessmentState, command.assessment, "assessment")
    run = _run_of(assessment, command.run)
    _require_dispute_of(command.dispute, assessment, world)
    _require_options(command)
    known_at = command.known_at
    if command.mode == "as_of" and known_at is None:
        known_at = world.position()
    if known_at is not None and known_at > world.position():
        raise KnownAtAhead(expected=known_at, found=world.position())
    rulebook = documents.rulebook(world, run.scored.rulebook)
    inputs = _inputs_at(known_at, assessment, run, rulebook, world)
    with rules_applied():
        inputs, rules = as_if(inputs, rulebook, command.overrides)
    replayed = scored(inputs, rules)
    yield Record(
        ReplayRequested(
            replay=act.target,
            mode=command.mode,
            assessment=assessment.id,
            run=run.number,
            known_at=known_at,
            dispute=command.dispute,
            overrides=command.overrides,
        ),
        rulebook=run.scored.rulebook,
    )
    differs = divergence(run.scored, replayed)
    if command.mode == "verify" and differs is not None:
        item = next((row for row in run.inputs.items if row.item == differs.item), None)
        yield ReplayDiverged(
            first_difference=Difference(
                path=f"{differs.item}/{differs.field}" if differs.item else differs.field,
                clause=item.clause if item else rulebook.rounding.clause,
                before=differs.recorded,
                after=differs.replayed,
            )
        )
        return
    yield Record(_completed(run, replayed, rulebook, command), rulebook=run.scored.rulebook)


def _run_of(assessment: AssessmentState, number: int | None) -> Run:
    latest = len(assessment.runs)
    run = assessment.run(latest if number is None else number)
    if run is None:
        raise RunUnknown(assessment=assessment.id, found=number or latest, latest=latest)
    return run


def _require_dispute_of(dispute: str | None, assessment: AssessmentState, world: World) -> None:
    if dispute is None:
        return
    found = known(world, DisputeState, dispute, "dispute").assessment
    if found != assessment.id:
        raise SourceMismatch(
            noun="dispute", id=dispute, field="assessment", expected=assessment.id, found=found
        )


def _require_options(command: RequestReplay) -> None:
    if command.mode == "verify" and command.known_at is not None:
        raise ReplayOptionWrong(mode=command.mode, rule="takes no", field="known_at")
    if command.mode == "counterfactual" and not command.overrides:
        raise ReplayOptionWrong(mode=command.mode, rule="needs", field="overrides")
    if command.mode != "counterfactual" and command.overrides:
        raise ReplayOptionWrong(mode=command.mode, rule="takes no", field="overrides")


def _inputs_at(
    known_at: int | None,
    assessment: AssessmentState,
    run: Run,
    rulebook: Rulebook,
    world: World,
) -> ScoringInputs:
    if known_at is None:
        return run.inputs
    past = world.as_of(known_at)
    letter = letter_of(past, assessment)
    revision = letter.at_revision(revision_to_bind(letter, None))
    assert revision is not None, letter.id
    return collect(past, assessment, revision, rulebook)


def _completed(
    run: Run, replayed: Outcome, rulebook: Rulebook, command: RequestReplay
) -> ReplayCompleted:
    original = scored(run.inputs, rulebook)
    delta = parse_decimal(replayed.total) - parse_decimal(run.scored.total)
    return ReplayCompleted(
        engine=replayed.engine,
        rulebook=replayed.rulebook_hash,
        inputs_digest=replayed.inputs_digest,
        result_digest=replayed.result_digest,
        tree_digest=replayed.tree_digest,
        total=replayed.total,
        grade=replayed.grade,
        delta=shown(delta),
        matches=divergence(run.scored, replayed) is None,
        official=command.mode != "counterfactual",
        differences=tuple(
            Difference(
                path="/".join((*row.path, row.field)),
                clause=row.clause,
                before=row.value_a or "none",
                after=row.value_b or "none",
            )
            for row in explanation.diff(original.tree, replayed.tree)
        ),
    )


class SweepScores(Command):
    """Find every other published score of the period with the same defect."""

    assessment: Identifier
    """Assessment in which the defect was found; its period is swept."""
    clause: Identifier | None = None
    """Clause to look for; absent looks for superseded letter revisions."""


@REPLAY.decides(
    "sweep",
    scope="assessor",
    creates=True,
    refuses=(UnknownReference, ScoreNotPublished, ClauseNotInRulebook),
)
def sweep(command: SweepScores, _replay: None, act: Act, world: World) -> Decided:
    """Name who else was scored by the clause or under superseded terms (R137, R159)."""
    origin = known(world, AssessmentState, command.assessment, "assessment")
    score = origin.holding_score
    if score is None:
        raise ScoreNotPublished(assessment=origin.id)
    if command.clause is not None:
        clause_in(documents.rulebook(world, origin.rulebook), command.clause)
    yield ReplayRequested(
        replay=act.target,
        mode="sweep",
        assessment=origin.id,
        run=score.run,
        clause=command.clause,
    )
    affected = []
    for identifier in world.find("assessment_by_period", origin.period):
        other = known(world, AssessmentState, identifier, "assessment")
        published = other.holding_score
        if other.id == origin.id or published is None:
            continue
        detail = _defect(other, published.run, command.clause, world)
        if detail is not None:
            affected.append(
                AffectedScore(
                    assessment=other.id,
                    subject=other.subject,
                    score_version=published.version,
                    detail=detail,
                )
            )
    yield SweepCompleted(affected=tuple(affected))


def _defect(
    assessment: AssessmentState, number: int, clause: str | None, world: World
) -> str | None:
    run = _run_of(assessment, number)
    if clause is None:
        bound = run.inputs.letter_revision
        latest = letter_of(world, assessment).revisions[-1].revision
        return f"letter revision {bound}, {latest} in force" if bound < latest else None
    rulebook = documents.rulebook(world, run.scored.rulebook)
    tree = scored(run.inputs, rulebook).tree
    places = dict.fromkeys(node.path for node in nodes(tree) if node.clause == clause)
    return f"clause {clause} at {', '.join(places)}" if places else None
