"""Import batches: a file proposed by what it amounts to, approved by others, recorded, or given up."""

from typing import Any

import msgspec
import pytest

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.import_file import ControlTotal, ImportManifest, TypeCount
from opsledger_contracts.events.case import ApprovalRefused
from opsledger_contracts.events.import_batch import (
    ImportAbandoned,
    ImportApproved,
    ImportBegun,
    ImportChunkRecorded,
    ImportCompleted,
    ImportProposed,
)
from opsledger_contracts.problems.approval import (
    ApprovedOtherContent,
    ApprovedUnderOtherItem,
    CaseNotApproved,
)
from opsledger_contracts.problems.general import (
    OccurredInFuture,
    ReasonMissing,
    UnknownReference,
    WrongState,
)
from opsledger_contracts.problems.import_batch import (
    ManifestInconsistent,
    SourceDiffers,
    SourceProposedAlready,
    TypeNotImportable,
)
from opsledger_contracts.problems.refusal import Refusal
from opsledger_contracts.problems.separation import SeparationOfDuties
from opsledger_ledger.domain.case_deciding import GrantApproval
from opsledger_ledger.domain.deciding import Command
from opsledger_ledger.domain.import_batch import (
    AbandonImport,
    ApproveImport,
    ImportBatchState,
    ProposeImport,
    importable,
    require_manifest,
    require_source,
)
from support.authority import OPS, authorised, matrix_item, matrix_named, published, step
from support.deciding import Refused, Stage, undeclared_and_untested
from support.planning import decided, opened

BATCH = "IMP-2025"
STREAM = f"import_batch/{BATCH}"
MANIFEST = ImportManifest(
    source="a" * 64,
    size=4_200,
    events=12,
    streams=3,
    occurred_from="2025-01-02T01:00:00.000000Z",
    occurred_to="2025-12-30T01:00:00.000000Z",
    counts=(
        TypeCount(type="measurement.attested.v1", events=5),
        TypeCount(type="measurement.recorded.v1", events=7),
    ),
    totals=(ControlTotal(type="measurement.recorded.v1", field="value", total="1234.50"),),
)
HASH = digest(MANIFEST)
PROPOSAL = ProposeImport(title="2025年实际值", manifest=MANIFEST)
PROPOSED = ImportProposed(batch=BATCH, title="2025年实际值", manifest=MANIFEST, content_hash=HASH)
CHUNK = ImportChunkRecorded(line_from=1, line_to=8, chunk_from=101, chunk_to=108)


def proposed(*later: Any) -> Stage:
    """A stage with a batch that was proposed, and what happened to it since."""
    return authorised().given(STREAM, PROPOSED, **OPS_PROPOSED).given(STREAM, *later)


OPS_PROPOSED = {"person": OPS["person"]}
APPROVED = ImportApproved(case="K", content_hash=HASH)


def changed(**fields: Any) -> ProposeImport:
    """The proposal with other words in its manifest."""
    return ProposeImport(title="x", manifest=msgspec.structs.replace(MANIFEST, **fields))


def row(
    name: str,
    stage: Stage,
    command: Command,
    refusal: type[Refusal],
    target: str = BATCH,
    **act: Any,
) -> Refused:
    """One row of the table, done by the operations office."""
    return Refused(
        id=name, stage=stage, command=command, target=target, refusal=refusal, act=OPS | act
    )


def refused_case() -> Stage:
    """A batch whose approval was refused."""
    stage = opened(proposed(), "K", STREAM, HASH)
    return stage.given("case/K", ApprovalRefused(seq=1, position="HX-P", subject_hash=HASH))


REFUSED = [
    row("other sum of events", authorised(), changed(events=13), ManifestInconsistent),
    row("more streams than events", authorised(), changed(streams=13), ManifestInconsistent),
    row(
        "ends before it begins",
        authorised(),
        changed(occurred_to="2025-01-01T01:00:00.000000Z"),
        ManifestInconsistent,
    ),
    row(
        "counts unordered",
        authorised(),
        changed(counts=MANIFEST.counts[::-1]),
        ManifestInconsistent,
    ),
    row("a total twice", authorised(), changed(totals=MANIFEST.totals * 2), ManifestInconsistent),
    row(
        "a total without a count",
        authorised(),
        changed(
            totals=(ControlTotal(type="survey.rating_submitted.v1", field="value", total="1"),)
        ),
        ManifestInconsistent,
    ),
    row(
        "keys from a file",
        authorised(),
        changed(counts=(TypeCount(type="credential.issued.v1", events=12),), totals=()),
        TypeNotImportable,
    ),
    row(
        "type unknown",
        authorised(),
        changed(counts=(TypeCount(type="letter.unheard_of.v1", events=12),), totals=()),
        TypeNotImportable,
    ),
    row(
        "history of the future",
        authorised(),
        changed(occurred_to="2027-01-01T01:00:00.000000Z"),
        OccurredInFuture,
    ),
    row("the same file again", proposed(), PROPOSAL, SourceProposedAlready, target="IMP-2"),
    row("approved twice", proposed(APPROVED), ApproveImport(case="K"), WrongState),
    row("case unknown", proposed(), ApproveImport(case="K"), UnknownReference),
    row("case refused", refused_case(), ApproveImport(case="K"), CaseNotApproved),
    row(
        "case on other content",
        decided(proposed(), "K", STREAM, "0" * 64),
        ApproveImport(case="K"),
        ApprovedOtherContent,
    ),
    row(
        "case along another item",
        decided(proposed(), "K", STREAM, HASH, item="rulebook-version"),
        ApproveImport(case="K"),
        ApprovedUnderOtherItem,
    ),
    row(
        "case along an item that its matrix does not have",
        decided(proposed(), "K", STREAM, HASH, item="history-import"),
        ApproveImport(case="K"),
        ApprovedUnderOtherItem,
    ),
    row(
        "case along an item of a foreign matrix",
        decided(proposed(), "K", STREAM, HASH, item="history-import", matrix="e" * 64),
        ApproveImport(case="K"),
        ApprovedUnderOtherItem,
    ),
    row("given up without a word", proposed(), AbandonImport(), ReasonMissing),
    row(
        "given up after its end",
        proposed(
            APPROVED, ImportBegun(), ImportCompleted(events=1, position_from=1, position_to=1)
        ),
        AbandonImport(),
        WrongState,
        reason="超时",
    ),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row.id)
def test_import_batches_refuse_what_nobody_could_check(row: Refused) -> None:
    """Each row is refused with its code and leaves nothing behind."""
    row.check()


def test_every_declared_refusal_of_import_batches_is_in_the_table() -> None:
    """The catalogue promises exactly the refusals that are shown here; the future is general."""
    declared, untested = undeclared_and_untested("import_batch", REFUSED)
    assert (declared, untested) == (set(), set())


def test_a_file_is_proposed_by_what_it_amounts_to() -> None:
    """The event has the digest, the counts, the totals, and the hash that is approved."""
    assert authorised().do(PROPOSAL, BATCH, **OPS) == [PROPOSED]


def test_an_approved_batch_may_be_imported() -> None:
    """The approval names the case and the content on which it decided (R040)."""
    chain = (step(1, "initiate", function="ops"), step(2, "approve", function="president"))
    item = msgspec.structs.replace(matrix_item("history-import", *chain), category="import")
    document = matrix_named(2, item)
    stage = published(proposed(), document)
    decided(stage, "K", STREAM, HASH, item="history-import", matrix=digest(document))
    assert stage.do(ApproveImport(case="K"), BATCH, **OPS) == [APPROVED]
    assert state_of(stage).status == "approved"


def test_nobody_approves_the_import_that_they_proposed() -> None:
    """R040: whoever proposed stands behind the content like an initiator of the case."""
    stage = authorised().given(STREAM, PROPOSED, person="president")
    opened(stage, "K", STREAM, HASH)
    with pytest.raises(SeparationOfDuties):
        stage.decide(
            GrantApproval(seq=1, subject_hash=HASH), "K", person="president", position="HX-P"
        )


def test_the_state_tells_how_far_an_import_has_come() -> None:
    """Begun and not completed is running, with the lines that are in the ledger."""
    further = ImportChunkRecorded(line_from=9, line_to=12, chunk_from=120, chunk_to=123)
    stage = proposed(APPROVED, ImportBegun(), CHUNK)
    assert (state_of(stage).status, state_of(stage).lines) == ("running", 8)
    stage.given(STREAM, further, ImportCompleted(events=12, position_from=101, position_to=123))
    done = state_of(stage)
    assert (done.status, done.lines) == ("completed", 12)
    assert (done.position_from, done.position_to) == (101, 123)


def test_a_batch_that_was_given_up_leaves_its_file_free() -> None:
    """What stopped half-way is closed with a reason; the file may be proposed anew."""
    stage = proposed(APPROVED, ImportBegun(), CHUNK)
    assert stage.do(AbandonImport(), BATCH, reason="源系统更正", **OPS) == [ImportAbandoned()]
    assert state_of(stage).status == "abandoned"
    assert stage.do(PROPOSAL, "IMP-2", **OPS)[0].__class__ is ImportProposed


def test_only_the_approved_file_is_imported() -> None:
    """Another digest, or the same digest with other counts than were approved, is refused."""
    batch = state_of(proposed())
    require_source(batch, MANIFEST.source)
    require_manifest(batch, MANIFEST)
    with pytest.raises(SourceDiffers):
        require_source(batch, "b" * 64)
    with pytest.raises(SourceDiffers) as caught:
        require_manifest(batch, msgspec.structs.replace(MANIFEST, streams=4))
    assert caught.value.facts["field"] == "streams"


@pytest.mark.parametrize(
    ("type_name", "expected"),
    [
        ("letter.signed.v1", True),
        ("ledger.founded.v1", False),
        ("person.registered.v1", False),
        ("import_batch.approved.v1", False),
        ("letter.signed.v9", False),
    ],
)
def test_what_only_a_live_ledger_records_is_not_imported(type_name: str, *, expected: bool) -> None:
    """Founding, keys, persons and imports are the ledger's own; unknown types are nobody's."""
    assert importable(type_name) is expected


def state_of(stage: Stage) -> ImportBatchState:
    """The batch as it stands."""
    batch = stage.world.get(ImportBatchState, BATCH)
    assert batch is not None
    return batch
