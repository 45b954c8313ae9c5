"""The state of a version of the authority matrix."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Literal, assert_never

from opsledger_contracts.documents.matrix import AuthorityMatrix
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.matrix import (
    AuthorityMatrixVersionPublished,
    MatrixDrafted,
    MatrixSuperseded,
    MatrixVersionApproved,
    MatrixWithdrawn,
)
from opsledger_ledger.domain.deciding import Noun, State
from opsledger_ledger.domain.deed import Deed, deed_of


class MatrixState(State):
    """A version of the authority matrix as it stands."""

    NOUN: ClassVar[str] = "matrix"

    document: AuthorityMatrix
    content_hash: str
    drafter: Deed
    status: Literal["drafted", "approved", "published", "superseded", "withdrawn"] = "drafted"
    case: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    """First day on which it is no longer in force."""

    def in_force_on(self, day: date) -> bool:
        """Tell whether the version is in force on a day."""
        return (
            self.effective_from is not None
            and self.effective_from <= day
            and (self.effective_to is None or day < self.effective_to)
        )


MatrixEvent = (
    MatrixDrafted
    | MatrixVersionApproved
    | AuthorityMatrixVersionPublished
    | MatrixSuperseded
    | MatrixWithdrawn
)


def evolve(state: MatrixState | None, event: Event, envelope: Envelope) -> MatrixState:
    """Fold one event of a version of the matrix."""
    happened: MatrixEvent = event  # type: ignore[assignment]
    if isinstance(happened, MatrixDrafted):
        return MatrixState(
            id=happened.document.name,
            document=happened.document,
            content_hash=happened.content_hash,
            drafter=deed_of("initiate", envelope),
        )
    assert state is not None, envelope.stream
    match happened:
        case MatrixVersionApproved():
            state.status = "approved"
            state.case = happened.case
        case AuthorityMatrixVersionPublished():
            state.status = "published"
            state.effective_from = happened.effective_from
        case MatrixSuperseded():
            state.status = "superseded"
            state.effective_to = happened.effective_to
        case MatrixWithdrawn():
            state.status = "withdrawn"
        case _:
            assert_never(happened)
    return state


def keys(state: MatrixState) -> Iterator[tuple[str, str]]:
    """Find what was ever published, by content and all together."""
    if state.effective_from is not None:
        yield "matrix_by_hash", state.content_hash
        yield "matrix_published", "all"


MATRIX = Noun(
    state=MatrixState,
    evolve=evolve,
    keys=keys,
    rekeyed_by=frozenset((AuthorityMatrixVersionPublished,)),
)
