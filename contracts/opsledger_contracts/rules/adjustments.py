"""Adjustments of letters: limits, treatments, and what a change costs (SR-15, SR-16)."""

from datetime import date, timedelta
from fractions import Fraction

import msgspec

from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.finding import Finding
from opsledger_contracts.documents.rulebook import (
    AdjustmentPolicy,
    CauseClass,
    CauseEffect,
    ForceMajeurePolicy,
    Rulebook,
    Treatment,
)
from opsledger_contracts.rules.days import Deadline, due
from opsledger_contracts.rules.errors import (
    AdjustmentNotInRevision,
    RepeatedName,
    TermMismatch,
    TreatmentNotReversible,
    UnknownAdjustment,
    UnknownItem,
)
from opsledger_contracts.rules.inputs import (
    AdjustmentInput,
    ItemInput,
    ScoringInputs,
    TermChange,
)
from opsledger_contracts.rules.numbers import exact, parse_decimal, parse_rational
from opsledger_contracts.rules.weights import DELETE_RULES


def request_deadline(due_day: date, policy: AdjustmentPolicy, *calendars: Calendar) -> Deadline:
    """The last day on which a change of an item due on this day may be requested (SR-15(2))."""
    return due(due_day, -policy.request_days_before_due, policy.unit, "none", *calendars)


def request_admissible(
    requested_on: date,
    cause_class: CauseClass,
    limit: Deadline,
    policy: AdjustmentPolicy,
) -> bool:
    """Whether a request counts: in time, or for a cause that may come late (SR-15(2))."""
    return requested_on <= limit.due or cause_class in policy.late_request_causes


def notice_deadline(
    occurred_from: date, policy: ForceMajeurePolicy, *calendars: Calendar
) -> Deadline:
    """The last day for notice of an event that began on this day (SR-16)."""
    return due(occurred_from, policy.notice_days, policy.unit, "none", *calendars)


def proof_deadline(
    occurred_from: date, policy: ForceMajeurePolicy, *calendars: Calendar
) -> Deadline:
    """The last day for proof of an event that began on this day (SR-16)."""
    return due(occurred_from, policy.proof_days, policy.unit, "none", *calendars)


class ForceMajeureFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What decides whether force majeure is admissible; None is what has not happened."""

    event_class: str
    occurred_from: date
    notified_on: date | None
    proof_on: date | None
    critical_path_days: int | None
    mitigation_shown: bool


def force_majeure_findings(
    facts: ForceMajeureFacts, policy: ForceMajeurePolicy, *calendars: Calendar
) -> tuple[Finding, ...]:
    """Every condition of SR-16 that is not met, in the order of the rule; empty when admissible.

    Codes: `event_class`, `notice_missing`, `notice_late`, `proof_missing`, `proof_late`,
    `impact_missing`, `mitigation_missing`.
    """
    findings: list[Finding] = []

    def report(code: str, path: str, zh: str, en: str) -> None:
        findings.append(Finding(code=code, path=path, zh=zh, en=en, clause=policy.clause))

    if facts.event_class not in {row.event_class for row in policy.event_classes}:
        report(
            "event_class",
            "event_class",
            f"{facts.event_class} 不属于不可抗力",
            f"{facts.event_class} is no class of force majeure",
        )
    for name, zh_name, day, limit in (
        ("notice", "通知", facts.notified_on, notice_deadline),
        ("proof", "证明", facts.proof_on, proof_deadline),
    ):
        last = limit(facts.occurred_from, policy, *calendars).due
        if day is None:
            report(f"{name}_missing", name, f"尚无{zh_name}", f"there is no {name}")
        elif day > last:
            report(
                f"{name}_late",
                name,
                f"{zh_name}期限 {last}，实为 {day}",
                f"{name} was due {last}, came {day}",
            )
    if facts.critical_path_days is None:
        report(
            "impact_missing",
            "critical_path_days",
            "未说明对关键线路的影响天数",
            "the effect on the critical path is not shown",
        )
    if not facts.mitigation_shown:
        report("mitigation_missing", "mitigation", "未说明减损措施", "no mitigation is shown")
    return tuple(findings)


def extended_due(due_day: date, granted_days: int) -> date:
    """The due day after an extension: old due + granted calendar days (SR-16(a))."""
    return due_day + timedelta(days=granted_days)


def cause_effect(policy: AdjustmentPolicy, cause_class: CauseClass) -> CauseEffect | None:
    """What a change of this cause does to the score; None where the policy says nothing."""
    return next((row for row in policy.causes if row.cause_class == cause_class), None)


def charged_changes(
    adjustments: tuple[AdjustmentInput, ...], subject: str, policy: AdjustmentPolicy
) -> tuple[tuple[AdjustmentInput, Fraction], ...]:
    """Adjustments that cost the subject penalty points, with their points (SR-15(4)).

    Own changes beyond the free ones of their quarter, earliest request first, and changes that the
    subject caused another unit. Refused ones cost nothing.
    """
    charged: list[tuple[AdjustmentInput, Fraction]] = []
    used: dict[tuple[int, int], int] = {}
    for adjustment in sorted(adjustments, key=lambda row: (row.requested_on, row.adjustment)):
        effect = cause_effect(policy, adjustment.cause_class)
        if effect is None or adjustment.treatment == "refuse":
            continue
        if effect.effect == "causing_unit" and adjustment.causing_unit == subject:
            charged.append((adjustment, parse_decimal(effect.points)))
        if effect.effect == "penalty":
            quarter = (adjustment.requested_on.year, (adjustment.requested_on.month - 1) // 3)
            used[quarter] = used.get(quarter, 0) + 1
            if used[quarter] > policy.free_changes_per_quarter:
                charged.append((adjustment, parse_decimal(effect.points)))
    return tuple(charged)


def zeroed_items(inputs: ScoringInputs, policy: AdjustmentPolicy) -> dict[str, AdjustmentInput]:
    """Deleted items that score 0 for their weight since the unit caused the deletion (SR-15(4))."""
    return {
        item: adjustment
        for adjustment in inputs.adjustments
        if adjustment.kind == "delete" and adjustment.treatment != "refuse"
        for effect in (cause_effect(policy, adjustment.cause_class),)
        if effect is not None and effect.effect == "zero_weight"
        for item in adjustment.items
    }


def _changed(
    items: tuple[ItemInput, ...],
    adjustment: str,
    changes: tuple[TermChange, ...],
    *,
    undo: bool = False,
) -> tuple[ItemInput, ...]:
    by_name = {item.item: item for item in items}
    for change in changes:
        if change.item not in by_name:
            raise UnknownItem(where=f"adjustment {adjustment}", item=change.item)
        item = by_name[change.item]
        before, after = change.value_from, change.value_to
        if undo:
            before, after = after, before
        found = item.params.get(change.parameter)
        if found != before:
            raise TermMismatch(
                adjustment=adjustment,
                item=change.item,
                parameter=change.parameter,
                expected=str(before),
                found=str(found),
            )
        params = {name: text for name, text in item.params.items() if name != change.parameter}
        if after is not None:
            params[change.parameter] = after
        by_name[change.item] = msgspec.structs.replace(item, params=params)
    return tuple(by_name.values())


def apply_adjustments(inputs: ScoringInputs, rulebook: Rulebook) -> ScoringInputs:
    """The inputs with every treatment applied that the letter revision does not carry already.

    ``extend`` and ``retarget`` set the changed terms; ``exclude`` takes the items out and
    redistributes their weights; other treatments leave items alone. Adjustments stay listed for
    the explanation.

    Raises:
        RepeatedName: two items or adjustments have one name.
        AdjustmentNotInRevision: an adjustment is carried by a later revision than the bound one.
        UnknownItem, TermMismatch: a change does not fit the items.
        WeightsInvalid: nothing is left to take an excluded weight.

    """
    _check_unique([item.item for item in inputs.items], "items")
    _check_unique([row.adjustment for row in inputs.adjustments], "adjustments")
    items = inputs.items
    total = parse_decimal(rulebook.weights.total)
    for adjustment in inputs.adjustments:
        if adjustment.carried_by is not None:
            if adjustment.carried_by > inputs.letter_revision:
                raise AdjustmentNotInRevision(
                    adjustment=adjustment.adjustment,
                    carried_by=str(adjustment.carried_by),
                    revision=str(inputs.letter_revision),
                )
            continue
        if adjustment.treatment in {"extend", "retarget"}:
            items = _changed(items, adjustment.adjustment, adjustment.changes)
        elif adjustment.treatment == "exclude":
            weights = DELETE_RULES[rulebook.adjustment.delete_rule](
                {item.item: parse_rational(item.weight) for item in items},
                adjustment.items,
                total,
                {item.item: item.category for item in items}
                if rulebook.adjustment.redistribution == "same_category"
                else None,
            )
            items = tuple(
                msgspec.structs.replace(item, weight=exact(weights[item.item]))
                for item in items
                if item.item in weights
            )
    return msgspec.structs.replace(inputs, items=items)


def _check_unique(names: list[str], where: str) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            raise RepeatedName(name=name, where=where)


def with_treatment(
    inputs: ScoringInputs,
    adjustment: str,
    treatment: Treatment,
    changes: tuple[TermChange, ...] = (),
) -> ScoringInputs:
    """The inputs as if an adjustment had been treated otherwise, for a counterfactual replay.

    Changes of terms that the letter revision carries are undone first; `changes` start from the
    terms before the adjustment.

    Raises:
        UnknownAdjustment: the inputs do not hold it.
        TreatmentNotReversible: the revision carries a treatment that moved weights.
        UnknownItem, TermMismatch: what the revision carries is not what the adjustment says.

    """
    for found in inputs.adjustments:
        if found.adjustment == adjustment:
            break
    else:
        raise UnknownAdjustment(assessment=inputs.assessment, adjustment=adjustment)
    items = inputs.items
    if found.carried_by is not None:
        if found.treatment in {"exclude", "reweight"}:
            raise TreatmentNotReversible(
                adjustment=adjustment,
                treatment=found.treatment,
                revision=str(inputs.letter_revision),
            )
        items = _changed(items, adjustment, found.changes, undo=True)
    replaced = msgspec.structs.replace(found, treatment=treatment, changes=changes, carried_by=None)
    return msgspec.structs.replace(
        inputs,
        items=items,
        adjustments=tuple(
            replaced if row.adjustment == adjustment else row for row in inputs.adjustments
        ),
    )
