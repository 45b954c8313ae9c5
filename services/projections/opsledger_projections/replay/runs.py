"""Runs of assessments as they were recorded, one by one or those behind published scores."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.assessment import ScoreCalculated
from opsledger_contracts.problems.assessment import RuleInapplicable
from opsledger_contracts.problems.general import UnknownThing
from opsledger_contracts.problems.replay import RunUnknown
from opsledger_contracts.problems.replaying import NothingCalculated
from opsledger_contracts.rules.errors import RuleError
from opsledger_contracts.rules.inputs import Outcome, ScoringInputs
from opsledger_contracts.rules.scoring import score
from opsledger_projections.replay.facts import ViewFacts
from opsledger_projections.tables.port import Selection, Tables
from opsledger_projections.views.assessments import ASSESSMENT_RUNS, ASSESSMENTS

_RUNS_MAX: Final = 10_000
SCORES_MAX: Final = 1_000_000
"""More published scores than any period has."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded run with the inputs it was computed from and the rulebook it names."""

    sheet: dict[str, Any]
    """The row of its assessment."""
    inputs: ScoringInputs
    scored: ScoreCalculated
    rulebook: Rulebook


def run_of(tables: Tables, assessment: str, number: int | None, position: int) -> Run:
    """Find a run of an assessment as of a position, the last one if no number is given.

    Raises:
        UnknownThing: there is no such assessment.
        NothingCalculated: it has no run yet.
        RunUnknown: it has no such run.
        DocumentUnknown: the run's rulebook was never published.

    """
    sheet = tables.read(ASSESSMENTS, assessment, position)
    if sheet is None:
        raise UnknownThing(noun="assessment", id=assessment)
    found = tables.select(
        ASSESSMENT_RUNS,
        Selection(
            position=position,
            labels={"assessment": assessment, "kind": "run"},
            limit=_RUNS_MAX,
        ),
    )
    if not found:
        raise NothingCalculated(assessment=assessment, position=position)
    bodies = {body["run"]: body for body in (row.row(ASSESSMENT_RUNS).body for row in found)}
    latest = max(bodies)
    body = bodies.get(latest if number is None else number)
    if body is None:
        raise RunUnknown(assessment=assessment, found=number or latest, latest=latest)
    rulebook = ViewFacts(tables, position).rulebook(body["rulebook"])
    return _run(sheet.row(ASSESSMENTS).body, body, rulebook)


def _run(sheet: dict[str, Any], body: dict[str, Any], rulebook: Rulebook) -> Run:
    scored = {name: body[name] for name in ScoreCalculated.__struct_fields__ if name in body}
    return Run(
        sheet=sheet,
        inputs=msgspec.convert(body["inputs"], ScoringInputs),
        scored=msgspec.convert(scored, ScoreCalculated),
        rulebook=rulebook,
    )


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A published score that no later version has superseded."""

    sheet: dict[str, Any]
    """The row of its assessment."""
    score_version: int
    run: int


class PublishedScores:
    """The published scores of a period that hold as of a position, unit by unit."""

    def __init__(self, tables: Tables, period: str, position: int) -> None:
        self._tables = tables
        self._position = position
        self._rulebooks: dict[str, Rulebook] = {}
        self._facts = ViewFacts(tables, position)
        rows = tables.select(
            ASSESSMENTS,
            Selection(position=position, labels={"period": period}, limit=SCORES_MAX),
        )
        sheets = [row.row(ASSESSMENTS).body for row in rows]
        self.scores = sorted(
            (found for sheet in sheets if (found := _holding(sheet)) is not None),
            key=lambda found: (found.sheet["subject"], found.sheet["id"]),
        )

    def runs(self) -> Iterator[tuple[Holding, Run]]:
        """Read the run behind every score, in their order.

        Raises:
            DocumentUnknown: a run's rulebook was never published.

        """
        for found in self.scores:
            key = f"{found.sheet['id']}:{found.run:04d}"
            stored = self._tables.read(ASSESSMENT_RUNS, key, self._position)
            assert stored is not None, key
            body = stored.row(ASSESSMENT_RUNS).body
            content_hash = body["rulebook"]
            if content_hash not in self._rulebooks:
                self._rulebooks[content_hash] = self._facts.rulebook(content_hash)
            yield found, _run(found.sheet, body, self._rulebooks[content_hash])


def _holding(sheet: dict[str, Any]) -> Holding | None:
    for version in reversed(sheet["score_versions"]):
        if version["state"] != "superseded":
            return Holding(sheet=sheet, score_version=version["score_version"], run=version["run"])
    return None


def scored(inputs: ScoringInputs, rulebook: Rulebook) -> Outcome:
    """Score inputs for a reader.

    Raises:
        RuleInapplicable: the rules cannot be applied to these inputs.

    """
    try:
        return score(inputs, rulebook)
    except RuleError as error:
        raise RuleInapplicable(detail_en=error.en, detail_zh=error.zh) from error
