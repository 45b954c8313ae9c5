"""The organisation with everybody whom the example matrix needs, and short ways to act."""

from typing import Any

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.documents.matrix import AuthorityMatrix, MatrixItem, PositionRule, Step
from opsledger_contracts.events.letter import LetterTookEffect
from opsledger_contracts.events.matrix import AuthorityMatrixVersionPublished, MatrixDrafted
from opsledger_contracts.fields import Evidence
from support import scoring_examples
from support.deciding import Stage
from support.organisation import FOUNDED, employ
from support.planning import WRITTEN, planned

OFFICERS = (
    ("HX-C", "HX", "secretary", ("committee",)),
    ("HX-B", "HX", "board-secretary", ("board",)),
    ("HX-A", "HX", "auditor", ("audit",)),
    ("HX-L", "HX", "lawyer", ("legal",)),
    ("FIN-C", "FIN", "cost-engineer", ("cost",)),
)
"""Position, unit, person and functions, beside those of the small organisation."""

SCAN = (Evidence(sha256="a" * 64, media="application/pdf", title="审批单扫描件"),)
HASH = "1" * 64
"""Content of something outside the ledger, such as a budget."""


def by(person: str, position: str, **more: Any) -> dict[str, Any]:
    """Say who acts in which position."""
    return {"person": person, "position": position, **more}


HEAD = by("binjiang-president", "BJ-GM")
OPS = by("ops-head", "OPS-1")
OPS_2 = by("ops-officer", "OPS-2")
COST = by("cost-engineer", "FIN-C")
FINANCE = by("finance-head", "FIN-1")
MARKETING = by("marketing-head", "MKT-1")
LEGAL = by("lawyer", "HX-L")
VICE = by("vice-president", "HX-VP")
PRESIDENT = by("president", "HX-P")
COMMITTEE = by("secretary", "HX-C")
BOARD = by("board-secretary", "HX-B")
AUDIT = by("auditor", "HX-A")


def authorised() -> Stage:
    """Set the stage of planning with all officers of the matrix."""
    stage = planned()
    for position, unit, person, functions in OFFICERS:
        employ(stage, position, unit, person, functions)
    return stage


def in_force() -> Stage:
    """Set the same stage with the letter of scenario S1 in force."""
    stage = authorised()
    stage.given("letter/BJ-2026", *WRITTEN)
    return stage.given("letter/BJ-2026", LetterTookEffect(effective_from=FOUNDED, revision=1))


def matrix_named(version: int, *items: MatrixItem, **changes: Any) -> AuthorityMatrix:
    """Give the example matrix under another version, with further items."""
    example = scoring_examples.matrix()
    return msgspec.structs.replace(
        example, **({"version": version, "items": (*example.items, *items)} | changes)
    )


def published(stage: Stage, document: AuthorityMatrix) -> Stage:
    """Publish a matrix over the one that is there, without its ever having been superseded."""
    content_hash = digest(document)
    return stage.given(
        f"matrix/{document.name}",
        MatrixDrafted(document=document, content_hash=content_hash),
        AuthorityMatrixVersionPublished(
            content_hash=content_hash, effective_from=document.effective_from
        ),
    )


def step(seq: int, verb: Any, sla: int = 2, **rule: Any) -> Step:
    """Give a step of a chain."""
    return Step(seq=seq, verb=verb, position=PositionRule(**rule), sla_working_days=sla)


def matrix_item(name: str, *steps: Step, **more: Any) -> MatrixItem:
    """Give an item of a matrix with its steps."""
    return MatrixItem(
        item=name,
        category="test",
        level="group",
        title_zh="测试事项",
        title_en="item of a test",
        steps=steps,
        **more,
    )
