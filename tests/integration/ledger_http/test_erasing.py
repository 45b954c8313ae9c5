"""Erasing personal data through the API: the value is gone, the entries and their proofs stay."""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from opsledger_contracts.canonical import digest
from opsledger_contracts.codec import decode
from opsledger_contracts.events.case import (
    ApprovalCaseOpened,
    ApprovalGranted,
    ApprovalRatified,
    PlannedStep,
)
from opsledger_contracts.events.matrix import AuthorityMatrixVersionPublished, MatrixDrafted
from opsledger_contracts.events.person import PersonRegistered
from opsledger_ledger.recording.verification import verify
from support.authority import matrix_item, matrix_named, step
from support.import_files import append
from support.ledger_service import served

NAME = "从不写入账本的姓名"
TERMS = {"person": "P-7", "scope": "姓名", "legal_basis": "个人信息保护法第四十七条"}
ITEM = msgspec.structs.replace(
    matrix_item(
        "erasure", step(1, "initiate", function="hr"), step(2, "approve", function="legal")
    ),
    category="personal",
)
DOCUMENT = matrix_named(1, ITEM)
DECISION: dict[str, Any] = {"position": "POS", "subject_hash": digest(TERMS)}


def test_an_approved_erasure_destroys_the_value_and_nothing_else(tmp_path: Path) -> None:
    """The commitment stays in its entry, the value behind it is gone, and the log is sound."""
    with served(tmp_path / "ledger", clock="scripted", clock_file=_clock(tmp_path)) as service:
        log, administrator = service.ledger.log, service.administrator
        assert administrator.post("/v1/persons/P-7/register", {"name": NAME}).status_code == 201
        registered = decode(log.stream_entries("person/P-7")[0].entry).event
        assert isinstance(registered, PersonRegistered)
        kept = log.personal(registered.name_commitment)
        assert kept is not None
        assert kept.value.decode() == NAME
        before = log.head()

        _approved(log)
        path = f"/v1/ledgers/{service.ledger.name}/erase-personal-data"
        answer = administrator.post(path, {**TERMS, "case": "K"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["events"][0]["type"] == "ledger.personal_data_erased.v1"

        assert log.personal(registered.name_commitment) is None
        assert log.personal_of("P-7") == []
        assert log.root_at(before.size) == before.root
        assert list(verify(log)) == []


def _clock(folder: Path) -> Path:
    """A scripted clock after everything that is recorded beside the API."""
    file = folder / "clock"
    file.write_text("2029-06-02T00:00:00.000000Z", encoding="ascii")
    return file


def _approved(log: Any) -> None:
    """Let the log hold a matrix, and a case along it in which two persons decided."""
    append(
        log,
        f"matrix/{DOCUMENT.name}",
        MatrixDrafted(document=DOCUMENT, content_hash=digest(DOCUMENT)),
        AuthorityMatrixVersionPublished(
            content_hash=digest(DOCUMENT), effective_from=date(2026, 1, 1)
        ),
    )
    opened = ApprovalCaseOpened(
        case="K",
        subject="person/P-7",
        subject_hash=digest(TERMS),
        matrix=digest(DOCUMENT),
        item="erasure",
        initiator="POS",
        initiator_unit="HX",
        steps=(
            PlannedStep(seq=1, verb="approve", title="审批", positions=("POS",)),
            PlannedStep(seq=2, verb="ratify", title="核准", positions=("POS",)),
        ),
    )
    append(log, "case/K", opened)
    append(log, "case/K", ApprovalGranted(seq=1, final=False, **DECISION), person="P-1")
    append(log, "case/K", ApprovalRatified(seq=2, final=True, **DECISION), person="P-2")
