"""Events of an import batch: history that is taken over from a file as one approved whole."""

from typing import ClassVar

from opsledger_contracts.documents.import_file import Count, ImportManifest
from opsledger_contracts.event import Event
from opsledger_contracts.fields import Identifier, Position, Sha256, Title


class ImportProposed(Event, kw_only=True):
    """A file with history was proposed for import, by its digest, its counts and its totals."""

    TYPE: ClassVar[str] = "import_batch.proposed.v1"
    batch: Identifier
    title: Title
    manifest: ImportManifest
    content_hash: Sha256
    """SHA-256 of the canonical manifest, on which the approval case decides."""


class ImportApproved(Event, kw_only=True):
    """An approval case decided that exactly this file be imported."""

    TYPE: ClassVar[str] = "import_batch.approved.v1"
    case: Identifier
    content_hash: Sha256


class ImportBegun(Event, kw_only=True):
    """The file was checked against the approved manifest, and its import began."""

    TYPE: ClassVar[str] = "import_batch.begun.v1"


class ImportChunkRecorded(Event, kw_only=True):
    """Some lines of the file are in the ledger, together with this event in one commit.

    The line that stands at `line_from` has the position `chunk_from`, and so on line by line.
    """

    TYPE: ClassVar[str] = "import_batch.chunk_recorded.v1"
    line_from: Count
    """First line of the chunk; lines count from 1."""
    line_to: Count
    """Last line of the chunk; all lines up to it are in the ledger."""
    chunk_from: Position
    """Position of the first line of the chunk."""
    chunk_to: Position
    """Position of the last line of the chunk."""


class ImportCompleted(Event, kw_only=True):
    """Every line of the file is in the ledger; the batch is closed."""

    TYPE: ClassVar[str] = "import_batch.completed.v1"
    events: Count
    """Imported events."""
    position_from: Position
    """Position of the first imported event."""
    position_to: Position
    """Position of the last imported event; other events may stand between."""


class ImportAbandoned(Event, kw_only=True):
    """The batch was given up; what it has recorded stays, and nothing more will come."""

    TYPE: ClassVar[str] = "import_batch.abandoned.v1"
