"""What approval cases are about: the present content of a thing and who wrote it.

A case may also be about something outside the ledger, such as a budget, of which nothing is known.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from opsledger_ledger.domain.adjustment import AdjustmentState
from opsledger_ledger.domain.assessment import AssessmentState
from opsledger_ledger.domain.deciding import State, World, known
from opsledger_ledger.domain.deed import Deed
from opsledger_ledger.domain.import_batch import ImportBatchState
from opsledger_ledger.domain.letter import LetterState
from opsledger_ledger.domain.matrix import MatrixState
from opsledger_ledger.domain.plan import PlanState
from opsledger_ledger.domain.rulebook import RulebookState


class Subject(NamedTuple):
    """What a case is about as it stands now."""

    content_hash: str | None
    """None while there is nothing to approve yet."""
    authors: tuple[Deed, ...]
    """Those whose work is to be approved, in the role of initiators."""


_SUBJECTS: Final[dict[str, tuple[type[State], Callable[[Any], Subject]]]] = {
    "letter": (LetterState, lambda letter: Subject(letter.content_hash, ())),
    "plan": (PlanState, lambda plan: Subject(plan.content_hash, ())),
    "matrix": (MatrixState, lambda matrix: Subject(matrix.content_hash, (matrix.drafter,))),
    "rulebook": (
        RulebookState,
        lambda rulebook: Subject(rulebook.approvable_hash, (rulebook.author,)),
    ),
    "import_batch": (
        ImportBatchState,
        lambda batch: Subject(batch.content_hash, (batch.proposer,)),
    ),
    "assessment": (
        AssessmentState,
        lambda assessment: Subject(
            assessment.runs[-1].scored.result_digest if assessment.runs else None, ()
        ),
    ),
    "adjustment": (
        AdjustmentState,
        lambda adjustment: Subject(adjustment.content_hash, (adjustment.requester,)),
    ),
}


def subject_of(world: World, stream: str) -> Subject | None:
    """Read what a case on this stream is about; None if that lies outside the ledger.

    Raises:
        UnknownReference: the ledger would hold such a thing, but has none of this name.

    """
    noun, _, identifier = stream.partition("/")
    if noun not in _SUBJECTS:
        return None
    state, read = _SUBJECTS[noun]
    return read(known(world, state, identifier, "subject"))
