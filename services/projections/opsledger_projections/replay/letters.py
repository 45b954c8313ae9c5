"""Letters as documents: what a row of a letter and the rows of its items say together."""

from typing import Any

import msgspec

from opsledger_contracts.letters import LetterDocument, content_hash
from opsledger_projections.tables.port import Tables
from opsledger_projections.views.board import PLAN_BOARD
from opsledger_projections.views.letters import LETTERS


def document_as_of(tables: Tables, letter: str, position: int) -> LetterDocument | None:
    """Read the whole content of a letter as of a position; None if there was none yet."""
    found = tables.read(LETTERS, letter, position)
    if found is None:
        return None
    header = found.fixed()["document"]
    items = []
    for code in header["items"]:
        item = tables.read(PLAN_BOARD, f"{letter}:{code}", position)
        assert item is not None, code
        items.append(item.row(PLAN_BOARD).body["terms"])
    return msgspec.convert(header | {"items": items}, LetterDocument)


def revision_document(tables: Tables, revision: dict[str, Any], known_at: int) -> LetterDocument:
    """Read the content of a revision from the body of its row, known at a position.

    A revision in force is what the letter said when it took effect; a draft is what it says.
    """
    position = revision["recorded"]["position"] if revision["revision"] else known_at
    document = document_as_of(tables, revision["letter"], position)
    assert document is not None, revision["letter"]
    return document


def with_document(tables: Tables, revision: dict[str, Any], known_at: int) -> dict[str, Any]:
    """Give the body of a revision's row with its content and the hash that is signed."""
    document = revision_document(tables, revision, known_at)
    return revision | {
        "document": msgspec.to_builtins(document),
        "content_hash": content_hash(document),
    }
