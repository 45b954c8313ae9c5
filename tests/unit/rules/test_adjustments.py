"""Adjustments of letters: limits, treatments, costs (SR-15, SR-16)."""

from datetime import date
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from opsledger_contracts.documents.rulebook import Treatment
from opsledger_contracts.rules.adjustments import (
    ForceMajeureFacts,
    apply_adjustments,
    cause_effect,
    charged_changes,
    extended_due,
    force_majeure_findings,
    notice_deadline,
    proof_deadline,
    request_admissible,
    request_deadline,
    with_treatment,
    zeroed_items,
)
from opsledger_contracts.rules.errors import (
    AdjustmentNotInRevision,
    RepeatedName,
    TermMismatch,
    TreatmentNotReversible,
    UnknownAdjustment,
    UnknownItem,
    WeightsInvalid,
)
from opsledger_contracts.rules.inputs import AdjustmentInput, ScoringInputs, TermChange
from opsledger_contracts.rules.scoring import score
from support.released import Released
from support.scoring_examples import (
    BY_SCORING,
    CORRECT,
    PUBLISHED,
    SOURCE,
    calendar,
    letter_inputs,
    rulebook,
)

RULEBOOK = rulebook()
POLICY = RULEBOOK.adjustment
FORCE = RULEBOOK.force_majeure
CN_2026 = calendar("CN-2026.1")
FLOOD = ForceMajeureFacts(
    event_class="natural_disaster",
    occurred_from=date(2026, 5, 18),
    notified_on=date(2026, 5, 20),
    proof_on=date(2026, 6, 1),
    critical_path_days=5,
    mitigation_shown=True,
)


def _adjustment(name: str = "ADJ-1", **changes: Any) -> AdjustmentInput:
    return AdjustmentInput(
        **{
            "adjustment": name,
            "kind": "reschedule",
            "cause_class": "self",
            "treatment": "none",
            "items": ("N01",),
            "requested_on": date(2026, 5, 21),
            "sources": SOURCE,
            **changes,
        }
    )


def _with(inputs: ScoringInputs, *adjustments: AdjustmentInput) -> ScoringInputs:
    return msgspec.structs.replace(inputs, adjustments=adjustments)


def test_a_change_is_requested_three_working_days_before_the_due_day() -> None:
    """The day of the limit is in time, the day after is not (R118)."""
    limit = request_deadline(date(2026, 5, 29), POLICY, CN_2026)
    assert limit.due == date(2026, 5, 26)
    assert request_admissible(date(2026, 5, 26), "external", limit, POLICY)
    assert not request_admissible(date(2026, 5, 27), "external", limit, POLICY)


def test_force_majeure_may_be_requested_late() -> None:
    """A flood does not wait for the limit."""
    limit = request_deadline(date(2026, 5, 29), POLICY, CN_2026)
    assert request_admissible(date(2026, 6, 2), "force_majeure", limit, POLICY)


def test_the_flood_of_scenario_s2_is_admissible(released: Released) -> None:
    """Notice by 05-21 and proof by 06-01 are in time (R118)."""
    assert notice_deadline(FLOOD.occurred_from, FORCE, CN_2026).due == date(2026, 5, 21)
    assert proof_deadline(FLOOD.occurred_from, FORCE, CN_2026).due == date(2026, 6, 1)
    assert force_majeure_findings(FLOOD, FORCE, CN_2026) == ()
    released(
        [
            notice_deadline(FLOOD.occurred_from, FORCE, CN_2026),
            proof_deadline(FLOOD.occurred_from, FORCE, CN_2026),
            request_deadline(date(2026, 5, 29), POLICY, CN_2026),
        ]
    )


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"event_class": "bad_mood"}, ["event_class"]),
        ({"notified_on": None}, ["notice_missing"]),
        ({"notified_on": date(2026, 5, 22)}, ["notice_late"]),
        ({"proof_on": None}, ["proof_missing"]),
        ({"proof_on": date(2026, 6, 2)}, ["proof_late"]),
        ({"critical_path_days": None}, ["impact_missing"]),
        ({"mitigation_shown": False}, ["mitigation_missing"]),
        (
            {"notified_on": None, "proof_on": None, "mitigation_shown": False},
            ["notice_missing", "proof_missing", "mitigation_missing"],
        ),
    ],
    ids=str,
)
def test_each_condition_of_force_majeure_is_needed(
    change: dict[str, Any], codes: list[str], released: Released
) -> None:
    """What is missing is named, with the clause (R118)."""
    facts = msgspec.structs.replace(FLOOD, **change)
    findings = force_majeure_findings(facts, FORCE, CN_2026)
    assert [finding.code for finding in findings] == codes
    assert {finding.clause for finding in findings} == {FORCE.clause}
    released(findings)


def test_an_extension_adds_calendar_days_to_the_due_day() -> None:
    """Five granted days move 05-29 to 06-03."""
    assert extended_due(date(2026, 5, 29), 5) == date(2026, 6, 3)


def test_an_extension_carried_by_the_letter_is_not_applied_twice() -> None:
    """Revision 2 has the new due day already."""
    inputs = letter_inputs(CORRECT)
    assert apply_adjustments(inputs, RULEBOOK) == inputs


def test_an_extension_not_carried_is_applied() -> None:
    """Over revision 1, scoring sets the granted due day."""
    applied = apply_adjustments(letter_inputs(BY_SCORING), RULEBOOK)
    assert {item.item: item.params.get("due") for item in applied.items}["N01"] == "2026-06-03"


def test_an_excluded_item_leaves_its_weight_to_the_others() -> None:
    """N01 goes out and the other weights grow by 100/90."""
    inputs = with_treatment(letter_inputs(CORRECT), "ADJ-2026-BJ-01", "exclude")
    applied = apply_adjustments(inputs, RULEBOOK)
    weights = {item.item: item.weight for item in applied.items}
    assert "N01" not in weights
    assert weights["I01"] == "200/9"


def test_an_exclusion_can_stay_in_its_category() -> None:
    """Where the rulebook says so, only nodes take the weight of a node."""
    policy = msgspec.structs.replace(POLICY, redistribution="same_category")
    changed = msgspec.structs.replace(RULEBOOK, adjustment=policy)
    inputs = with_treatment(letter_inputs(PUBLISHED + 3), "ADJ-2026-BJ-01", "exclude")
    weights = {item.item: item.weight for item in apply_adjustments(inputs, changed).items}
    assert weights["I01"] == "20"
    assert weights["N02"] == "140/9"


def test_everything_cannot_be_excluded() -> None:
    """A letter without items has no score."""
    inputs = letter_inputs(PUBLISHED)
    names = tuple(item.item for item in inputs.items)
    with pytest.raises(WeightsInvalid):
        apply_adjustments(_with(inputs, _adjustment(treatment="exclude", items=names)), RULEBOOK)


def test_an_adjustment_of_a_later_revision_is_an_error(released: Released) -> None:
    """Inputs that bind revision 1 cannot claim what only revision 2 says."""
    inputs = _with(letter_inputs(PUBLISHED), _adjustment(carried_by=2))
    with pytest.raises(AdjustmentNotInRevision, match="the bound one is 1") as refused:
        apply_adjustments(inputs, RULEBOOK)
    released(refused.value)


def test_a_change_fits_the_terms_it_starts_from(released: Released) -> None:
    """A change from another due day, or of an item that is not there, is refused."""
    change = TermChange(item="N01", parameter="due", value_from="2026-05-30", value_to="2026-06-03")
    inputs = letter_inputs(PUBLISHED)
    with pytest.raises(TermMismatch, match="should be 2026-05-30, found 2026-05-29") as mismatch:
        apply_adjustments(
            _with(inputs, _adjustment(treatment="extend", changes=(change,))), RULEBOOK
        )
    other = msgspec.structs.replace(change, item="N09")
    with pytest.raises(UnknownItem, match="N09") as unknown:
        apply_adjustments(
            _with(inputs, _adjustment(treatment="retarget", changes=(other,))), RULEBOOK
        )
    released([mismatch.value, unknown.value])


def test_a_change_can_take_a_parameter_away_and_bring_it() -> None:
    """None stands for a parameter that the item did not have or has no more."""
    gone = TermChange(item="N01", parameter="due", value_from="2026-05-29", value_to=None)
    back = TermChange(item="N01", parameter="due", value_from=None, value_to="2026-07-01")
    taken = _with(letter_inputs(PUBLISHED), _adjustment(treatment="retarget", changes=(gone,)))
    without = {item.item: item for item in apply_adjustments(taken, RULEBOOK).items}
    assert "due" not in without["N01"].params
    inputs = _with(
        letter_inputs(PUBLISHED), _adjustment(treatment="retarget", changes=(gone, back))
    )
    applied = apply_adjustments(inputs, RULEBOOK)
    assert {item.item: item.params.get("due") for item in applied.items}["N01"] == "2026-07-01"


def test_names_of_items_and_adjustments_are_unique() -> None:
    """The same item twice would count twice."""
    inputs = letter_inputs(PUBLISHED)
    with pytest.raises(RepeatedName, match=r"ADJ-1 occurs twice among the adjustments$"):
        apply_adjustments(_with(inputs, _adjustment(), _adjustment()), RULEBOOK)
    twice = msgspec.structs.replace(inputs, items=(*inputs.items, inputs.items[0]))
    with pytest.raises(RepeatedName, match=r"I01 occurs twice among the items$"):
        apply_adjustments(twice, RULEBOOK)


def test_a_counterfactual_starts_from_the_terms_before_the_adjustment() -> None:
    """With three granted days instead of five, N01 is seven days late: 79, letter 96.80 (R157)."""
    three = TermChange(item="N01", parameter="due", value_from="2026-05-29", value_to="2026-06-01")
    inputs = with_treatment(letter_inputs(CORRECT), "ADJ-2026-BJ-01", "extend", (three,))
    outcome = score(inputs, RULEBOOK)
    assert {row.item: row.score for row in outcome.item_scores}["N01"] == "79.0000"
    assert outcome.components[0].score == "96.8000"


def test_a_refusal_as_counterfactual_is_the_published_score() -> None:
    """Had the adjustment been refused, 94.37 would have been right."""
    inputs = with_treatment(letter_inputs(CORRECT), "ADJ-2026-BJ-01", "refuse")
    assert score(inputs, RULEBOOK).total == "94.37"


def test_another_adjustment_keeps_its_treatment() -> None:
    """Only the named adjustment is treated otherwise."""
    inputs = letter_inputs(BY_SCORING)
    both = _with(inputs, *inputs.adjustments, _adjustment("ADJ-2", items=("N02",)))
    changed = with_treatment(both, "ADJ-2026-BJ-01", "refuse")
    assert [row.treatment for row in changed.adjustments] == ["refuse", "none"]


def test_a_counterfactual_needs_its_adjustment(released: Released) -> None:
    """An adjustment that the inputs do not hold cannot be treated otherwise."""
    with pytest.raises(UnknownAdjustment, match="no adjustment ADJ-9") as refused:
        with_treatment(letter_inputs(CORRECT), "ADJ-9", "refuse")
    released(refused.value)


@pytest.mark.parametrize("treatment", ["exclude", "reweight"])
def test_a_carried_change_of_weights_cannot_be_undone(
    treatment: Treatment, released: Released
) -> None:
    """Items and weights that a revision took away are not in the inputs any more."""
    inputs = _with(
        letter_inputs(CORRECT), _adjustment(treatment=treatment, items=("N09",), carried_by=2)
    )
    with pytest.raises(TreatmentNotReversible, match="be undone from revision 2") as refused:
        with_treatment(inputs, "ADJ-1", "refuse")
    released(refused.value)


def test_own_changes_cost_points_after_the_free_one_of_the_quarter() -> None:
    """The earliest request of a quarter is free, each later one costs 2 points."""
    adjustments = (
        _adjustment("ADJ-3", requested_on=date(2026, 6, 30)),
        _adjustment("ADJ-1", requested_on=date(2026, 4, 1)),
        _adjustment("ADJ-4", requested_on=date(2026, 7, 1)),
        _adjustment("ADJ-5", requested_on=date(2026, 6, 30), treatment="refuse"),
        _adjustment("ADJ-6", requested_on=date(2026, 6, 30), cause_class="external"),
    )
    charged = charged_changes(adjustments, "BJ", POLICY)
    assert [(row.adjustment, int(points)) for row, points in charged] == [("ADJ-3", 2)]


def test_the_causing_unit_pays_for_another_departments_change() -> None:
    """The unit itself pays nothing, the causing unit one point."""
    adjustment = _adjustment(cause_class="other_department", causing_unit="DC")
    assert charged_changes((adjustment,), "BJ", POLICY) == ()
    assert charged_changes((adjustment,), "DC", POLICY) == ((adjustment, Fraction(1)),)


def test_a_cause_without_a_row_costs_nothing() -> None:
    """What the policy does not say has no effect."""
    policy = msgspec.structs.replace(POLICY, causes=())
    assert cause_effect(policy, "self") is None
    assert charged_changes((_adjustment(),), "BJ", policy) == ()
    inputs = _with(letter_inputs(PUBLISHED), _adjustment(kind="delete"))
    assert zeroed_items(inputs, policy) == {}


def test_a_rulebook_may_score_own_deletions_zero(released: Released) -> None:
    """Instead of a penalty the deleted item scores 0 for its weight; a refused one does not."""
    own = next(row for row in POLICY.causes if row.cause_class == "self")
    others = tuple(row for row in POLICY.causes if row.cause_class != "self")
    policy = msgspec.structs.replace(
        POLICY, causes=(*others, msgspec.structs.replace(own, effect="zero_weight"))
    )
    changed = msgspec.structs.replace(RULEBOOK, adjustment=policy)
    deletion = _adjustment(kind="delete")
    outcome = score(_with(letter_inputs(CORRECT), deletion), changed)
    assert {row.item: row.score for row in outcome.item_scores}["N01"] == "0.0000"
    assert outcome.components[0].score == "88.9000"
    released(outcome)
    refused = _adjustment(kind="delete", treatment="refuse")
    assert score(_with(letter_inputs(CORRECT), refused), changed).total == "96.26"


def test_the_free_change_is_the_earliest_request_of_the_quarter() -> None:
    """By day, not by name; of one day the first by name is free."""
    late_first = (
        _adjustment("ADJ-1", requested_on=date(2026, 5, 2)),
        _adjustment("ADJ-2", requested_on=date(2026, 5, 1)),
    )
    same_day = (
        _adjustment("ADJ-9", requested_on=date(2026, 5, 1)),
        _adjustment("ADJ-8", requested_on=date(2026, 5, 1)),
    )
    for adjustments, charged in ((late_first, ["ADJ-1"]), (same_day, ["ADJ-9"])):
        found = charged_changes(adjustments, "BJ", POLICY)
        assert [row.adjustment for row, _ in found] == charged


def test_only_what_another_unit_caused_is_charged_to_the_causing_unit() -> None:
    """A unit named as the cause of its own change pays for it once, as its own."""
    own = _adjustment(causing_unit="BJ")
    assert charged_changes((own,), "BJ", POLICY) == ()


def test_only_own_deletions_score_zero() -> None:
    """Neither another change of the same cause nor a deletion of another cause does."""
    own = next(row for row in POLICY.causes if row.cause_class == "self")
    others = tuple(row for row in POLICY.causes if row.cause_class != "self")
    policy = msgspec.structs.replace(
        POLICY, causes=(*others, msgspec.structs.replace(own, effect="zero_weight"))
    )
    inputs = _with(
        letter_inputs(CORRECT),
        _adjustment("ADJ-1", kind="retarget", items=("N01",)),
        _adjustment("ADJ-2", kind="delete", items=("N02",)),
        _adjustment("ADJ-3", kind="delete", items=("N03",), cause_class="external"),
    )
    assert {name: row.adjustment for name, row in zeroed_items(inputs, policy).items()} == {
        "N02": "ADJ-2"
    }
