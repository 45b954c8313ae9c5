"""Views over what does not happen in S1 and S2: retroactive, ended, taken away, unplaced."""

from datetime import date

from opsledger_contracts.codec import decode
from opsledger_contracts.events.assessment import AssessmentOpened, ScoreFinalised, ScorePublished
from opsledger_contracts.events.case import ApprovalCaseOpened, CaseFiled
from opsledger_contracts.events.conflict import ConflictSubmitted
from opsledger_contracts.events.delegation import DelegationGranted, DelegationRevoked
from opsledger_contracts.events.letter import (
    LetterAmended,
    LetterItemRemoved,
    LetterTerminated,
    LetterWithdrawn,
)
from opsledger_contracts.events.position import PersonAppointed, PersonRelieved
from opsledger_contracts.events.work_item import WorkItemOpened, WorkItemSuspended
from opsledger_projections.views.catalogue import VIEWS
from support.disputed_score import LETTER, DisputedScore
from support.feeds import MemoryLedger, rows_of


def _agreed() -> DisputedScore:
    story = DisputedScore()
    story.found()
    story.agree()
    return story


def _amended(story: DisputedScore, revision: int, day: date) -> None:
    story.ledger.record(
        f"letter/{LETTER}",
        LetterAmended(
            adjustment=f"ADJ-{revision}",
            revision=revision,
            changes=(),
            effective_from=day,
            content_hash="0" * 64,
        ),
    )


def _validity(story: DisputedScore) -> list[tuple[str, str]]:
    rows = rows_of(VIEWS["letter_revisions"], story.ledger)
    return [(row.valid_from, row.valid_to) for _, row in sorted(rows.items())]


def test_an_amendment_of_an_earlier_day_ends_every_revision_before_it() -> None:
    """A revision that takes effect earlier than the last one leaves that one no day at all."""
    story = _agreed()
    _amended(story, 2, date(2026, 6, 4))
    _amended(story, 3, date(2026, 5, 1))
    assert _validity(story) == [
        ("2026-01-01", "2026-05-01"),
        ("2026-06-04", "2026-05-01"),
        ("2026-05-01", ""),
    ]


def test_a_terminated_letter_holds_no_longer() -> None:
    """The last revision ends on the day of the termination, in the group's time zone."""
    story = _agreed()
    story.ledger.record(f"letter/{LETTER}", LetterTerminated(), at="2026-08-31T18:00:00.000000Z")
    assert _validity(story) == [("2026-01-01", "2026-09-01")]
    assert rows_of(VIEWS["letters"], story.ledger)[LETTER].body["status"] == "terminated"


def test_a_draft_stands_without_days_until_it_is_in_force() -> None:
    """A draft has a row of its own; what is removed from it leaves the board."""
    story = _agreed()
    drafted = MemoryLedger()
    for entry in story.ledger.entries[story.marks["founded"] :][:5]:
        drafted.record(f"letter/{LETTER}", decode(entry).event)
    drafted.record(f"letter/{LETTER}", LetterItemRemoved(item="I01"), LetterWithdrawn())
    rows = rows_of(VIEWS["letter_revisions"], drafted)
    assert list(rows) == [f"{LETTER}:0000"]
    assert rows[f"{LETTER}:0000"].labels["kind"] == "draft"
    board = rows_of(VIEWS["plan_board"], drafted)
    assert f"{LETTER}:I01" not in board
    assert {row.body["letter_status"] for row in board.values()} == {"withdrawn"}


def test_work_on_an_item_that_is_not_on_the_board_is_in_its_register_alone() -> None:
    """The board shows items of letters; work without one is found among the work items."""
    ledger = MemoryLedger()
    ledger.record(
        "work_item/W-1",
        WorkItemOpened(
            work_item="W-1",
            letter="L-none",
            item="N01",
            responsible="BJ",
            responsible_person="P-1",
            completion_standard="验收",
            deliverables=(),
        ),
        WorkItemSuspended(),
    )
    assert rows_of(VIEWS["plan_board"], ledger) == {}
    assert rows_of(VIEWS["work_items"], ledger)["W-1"].body["status"] == "suspended"


def test_a_revoked_delegation_ends_on_the_day_of_its_revocation() -> None:
    """V22: it held until then, and not until the day to which it had been granted."""
    ledger = MemoryLedger()
    ledger.record(
        "delegation/D-1",
        DelegationGranted(
            delegation="D-1",
            delegator="P-1",
            delegate="P-2",
            position="X",
            matrix_items=("K01",),
            valid_from=date(2026, 1, 1),
            valid_to=date(2026, 12, 31),
        ),
    )
    (row,) = rows_of(VIEWS["delegations"], ledger).values()
    assert (row.valid_from, row.valid_to) == ("2026-01-01", "2026-12-31")
    ledger.record("delegation/D-1", DelegationRevoked(), at="2026-05-10T02:00:00.000000Z")
    (row,) = rows_of(VIEWS["delegations"], ledger).values()
    assert (row.valid_to, row.labels["status"]) == ("2026-05-10", "revoked")


def test_the_end_of_one_appointment_leaves_others_alone() -> None:
    """Only the named person's open appointment ends; an ended one keeps its day."""
    ledger = MemoryLedger()
    ledger.record(
        "position/X",
        PersonAppointed(person="P-1", valid_from=date(2025, 1, 1)),
        PersonRelieved(person="P-1", valid_to=date(2025, 6, 1)),
        PersonAppointed(person="P-1", valid_from=date(2026, 1, 1)),
        PersonAppointed(person="P-2", valid_from=date(2026, 1, 1)),
        PersonRelieved(person="P-1", valid_to=date(2026, 7, 1)),
    )
    rows = rows_of(VIEWS["appointments"], ledger)
    assert {key: row.valid_to for key, row in rows.items()} == {
        "X:P-1:2025-01-01": "2025-06-01",
        "X:P-1:2026-01-01": "2026-07-01",
        "X:P-2:2026-01-01": "",
    }


def test_a_final_score_is_marked_so() -> None:
    """V05: after the limit of appeal the version is final."""
    ledger = MemoryLedger()
    ledger.record(
        "assessment/A-1",
        AssessmentOpened(
            assessment="A-1",
            subject="BJ",
            level="organisation",
            letter="L-1",
            letter_revision=1,
            period="2026",
            rulebook="a" * 64,
            calendar="b" * 64,
        ),
        ScorePublished(
            score_version=1,
            run=1,
            total="96.26",
            grade="A",
            published_on=date(2027, 1, 28),
            appeal_until=date(2027, 2, 4),
            calendar="b" * 64,
        ),
        ScoreFinalised(score_version=1, total="96.26", grade="A"),
    )
    body = rows_of(VIEWS["assessments"], ledger)["A-1"].body
    assert body["score_versions"][0]["state"] == "final"
    assert body["status"] == "final"


def test_what_hangs_on_no_letter_is_in_the_trail_without_one() -> None:
    """Cases on plans and conflicts without a subject belong to no letter."""
    ledger = MemoryLedger()
    ledger.record(
        "case/C-1",
        ApprovalCaseOpened(
            case="C-1",
            subject="plan/P-2026",
            subject_hash="a" * 64,
            matrix="b" * 64,
            item="K01",
            initiator="P-1",
            initiator_unit="OPS",
            steps=(),
        ),
        CaseFiled(recipient="P-2"),
    )
    ledger.record(
        "conflict/X-1",
        ConflictSubmitted(
            conflict="X-1",
            parties=("BJ", "FIN"),
            category="resource",
            matter="装修",
            due=date(2026, 1, 8),
            calendar="c" * 64,
        ),
    )
    rows = rows_of(VIEWS["trail"], ledger)
    assert [row.labels["letter"] for row in rows.values()] == ["", "", ""]
