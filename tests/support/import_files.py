"""Import files for tests: the history of another ledger as lines, and a batch that may be imported."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.codec import decode_envelope
from opsledger_contracts.documents.import_file import NOUNS_NOT_IMPORTED, ImportManifest
from opsledger_contracts.event import Event
from opsledger_contracts.events.import_batch import ImportApproved, ImportProposed
from opsledger_ledger.domain.deciding import Act, Record
from opsledger_ledger.recording.log import Log
from opsledger_ledger.writing.envelopes import Envelopes, EventIds, StreamTails
from opsledger_ledger.writing.import_checking import checked
from opsledger_ledger.writing.submission import Trace

NOW = "2029-06-01T02:00:00.000000Z"
SOURCE = "urn:opsledger:test"
LATER = "2030-01-01T00:00:00.000000Z"
"""After everything that the stories tell."""


def line(**fields: Any) -> bytes:
    """Give one line of a file, as compact JSON."""
    return msgspec.json.encode(fields) + b"\n"


def line_of(entry: bytes) -> bytes:
    """Give the line from which an entry would be imported."""
    envelope = decode_envelope(entry)
    fields: dict[str, Any] = {
        "stream": envelope.stream,
        "version": envelope.version,
        "type": envelope.type,
        "occurred_at": envelope.occurred_at,
        "person": envelope.person,
        "position": envelope.acting_position,
        "unit": envelope.unit,
        "on_behalf_of": envelope.on_behalf_of,
        "delegation": envelope.delegation,
        "rulebook": envelope.rulebook,
        "calendar": envelope.calendar,
        "reason": envelope.reason,
        "data": envelope.data,
    }
    if envelope.authority_matrix is not None:
        fields["authority"] = {
            "matrix": envelope.authority_matrix,
            "item": envelope.authority_item,
        } | ({} if envelope.authority_step is None else {"step": envelope.authority_step})
    return line(**{name: value for name, value in fields.items() if value is not None})


def importable(entries: Iterable[bytes]) -> list[bytes]:
    """Give the lines of those entries of a ledger that may come from a file."""
    return [
        line_of(entry)
        for entry in entries
        if decode_envelope(entry).type.partition(".")[0] not in NOUNS_NOT_IMPORTED
    ]


def unit_lines(*units: str, **changes: Any) -> list[bytes]:
    """Give lines that register units of the group."""
    return [line(**unit_fields(unit) | changes) for unit in units]


def unit_fields(unit: str) -> dict[str, Any]:
    """Give the fields of a line that registers a unit."""
    return {
        "stream": f"unit/{unit}",
        "version": 1,
        "type": "unit.registered.v1",
        "occurred_at": "2020-01-01T00:00:00.000000Z",
        "person": "P-1",
        "data": {"unit": unit, "type": "centre", "name": unit, "valid_from": "2020-01-01"},
    }


def written(path: Path, lines: Iterable[bytes]) -> Path:
    """Write a file."""
    path.write_bytes(b"".join(lines))
    return path


def manifest_of(path: Path) -> ImportManifest:
    """Tell what a sound file amounts to."""
    told = checked(path, LATER)
    assert told.manifest is not None, told.findings
    return told.manifest


def approve(log: Log, batch: str, manifest: ImportManifest) -> None:
    """Let a log hold the proposal and the approval of a file."""
    content_hash = digest(manifest)
    append(
        log,
        f"import_batch/{batch}",
        ImportProposed(batch=batch, title="历史数据", manifest=manifest, content_hash=content_hash),
        ImportApproved(case="K", content_hash=content_hash),
    )


def append(log: Log, stream: str, *events: Event, person: str = "P-1") -> None:
    """Record events of a stream as if commands of a person had been accepted."""

    def leaf(name: str, version: int) -> bytes:
        return log.stream_entries(name, version - 1, 1)[0].leaf

    now = max(log.head().recorded_at, NOW)
    envelopes = Envelopes(SOURCE, "0" * 64, log.stream_version, StreamTails(leaf), EventIds())
    act = Act(target=stream, person=person, now=now, occurred_at=now, command_id="C-1")
    records = [Record(event, stream) for event in events]
    encoded = envelopes.encode(act, records, Trace(correlation_id="C-1"))
    with log.begin() as opened:
        opened.append([each.new for each in encoded], now)
