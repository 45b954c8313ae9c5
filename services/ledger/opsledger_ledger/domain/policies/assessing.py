"""Who may take part in assessing a unit, and the rules as they are applied to its inputs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.problems.assessment import AssessesItself, RuleInapplicable
from opsledger_contracts.problems.general import FunctionMissing
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.rules.errors import RuleError
from opsledger_contracts.rules.inputs import Explanation, Outcome, ScoringInputs
from opsledger_contracts.rules.scoring import score
from opsledger_ledger.domain.deciding import Act, World, known
from opsledger_ledger.domain.policies.identity import speaks_for
from opsledger_ledger.domain.position import PositionState
from opsledger_ledger.domain.unit import Unit

ASSESSOR_REFUSALS: Final[tuple[type[Refusal], ...]] = (FunctionMissing, AssessesItself)
"""What `require_assessor` can answer."""


def require_assessor(act: Act, world: World, subject: str) -> None:
    """Let the planning-and-operations department assess others, and the committee assess it (R024).

    Raises:
        FunctionMissing: the position is not of the department that assesses this unit.
        AssessesItself: somebody behind the act belongs to the assessed unit.

    """
    unit = known(world, Unit, subject, "subject")
    function = "committee" if unit.type == "ops" else "ops"
    position = known(world, PositionState, act.position or "", "position")
    if function not in position.functions:
        raise FunctionMissing(position=position.id, expected=function)
    require_outsider(act, world, subject)


def require_outsider(act: Act, world: World, subject: str) -> None:
    """Let nobody of the assessed unit take part in its assessment.

    Raises:
        AssessesItself: somebody behind the act belongs to the assessed unit.

    """
    if speaks_for(act, world, subject):
        raise AssessesItself(unit=subject)


@contextmanager
def rules_applied() -> Iterator[None]:
    """Answer with a refusal where the rules cannot be applied.

    Raises:
        RuleInapplicable: a rule raised an error inside the block.

    """
    try:
        yield
    except RuleError as error:
        raise RuleInapplicable(detail_en=error.en, detail_zh=error.zh) from error


def scored(inputs: ScoringInputs, rulebook: Rulebook) -> Outcome:
    """Compute the score of inputs.

    Raises:
        RuleInapplicable: the inputs and the rulebook do not fit together.

    """
    with rules_applied():
        return score(inputs, rulebook)


def nodes(tree: Explanation) -> Iterator[Explanation]:
    """Walk an explanation from the conclusion down to its leaves."""
    yield tree
    for child in tree.inputs:
        yield from nodes(child)
