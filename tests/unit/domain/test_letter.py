"""Target letters: drafted, agreed, approved, signed over one hash, ended (R082 to R092)."""

from datetime import date

import pytest

from opsledger_contracts.events.assessment import ScoreFinalised
from opsledger_contracts.events.letter import (
    FieldChange,
    ItemChange,
    LetterAmended,
    LetterBalanced,
    LetterClosed,
    LetterDrafted,
    LetterItemAdded,
    LetterItemImposed,
    LetterItemRemoved,
    LetterItemRevised,
    LetterItemStruck,
    LetterPeriodEnded,
    LetterReturned,
    LetterSubmitted,
    LetterTerminated,
    LetterTookEffect,
    LetterWithdrawn,
    SupportCommitmentGiven,
    SupportCommitmentRefused,
)
from opsledger_contracts.events.plan import PlanPublished
from opsledger_contracts.events.unit import OrgUnitRegistered
from opsledger_contracts.letters import content_hash
from opsledger_contracts.problems.general import (
    FunctionMissing,
)
from opsledger_contracts.problems.letter import (
    AssessmentNotFinal,
)
from opsledger_contracts.rules.numbers import parse_rational
from opsledger_contracts.rules.weights import displayed_weights
from opsledger_ledger.domain.deciding import Authority, Command
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.letter_agreement import (
    ImposeLetterItem,
    ItemRevision,
    ReturnLetter,
    StrikeLetterItem,
)
from opsledger_ledger.domain.letter_drafting import (
    AddLetterItem,
    RemoveLetterItem,
    ReviseLetterItem,
    SubmitLetter,
)
from opsledger_ledger.domain.letter_ending import (
    CloseLetter,
    EndLetterPeriod,
    TerminateLetter,
    WithdrawLetter,
)
from opsledger_ledger.domain.letter_signing import ApproveLetter, SignLetter
from support import scoring_examples
from support.letter_stages import (
    APPROVED,
    BALANCED,
    CONSULTED,
    DRAFT,
    GIVE,
    HASH,
    IMPOSE,
    IMPOSED,
    MONTHLY,
    ON_THE_WAY,
    REFUSE,
    SIGN,
    SIGNED_BY_ISSUER,
    SIGNED_BY_UNIT,
    STRIKE,
    SUBMITTED,
    TOOK_EFFECT,
    WHY,
    assessed,
    balance,
    balancing,
    changed,
    on_the_way,
    one_category,
    replaced,
    with_plan,
    written,
)
from support.organisation import FOUNDED, employ
from support.planning import (
    CALENDAR,
    DRAFTED,
    ENGINEERING,
    ITEMS,
    MARKETING,
    MATRIX,
    OPS,
    PRESIDENT,
    RULEBOOK,
    UNIT,
    UNIT_PRESIDENT,
    WRITTEN,
    decided,
    document_of,
    item,
    planned,
)

AFTER_THE_YEAR = "2027-01-01T02:00:00.000000Z"


@pytest.mark.parametrize(
    "command",
    [ReturnLetter(reasons=("权重",)), balance(), EndLetterPeriod(), CloseLetter(assessment="A-1")],
    ids=lambda command: type(command).__name__,
)
def test_only_planning_and_operations_steers_letters(command: Command) -> None:
    """R024, R063: returning, balancing and closing belong to the function ops."""
    with pytest.raises(FunctionMissing):
        on_the_way(SUBMITTED).decide(command, "BJ-2026", **UNIT)


def test_a_letter_is_drafted_with_all_its_items() -> None:
    """R062, R082: the draft binds the documents in force on the first day of its period."""
    there = planned()
    records = there.decide(DRAFT, "BJ-2026", **UNIT)
    assert tuple(record.event for record in records) == WRITTEN
    assert (records[0].rulebook, records[0].calendar) == (RULEBOOK, CALENDAR)


def test_a_part_of_the_unit_drafts_for_it() -> None:
    """R030: a department of the responsible unit acts for it, as it stands under it."""
    there = planned().given(
        "unit/BJ-OPS",
        OrgUnitRegistered(
            unit="BJ-OPS", type="department", name="运营部", parent="BJ", valid_from=FOUNDED
        ),
    )
    employ(there, "BJ-OPS-1", "BJ-OPS", "drafter")
    assert there.do(DRAFT, "BJ-2026", person="drafter")[0] == DRAFTED


def test_a_letter_serves_a_published_plan() -> None:
    """R055, R085: the plan is in force for the whole period, and items name its goals."""
    there = with_plan(planned(), PlanPublished(content_hash=HASH))
    items = (replaced(ITEMS[0], contributes_to="G-1"), *ITEMS[1:])
    there.do(changed(DRAFT, plan="PL-2026", items=items), "BJ-2026", **UNIT)
    events = there.do(SubmitLetter(), "BJ-2026", **UNIT)
    assert [type(event) for event in events] == [LetterSubmitted]


def test_a_monthly_letter_stands_inside_the_annual_one() -> None:
    """R083: its items trace to items of the annual letter, or are ad hoc without a parent item."""
    there = on_the_way(TOOK_EFFECT)
    traced = item("M1", "30", "3.1", target="9", unit="万元", parent_item="I01")
    ad_hoc = [item(f"M{n}", "35", "3.1", target="9", unit="万元") for n in (2, 3)]
    in_bounds = [replaced(one, weight="30") for one in ad_hoc]
    rest = item("M4", "10", "3.1", target="9", unit="万元")
    drafted = there.do(changed(MONTHLY, items=(traced, *in_bounds, rest)), "BJ-2026-03", **UNIT)
    assert isinstance(drafted[0], LetterDrafted)
    assert drafted[0].parent == "BJ-2026"
    submitted = there.do(SubmitLetter(), "BJ-2026-03", **UNIT)
    assert [type(event) for event in submitted] == [LetterSubmitted]


def test_items_of_a_draft_are_added_revised_and_removed() -> None:
    """R062: each change is an event; a revision holds the old value beside the new one."""
    there = written()
    assert there.do(AddLetterItem(item=IMPOSED), "BJ-2026", **UNIT) == [
        LetterItemAdded(item=IMPOSED)
    ]
    revise = ReviseLetterItem(item="I02", values={"target": "150000", "baseline": "120000"})
    assert there.do(revise, "BJ-2026", **UNIT) == [
        LetterItemRevised(
            item="I02",
            changes=(
                FieldChange(field="target", before="145000", after="150000"),
                FieldChange(field="baseline", before=None, after="120000"),
            ),
        )
    ]
    there.do(ReviseLetterItem(item="X01", values={"deliverables": None}), "BJ-2026", **UNIT)
    bare = there.world.get(LetterState, "BJ-2026")
    assert bare is not None
    assert bare.document.items[-1] == replaced(IMPOSED, deliverables=())
    assert there.do(RemoveLetterItem(item="X01"), "BJ-2026", **UNIT) == [
        LetterItemRemoved(item="X01")
    ]
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    revised = letter.document.item("I02")
    assert revised is not None
    assert (revised.target, revised.baseline) == ("150000", "120000")
    assert letter.document.item("X01") is None


def test_a_letter_is_submitted_under_its_hash() -> None:
    """R090, R092: nothing stands against the letter of scenario S1, key items weigh 88."""
    records = written().decide(SubmitLetter(), "BJ-2026", **UNIT)
    assert [record.event for record in records] == [SUBMITTED]
    assert records[0].rulebook == RULEBOOK


def test_a_returned_letter_is_open_to_its_drafter_again() -> None:
    """R064: operations return it with reasons, the unit revises and submits again."""
    there = on_the_way(SUBMITTED)
    assert there.do(ReturnLetter(reasons=("目标偏低",)), "BJ-2026", **OPS) == [
        LetterReturned(reasons=("目标偏低",))
    ]
    there.do(ReviseLetterItem(item="I02", values={"target": "150000"}), "BJ-2026", **UNIT)
    assert len(there.do(SubmitLetter(), "BJ-2026", **UNIT)) == 1


def test_balancing_moves_a_target() -> None:
    """R063, S1: the session moves I02 from 145,000 to 150,000 and fixes the new hash."""
    there = balancing(on_the_way(SUBMITTED))
    change = ItemChange(
        item="I02", changes=(FieldChange(field="target", before="145000", after="150000"),)
    )
    after = document_of(*WRITTEN, LetterItemRevised(item=change.item, changes=change.changes))
    command = balance(ItemRevision(item="I02", values={"target": "150000"}))
    assert there.do(command, "BJ-2026", **OPS) == [
        LetterBalanced(
            cycle="CY-2026", session="S-1", content_hash=content_hash(after), changes=(change,)
        )
    ]
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    assert letter.content_hash == content_hash(after)


def test_an_imposed_item_rebases_the_other_weights() -> None:
    """R088, SR-15: the approver of the matrix imposes 10; all others keep 9 of 10, exactly."""
    there = on_the_way(SUBMITTED)
    records = there.decide(IMPOSE, "BJ-2026", **PRESIDENT, **CONSULTED)
    assert records[0].authority == Authority(matrix=MATRIX, item="annual-letter", step=6)
    there.do(IMPOSE, "BJ-2026", **PRESIDENT, **CONSULTED)
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    weights = {one.item: one.weight for one in letter.document.items}
    assert weights["I01"] == "18"
    assert weights["I02"] == "27/2"
    assert sum(parse_rational(weight) for weight in weights.values()) == 100
    assert letter.status == "submitted"


def test_a_struck_item_leaves_its_weight_to_the_others() -> None:
    """R088, SR-15: the 8 of N03 are spread over 92 in proportion; shown weights total 100."""
    there = on_the_way(BALANCED)
    events = there.do(STRIKE, "BJ-2026", **PRESIDENT, **CONSULTED)
    assert isinstance(events[0], LetterItemStruck)
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    weights = {one.item: parse_rational(one.weight) for one in letter.document.items}
    assert letter.document.items[0].weight == "500/23"
    assert sum(weights.values()) == 100
    shown = displayed_weights(weights, scoring_examples.rulebook().weights)
    assert sum(parse_rational(text) for text in shown.values()) == 100


def test_a_struck_weight_stays_in_its_category_where_the_rulebook_says_so() -> None:
    """SR-15(3): the option `same_category` is data of the rulebook."""
    there = one_category()
    there.do(
        StrikeLetterItem(item="I05", consultation="TALK-2"), "BJ-2026", **PRESIDENT, **CONSULTED
    )
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    assert {one.item: one.weight for one in letter.document.items} == {
        "S01": "30",
        "I01": "28",
        "I02": "21",
        "I03": "21",
    }


def test_an_item_under_amount_brackets_is_imposed_by_their_highest_approver() -> None:
    """R088, SR-22: where amounts decide, the approver of the largest ones is the authority."""
    funded = replaced(IMPOSED, matrix_item="budget-adjustment")
    there = on_the_way(SUBMITTED)
    highest = next(
        found for found in scoring_examples.matrix().items if found.item == "budget-adjustment"
    ).brackets[-1]
    final = [step for step in highest.steps if step.verb == "approve"][-1]
    assert final.position.function is not None
    employ(there, "APPROVER", "HX", "approver", (final.position.function,))
    records = there.decide(
        ImposeLetterItem(item=funded, consultation="TALK-1"),
        "BJ-2026",
        person="approver",
        **CONSULTED,
    )
    assert isinstance(records[0].event, LetterItemImposed)
    assert records[0].authority == Authority(
        matrix=MATRIX, item="budget-adjustment", step=final.seq
    )


def test_a_supporting_unit_binds_itself_or_refuses() -> None:
    """R087: each supporting unit answers for itself; who refused may still bind itself later."""
    there = on_the_way(SUBMITTED)
    assert there.do(GIVE, "BJ-2026", **MARKETING) == [
        SupportCommitmentGiven(
            item="N01", unit="MKT", what="示范区精装布展", by_when=date(2026, 5, 15)
        )
    ]
    assert there.do(REFUSE, "BJ-2026", **ENGINEERING, **WHY) == [
        SupportCommitmentRefused(item="N01", unit="ENG", what="示范区精装布展")
    ]
    there.do(GIVE, "BJ-2026", **ENGINEERING)
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    assert [letter.commitments.answer("N01", unit) for unit in ("MKT", "ENG", "FIN")] == [
        True,
        True,
        None,
    ]


def test_an_approval_binds_to_the_content() -> None:
    """R040, R064: the letter counts as approved by the case that decided on its hash."""
    there = decided(on_the_way(BALANCED), "K-1", "letter/BJ-2026", HASH)
    assert there.do(ApproveLetter(case="K-1"), "BJ-2026", **OPS) == [APPROVED]


def test_the_second_signature_puts_the_letter_in_force() -> None:
    """R082, R035: both parties sign the same hash; the letter is revision 1 from that day."""
    there = on_the_way(APPROVED)
    assert there.do(SIGN, "BJ-2026", **PRESIDENT) == [SIGNED_BY_ISSUER]
    command = SignLetter(party="responsible", content_hash=HASH)
    records = there.decide(command, "BJ-2026", **UNIT_PRESIDENT)
    assert [record.event for record in records] == [
        SIGNED_BY_UNIT,
        LetterTookEffect(effective_from=date(2026, 6, 1), revision=1),
    ]
    assert [record.derived for record in records] == [False, True]
    there.do(command, "BJ-2026", **UNIT_PRESIDENT)
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    first = letter.at_revision(1)
    assert first is not None
    assert (first.content_hash, first.adjustment) == (HASH, None)
    assert first.stream_version == there.world.version("letter/BJ-2026")
    assert there.world.find("letter_in_force", "BJ:annual:2026") == ("BJ-2026",)


def test_a_letter_signed_before_its_period_takes_effect_on_its_first_day() -> None:
    """R082: signing ahead does not bring the period forward."""
    there = written(*ON_THE_WAY[:4])
    records = there.decide(
        SignLetter(party="responsible", content_hash=HASH),
        "BJ-2026",
        occurred_at="2025-12-28T02:00:00.000000Z",
        **UNIT_PRESIDENT,
    )
    assert records[1].event == LetterTookEffect(effective_from=date(2026, 1, 1), revision=1)


def test_an_amendment_is_a_new_revision_beside_the_old_one() -> None:
    """R118: revision 2 holds the new due date, revision 1 still says what was signed."""
    change = ItemChange(
        item="N01",
        changes=(FieldChange(field="due", before="2026-05-29", after="2026-06-03"),),
    )
    amended = LetterAmended(
        adjustment="ADJ-1",
        revision=2,
        changes=(change,),
        effective_from=date(2026, 6, 4),
        content_hash="c" * 64,
    )
    letter = written(*ON_THE_WAY, amended).world.get(LetterState, "BJ-2026")
    assert letter is not None
    first, second = letter.at_revision(1), letter.at_revision(2)
    assert first is not None
    assert second is not None
    dues = [
        found.due
        for revision in (first, second)
        for found in [revision.document.item("N01")]
        if found is not None
    ]
    assert dues == [date(2026, 5, 29), date(2026, 6, 3)]
    assert (second.adjustment, letter.at_revision(3)) == ("ADJ-1", None)


def test_a_withdrawn_letter_is_out_of_its_period() -> None:
    """R082: withdrawing needs a reason; the letter is then no part of the balancing any more."""
    there = on_the_way(APPROVED)
    assert there.world.find("letter_by_period", "2026") == ("BJ-2026",)
    assert there.do(WithdrawLetter(), "BJ-2026", **UNIT, **WHY) == [LetterWithdrawn()]
    assert there.world.find("letter_by_period", "2026") == ()
    assert there.world.find("letter_by_unit", "BJ") == ("BJ-2026",)


def test_a_terminated_letter_makes_room_for_another_one() -> None:
    """R082: the issuer ends it, names successors, and the unit may have a new letter in force."""
    there = on_the_way(TOOK_EFFECT)
    terminate = TerminateLetter(successors=("LG",))
    assert there.do(terminate, "BJ-2026", **PRESIDENT, **WHY) == [
        LetterTerminated(successors=("LG",))
    ]
    assert there.world.find("letter_in_force", "BJ:annual:2026") == ()


def test_the_period_ends_on_the_day_after_its_last() -> None:
    """R082: on 1 January the letter is over; it stays the one of its period."""
    there = on_the_way(TOOK_EFFECT)
    assert there.do(EndLetterPeriod(), "BJ-2026", at=AFTER_THE_YEAR, **OPS) == [LetterPeriodEnded()]
    assert there.world.find("letter_in_force", "BJ:annual:2026") == ("BJ-2026",)


def test_the_final_assessment_closes_the_letter() -> None:
    """R082, R160: only a final assessment of this letter closes it."""
    there = assessed((ScoreFinalised(score_version=1, total="97.40", grade="A"),))
    assert there.do(CloseLetter(assessment="A-1"), "BJ-2026", **OPS) == [
        LetterClosed(assessment="A-1")
    ]
    letter = there.world.get(LetterState, "BJ-2026")
    assert letter is not None
    assert (letter.status, letter.assessment) == ("closed", "A-1")


def test_the_assessment_of_another_letter_closes_nothing() -> None:
    """R082: a final assessment closes the letter that it is of."""
    there = assessed((ScoreFinalised(score_version=1, total="97.40", grade="A"),), letter="LG-2026")
    with pytest.raises(AssessmentNotFinal):
        there.decide(CloseLetter(assessment="A-1"), "BJ-2026", **OPS)
