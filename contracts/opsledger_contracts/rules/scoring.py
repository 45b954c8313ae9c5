"""From frozen inputs to total, grade and explanation (SR-12, SR-14, SR-24, SR-27).

Everything is exact until a named rounding point. `item_score` and `component` are rounded for
people; sums go on with the exact values, so their order does not matter. `total` is rounded once
and is what is published, graded and, where the rulebook says ``carry: rounded``, carried to the
next level.
"""

from fractions import Fraction
from typing import Final, Literal

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.rules.adjustments import apply_adjustments
from opsledger_contracts.rules.errors import InputNotUsed, InvalidRulebook
from opsledger_contracts.rules.inputs import AppliedVeto, Component, Outcome, ScoringInputs
from opsledger_contracts.rules.numbers import exact, parse_decimal, parse_rational
from opsledger_contracts.rules.run import Run, order_stands
from opsledger_contracts.rules.steps import STEPS

ENGINE: Final = "opsledger-rules.1"
"""Name and version of the composition; primitives have their own versions."""

_COMPONENTS: Final[tuple[Literal["letter", "satisfaction", "bonus", "penalty"], ...]] = (
    "letter",
    "satisfaction",
    "bonus",
    "penalty",
)


def score(inputs: ScoringInputs, rulebook: Rulebook) -> Outcome:
    """The outcome of an assessment: item scores, components, total, grade, explanation, digests.

    The steps are done in the order the rulebook declares. The result depends on nothing but the
    two arguments; the order of ratings, points and adjustments moves neither total nor tree.

    Raises:
        RuleError: an input is missing, contradicts the rulebook, or the rulebook is not valid.

    """
    if not order_stands(rulebook.order.steps):
        raise InvalidRulebook(
            rulebook=rulebook.name, path="order.steps", detail=" ".join(rulebook.order.steps)
        )
    _check_used(inputs, rulebook)
    run = Run(apply_adjustments(inputs, rulebook), rulebook)
    for step in rulebook.order.steps:
        STEPS[step](run)
    (tree,) = run.done
    total_exact = exact(run.value)
    components = tuple(
        Component(
            component=name,
            exact=exact(value),
            score=run.rounded(value, "component"),
            contribution=exact(contribution),
        )
        for name in _COMPONENTS
        if name in run.components
        for value, contribution in (run.components[name],)
    )
    result = {
        "engine": ENGINE,
        "rulebook": rulebook.name,
        "rulebook_hash": digest(rulebook),
        "inputs_digest": digest(inputs),
        "item_scores": msgspec.to_builtins(run.item_scores),
        "components": msgspec.to_builtins(components),
        "total_exact": total_exact,
        "total": run.total,
        "grade": run.grade,
    }
    vetoes: tuple[AppliedVeto, ...] | msgspec.UnsetType = run.vetoes or msgspec.UNSET
    status: str | msgspec.UnsetType = run.status or msgspec.UNSET
    if run.vetoes:
        result["vetoes"] = msgspec.to_builtins(vetoes)
    if run.status:
        result["status"] = run.status
    return Outcome(
        engine=ENGINE,
        rulebook=rulebook.name,
        rulebook_hash=result["rulebook_hash"],
        inputs_digest=result["inputs_digest"],
        item_scores=tuple(run.item_scores),
        components=components,
        total_exact=total_exact,
        total=run.total,
        grade=run.grade,
        result_digest=digest(result),
        tree=tree,
        tree_digest=digest(tree),
        vetoes=vetoes,
        status=status,
    )


def _check_used(inputs: ScoringInputs, rulebook: Rulebook) -> None:
    """Let no veto and no coefficient pass in silence under a rulebook that does not apply them."""
    for step, given in (("veto", inputs.vetoes), ("coefficient", inputs.difficulty)):
        if given is not msgspec.UNSET and step not in rulebook.order.steps:
            raise InputNotUsed(assessment=inputs.assessment, step=step, rulebook=rulebook.name)


def carried(outcome: Outcome, rulebook: Rulebook) -> Fraction:
    """The total that the next level uses, as the rulebook's `carry` says."""
    if rulebook.rounding.carry == "rounded":
        return parse_decimal(outcome.total)
    return parse_rational(outcome.total_exact)
