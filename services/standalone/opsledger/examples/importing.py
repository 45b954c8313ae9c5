"""Branches of an import batch: history taken over from a file, to its end or only half-way."""

from collections.abc import Iterator
from hashlib import sha256

from opsledger.examples.branching import Branch, Deed
from opsledger.story.step import Memory
from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.import_file import ControlTotal, ImportManifest, TypeCount
from opsledger_contracts.events.import_batch import (
    ImportAbandoned,
    ImportApproved,
    ImportBegun,
    ImportChunkRecorded,
    ImportCompleted,
    ImportProposed,
)


def imports(_memory: Memory) -> Iterator[Branch]:
    """A year of measurements that another system kept, and a file that is given up."""
    manifest = ImportManifest(
        source=sha256(b"an example, not a file").hexdigest(),
        size=5_184_220,
        events=9_000,
        streams=4_500,
        occurred_from="2024-01-31T08:00:00.000000Z",
        occurred_to="2024-12-31T08:00:00.000000Z",
        counts=(
            TypeCount(type="measurement.attested.v1", events=4_500),
            TypeCount(type="measurement.recorded.v1", events=4_500),
        ),
        totals=(ControlTotal(type="measurement.recorded.v1", field="value", total="1874210.35"),),
    )
    content_hash = digest(manifest)
    proposed = Deed(
        at="2025-11-03 09:00",
        by="OPS-PLAN",
        event=ImportProposed(
            batch="IMP-2024",
            title="2024年实际值(原明源系统)",
            manifest=manifest,
            content_hash=content_hash,
        ),
    )
    begun = (
        proposed,
        Deed(
            at="2025-11-05 09:00",
            by="OPS-PLAN",
            event=ImportApproved(case="C-IMP-2024", content_hash=content_hash),
        ),
        Deed(at="2025-11-05 20:00", by="ledger", event=ImportBegun()),
        Deed(
            at="2025-11-05 20:01",
            by="ledger",
            event=ImportChunkRecorded(line_from=1, line_to=5_000, chunk_from=4_002, chunk_to=9_001),
        ),
    )
    yield Branch(
        "import_batch/IMP-2024",
        (
            *begun,
            Deed(
                at="2025-11-05 20:02",
                by="ledger",
                event=ImportChunkRecorded(
                    line_from=5_001, line_to=9_000, chunk_from=9_003, chunk_to=13_002
                ),
            ),
            Deed(
                at="2025-11-05 20:02",
                by="ledger",
                event=ImportCompleted(events=9_000, position_from=4_002, position_to=13_002),
            ),
        ),
    )
    yield Branch(
        "import_batch/IMP-2024",
        (
            *begun,
            Deed(
                at="2025-11-06 09:00",
                by="OPS-PLAN",
                event=ImportAbandoned(),
                reason="源系统发现数据错误,更正后重新导出",
            ),
        ),
    )
