"""A whole period of a large group as events: many letters of many items, all scored and published.

Every letter has its own values, spread deterministically, so that grades and deltas differ; some
letters were amended after their inputs had been frozen, so that their scores rest on superseded
terms.
"""

from datetime import date, timedelta
from itertools import cycle, islice

from opsledger_contracts.canonical import digest
from opsledger_contracts.collecting import (
    AssessmentBasis,
    BoundRevision,
    Completed,
    Measured,
    collect,
)
from opsledger_contracts.events import (
    assessment,
    letter,
    measurement,
    rulebook,
    unit,
    work_item,
)
from opsledger_contracts.events.letter import FieldChange, ItemChange, LetterItem
from opsledger_contracts.letters import LetterDocument, after, content_hash
from opsledger_contracts.rules.inputs import Outcome, ScoringInputs
from opsledger_contracts.rules.scoring import score
from support.disputed_score import CALENDAR, MATRIX, RULEBOOK, letter_item
from support.feeds import MemoryLedger

PERIOD = "2026"
AMENDED_EVERY = 10
"""Every tenth letter is amended after its score was published."""
_DUE = date(2026, 6, 30)
_PATTERN = ("3.1", "3.2", "3.3", "3.7", "3.8")
_TERMS: dict[str, dict[str, object]] = {
    "3.1": {"target": "1000"},
    "3.2": {"threshold": "800", "target": "1000", "stretch": "1200"},
    "3.3": {"target": "1000"},
    "3.7": {"target": "8.0"},
    "3.8": {"due": _DUE.isoformat(), "node_level": 1},
}


class ScoredPeriod:
    """A ledger in memory with `letters` letters of `items` items, one unit each."""

    def __init__(self, letters: int, items: int = 25) -> None:
        self.ledger = MemoryLedger()
        self.letters = letters
        self.items = items
        self.outcomes: dict[str, Outcome] = {}
        """The outcome of every assessment."""

    def tell(self) -> "ScoredPeriod":
        """Tell all of it."""
        self.ledger.record(
            "rulebook/RB-2026.1",
            rulebook.RulebookDrafted(header=RULEBOOK.header(), content_hash=digest(RULEBOOK)),
            *(rulebook.ClauseWritten(clause=clause) for clause in RULEBOOK.clauses),
            rulebook.RulebookVersionPublished(
                content_hash=digest(RULEBOOK), effective_from=date(2026, 1, 1)
            ),
        )
        for number in range(self.letters):
            self._one(number)
        return self

    def _one(self, number: int) -> None:
        name = f"U{number:04d}"
        record = self.ledger.record
        record(
            f"unit/{name}",
            unit.OrgUnitRegistered(
                unit=name, type="subsidiary", name=f"{name}公司", valid_from=date(2025, 1, 1)
            ),
        )
        document = self._letter(name)
        version = self.ledger.version(f"letter/{name}")
        facts = _Facts(number)
        measured = [item for item in document.items if item.clause != "3.8"]
        nodes = [item for item in document.items if item.clause == "3.8"]
        for item in measured:
            found = facts.measured(f"{name}-{item.item}")
            record(
                f"measurement/{name}-{item.item}",
                measurement.MeasurementRecorded(
                    measurement=f"{name}-{item.item}",
                    indicator=item.item,
                    subject=name,
                    period=PERIOD,
                    value=found.value,
                    unit=found.unit,
                    source_system="ERP",
                ),
            )
        for item in nodes:
            day = facts.completed(f"{name}-{item.item}").evidence_date
            record(
                f"work_item/{name}-{item.item}",
                work_item.WorkItemOpened(
                    work_item=f"{name}-{item.item}",
                    letter=name,
                    item=item.item,
                    responsible=name,
                    responsible_person="P-1",
                    completion_standard="以验收记录为准",
                    deliverables=("验收记录",),
                    due=_DUE,
                ),
                work_item.CompletionVerified(actual_date=day, quality="met", verifier="P-2"),
            )
        inputs = collect(
            AssessmentBasis(
                assessment=f"AS-{name}",
                subject=name,
                period=PERIOD,
                measurements={item.item: f"{name}-{item.item}" for item in measured},
                completions={item.item: f"{name}-{item.item}" for item in nodes},
                incidents={},
                judgements={},
                survey=None,
                bonus=(),
                penalties=(),
            ),
            BoundRevision(revision=1, document=document, version=version),
            RULEBOOK,
            facts,
        )
        self._score(name, document, inputs, facts)
        if number % AMENDED_EVERY == 0:
            self._amend(name, document)

    def _letter(self, name: str) -> LetterDocument:
        drafted = letter.LetterDrafted(
            letter=name,
            kind="annual",
            title=f"{name} 2026 年度目标责任书",
            period=PERIOD,
            issuer="HX",
            responsible_unit=name,
            responsible_person="P-1",
            rulebook=digest(RULEBOOK),
            matrix=digest(MATRIX),
            calendar=digest(CALENDAR),
        )
        events = (
            drafted,
            *(letter.LetterItemAdded(item=item) for item in _items(self.items)),
            letter.LetterTookEffect(effective_from=date(2026, 1, 1), revision=1),
        )
        self.ledger.record(f"letter/{name}", *events)
        document: LetterDocument | None = None
        for event in events:
            document = after(document, event)
        assert document is not None
        return document

    def _score(
        self, name: str, document: LetterDocument, inputs: ScoringInputs, facts: "_Facts"
    ) -> None:
        outcome = self.outcomes[f"AS-{name}"] = score(inputs, RULEBOOK)
        shared = {
            field: getattr(outcome, field)
            for field in assessment.ScoreCalculated.__struct_fields__
            if field in outcome.__struct_fields__
        }
        self.ledger.record(
            f"assessment/AS-{name}",
            assessment.AssessmentOpened(
                assessment=f"AS-{name}",
                subject=name,
                level="organisation",
                letter=name,
                letter_revision=1,
                period=PERIOD,
                rulebook=digest(RULEBOOK),
                calendar=digest(CALENDAR),
            ),
            *(
                assessment.CompletionBound(
                    item=item.item,
                    work_item=f"{name}-{item.item}",
                    work_item_version=2,
                    evidence_date=facts.completed(f"{name}-{item.item}").evidence_date,
                )
                if item.clause == "3.8"
                else assessment.MeasurementBound(
                    item=item.item,
                    measurement=f"{name}-{item.item}",
                    measurement_version=1,
                    value=facts.measured(f"{name}-{item.item}").value,
                )
                for item in document.items
            ),
            assessment.InputsFrozen(inputs=inputs, inputs_digest=outcome.inputs_digest),
            assessment.ScoreCalculated(**(shared | {"run": 1, "rulebook": outcome.rulebook_hash})),
            assessment.ScorePublished(
                score_version=1,
                run=1,
                total=outcome.total,
                grade=outcome.grade,
                published_on=date(2027, 1, 28),
                appeal_until=date(2027, 2, 4),
                calendar=digest(CALENDAR),
            ),
        )

    def _amend(self, name: str, document: LetterDocument) -> None:
        changes = (
            ItemChange(
                item="X01", changes=(FieldChange(field="target", before="1000", after="950"),)
            ),
        )
        amended = letter.LetterAmended(
            adjustment=f"AD-{name}",
            revision=2,
            changes=changes,
            effective_from=date(2027, 2, 1),
            content_hash="0" * 64,
        )
        revised = after(document, amended)
        assert revised is not None
        self.ledger.record(
            f"letter/{name}",
            letter.LetterAmended(
                adjustment=f"AD-{name}",
                revision=2,
                changes=changes,
                effective_from=date(2027, 2, 1),
                content_hash=content_hash(revised),
            ),
        )


def _items(count: int) -> list[LetterItem]:
    """Items with equal weights that total 100, over the clauses in turn."""
    assert 100 % count == 0, count
    return [
        letter_item(f"X{place:02d}", f"第 {place} 项", str(100 // count), clause, **_TERMS[clause])
        for place, clause in enumerate(islice(cycle(_PATTERN), count), 1)
    ]


class _Facts:
    """The facts of one letter, each computed from its name and the letter's number."""

    def __init__(self, number: int) -> None:
        self._number = number

    def _spread(self, name: str, modulus: int) -> int:
        return (self._number * 37 + int(name[-2:]) * 11) % modulus

    def unit_type(self, _unit: str) -> str:
        """Tell the type, which is that of every unit here."""
        return "subsidiary"

    def measured(self, measurement: str) -> Measured:
        """Give a measured value around its target."""
        place = int(measurement[-2:])
        if _PATTERN[(place - 1) % len(_PATTERN)] == "3.7":
            tenths = 70 + self._spread(measurement, 21)
            return Measured(value=f"{tenths // 10}.{tenths % 10}", unit="%", version=1)
        return Measured(value=str(850 + self._spread(measurement, 250)), unit="万元", version=1)

    def completed(self, work_item: str) -> Completed:
        """Give a completion some days before or after the due day."""
        days = self._spread(work_item, 14) - 5
        return Completed(evidence_date=_DUE + timedelta(days=days), version=2)

    def ballots(self, _survey: str) -> None:
        """Know no survey."""

    def surveys_held(self, _ratee: str, _period: str) -> tuple[str, ...]:
        """Know no survey."""
        return ()

    def applied_adjustments(self, _letter: str) -> tuple[()]:
        """Know no adjustment."""
        return ()
