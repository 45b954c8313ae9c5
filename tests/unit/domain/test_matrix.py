"""Versions of the authority matrix: sound, approved, one after the other in force (R035)."""

from datetime import date

import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.matrix import AuthorityMatrix
from opsledger_contracts.events.case import ApprovalRefused
from opsledger_contracts.events.matrix import (
    AuthorityMatrixVersionPublished,
    MatrixDrafted,
    MatrixSuperseded,
    MatrixVersionApproved,
    MatrixWithdrawn,
)
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.documents import (
    DocumentDefective,
    DocumentMisnamed,
    DocumentUnknown,
    NoneInForce,
    TakesEffectTooEarly,
)
from opsledger_contracts.problems.general import UnknownReference, WrongState
from opsledger_contracts.problems.matrix import MatrixNeedsCase
from opsledger_contracts.problems.refusal import Refusal
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.matrix_publishing import (
    ApproveMatrix,
    DraftMatrix,
    PublishMatrix,
    WithdrawMatrix,
)
from opsledger_ledger.domain.policies import documents
from support import scoring_examples
from support.authority import authorised, matrix_item, matrix_named, step
from support.deciding import Refused, Stage, undeclared_and_untested
from support.organisation import organisation
from support.planning import decided, opened

FIRST = scoring_examples.matrix()
SECOND = matrix_named(2, effective_from=date(2026, 7, 1))
LATE = matrix_named(2, effective_from=date(2026, 5, 1))
HASH = digest(SECOND)


def drafted(document: AuthorityMatrix = SECOND) -> Stage:
    """A matrix in force and the draft of the next one."""
    draft = MatrixDrafted(document=document, content_hash=digest(document))
    return authorised().given("matrix/AM-2026.2", draft)


def approved(document: AuthorityMatrix = SECOND) -> Stage:
    """The same after the draft was approved."""
    return drafted(document).given(
        "matrix/AM-2026.2", MatrixVersionApproved(case="K", content_hash=digest(document))
    )


def published() -> Stage:
    """The same after it was published."""
    stage = approved()
    stage.do(PublishMatrix(), "AM-2026.2")
    return stage


def refused_case() -> Stage:
    """A draft whose approval was refused."""
    stage = opened(drafted(), "K", "matrix/AM-2026.2", HASH)
    return stage.given("case/K", ApprovalRefused(seq=1, position="HX-P", subject_hash=HASH))


def row(name: str, stage: Stage, command: Command, refusal: type[Refusal]) -> Refused:
    """One row of the table on the second version."""
    return Refused(id=name, stage=stage, command=command, target="AM-2026.2", refusal=refusal)


REFUSED = [
    row("sent under another name", authorised(), DraftMatrix(document=FIRST), DocumentMisnamed),
    row(
        "an item without approval",
        authorised(),
        DraftMatrix(
            document=matrix_named(2, matrix_item("loose", step(1, "initiate", function="ops")))
        ),
        DocumentDefective,
    ),
    row("approved twice", approved(), ApproveMatrix(case="K"), WrongState),
    row("case unknown", drafted(), ApproveMatrix(case="K"), UnknownReference),
    row("case refused", refused_case(), ApproveMatrix(case="K"), CaseNotApproved),
    row(
        "case on other content",
        decided(drafted(), "K", "matrix/AM-2026.2", "0" * 64),
        ApproveMatrix(case="K"),
        ApprovedOtherContent,
    ),
    row(
        "case along another item",
        decided(drafted(), "K", "matrix/AM-2026.2", HASH, item="budget-adjustment"),
        ApproveMatrix(case="K"),
        ApprovedUnderOtherItem,
    ),
    row("published twice", published(), PublishMatrix(), WrongState),
    row("second without a case", drafted(), PublishMatrix(), MatrixNeedsCase),
    row("in the past", approved(LATE), PublishMatrix(), TakesEffectTooEarly),
    row("withdrawn in force", published(), WithdrawMatrix(), WrongState),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_matrices_refuse_what_would_blur_authority(row: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    row.check()


def test_every_declared_refusal_of_matrices_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here."""
    assert undeclared_and_untested("matrix", REFUSED) == (set(), set())


def test_the_first_matrix_is_published_without_a_case_and_marked_so() -> None:
    """R035: before the first matrix nobody could approve; the event says that it is founding."""
    stage = organisation()
    stage.do(DraftMatrix(document=FIRST), "AM-2026.1")
    assert stage.do(PublishMatrix(), "AM-2026.1") == [
        AuthorityMatrixVersionPublished(
            content_hash=digest(FIRST), effective_from=FIRST.effective_from, founding=True
        )
    ]
    assert documents.matrix(stage.world, digest(FIRST)) == FIRST


def test_a_later_matrix_takes_the_place_of_the_one_before() -> None:
    """R035: never are two versions in force on one day, and the earlier one stays citable."""
    stage = decided(drafted(), "K", "matrix/AM-2026.2", HASH)
    assert stage.do(ApproveMatrix(case="K"), "AM-2026.2") == [
        MatrixVersionApproved(case="K", content_hash=HASH)
    ]
    assert stage.do(PublishMatrix(), "AM-2026.2") == [
        AuthorityMatrixVersionPublished(content_hash=HASH, effective_from=date(2026, 7, 1)),
        MatrixSuperseded(by="AM-2026.2", effective_to=date(2026, 7, 1)),
    ]
    before, after = date(2026, 6, 30), date(2026, 7, 1)
    assert documents.matrix_in_force(stage.world, before) == (digest(FIRST), FIRST)
    assert documents.matrix_in_force(stage.world, after) == (HASH, SECOND)
    assert documents.matrix(stage.world, digest(FIRST)) == FIRST
    with pytest.raises(NoneInForce):
        documents.matrix_in_force(stage.world, date(2020, 1, 1))


def test_a_withdrawn_draft_is_never_found() -> None:
    """Only what was published gives authority."""
    stage = drafted()
    assert stage.do(WithdrawMatrix(), "AM-2026.2") == [MatrixWithdrawn()]
    with pytest.raises(DocumentUnknown):
        documents.matrix(stage.world, HASH)
