"""Branches of a version of the rulebook: tried on the past, corrected, replaced, withdrawn."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256

import msgspec

from opsledger.examples.branching import Branch, Deed
from opsledger.story.documents import document
from opsledger.story.step import Memory
from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.rulebook import Rulebook
from opsledger_contracts.events.rulebook import (
    ErratumIssued,
    ErratumProposed,
    ErratumSwept,
    RulebookSuperseded,
    RulebookWithdrawn,
    ShadowRunAttached,
)

_NAME = "RB-2026.1"
_STREAM = f"rulebook/{_NAME}"


def rulebooks(memory: Memory) -> Iterator[Branch]:
    """What can become of the version that the story publishes."""
    content_hash = memory.data(_STREAM, "rulebook.published.v1")["content_hash"]
    yield Branch(
        _STREAM,
        (
            Deed(
                at="2025-10-20 14:00",
                by="OPS-PLAN",
                event=ShadowRunAttached(
                    content_hash=content_hash, report=sha256(b"a report of effects").hexdigest()
                ),
                reason="以2024年度数据试算",
            ),
        ),
    )
    yield Branch(_STREAM, _erratum())
    yield Branch(
        _STREAM,
        (
            Deed(
                at="2027-02-01 09:00",
                by="ledger",
                event=RulebookSuperseded(by="RB-2027.1", effective_to=date(2027, 2, 1)),
            ),
        ),
    )
    yield Branch(
        _STREAM,
        (
            Deed(
                at="2025-10-20 10:00",
                by="OPS-PLAN",
                event=RulebookWithdrawn(),
                reason="条款3.6尚待财务中心确认",
            ),
        ),
    )


def _erratum() -> tuple[Deed, ...]:
    """Correct the words of a clause, which changes no score."""
    rulebook = msgspec.convert(document(f"rulebook-{_NAME}"), Rulebook)
    wrong = rulebook.clauses[0]
    right = msgspec.structs.replace(wrong, title_en=f"{wrong.title_en} of the target")
    corrected = Rulebook.of(rulebook.header(), (right, *rulebook.clauses[1:]))
    return (
        Deed(
            at="2026-04-13 09:00",
            by="OPS-PLAN",
            event=ErratumProposed(
                clause=wrong.clause,
                to=right,
                effect="retroactive",
                content_hash=digest(corrected),
            ),
            reason="英文标题不完整",
        ),
        Deed(
            at="2026-04-27 09:00",
            by="OPS-PLAN",
            event=ErratumIssued(
                erratum=1,
                clause=wrong.clause,
                from_=wrong,
                to=right,
                effect="retroactive",
                effective_from=date(2026, 1, 1),
                case="C-RB-2026-E1",
                content_hash=digest(corrected),
            ),
        ),
        Deed(
            at="2026-04-27 10:00",
            by="OPS-REPLAY",
            event=ErratumSwept(erratum=1, report=sha256(b"a report of the sweep").hexdigest()),
        ),
    )
