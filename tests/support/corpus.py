"""The golden corpus: 20,000 assessments and more, computed block by block, and what they gave.

Needs nothing but msgspec and `opsledger_contracts`, so that any interpreter can compute it. A block
is one drawn rulebook, one calendar, a hundred assessments, counterfactuals of every tenth of them,
and the procedures that go on with their totals. What a block gave stands as one line in
`contracts/vectors/corpus/`; lines are added and never edited.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.overriding import as_if
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.rules.errors import RuleError
from opsledger_contracts.rules.explanation import diff, render
from opsledger_contracts.rules.inputs import Outcome, ScoringInputs
from opsledger_contracts.rules.scoring import score
from support import corpus_changes, corpus_inputs, corpus_rulebooks
from support.corpus_drawing import Draw
from support.corpus_procedures import Entrant, procedures

BLOCKS: Final = 200
ASSESSMENTS: Final = 100
"""Assessments of one block."""
COUNTERFACTUAL_EVERY: Final = 10
GOLDEN: Final = Path(__file__).parents[2] / "contracts" / "vectors" / "corpus" / "blocks.ndjson"
CHECK_DIGITS: Final = 8
"""Digits of a digest that tell one assessment of a block from another."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """What a block gave: digests over all of it in order, and a word for each assessment.

    `results` is over the result digests or refusal codes, `trees` over the tree digests or a dash,
    `counterfactuals` over results, trees and differences, `procedures` over what follows. A word of
    `scores` is total, grade and the beginning of the SHA-256 of result and tree digest, with
    slashes between; for a refusal it is its code.
    """

    block: int
    rulebook: str
    inputs: str
    results: str
    trees: str
    counterfactuals: str
    procedures: str
    scores: str


class Assessed(NamedTuple):
    """One assessment of the corpus: inputs and outcome, or the code of the refusal."""

    inputs: ScoringInputs
    outcome: Outcome | None
    refused: str | None

    @property
    def result(self) -> str:
        """The digest of the result, or the code of the refusal."""
        return str(self.refused) if self.outcome is None else self.outcome.result_digest

    @property
    def tree(self) -> str:
        """The digest of the explanation; a dash where there is none."""
        return "-" if self.outcome is None else self.outcome.tree_digest

    @property
    def word(self) -> str:
        """What stands for the assessment among the scores of its block."""
        if self.outcome is None:
            return str(self.refused)
        check = hashlib.sha256(f"{self.result} {self.tree}".encode("ascii")).hexdigest()
        return f"{self.outcome.total}/{self.outcome.grade}/{check[:CHECK_DIGITS]}"


def rulebook_of(block: int) -> Rulebook:
    """The rulebook of a block."""
    return corpus_rulebooks.rulebook(Draw("corpus", block, "rulebook"), block)


def calendar_of(block: int) -> Calendar:
    """The calendar of a block."""
    return corpus_rulebooks.calendar(Draw("corpus", block, "calendar"), block)


def assessed(block: int, place: int, rulebook: Rulebook) -> Assessed:
    """Draw and score one assessment of a block."""
    inputs = corpus_inputs.assessment(Draw("corpus", block, place), rulebook, place)
    try:
        return Assessed(inputs, score(inputs, rulebook), None)
    except RuleError as error:
        return Assessed(inputs, None, error.code)


def compute(block: int) -> Block:
    """Compute everything that a block gives."""
    rulebook = rulebook_of(block)
    found = [assessed(block, place, rulebook) for place in range(ASSESSMENTS)]
    entrants = [
        Entrant(inputs=row.inputs, outcome=row.outcome) for row in found if row.outcome is not None
    ]
    draw = Draw("corpus", block, "procedures")
    return Block(
        block=block,
        rulebook=next(row.outcome.rulebook_hash for row in found if row.outcome is not None),
        inputs=_rolled(msgspec.json.encode(row.inputs, order="sorted").decode() for row in found),
        results=_rolled(row.result for row in found),
        trees=_rolled(row.tree for row in found),
        counterfactuals=_rolled(_counterfactuals(block, found, rulebook)),
        procedures=_rolled(procedures(draw, rulebook, calendar_of(block), entrants)),
        scores=" ".join(row.word for row in found),
    )


def _counterfactuals(block: int, found: list[Assessed], rulebook: Rulebook) -> Iterator[str]:
    for place in range(0, ASSESSMENTS, COUNTERFACTUAL_EVERY):
        inputs, outcome, _ = found[place]
        draw = Draw("corpus", block, place, "counterfactual")
        overrides = corpus_changes.counterfactual(draw, inputs, rulebook)
        try:
            changed = score(*as_if(inputs, rulebook, overrides))
        except (RuleError, Refusal) as error:
            yield error.code
            continue
        yield changed.result_digest
        yield changed.tree_digest
        if outcome is not None:
            yield from (row.zh for row in diff(outcome.tree, changed.tree))
            yield from render(changed.tree, "en")


def _rolled(texts: Iterator[str]) -> str:
    """One SHA-256 over texts in their order, each followed by a line feed."""
    rolled = hashlib.sha256()
    for text in texts:
        rolled.update(text.encode("utf-8") + b"\n")
    return rolled.hexdigest()


def golden() -> dict[int, Block]:
    """What every block gave when it was added, by its number."""
    if not GOLDEN.exists():
        return {}
    lines = GOLDEN.read_bytes().splitlines()
    blocks = [msgspec.json.decode(line, type=Block) for line in lines]
    return {block.block: block for block in blocks}


def line_of(block: Block) -> str:
    """The line of a block in the file."""
    return json.dumps(msgspec.to_builtins(block), separators=(",", ":")) + "\n"


def departures(expected: Block, found: Block) -> list[str]:
    """Where a block leaves what it gave before: the parts, and the first assessment that did."""
    told = [
        f"block {expected.block}: {name} {getattr(expected, name)} became {getattr(found, name)}"
        for name in ("rulebook", "inputs", "results", "trees", "counterfactuals", "procedures")
        if getattr(expected, name) != getattr(found, name)
    ]
    pairs = zip(expected.scores.split(" "), found.scores.split(" "), strict=True)
    for place, (before, now) in enumerate(pairs):
        if before != now:
            told.append(f"block {expected.block}: first at assessment {place}: {before} -> {now}")
            break
    return told
