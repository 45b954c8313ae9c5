"""Import batches: history that is taken over from a file as one approved whole.

A file is proposed by what it amounts to (digest, counts, totals, span of time), approved along the
authority matrix by others than who proposed it, and then recorded chunk by chunk by the program that
reads it. What its lines say is history: it is recorded and reported, and no rule for live commands
is held against it (domain-model.md, section 5).
"""

from collections.abc import Iterator
from typing import ClassVar, Literal, assert_never

from opsledger_contracts.canonical import digest
from opsledger_contracts.catalogue import EVENTS
from opsledger_contracts.documents.import_file import NOUNS_NOT_IMPORTED, ImportManifest
from opsledger_contracts.envelope import Envelope
from opsledger_contracts.event import Event
from opsledger_contracts.events.import_batch import (
    ImportAbandoned,
    ImportApproved,
    ImportBegun,
    ImportChunkRecorded,
    ImportCompleted,
    ImportProposed,
)
from opsledger_contracts.fields import Identifier, Title
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
from opsledger_ledger.domain.deciding import Act, Command, Decided, Noun, State, World
from opsledger_ledger.domain.deed import Deed, deed_of
from opsledger_ledger.domain.policies.approval import approved


class ImportBatchState(State):
    """An import batch as it stands."""

    NOUN: ClassVar[str] = "import_batch"

    manifest: ImportManifest
    content_hash: str
    proposer: Deed
    status: Literal["proposed", "approved", "running", "completed", "abandoned"] = "proposed"
    lines: int = 0
    """Lines of the file that are in the ledger."""
    position_from: int | None = None
    """Position of the first imported event."""
    position_to: int | None = None
    """Position of the last imported event so far."""


ImportBatchEvent = (
    ImportProposed
    | ImportApproved
    | ImportBegun
    | ImportChunkRecorded
    | ImportCompleted
    | ImportAbandoned
)


def evolve(state: ImportBatchState | None, event: Event, envelope: Envelope) -> ImportBatchState:
    """Fold one event of an import batch."""
    happened: ImportBatchEvent = event  # type: ignore[assignment]
    if isinstance(happened, ImportProposed):
        return ImportBatchState(
            id=happened.batch,
            manifest=happened.manifest,
            content_hash=happened.content_hash,
            proposer=deed_of("initiate", envelope),
        )
    assert state is not None, envelope.stream
    match happened:
        case ImportApproved():
            state.status = "approved"
        case ImportBegun():
            state.status = "running"
        case ImportChunkRecorded():
            state.lines = happened.line_to
            state.position_from = state.position_from or happened.chunk_from
            state.position_to = happened.chunk_to
        case ImportCompleted():
            state.status = "completed"
        case ImportAbandoned():
            state.status = "abandoned"
        case _:
            assert_never(happened)
    return state


def keys(state: ImportBatchState) -> Iterator[tuple[str, str]]:
    """Find the batch of a file, as long as it was not given up."""
    if state.status != "abandoned":
        yield "import_batch_by_source", state.manifest.source


IMPORT_BATCH = Noun(
    state=ImportBatchState,
    evolve=evolve,
    keys=keys,
    rekeyed_by=frozenset(
        (
            ImportApproved,
            ImportBegun,
            ImportCompleted,
            ImportAbandoned,
        )
    ),
)


class ProposeImport(Command, frozen=True, kw_only=True):
    """Propose to import a file with history, by what the check of the file has told."""

    title: Title
    manifest: ImportManifest


@IMPORT_BATCH.decides(
    "propose",
    scope="writer",
    function="ops",
    creates=True,
    refuses=(ManifestInconsistent, TypeNotImportable, OccurredInFuture, SourceProposedAlready),
)
def propose(command: ProposeImport, _batch: None, act: Act, world: World) -> Decided:
    """Take a manifest that is consistent, about the past, and about a file that is new."""
    manifest = command.manifest
    _require_consistent(manifest)
    for count in manifest.counts:
        if not importable(count.type):
            raise TypeNotImportable(type=count.type)
    if manifest.occurred_to > act.now:
        raise OccurredInFuture(occurred_at=manifest.occurred_to, now=act.now)
    for batch in world.find("import_batch_by_source", manifest.source):
        raise SourceProposedAlready(source=manifest.source, batch=batch)
    yield ImportProposed(
        batch=act.target,
        title=command.title,
        manifest=manifest,
        content_hash=digest(manifest),
    )


class ApproveImport(Command, frozen=True, kw_only=True):
    """Record that an approval case decided on this file, which lets it be imported."""

    case: Identifier


@IMPORT_BATCH.decides(
    "approve",
    scope="writer",
    function="ops",
    refuses=(
        WrongState,
        UnknownReference,
        CaseNotApproved,
        ApprovedOtherContent,
        ApprovedUnderOtherItem,
    ),
)
def approve(command: ApproveImport, batch: ImportBatchState, _act: Act, world: World) -> Decided:
    """Take only an approval of exactly this manifest (R040)."""
    require_status(batch, "proposed")
    approved(world, command.case, f"import_batch/{batch.id}", batch.content_hash)
    yield ImportApproved(case=command.case, content_hash=batch.content_hash)


class AbandonImport(Command, frozen=True, kw_only=True):
    """Give a batch up; what it has recorded stays in the ledger."""


@IMPORT_BATCH.decides(
    "abandon", scope="writer", function="ops", refuses=(WrongState, ReasonMissing)
)
def abandon(_command: AbandonImport, batch: ImportBatchState, act: Act, _world: World) -> Decided:
    """Say why, so that an import that stopped half-way does not look like one that goes on."""
    require_status(batch, "proposed", "approved", "running")
    if act.reason is None:
        raise ReasonMissing
    yield ImportAbandoned()


def importable(type_name: str) -> bool:
    """Tell whether events of a type can come from a file."""
    return type_name in EVENTS and type_name.partition(".")[0] not in NOUNS_NOT_IMPORTED


def require_status(batch: ImportBatchState, *expected: str) -> None:
    """Let an act pass only in certain states.

    Raises:
        WrongState: the batch is in another one.

    """
    if batch.status not in expected:
        raise WrongState(
            noun="import batch", id=batch.id, found=batch.status, expected=" or ".join(expected)
        )


def require_source(batch: ImportBatchState, source: str) -> None:
    """Let only the very file be imported that was approved.

    Raises:
        SourceDiffers: the file has another digest.

    """
    _require_same(batch, "source", batch.manifest.source, source)


def require_manifest(batch: ImportBatchState, found: ImportManifest) -> None:
    """Let a file be imported only if it is what its approved manifest says.

    Raises:
        SourceDiffers: the file amounts to something else.

    """
    for field in ImportManifest.__struct_fields__:
        _require_same(batch, field, getattr(batch.manifest, field), getattr(found, field))


def _require_same(batch: ImportBatchState, field: str, expected: object, found: object) -> None:
    if found != expected:
        raise SourceDiffers(batch=batch.id, field=field, expected=expected, found=found)


def _require_consistent(manifest: ImportManifest) -> None:
    types = [count.type for count in manifest.counts]
    places = [(total.type, total.field) for total in manifest.totals]
    events = sum(count.events for count in manifest.counts)
    for field, found, expected in (
        ("events", manifest.events, events),
        ("streams", manifest.streams, min(manifest.streams, manifest.events)),
        (
            "occurred_from",
            manifest.occurred_from,
            min(manifest.occurred_from, manifest.occurred_to),
        ),
        ("counts", types, sorted(set(types))),
        ("totals", places, sorted(set(places))),
        (
            "types of totals",
            sorted({type_name for type_name, _ in places}),
            sorted({type_name for type_name, _ in places} & set(types)),
        ),
    ):
        if found != expected:
            raise ManifestInconsistent(field=field, found=str(found), expected=str(expected))
