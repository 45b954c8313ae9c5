"""Shadow run: what a rulebook, mostly a draft, would have made of the scores of a past period."""

from collections.abc import Iterator
from typing import Final

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.collecting import INPUT_NAMES
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.letters import LetterDocument, item_parameters
from opsledger_contracts.problems.assessment import RuleInapplicable
from opsledger_contracts.problems.documents import DocumentDefective
from opsledger_contracts.problems.general import UnknownThing
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.problems.replaying import InputsNotKnown
from opsledger_contracts.rules.errors import RuleError
from opsledger_contracts.rules.inputs import ItemInput
from opsledger_contracts.rules.leaves import clause_of
from opsledger_contracts.rules.numbers import parse_decimal, shown
from opsledger_contracts.rules.primitives import fact_kind, primitive_of
from opsledger_contracts.rules.rulebook_validation import validate_rulebook
from opsledger_projections.replay.facts import ViewFacts
from opsledger_projections.replay.letters import revision_document
from opsledger_projections.replay.runs import Holding, PublishedScores, Run, scored
from opsledger_projections.replay.studying import (
    Crossing,
    StudyProgress,
    Uncomputable,
    Wording,
    counted_from,
    crossing,
    reports,
    uncomputable,
)
from opsledger_projections.tables.port import Tables
from opsledger_projections.views.letters import LETTER_REVISIONS

WATERMARK: Final = Wording(
    zh="影子运行,仅供参考,不是正式得分",
    en="shadow run, for information only, not an official score",
)


class ShadowRow(msgspec.Struct, frozen=True, kw_only=True):
    """One published score of a unit, beside what it would be under the other rulebook."""

    subject: str
    assessment: str
    letter: str
    score_version: int
    run: int
    rulebook_before: str
    total_before: str
    grade_before: str
    total_after: str | None = None
    """None where the score cannot be computed."""
    grade_after: str | None = None
    delta: str | None = None
    """Total after less total before."""
    crosses: Crossing = "none"
    not_computed: Uncomputable | None = None


class ShadowReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole effect table; its canonical digest is what an attached shadow run cites."""

    rulebook: str
    content_hash: str
    period: str
    known_at: int
    rows: tuple[ShadowRow, ...]


class Shadowed(msgspec.Struct, frozen=True, kw_only=True):
    """What a shadow run came to."""

    rulebook: str
    content_hash: str
    period: str
    known_at: int
    report: str
    """Digest of the canonical form of rulebook, content_hash, period, known_at and rows."""
    scores: int
    changed: int
    """Scores with another total or grade."""
    crossing_up: int
    crossing_down: int
    not_computed: int
    grades_before: dict[str, int]
    """Of the scores that can be computed, so that both columns count the same ones."""
    grades_after: dict[str, int]
    official: bool
    watermark: Wording


def drafted(tables: Tables, name: str, position: int) -> Rulebook:
    """Find a rulebook by the name of its stream, a draft too.

    Raises:
        UnknownThing: there is none.

    """
    found = ViewFacts(tables, position).named_rulebook(name)
    if found is None:
        raise UnknownThing(noun="rulebook", id=name)
    return found


def require_sound(rulebook: Rulebook) -> None:
    """Let no rulebook be tried out that the rules cannot even read.

    Raises:
        DocumentDefective: it does not pass its validation; every place is named.

    """
    findings = validate_rulebook(rulebook)
    if findings:
        raise DocumentDefective(
            noun="rulebook",
            id=rulebook.name,
            count=len(findings),
            findings="; ".join(f"{row.path}: {row.en}" for row in findings),
        )


def shadow(
    tables: Tables, period: str, rulebook: Rulebook, position: int
) -> Iterator[StudyProgress | ShadowRow | Shadowed]:
    """Score the frozen inputs of every published score of a period by another rulebook.

    Terms are read again from the bound letter revision, since another clause may ask for others.
    Gives progress, a row per score, and at last the sum. Nothing is recorded.

    Raises:
        DocumentDefective: the rulebook does not pass its validation.
        DocumentUnknown: a score names a rulebook that was never published.

    """
    require_sound(rulebook)
    scores = PublishedScores(tables, period, position)
    total = len(scores.scores)
    yield counted_from(total)
    rows: list[ShadowRow] = []
    for done, (holding, run) in enumerate(scores.runs(), 1):
        row = _beside(tables, holding, run, rulebook, position)
        rows.append(row)
        yield row
        if reports(done, total):
            yield StudyProgress(done=done, of=total)
    report = ShadowReport(
        rulebook=rulebook.name,
        content_hash=digest(rulebook),
        period=period,
        known_at=position,
        rows=tuple(rows),
    )
    yield _summed(report)


def _summed(report: ShadowReport) -> Shadowed:
    computed = [row for row in report.rows if row.not_computed is None]
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    for row in computed:
        for counts, grade in ((before, row.grade_before), (after, str(row.grade_after))):
            counts[grade] = counts.get(grade, 0) + 1
    return Shadowed(
        rulebook=report.rulebook,
        content_hash=report.content_hash,
        period=report.period,
        known_at=report.known_at,
        report=digest(report),
        scores=len(report.rows),
        changed=sum(row.delta != "0" or row.crosses != "none" for row in computed),
        crossing_up=sum(row.crosses == "up" for row in computed),
        crossing_down=sum(row.crosses == "down" for row in computed),
        not_computed=len(report.rows) - len(computed),
        grades_before=before,
        grades_after=after,
        official=False,
        watermark=WATERMARK,
    )


def _beside(
    tables: Tables, holding: Holding, run: Run, rulebook: Rulebook, position: int
) -> ShadowRow:
    row = ShadowRow(
        subject=holding.sheet["subject"],
        assessment=holding.sheet["id"],
        letter=holding.sheet["letter"],
        score_version=holding.score_version,
        run=holding.run,
        rulebook_before=run.rulebook.name,
        total_before=run.scored.total,
        grade_before=run.scored.grade,
    )
    try:
        document = _document(tables, run, position)
        items = _under(run.inputs.items, document, rulebook, position)
        outcome = scored(msgspec.structs.replace(run.inputs, items=items), rulebook)
    except Refusal as refusal:
        return msgspec.structs.replace(row, not_computed=uncomputable(refusal))
    delta = parse_decimal(outcome.total) - parse_decimal(row.total_before)
    return msgspec.structs.replace(
        row,
        total_after=outcome.total,
        grade_after=outcome.grade,
        delta=shown(delta),
        crosses=crossing(row.grade_before, outcome.grade, rulebook.grades),
    )


def _document(tables: Tables, run: Run, position: int) -> LetterDocument:
    key = f"{run.inputs.letter}:{run.inputs.letter_revision:04d}"
    stored = tables.read(LETTER_REVISIONS, key, position)
    assert stored is not None, key
    return revision_document(tables, stored.row(LETTER_REVISIONS).body, position)


def _under(
    items: tuple[ItemInput, ...], document: LetterDocument, rulebook: Rulebook, position: int
) -> tuple[ItemInput, ...]:
    """The frozen items with the terms that the clauses of this rulebook ask of the letter.

    Raises:
        RuleInapplicable: an item names a clause that the rulebook lacks, or that scores no items.
        InputsNotKnown: the rulebook scores another kind of fact than was frozen; every one is
            named with the unit that would have to bring it.

    """
    terms = {item.item: item for item in document.items}
    found: list[ItemInput] = []
    missing: list[str] = []
    for item in items:
        letter_item = terms[item.item]
        try:
            clause = clause_of(rulebook, letter_item.clause, f"item {item.item}")
            primitive = primitive_of(clause)
        except RuleError as error:
            raise RuleInapplicable(detail_en=error.en, detail_zh=error.zh) from error
        if not isinstance(item.fact, (primitive.fact, *primitive.also)):
            what = INPUT_NAMES[fact_kind(primitive.fact)]
            missing.append(f"{item.item} / {what} / {letter_item.data_owner}")
        params = item_parameters(letter_item, clause)
        found.append(msgspec.structs.replace(item, params=params))
    if missing:
        raise InputsNotKnown(position=position, count=len(missing), missing=missing)
    return tuple(found)
