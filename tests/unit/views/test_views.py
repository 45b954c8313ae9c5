"""Every view over the events of S1 and S2: what its rows say at the end."""

from datetime import date
from typing import Any

import pytest

from opsledger_contracts.catalogue import EVENTS
from opsledger_contracts.events.position import PersonRelieved
from opsledger_projections.views.catalogue import VIEWS
from opsledger_projections.views.view import Row
from support.disputed_score import ADJUSTMENT, ASSESSMENT, LETTER, DisputedScore
from support.feeds import rows_of


@pytest.fixture(scope="module")
def story() -> DisputedScore:
    """The whole story, told once."""
    return DisputedScore().tell()


def _rows(story: DisputedScore, view: str) -> dict[str, Row]:
    return rows_of(VIEWS[view], story.ledger)


def test_every_event_type_is_in_a_view_of_its_noun_or_the_trail() -> None:
    """Nothing is invisible: the trail takes every type, and each has a second view."""
    assert VIEWS["trail"].types == frozenset(EVENTS)
    seen = {name for view in VIEWS.values() if view.name != "trail" for name in view.types}
    assert set(EVENTS) - seen == set()


@pytest.mark.parametrize("view", VIEWS.values(), ids=lambda view: view.name)
def test_rows_name_exactly_the_labels_of_their_view(view: Any, story: DisputedScore) -> None:
    """Selection by label works on every row of every view."""
    for row in rows_of(view, story.ledger).values():
        assert set(row.labels) == set(view.labels)
        assert all(isinstance(value, str) for value in row.labels.values())


def test_a_letter_shows_its_content_and_who_agreed_to_it(story: DisputedScore) -> None:
    """V02: status, revision, signatures on the approved hash, lateral commitment (R087)."""
    row = _rows(story, "letters")[LETTER]
    assert (row.body["status"], row.body["revision"]) == ("in_force", 2)
    assert row.body["document"]["items"][4] == "N01"
    assert story.document is not None
    assert row.body["document"]["title"] == story.document.title
    assert [mark["signer"] for mark in row.body["signatures"]] == ["P-pres", "P-chen"]
    signed = {mark["content_hash"] for mark in row.body["signatures"]}
    assert signed == {row.body["approvals"][0]["content_hash"]}
    assert row.body["commitments"][0]["by_when"] == "2026-05-15"


def test_revisions_hold_one_after_the_other(story: DisputedScore) -> None:
    """V02: each revision is valid until the next one, with what changed and by which adjustment."""
    rows = _rows(story, "letter_revisions")
    assert list(rows) == [f"{LETTER}:0001", f"{LETTER}:0002"]
    first, second = rows.values()
    assert (first.valid_from, first.valid_to) == ("2026-01-01", "2026-06-04")
    assert (second.valid_from, second.valid_to) == ("2026-06-04", "")
    assert second.body["adjustment"] == ADJUSTMENT
    change = second.body["changes"][0]["changes"][0]
    assert (change["field"], change["from"], change["to"]) == ("due", "2026-05-29", "2026-06-03")
    assert second.body["recorded"]["version"] == story.revision_versions[2]


def test_the_board_shows_each_item_with_its_work(story: DisputedScore) -> None:
    """V01: terms in force beside how the work stands."""
    rows = _rows(story, "plan_board")
    assert rows[LETTER].labels["kind"] == "letter"
    node = rows[f"{LETTER}:N01"]
    assert node.body["terms"]["due"] == node.body["due"] == "2026-06-03"
    assert (node.labels["status"], node.body["actual_date"]) == ("verified", "2026-06-08")
    assert node.body["letter_status"] == "in_force"
    assert rows[f"{LETTER}:I02"].body["terms"]["target"] == "150000"


def test_a_case_lists_every_act_in_order(story: DisputedScore) -> None:
    """V03: opened, reviewed, approved, each with who did it; what was due stands apart."""
    body = _rows(story, "cases")["CASE-ADJ"].body
    assert [act["act"] for act in body["acts"]] == ["opened", "review_given", "approval_granted"]
    assert body["status"] == "approved"
    assert list(body["assigned"][0]["positions"]) == ["HX-VP"]
    assert all(act["recorded"]["person"] == "P-ops" for act in body["acts"])


def test_the_trail_of_a_letter_reaches_everything_that_hangs_on_it(story: DisputedScore) -> None:
    """R162: cases, adjustment, work, assessment, dispute, replay, quota, flag: all are there."""
    rows = _rows(story, "trail").values()
    nouns = {row.labels["noun"] for row in rows if row.labels["letter"] == LETTER}
    assert nouns == {
        "letter",
        "case",
        "adjustment",
        "work_item",
        "assessment",
        "dispute",
        "replay",
        "distribution",
        "result",
    }
    assert len(rows) == story.ledger.position
    verified = next(row for row in rows if row.body["type"] == "work_item.completion_verified.v1")
    assert verified.body["data"]["verifier"] == "P-ops"


def test_the_assessment_sheet_shows_both_versions(story: DisputedScore) -> None:
    """V05: version 1 is superseded, version 2 stands; figures of the last run on top."""
    body = _rows(story, "assessments")[ASSESSMENT].body
    assert [(v["total"], v["state"]) for v in body["score_versions"]] == [
        ("94.37", "superseded"),
        ("96.26", "provisional"),
    ]
    assert (body["total"], body["grade"], body["letter_revision"]) == ("96.26", "A", 2)
    assert body["rescores"][0]["delta"] == "1.89"


def test_a_run_keeps_the_inputs_it_was_computed_from(story: DisputedScore) -> None:
    """V06: each run holds its own frozen inputs and digests."""
    rows = _rows(story, "assessment_runs")
    first, second = rows[f"{ASSESSMENT}:0001"].body, rows[f"{ASSESSMENT}:0002"].body
    assert first["inputs"]["letter_revision"] == 1
    assert second["inputs"]["letter_revision"] == 2
    assert first["inputs_digest"] == story.outcomes[0].inputs_digest
    assert second["result_digest"] == story.outcomes[1].result_digest


def test_appointments_are_valid_on_their_days() -> None:
    """V22: an appointment ends on the first day on which the post is no longer held."""
    story = DisputedScore()
    story.found()
    story.ledger.record(
        "position/BJ-GM", PersonRelieved(person="P-chen", valid_to=date(2026, 9, 1))
    )
    (row,) = _rows(story, "appointments").values()
    assert (row.valid_from, row.valid_to) == ("2025-01-01", "2026-09-01")


def test_registers_fold_fields_and_collect_what_recurs(story: DisputedScore) -> None:
    """Registers: fields of the last event on top, recurring events listed, status by event."""
    adjustment = _rows(story, "adjustments")[ADJUSTMENT].body
    assert (adjustment["status"], adjustment["letter_revision"]) == ("applied", 2)
    assert adjustment["proofs"][0]["submitted_on"] == "2026-06-01"
    assert adjustment["recorded"]["requested"]["recorded_at"] == "2026-05-21T02:00:00.000000Z"
    assert _rows(story, "surveys")["SAT-2026-BJ"].body["status"] == "closed"
    assert len(_rows(story, "surveys")["SAT-2026-BJ"].body["ballots"]) == 7
    assert _rows(story, "results")["R-chen"].body["status"] == "flagged"
    assert _rows(story, "replays")["RP-1"].body["matches"] is True
