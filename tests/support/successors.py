"""Another rulebook takes the place of the one in force, as an event history tells it."""

from datetime import date

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.rulebook import (
    ClauseWritten,
    RulebookDrafted,
    RulebookSuperseded,
    RulebookVersionPublished,
)
from support.deciding import Stage


def succeeded(stage: Stage, before: str, rulebook: Rulebook, version: int, since: date) -> str:
    """Let a rulebook follow another one from a day on; gives its content hash."""
    document = msgspec.structs.replace(rulebook, version=version)
    content_hash = digest(document)
    superseded = RulebookSuperseded(by=document.name, effective_to=since)
    stage.given(f"rulebook/{before}", superseded)
    stage.given(
        f"rulebook/{document.name}",
        RulebookDrafted(header=document.header(), content_hash=content_hash),
        *(ClauseWritten(clause=clause) for clause in document.clauses),
        RulebookVersionPublished(content_hash=content_hash, effective_from=since),
    )
    return content_hash
