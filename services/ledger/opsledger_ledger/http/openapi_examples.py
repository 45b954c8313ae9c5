"""Examples of what the reads of the ledger answer; they verify like real ones."""

from typing import Any, Final

from opsledger_contracts.canonical import canonical
from opsledger_contracts.evidence.merkle import leaf_hash, node_hash
from opsledger_ledger.http import forms
from opsledger_ledger.recording.log import Stored

RECORDED_AT: Final = "2025-10-08T01:00:00.000000Z"

ENTRY: Final[dict[str, Any]] = {
    "actorperson": "administrator",
    "commandid": "0199c155-0a80-70e1-93c6-51a2b9f3d7a4",
    "correlationid": "0199c155-0a80-70e1-93c6-51a2b9f3d7a4",
    "data": {"name": "滨江公司", "type": "subsidiary", "unit": "BJ", "valid_from": "2025-10-01"},
    "dataschema": "urn:opsledger:schema:unit.registered.v1",
    "id": "0199c155-0a80-7b51-8f0e-2f6c1d84e5b9",
    "policyhash": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "recordedtime": RECORDED_AT,
    "source": "urn:opsledger:huaxiang",
    "specversion": "1.0",
    "streamversion": 1,
    "subject": "unit/BJ",
    "time": RECORDED_AT,
    "type": "unit.registered.v1",
}
"""An entry that stands first, in a tree of two."""

_BYTES: Final = canonical(ENTRY)
_LEAF: Final = leaf_hash(_BYTES)
_OTHER: Final = leaf_hash(b"the entry that stands second")
_ROOT: Final = node_hash(_LEAF, _OTHER).hex()
_STORED: Final = (Stored(1, "unit/BJ", 1, "unit.registered.v1", _BYTES, _LEAF),)
_PAGE: Final[dict[str, Any]] = {
    forms.BATCH.media_type: [ENTRY],
    forms.LINES.media_type: forms.LINES.write(_STORED).decode(),
    forms.POSITIONED.media_type: forms.POSITIONED.write(_STORED).decode(),
}

EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "/v1/events": _PAGE,
    "/v1/events/stream": {"text/event-stream": f"id: 1\ndata: {_BYTES.decode()}\n\n"},
    "/v1/events/{position}": {forms.EVENT: ENTRY},
    "/v1/streams/{noun}/{id}": _PAGE,
    "/v1/head": {
        "application/json": {
            "ledger": "huaxiang",
            "position": 2,
            "recorded_at": RECORDED_AT,
            "root": _ROOT,
            "size": 2,
        }
    },
    "/v1/proofs/inclusion": {
        "application/json": {
            "leaf": _LEAF.hex(),
            "position": 1,
            "proof": [_OTHER.hex()],
            "root": _ROOT,
            "size": 2,
        }
    },
    "/v1/proofs/consistency": {
        "application/json": {
            "from": 1,
            "proof": [_OTHER.hex()],
            "root_from": _LEAF.hex(),
            "root_to": _ROOT,
            "to": 2,
        }
    },
    "/v1/tiles/{path}": {"application/octet-stream": "(64 bytes: two leaf hashes)"},
    "/v1/verify": {
        "application/x-ndjson": (
            '{"progress":{"head":2,"position":2}}\n'
            '{"verdict":{"entries":2,"findings":0,"sound":true}}\n'
        )
    },
    "/metrics": {"text/plain": "opsledger_position 2.0\n"},
}
"""By path and media type."""
