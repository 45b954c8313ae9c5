"""JSON Schemas of the documents, generated from their classes."""

from typing import Any, Final

import msgspec

from opsledger_contracts.documents.calendar import Calendar
from opsledger_contracts.documents.import_file import ImportLine, ImportManifest
from opsledger_contracts.documents.matrix import AuthorityMatrix
from opsledger_contracts.documents.rulebook import Rulebook

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
"""The dialect of the generated schemas."""


def document_schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of each document by its name."""
    return {
        name: {"$schema": DIALECT, "title": kind.__name__, **msgspec.json.schema(kind)}
        for name, kind in (
            ("rulebook", Rulebook),
            ("matrix", AuthorityMatrix),
            ("calendar", Calendar),
            ("import-line", ImportLine),
            ("import-manifest", ImportManifest),
        )
    }
