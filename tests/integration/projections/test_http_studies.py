"""Sweep, shadow run and sensitivity through HTTP and the command line's readers."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient

from opsledger_contracts.canonical import canonical, digest
from opsledger_projections.bootstrap import open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.http.app import create_app
from opsledger_projections.http.studies import RULEBOOK_BYTES_MAX
from support.disputed_score import ASSESSMENT, AUDITOR_KEY, RULEBOOK, DisputedScore
from support.eventually import eventually

SWEEP, SHADOW = "/v1/studies/sweep", "/v1/studies/shadow"


@pytest.fixture(scope="module")
def told() -> DisputedScore:
    """The disputed score of S2."""
    return DisputedScore().tell()


@pytest.fixture(scope="module")
def client(told: DisputedScore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """An auditor's client of a read side that has caught up."""
    settings = ProjectionsSettings(directory=tmp_path_factory.mktemp("studies"))
    with open_projections(settings, told.ledger) as projections:
        eventually(lambda: projections.follower.caught_up)
        with TestClient(create_app(projections), raise_server_exceptions=False) as client:
            client.headers["Authorization"] = f"Bearer {AUDITOR_KEY}"
            yield client


def _lines(client: TestClient, path: str, body: Any, **query: Any) -> list[dict[str, Any]]:
    answer = client.post(path, content=canonical(body), params=query, headers=_JSON)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [json.loads(line) for line in answer.text.splitlines()]


_JSON = {"Content-Type": "application/json"}


def test_a_sweep_streams_progress_rows_and_the_sum(client: TestClient, told: DisputedScore) -> None:
    """R159: as known at the publication, one score rests on superseded terms; A would be due."""
    lines = _lines(
        client, SWEEP, {"period": "2026", "effect": True}, known_at=told.marks["published"]
    )
    assert [line["event"] for line in lines] == ["progress", "row", "progress", "summary"]
    assert lines[1]["effect"] == {
        "total": "96.26",
        "grade": "A",
        "delta": "1.89",
        "crosses": "up",
    }
    assert lines[-1]["affected"] == 1
    assert _lines(client, SWEEP, {"period": "2026"})[-1]["affected"] == 0


def test_a_shadow_run_takes_a_document_or_a_name(client: TestClient) -> None:
    """S4: the same rulebook by both ways gives the same report, watermarked."""
    by_name = _lines(client, SHADOW, {"period": "2026", "rulebook": "RB-2026.1"})
    document = msgspec.to_builtins(RULEBOOK)
    assert _lines(client, SHADOW, {"period": "2026", "rulebook": document}) == by_name
    assert by_name[-1]["content_hash"] == digest(RULEBOOK)
    assert by_name[-1]["official"] is False
    assert len(by_name[-1]["report"]) == 64


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (SWEEP, {"period": "26"}, 422, "field_invalid"),
        (SWEEP, {"period": "2026", "clause": "99.9"}, 422, "clause_not_in_rulebook"),
        (SHADOW, {"period": "2026", "rulebook": "RB-9"}, 404, "not_found"),
        (SHADOW, {"period": "2026", "rulebook": {}}, 422, "field_invalid"),
        (SHADOW, {"period": "2026", "rulebook": "x" * RULEBOOK_BYTES_MAX}, 413, "body_too_large"),
        (f"{SWEEP}?run=1", {"period": "2026"}, 400, "parameter_invalid"),
    ],
)
def test_what_cannot_be_studied_is_refused(
    client: TestClient, path: str, body: Any, status: int, code: str
) -> None:
    """Bad input is refused before the answer begins, with its code."""
    answer = client.post(path, content=canonical(body), headers=_JSON)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_sensitivity_names_the_nearest_fact(client: TestClient) -> None:
    """S2: two days of N01 decided the grade."""
    answer = client.get(f"/v1/assessments/{ASSESSMENT}/sensitivity", params={"run": 1})
    assert answer.status_code == 200, answer.text
    assert answer.json()["nearest"]["path"] == "items.N01.evidence_date"
    missing = client.get("/v1/assessments/none/sensitivity")
    assert missing.status_code == 404


def test_studies_need_a_key(client: TestClient) -> None:
    """Default is deny."""
    answer = client.post(SWEEP, json={"period": "2026"}, headers={"Authorization": ""})
    assert answer.status_code == 401


def test_studies_are_documented(client: TestClient) -> None:
    """Both routes are in the OpenAPI document with their bodies."""
    paths = client.get("/openapi.json").json()["paths"]
    for path in (SWEEP, SHADOW):
        assert "requestBody" in paths[path]["post"]
