"""What an adjustment changes in the letter: computed from the treatment, or stated item by item.

The treatment comes from a list, never from free text (R115); weights are re-based by the rules that
the rulebook names, with exact rationals (SR-15(3)).
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

import msgspec

from opsledger_contracts.documents.rulebook import Days, Rulebook, Treatment
from opsledger_contracts.events.letter import FieldChange, ItemChange, LetterItem
from opsledger_contracts.fields import Identifier
from opsledger_contracts.letters import LetterDocument, amend
from opsledger_contracts.problems.adjustment import (
    AdjustmentUnbalanced,
    TermsNotFitting,
    TreatmentNotAllowed,
)
from opsledger_contracts.rules.adjustments import extended_due
from opsledger_contracts.rules.errors import RuleError
from opsledger_contracts.rules.inputs import AdjustmentKind
from opsledger_contracts.rules.numbers import exact, parse_decimal, parse_rational
from opsledger_contracts.rules.weights import ADD_RULES, DELETE_RULES, weight_findings
from opsledger_ledger.domain.adjustment import AdjustmentState
from opsledger_ledger.domain.deciding import World
from opsledger_ledger.domain.letter_lint import require_acceptable_items, weighted
from opsledger_ledger.domain.letter_terms import (
    ItemValues,
    item_of,
    require_sound,
    revision,
    terms_of,
)
from opsledger_ledger.domain.policies.documents import told


class ItemTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New values of fields of one item."""

    item: Identifier
    values: ItemValues


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What is proposed for an adjustment."""

    treatment: Treatment
    granted_days: Days | None = None
    terms: tuple[ItemTerms, ...] = ()
    added: tuple[LetterItem, ...] = ()


TREATMENT_OF_KIND: Final[Mapping[AdjustmentKind, Treatment]] = {
    "add": "reweight",
    "delete": "exclude",
    "retarget": "retarget",
    "reschedule": "extend",
    "reweight": "reweight",
    "transfer": "none",
    "data_correction": "none",
    "party_change": "none",
}
"""What each kind of adjustment amounts to; for force majeure the rulebook has the list (SR-16)."""

_TARGETS: Final = frozenset(("baseline", "threshold", "target", "stretch", "params"))
_FIELDS_OF_KIND: Final[Mapping[AdjustmentKind, frozenset[str]]] = {
    "retarget": _TARGETS,
    "force_majeure": _TARGETS,
    "reweight": frozenset(("weight",)),
    "transfer": frozenset(("responsible", "responsible_person", "supporting", "data_owner")),
    "data_correction": frozenset(("name", "indicator", "unit", "baseline", "taxonomy")),
    "party_change": frozenset(("responsible_person",)),
}
"""Fields that may be stated anew; all other content of an item stays as it was signed."""


def changes_of(
    adjustment: AdjustmentState,
    proposal: Proposal,
    document: LetterDocument,
    rulebook: Rulebook,
    world: World,
) -> tuple[ItemChange, ...]:
    """Compute the changes of the letter; the amended letter is acceptable and weighs 100.

    Raises:
        TreatmentNotAllowed: the kind of adjustment is not treated like this.
        TermsNotFitting: days, terms or items are given that do not belong to the treatment, or are
            missing.
        ItemUnknown: an item has left the letter since the request.
        FieldInvalid, UnknownReference, LetterNotAcceptable: the new content cannot stand.
        AdjustmentUnbalanced: the weights would not total what the rulebook says.

    """
    _require_treatment(adjustment, proposal, rulebook)
    _require_parts(adjustment, proposal)
    if proposal.treatment == "extend":
        changes = _extended(adjustment, proposal, document)
    elif proposal.treatment == "exclude":
        changes = _excluded(adjustment, document, rulebook)
    elif adjustment.kind == "add":
        changes = _added(adjustment, proposal, document, rulebook, world)
    else:
        changes = _stated(adjustment, proposal, document, world)
    amended = amend(document, changes)
    findings = tuple(
        finding
        for finding in weight_findings(weighted(amended), rulebook.weights)
        if finding.code == "weights_total"
    )
    if findings:
        raise AdjustmentUnbalanced(letter=document.letter, findings=told(findings))
    require_acceptable_items(amended, terms_of(world, amended))
    return changes


def _require_treatment(adjustment: AdjustmentState, proposal: Proposal, rulebook: Rulebook) -> None:
    allowed: list[Treatment]
    if adjustment.kind == "force_majeure":
        allowed = [one for one in rulebook.force_majeure.treatments if one != "refuse"]
    else:
        allowed = [TREATMENT_OF_KIND[adjustment.kind]]
    if proposal.treatment not in allowed:
        raise TreatmentNotAllowed(
            kind=adjustment.kind, expected=" or ".join(allowed), found=proposal.treatment
        )


def _require_parts(adjustment: AdjustmentState, proposal: Proposal) -> None:
    extends = proposal.treatment == "extend"
    adds = adjustment.kind == "add"
    states = not extends and not adds and proposal.treatment != "exclude"
    impact = adjustment.impact
    if bool(proposal.granted_days) != extends:
        raise _not_fitting(adjustment, proposal, "days are granted by an extension, at least one")
    if bool(proposal.added) != adds:
        raise _not_fitting(adjustment, proposal, "items are added by the kind add, at least one")
    if bool(proposal.terms) != states:
        raise _not_fitting(adjustment, proposal, "new terms are stated where none are computed")
    if (
        extends
        and adjustment.kind == "force_majeure"
        and impact is not None
        and (proposal.granted_days or 0) > impact.critical_path_days
    ):
        raise _not_fitting(
            adjustment,
            proposal,
            f"{proposal.granted_days} days are more than the {impact.critical_path_days} "
            "critical-path days shown",
        )


def _extended(
    adjustment: AdjustmentState, proposal: Proposal, document: LetterDocument
) -> tuple[ItemChange, ...]:
    changes = []
    for code in adjustment.items:
        due = item_of(document, code).due
        if due is None:
            raise _not_fitting(adjustment, proposal, f"item {code} has no due date")
        moved = extended_due(due, proposal.granted_days or 0)
        change = FieldChange(field="due", before=due.isoformat(), after=moved.isoformat())
        changes.append(ItemChange(item=code, changes=(change,)))
    return tuple(changes)


def _excluded(
    adjustment: AdjustmentState, document: LetterDocument, rulebook: Rulebook
) -> tuple[ItemChange, ...]:
    for code in adjustment.items:
        item_of(document, code)
    same_category = rulebook.adjustment.redistribution == "same_category"
    try:
        weights = DELETE_RULES[rulebook.adjustment.delete_rule](
            _weights(document),
            adjustment.items,
            parse_decimal(rulebook.weights.total),
            {item.item: item.category for item in document.items} if same_category else None,
        )
    except RuleError as error:
        raise AdjustmentUnbalanced(letter=document.letter, findings=error.en) from error
    removed = tuple(ItemChange(item=code, removed=True) for code in adjustment.items)
    return (*removed, *_reweighted(document, weights))


def _added(
    adjustment: AdjustmentState,
    proposal: Proposal,
    document: LetterDocument,
    rulebook: Rulebook,
    world: World,
) -> tuple[ItemChange, ...]:
    if {item.item for item in proposal.added} != set(adjustment.items):
        raise _not_fitting(adjustment, proposal, "exactly the requested items are added")
    total = parse_decimal(rulebook.weights.total)
    weights = _weights(document)
    for item in proposal.added:
        require_sound(world, item)
        try:
            weights = ADD_RULES[rulebook.adjustment.add_rule](
                weights, item.item, parse_rational(item.weight), total
            )
        except RuleError as error:
            raise AdjustmentUnbalanced(letter=document.letter, findings=error.en) from error
    added = tuple(
        ItemChange(
            item=item.item, added=msgspec.structs.replace(item, weight=exact(weights[item.item]))
        )
        for item in proposal.added
    )
    return (*_reweighted(document, weights), *added)


def _stated(
    adjustment: AdjustmentState, proposal: Proposal, document: LetterDocument, world: World
) -> tuple[ItemChange, ...]:
    allowed = _FIELDS_OF_KIND[adjustment.kind]
    for terms in proposal.terms:
        if terms.item not in adjustment.items:
            raise _not_fitting(adjustment, proposal, f"item {terms.item} was not asked for")
        if not allowed.issuperset(terms.values):
            raise _not_fitting(
                adjustment, proposal, f"of item {terms.item} only {', '.join(sorted(allowed))}"
            )
    return tuple(revision(world, document, terms.item, terms.values) for terms in proposal.terms)


def _weights(document: LetterDocument) -> dict[str, Fraction]:
    return {item.item: parse_rational(item.weight) for item in document.items}


def _reweighted(
    document: LetterDocument, weights: Mapping[str, Fraction]
) -> tuple[ItemChange, ...]:
    return tuple(
        ItemChange(
            item=item.item,
            changes=(
                FieldChange(field="weight", before=item.weight, after=exact(weights[item.item])),
            ),
        )
        for item in document.items
        if item.item in weights
    )


def _not_fitting(adjustment: AdjustmentState, proposal: Proposal, detail: str) -> TermsNotFitting:
    return TermsNotFitting(adjustment=adjustment.id, treatment=proposal.treatment, detail=detail)
