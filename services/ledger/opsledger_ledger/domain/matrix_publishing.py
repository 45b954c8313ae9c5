"""From the draft of an authority matrix to its being in force."""

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.matrix import AuthorityMatrix
from opsledger_contracts.events.matrix import (
    AuthorityMatrixVersionPublished,
    MatrixDrafted,
    MatrixSuperseded,
    MatrixVersionApproved,
    MatrixWithdrawn,
)
from opsledger_contracts.fields import Identifier
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.documents import (
    DocumentDefective,
    DocumentMisnamed,
    TakesEffectTooEarly,
)
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.matrix import MatrixNeedsCase
from opsledger_contracts.rules.matrix_validation import validate_matrix
from opsledger_ledger.domain.deciding import Act, Command, Decided, Record, World
from opsledger_ledger.domain.matrix import MATRIX, MatrixState
from opsledger_ledger.domain.policies.approval import approved
from opsledger_ledger.domain.policies.documents import (
    newest_matrix,
    require_later,
    require_named,
    require_sound,
)


class DraftMatrix(Command, frozen=True, kw_only=True):
    """Draft a version of the authority matrix as a whole document."""

    document: AuthorityMatrix


@MATRIX.decides(
    "draft",
    scope="administrator",
    acting=False,
    creates=True,
    refuses=(DocumentMisnamed, DocumentDefective),
)
def draft(command: DraftMatrix, _matrix: None, act: Act, _world: World) -> Decided:
    """Record only a draft that could work: one initiator, an approver, complete brackets (R035)."""
    require_named(command.document.name, act.target)
    require_sound("matrix", act.target, validate_matrix(command.document))
    yield MatrixDrafted(document=command.document, content_hash=digest(command.document))


class ApproveMatrix(Command, frozen=True, kw_only=True):
    """Record that an approval case decided on this version."""

    case: Identifier


@MATRIX.decides(
    "approve",
    scope="administrator",
    acting=False,
    refuses=(
        WrongState,
        UnknownReference,
        CaseNotApproved,
        ApprovedOtherContent,
        ApprovedUnderOtherItem,
    ),
)
def approve(command: ApproveMatrix, matrix: MatrixState, _act: Act, world: World) -> Decided:
    """Take only an approval of exactly this content (R040)."""
    _require(matrix, "drafted")
    approved(world, command.case, f"matrix/{matrix.id}", matrix.content_hash)
    yield MatrixVersionApproved(case=command.case, content_hash=matrix.content_hash)


class PublishMatrix(Command, frozen=True, kw_only=True):
    """Put this version in force from the day that it states."""


@MATRIX.decides(
    "publish",
    scope="administrator",
    acting=False,
    refuses=(WrongState, MatrixNeedsCase, TakesEffectTooEarly),
)
def publish(_command: PublishMatrix, matrix: MatrixState, act: Act, world: World) -> Decided:
    """Let one version follow the other without overlap; only the first needs no case (R035)."""
    _require(matrix, "drafted", "approved")
    newest = newest_matrix(world)
    if matrix.case is None and newest is not None:
        raise MatrixNeedsCase(id=matrix.id)
    effective_from = matrix.document.effective_from
    before = None if newest is None else newest.effective_from
    require_later("matrix", matrix.id, effective_from, before, act.today)
    yield AuthorityMatrixVersionPublished(
        content_hash=matrix.content_hash,
        effective_from=effective_from,
        founding=newest is None,
    )
    if newest is not None:
        yield Record(
            MatrixSuperseded(by=matrix.id, effective_to=effective_from), f"matrix/{newest.id}"
        )


class WithdrawMatrix(Command, frozen=True, kw_only=True):
    """Withdraw a version that was not published."""


@MATRIX.decides("withdraw", scope="administrator", acting=False, refuses=(WrongState,))
def withdraw(_command: WithdrawMatrix, matrix: MatrixState, _act: Act, _world: World) -> Decided:
    """Let only what never was in force be withdrawn."""
    _require(matrix, "drafted", "approved")
    yield MatrixWithdrawn()


def _require(matrix: MatrixState, *expected: str) -> None:
    if matrix.status not in expected:
        raise WrongState(
            noun="authority matrix",
            id=matrix.id,
            found=matrix.status,
            expected=" or ".join(expected),
        )
