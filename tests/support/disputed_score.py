"""Scenarios S1 and S2 as events: the disputed score of 2026, from the first unit to the rescore.

The events are written down as the ledger records them; every figure is computed from the example
rulebook by the rules themselves and not copied.
"""

from datetime import date
from hashlib import sha256
from pathlib import Path

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.collecting import (
    AppliedAdjustment,
    AssessmentBasis,
    Ballots,
    BoundRevision,
    Completed,
    Measured,
    collect,
)
from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.matrix import AuthorityMatrix
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.event import Event
from opsledger_contracts.events import (
    adjustment,
    assessment,
    calendar,
    case,
    credential,
    dispute,
    distribution,
    ledger,
    letter,
    matrix,
    measurement,
    person,
    position,
    replay,
    result,
    rulebook,
    survey,
    unit,
    work_item,
)
from opsledger_contracts.events.letter import FieldChange, ItemChange, LetterItem
from opsledger_contracts.letters import LetterDocument, after, content_hash
from opsledger_contracts.rules.inputs import Outcome, ScoringInputs
from opsledger_contracts.rules.scoring import score
from support.feeds import MemoryLedger

EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples" / "documents"
RULEBOOK = msgspec.json.decode((EXAMPLES / "rulebook-RB-2026.1.json").read_bytes(), type=Rulebook)
MATRIX = msgspec.json.decode(
    (EXAMPLES / "matrix-AM-2026.1.json").read_bytes(), type=AuthorityMatrix
)
CALENDAR = msgspec.json.decode((EXAMPLES / "calendar-CN-2027.1.json").read_bytes(), type=Calendar)
LETTER = "BJ-2026"
ASSESSMENT = "AS-2026-BJ"
ADJUSTMENT = "ADJ-2026-BJ-01"
AUDITOR_SECRET = "3f" * 24
AUDITOR_KEY = f"opl_auditor_{AUDITOR_SECRET}"

RATINGS = {
    "U1": "9.0",
    "U2": "8.5",
    "U3": "8.0",
    "U4": "9.5",
    "U5": "6.0",
    "U6": "8.5",
    "U7": "9.0",
}
MEASURED = {
    "I01": ("sales", "210000", "万元"),
    "I02": ("cash", "127500", "万元"),
    "I03": ("profit", "12500", "万元"),
    "I04": ("cost", "8.25", "%"),
    "M01": ("sop", "90.25", "%"),
    "M02": ("customer", "88", "分"),
}
UNITS: tuple[tuple[str, unit.UnitType, str], ...] = (
    ("HX", "group", "华翔集团"),
    ("BJ", "subsidiary", "滨江公司"),
    ("FIN", "centre", "财务中心"),
    ("OPS", "ops", "计划运营部"),
)
SIGNERS: tuple[tuple[letter.Party, str, str], ...] = (
    ("issuer", "P-pres", "HX-P"),
    ("responsible", "P-chen", "BJ-GM"),
)
COMPLETED = {"N01": date(2026, 6, 8), "N02": date(2026, 6, 28), "N03": date(2026, 10, 30)}
CHANGES = (
    ItemChange(
        item="N01", changes=(FieldChange(field="due", before="2026-05-29", after="2026-06-03"),)
    ),
)


def letter_item(item: str, name: str, weight: str, clause: str, **terms: object) -> LetterItem:
    """One item of the letter; `terms` are what its clause asks for."""
    return msgspec.convert(
        {
            "item": item,
            "name": name,
            "category": "node" if item.startswith("N") else "result",
            "level": "ordinary" if item.startswith("M") else "key",
            "weight": weight,
            "clause": clause,
            "matrix_item": "K01",
            "responsible": "BJ",
            "responsible_person": "P-chen",
            "data_owner": "FIN",
            "completion_standard": "以验收记录为准",
        }
        | terms,
        LetterItem,
    )


ITEMS = (
    letter_item(
        "I01", "合同销售额", "20", "3.2", threshold="160000", target="200000", stretch="240000"
    ),
    letter_item("I02", "回款额", "15", "3.1", target="145000"),
    letter_item("I03", "净利润", "15", "3.3", target="12000"),
    letter_item("I04", "成本费用率", "10", "3.7", target="8.0"),
    letter_item("N01", "示范区开放", "10", "3.8", due="2026-05-29", node_level=1),
    letter_item("N02", "取得预售证", "10", "3.8", due="2026-06-30", node_level=1),
    letter_item("N03", "主体封顶", "8", "3.8", due="2026-10-30", node_level=2),
    letter_item("M01", "SOP 覆盖率", "6", "3.1", target="95"),
    letter_item("M02", "客户满意度", "6", "3.4"),
)


class DisputedScore:
    """The story, told chapter by chapter into a ledger in memory, with marked positions."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.document: LetterDocument | None = None
        self.marks: dict[str, int] = {}
        self.revision_versions: dict[int, int] = {}
        self.documents: dict[int, LetterDocument] = {}
        self.outcomes: list[Outcome] = []

    def tell(self) -> "DisputedScore":
        """Tell all of it."""
        self.found()
        self.agree()
        self.extend()
        self.execute()
        self.assess()
        self.dispute()
        self.rescore()
        return self

    def found(self) -> None:
        """Organisation, keys, documents."""
        record = self.ledger.record
        record(
            "ledger/main",
            ledger.LedgerFounded(name="test", title="华翔集团运营账本", clock="scripted"),
            at="2025-10-01T01:00:00.000000Z",
        )
        for identifier, kind, name in UNITS:
            record(
                f"unit/{identifier}",
                unit.OrgUnitRegistered(
                    unit=identifier,
                    type=kind,
                    name=name,
                    valid_from=date(2025, 1, 1),
                    parent=None if identifier == "HX" else "HX",
                ),
            )
        record("person/P-chen", person.PersonRegistered(person="P-chen", name_commitment="a" * 64))
        record(
            "position/BJ-GM",
            position.PositionDefined(
                position="BJ-GM", unit="BJ", title="总经理", tier="unit_head", head=True
            ),
            position.PersonAppointed(person="P-chen", valid_from=date(2025, 1, 1)),
        )
        record(
            "credential/auditor",
            credential.CredentialIssued(
                credential="auditor",
                person="P-aud",
                title="审计",
                scopes=("auditor",),
                secret_hash=sha256(AUDITOR_SECRET.encode()).hexdigest(),
            ),
        )
        record(
            "calendar/CN-2027.1",
            calendar.CalendarPublished(document=CALENDAR, content_hash=digest(CALENDAR)),
        )
        record(
            "matrix/AM-2026.1",
            matrix.MatrixDrafted(document=MATRIX, content_hash=digest(MATRIX)),
            matrix.AuthorityMatrixVersionPublished(
                content_hash=digest(MATRIX), effective_from=date(2026, 1, 1), founding=True
            ),
        )
        record(
            "rulebook/RB-2026.1",
            rulebook.RulebookDrafted(header=RULEBOOK.header(), content_hash=digest(RULEBOOK)),
            *(rulebook.ClauseWritten(clause=clause) for clause in RULEBOOK.clauses),
            rulebook.RulebookVersionPublished(
                content_hash=digest(RULEBOOK), effective_from=date(2026, 1, 1)
            ),
        )
        self._mark("founded")

    def agree(self) -> None:
        """The letter is drafted, balanced, approved, signed, and takes effect as revision 1."""
        self._letter(
            letter.LetterDrafted(
                letter=LETTER,
                kind="annual",
                title="滨江公司 2026 年度目标责任书",
                period="2026",
                issuer="HX",
                responsible_unit="BJ",
                responsible_person="P-chen",
                rulebook=digest(RULEBOOK),
                matrix=digest(MATRIX),
                calendar=digest(CALENDAR),
            ),
            at="2025-11-28T02:00:00.000000Z",
        )
        for item in ITEMS:
            self._letter(letter.LetterItemAdded(item=item))
        self._letter(
            letter.SupportCommitmentGiven(
                item="N01", unit="FIN", what="示范区装修", by_when=date(2026, 5, 15)
            )
        )
        self._letter(letter.LetterSubmitted(content_hash=self._hash()))
        balanced = (
            ItemChange(
                item="I02", changes=(FieldChange(field="target", before="145000", after="150000"),)
            ),
        )
        amended = after(
            self.document,
            letter.LetterBalanced(
                cycle="C-2026", session="S-1", content_hash="0" * 64, changes=balanced
            ),
        )
        assert amended is not None
        self._letter(
            letter.LetterBalanced(
                cycle="C-2026",
                session="S-1",
                content_hash=content_hash(amended),
                changes=balanced,
            ),
            at="2025-12-12T02:00:00.000000Z",
        )
        self._approve("CASE-LETTER", f"letter/{LETTER}", self._hash())
        self._letter(letter.LetterApproved(case="CASE-LETTER", content_hash=self._hash()))
        for party, signer, post in SIGNERS:
            self._letter(
                letter.LetterSigned(
                    party=party, signer=signer, position=post, content_hash=self._hash()
                ),
                at="2026-01-12T02:00:00.000000Z",
            )
        self._letter(letter.LetterTookEffect(effective_from=date(2026, 1, 1), revision=1))
        self._revision(1)
        self._mark("in force")

    def extend(self) -> None:
        """Flood, notice, request, proof, approval: N01 is due on 2026-06-03 by revision 2."""
        record = self.ledger.record
        for code, item in (("BJ-2026-N01", "N01"), ("BJ-2026-N02", "N02"), ("BJ-2026-N03", "N03")):
            assert self.document is not None
            terms = self.document.item(item)
            assert terms is not None
            record(
                f"work_item/{code}",
                work_item.WorkItemOpened(
                    work_item=code,
                    letter=LETTER,
                    item=item,
                    responsible="BJ",
                    responsible_person="P-chen",
                    completion_standard="以验收记录为准",
                    deliverables=("验收记录",),
                    due=terms.due,
                ),
                work_item.WorkStarted(),
            )
        stream = f"adjustment/{ADJUSTMENT}"
        record(
            stream,
            adjustment.ForceMajeureNotified(
                adjustment=ADJUSTMENT,
                letter=LETTER,
                items=("N01",),
                event_class="natural_disaster",
                occurred_from=date(2026, 5, 18),
                notified_on=date(2026, 5, 20),
                limit=date(2026, 5, 21),
            ),
            at="2026-05-20T02:00:00.000000Z",
        )
        record(
            stream,
            adjustment.AdjustmentRequested(
                adjustment=ADJUSTMENT,
                letter=LETTER,
                letter_revision=1,
                items=("N01",),
                kind="force_majeure",
                cause="force_majeure",
                requested_change="示范区开放顺延五天",
                rulebook=digest(RULEBOOK),
                calendar=digest(CALENDAR),
                event_class="natural_disaster",
                occurred_from=date(2026, 5, 18),
                occurred_to=date(2026, 5, 22),
            ),
            at="2026-05-21T02:00:00.000000Z",
        )
        record(
            stream,
            adjustment.EvidenceSubmitted(submitted_on=date(2026, 6, 1), description="气象证明"),
            adjustment.ImpactAssessed(
                critical_path_days=5, method="关键线路", mitigation="抢排积水", assessor="P-ops"
            ),
            at="2026-06-01T02:00:00.000000Z",
        )
        self._approve("CASE-ADJ", stream, "b" * 64, at="2026-06-04T02:00:00.000000Z")
        record(
            stream,
            adjustment.AdjustmentApproved(
                case="CASE-ADJ",
                treatment="extend",
                clause="5.2",
                changes=CHANGES,
                effective_from=date(2026, 6, 4),
                granted_days=5,
            ),
            adjustment.AdjustmentApplied(letter=LETTER, letter_revision=2),
        )
        amended = after(
            self.document,
            letter.LetterAmended(
                adjustment=ADJUSTMENT,
                revision=2,
                changes=CHANGES,
                effective_from=date(2026, 6, 4),
                content_hash="0" * 64,
            ),
        )
        assert amended is not None
        self._letter(
            letter.LetterAmended(
                adjustment=ADJUSTMENT,
                revision=2,
                changes=CHANGES,
                effective_from=date(2026, 6, 4),
                content_hash=content_hash(amended),
            )
        )
        self._revision(2)
        record(
            "work_item/BJ-2026-N01",
            work_item.WorkItemRescheduled(
                adjustment=ADJUSTMENT, due_before=date(2026, 5, 29), due=date(2026, 6, 3)
            ),
        )
        self._mark("extended")

    def execute(self) -> None:
        """Nodes are completed, values measured, the unit rated."""
        record = self.ledger.record
        for item, day in COMPLETED.items():
            record(
                f"work_item/BJ-2026-{item}",
                work_item.ProgressReported(percent=90, planned_percent=100, note="收尾"),
                work_item.CompletionClaimed(evidence_date=day, deliverables=()),
                work_item.CompletionVerified(actual_date=day, quality="met", verifier="P-ops"),
                at=f"{day.isoformat()}T03:00:00.000000Z",
            )
        for indicator, value, unit_of_measure in MEASURED.values():
            record(
                f"measurement/BJ-2026-{indicator}",
                measurement.MeasurementRecorded(
                    measurement=f"BJ-2026-{indicator}",
                    indicator=indicator,
                    subject="BJ",
                    period="2026",
                    value=value,
                    unit=unit_of_measure,
                    source_system="ERP",
                ),
                measurement.MeasurementAttested(value=value),
                at="2027-01-10T01:00:00.000000Z",
            )
        record(
            "survey/SAT-2026-BJ",
            survey.SurveyOpened(
                survey="SAT-2026-BJ",
                title="2026 满意度",
                period="2026",
                ratee="BJ",
                raters=tuple(RATINGS),
                form="F-1",
                dimensions=("cooperation",),
                scale_max="10",
                rulebook=digest(RULEBOOK),
            ),
            *(
                survey.RatingSubmitted(
                    rater=rater,
                    ballot=sha256(rater.encode()).hexdigest(),
                    scores=(survey.DimensionRating(dimension="cooperation", score=text),),
                )
                for rater, text in RATINGS.items()
            ),
            survey.SurveyClosed(responses=len(RATINGS)),
            at="2027-01-12T01:00:00.000000Z",
        )
        self._mark("executed")

    def assess(self) -> None:
        """The score is calculated on revision 1, the wrong one, and published: 94.37, B."""
        stream = f"assessment/{ASSESSMENT}"
        record = self.ledger.record
        record(
            stream,
            assessment.AssessmentOpened(
                assessment=ASSESSMENT,
                subject="BJ",
                level="organisation",
                letter=LETTER,
                letter_revision=1,
                period="2026",
                rulebook=digest(RULEBOOK),
                calendar=digest(CALENDAR),
            ),
            *(
                assessment.MeasurementBound(
                    item=item,
                    measurement=f"BJ-2026-{indicator}",
                    measurement_version=1,
                    value=value,
                )
                for item, (indicator, value, _) in MEASURED.items()
            ),
            *(
                assessment.CompletionBound(
                    item=item,
                    work_item=f"BJ-2026-{item}",
                    work_item_version=self._verified_version(item),
                    evidence_date=day,
                )
                for item, day in COMPLETED.items()
            ),
            assessment.SurveyBound(survey="SAT-2026-BJ", survey_version=9),
            at="2027-01-20T01:00:00.000000Z",
            person="P-ops",
        )
        self._run(1, 1)
        outcome = self.outcomes[-1]
        record(
            stream,
            assessment.AssessmentReviewed(run=1, remarks="无异议"),
            assessment.AssessmentConfirmed(
                run=1, case="CASE-AS", result_digest=outcome.result_digest
            ),
            at="2027-01-27T01:00:00.000000Z",
        )
        record(
            stream,
            self._published(1, 1, date(2027, 1, 28), date(2027, 2, 4)),
            at="2027-01-28T01:00:00.000000Z",
        )
        record(
            "distribution/D-BJ",
            distribution.QuotaDerived(
                distribution="D-BJ",
                unit="BJ",
                period="2026",
                assessment=ASSESSMENT,
                score_version=1,
                organisation_grade=outcome.grade,
                headcount=23,
                headcount_on=date(2026, 12, 31),
                quotas=(distribution.Quota(grades=("A",), bound="max", persons=4),),
                rulebook=digest(RULEBOOK),
            ),
        )
        record(
            "result/R-chen",
            result.IndividualScoreReceived(
                result="R-chen",
                person="P-chen",
                unit="BJ",
                period="2026",
                score="90",
                source="HR",
            ),
        )
        self._mark("published")

    def dispute(self) -> None:
        """The unit disputes; a verification replay matches, an as-of replay gives 96.26."""
        record = self.ledger.record
        record(
            "dispute/DSP-1",
            dispute.DisputeFiled(
                dispute="DSP-1",
                assessment=ASSESSMENT,
                score_version=1,
                unit="BJ",
                contested=(dispute.Contested(element="adjustment", name=ADJUSTMENT),),
                grounds=("adjustment_omitted",),
                statement="N01 已获准顺延",
                limit=date(2027, 2, 4),
                calendar=digest(CALENDAR),
                rulebook=digest(RULEBOOK),
            ),
            at="2027-02-02T01:00:00.000000Z",
        )
        record(
            f"assessment/{ASSESSMENT}",
            assessment.ScoreContested(score_version=1, dispute="DSP-1"),
        )
        record(
            "replay/RP-1",
            replay.ReplayRequested(
                replay="RP-1", mode="verify", assessment=ASSESSMENT, run=1, dispute="DSP-1"
            ),
            at="2027-02-05T01:00:00.000000Z",
        )
        outcome = self.outcomes[0]
        record(
            "replay/RP-1",
            replay.ReplayCompleted(
                engine=outcome.engine,
                rulebook=outcome.rulebook_hash,
                inputs_digest=outcome.inputs_digest,
                result_digest=outcome.result_digest,
                tree_digest=outcome.tree_digest,
                total=outcome.total,
                grade=outcome.grade,
                delta="0.00",
                matches=True,
                official=True,
            ),
        )
        self._mark("disputed")

    def rescore(self) -> None:
        """The assessment is reopened on revision 2 and published anew: 96.26, A."""
        stream = f"assessment/{ASSESSMENT}"
        record = self.ledger.record
        record(
            stream,
            assessment.AssessmentReopened(
                cause="dispute",
                cause_stream="dispute/DSP-1",
                letter_revision=2,
                rulebook=digest(RULEBOOK),
            ),
            at="2027-02-17T01:00:00.000000Z",
        )
        self._run(2, 2)
        record(
            stream,
            assessment.Rescored(previous_run=1, run=2, delta="1.89"),
            self._published(2, 2, date(2027, 2, 18), date(2027, 2, 25)),
            assessment.ScoreSuperseded(score_version=1, by=2),
        )
        record(
            "result/R-chen",
            result.ResultApplicationFlagged(
                assessment=ASSESSMENT, score_version=1, superseded_by=2
            ),
        )
        self._mark("rescored")

    def inputs(self, revision: int) -> ScoringInputs:
        """Collect the inputs on a letter revision, from what the story says."""
        return collect(
            AssessmentBasis(
                assessment=ASSESSMENT,
                subject="BJ",
                period="2026",
                measurements={item: f"BJ-2026-{row[0]}" for item, row in MEASURED.items()},
                completions={item: f"BJ-2026-{item}" for item in COMPLETED},
                incidents={},
                judgements={},
                survey="SAT-2026-BJ",
                bonus=(),
                penalties=(),
            ),
            BoundRevision(
                revision=revision,
                document=self.documents[revision],
                version=self.revision_versions[revision],
            ),
            RULEBOOK,
            StoryFacts(self),
        )

    def verified_version(self, work_item: str) -> int:
        """Tell the version of the event that verified a work item: always its last one."""
        return self.ledger.version(f"work_item/{work_item}")

    def _verified_version(self, item: str) -> int:
        return self.verified_version(f"BJ-2026-{item}")

    def _run(self, run: int, revision: int) -> None:
        inputs = self.inputs(revision)
        outcome = score(inputs, RULEBOOK)
        self.outcomes.append(outcome)
        self.ledger.record(
            f"assessment/{ASSESSMENT}",
            assessment.InputsFrozen(inputs=inputs, inputs_digest=outcome.inputs_digest),
            assessment.ScoreCalculated(
                run=run,
                engine=outcome.engine,
                rulebook=outcome.rulebook_hash,
                inputs_digest=outcome.inputs_digest,
                item_scores=outcome.item_scores,
                components=outcome.components,
                total_exact=outcome.total_exact,
                total=outcome.total,
                grade=outcome.grade,
                result_digest=outcome.result_digest,
                tree_digest=outcome.tree_digest,
            ),
            person="P-ops",
        )

    def _published(
        self, version: int, run: int, published_on: date, appeal_until: date
    ) -> assessment.ScorePublished:
        outcome = self.outcomes[-1]
        return assessment.ScorePublished(
            score_version=version,
            run=run,
            total=outcome.total,
            grade=outcome.grade,
            published_on=published_on,
            appeal_until=appeal_until,
            calendar=digest(CALENDAR),
        )

    def _approve(self, name: str, subject: str, subject_hash: str, at: str | None = None) -> None:
        self.ledger.record(
            f"case/{name}",
            case.ApprovalCaseOpened(
                case=name,
                subject=subject,
                subject_hash=subject_hash,
                matrix=digest(MATRIX),
                item="K01",
                initiator="P-ops",
                initiator_unit="OPS",
                steps=(
                    case.PlannedStep(seq=1, verb="review", title="审核", positions=("HX-VP",)),
                    case.PlannedStep(seq=2, verb="approve", title="审批", positions=("HX-P",)),
                ),
            ),
            case.StepAssigned(seq=1, verb="review", positions=("HX-VP",)),
            case.ReviewGiven(seq=1, position="HX-VP", opinion="agree", subject_hash=subject_hash),
            case.ApprovalGranted(seq=2, position="HX-P", subject_hash=subject_hash, final=True),
            at=at,
            person="P-ops",
        )

    def _letter(self, event: Event, at: str | None = None) -> None:
        self.document = after(self.document, event)
        self.ledger.record(f"letter/{LETTER}", event, at=at, person="P-ops")

    def _revision(self, revision: int) -> None:
        assert self.document is not None
        self.documents[revision] = self.document
        self.revision_versions[revision] = self.ledger.version(f"letter/{LETTER}")

    def _hash(self) -> str:
        assert self.document is not None
        return content_hash(self.document)

    def _mark(self, name: str) -> None:
        self.marks[name] = self.ledger.position


class StoryFacts:
    """The facts of the story at its end, straight from its tables above."""

    def __init__(self, story: DisputedScore) -> None:
        self._story = story

    def unit_type(self, unit: str) -> str:
        """Tell the type of the one assessed unit."""
        return {"BJ": "subsidiary"}[unit]

    def measured(self, measurement: str) -> Measured | None:
        """Find a measured value; each was set by the first event of its stream."""
        for indicator, value, unit_of_measure in MEASURED.values():
            if measurement == f"BJ-2026-{indicator}":
                return Measured(value=value, unit=unit_of_measure, version=1)
        return None

    def completed(self, work_item: str) -> Completed | None:
        """Find a verified completion."""
        day = COMPLETED[work_item.removeprefix("BJ-2026-")]
        return Completed(evidence_date=day, version=self._story.verified_version(work_item))

    def ballots(self, survey: str) -> Ballots | None:
        """Give the ballots, which follow the opening of the survey one by one."""
        assert survey == "SAT-2026-BJ"
        return Ballots(
            ratings=tuple(
                (rater, (text,), place) for place, (rater, text) in enumerate(RATINGS.items(), 2)
            ),
            version=len(RATINGS) + 2,
        )

    def surveys_held(self, ratee: str, period: str) -> tuple[str, ...]:
        """Name the one survey."""
        return ("SAT-2026-BJ",) if (ratee, period) == ("BJ", "2026") else ()

    def applied_adjustments(self, letter: str) -> tuple[AppliedAdjustment, ...]:
        """Give the extension of N01."""
        assert letter == LETTER
        return (
            AppliedAdjustment(
                adjustment=ADJUSTMENT,
                kind="force_majeure",
                cause="force_majeure",
                treatment="extend",
                items=("N01",),
                changes=CHANGES,
                applied_revision=2,
                requested_on=date(2026, 5, 21),
                causing_unit=None,
                version=self._story.ledger.version(f"adjustment/{ADJUSTMENT}"),
            ),
        )
