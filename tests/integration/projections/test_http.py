"""The query API over the story of S1 and S2: cuts, letters, explanations, replays, integrity."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from opsledger_contracts.events.credential import CredentialIssued, CredentialRevoked, Scope
from opsledger_contracts.events.replay import Difference, ReplayDiverged, ReplayRequested
from opsledger_projections.bootstrap import open_projections
from opsledger_projections.config import ProjectionsSettings
from opsledger_projections.http import cuts
from opsledger_projections.http.app import create_app
from opsledger_projections.projections import Projections
from support.disputed_score import ADJUSTMENT, ASSESSMENT, AUDITOR_KEY, LETTER, DisputedScore
from support.eventually import eventually

SECRET = "5e" * 20
SCOPES: tuple[Scope, ...] = (
    "writer",
    "approver",
    "assessor",
    "auditor",
    "operator",
    "administrator",
    "subscriber",
)


@pytest.fixture(scope="module")
def story() -> DisputedScore:
    """The story with a key for each scope, one revoked and one that expires."""
    story = DisputedScore().tell()
    for scope in SCOPES:
        _issue(story, f"k-{scope}", scope)
    _issue(story, "gone", "auditor")
    story.ledger.record("credential/gone", CredentialRevoked())
    _issue(story, "old", "auditor", expires_at="2027-03-01T00:00:00.000000Z")
    return story


def _issue(story: DisputedScore, name: str, scope: Scope, expires_at: str | None = None) -> None:
    story.ledger.record(
        f"credential/{name}",
        CredentialIssued(
            credential=name,
            person="P-1",
            title="密钥",
            scopes=(scope,),
            secret_hash=sha256(SECRET.encode()).hexdigest(),
            expires_at=expires_at,
        ),
    )


@pytest.fixture(scope="module")
def projections(
    story: DisputedScore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Projections]:
    """A read side that has caught up, at an instant after one key has expired."""
    directory: Path = tmp_path_factory.mktemp("projections")
    clock_file = directory / "clock"
    clock_file.write_text("2027-03-01T00:00:00.000000Z", encoding="ascii")
    settings = ProjectionsSettings(directory=directory / "tables", clock_file=clock_file)
    with open_projections(settings, story.ledger) as opened:
        eventually(lambda: opened.follower.caught_up)
        yield opened


@pytest.fixture(scope="module")
def client(projections: Projections) -> Iterator[TestClient]:
    """An auditor's client."""
    app = create_app(projections)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {AUDITOR_KEY}"
        yield client


def _get(client: TestClient, path: str, **query: Any) -> dict[str, Any]:
    answer = client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _refused(client: TestClient, path: str, **query: Any) -> tuple[int, str]:
    answer = client.get(path, params=query)
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_all_views_are_listed_with_their_labels(client: TestClient) -> None:
    """What can be asked can be found out."""
    found = {view["name"]: view for view in _get(client, "/v1/views")["views"]}
    assert found["letters"]["code"] == "V02"
    assert found["letters"]["titles"] == {"zh": "目标责任书", "en": "target letters"}
    assert "unit" in found["letters"]["labels"]


def test_rows_are_selected_by_label_prefix_and_page(client: TestClient) -> None:
    """Labels select, `after` and `limit` page, `next` leads on."""
    answer = _get(client, "/v1/views/plan_board", letter=LETTER, kind="item", limit=4)
    assert [row["key"] for row in answer["rows"]] == [
        f"{LETTER}:{item}" for item in ("I01", "I02", "I03", "I04")
    ]
    following = _get(
        client, "/v1/views/plan_board", letter=LETTER, kind="item", after=answer["next"]
    )
    assert [row["labels"]["level"] for row in following["rows"]] == ["ordinary"] * 2 + ["key"] * 3
    assert following["next"] is None
    nodes = _get(client, "/v1/views/plan_board", prefix=f"{LETTER}:N")
    assert len(nodes["rows"]) == 3


def test_a_letter_reads_as_of_both_cuts(client: TestClient, story: DisputedScore) -> None:
    """What held then as known now, and what was known then: four different answers (R018, V02)."""

    def due(**query: Any) -> Any:
        revision = _get(client, f"/v1/letters/{LETTER}", **query)["revision"]
        if revision is None:
            return None
        items = {item["item"]: item for item in revision["document"]["items"]}
        return revision["revision"], items["N01"]["due"]

    assert due() == (2, "2026-06-03")
    assert due(valid_at="2026-06-01") == (1, "2026-05-29")
    assert due(valid_at="2026-06-04") == (2, "2026-06-03")
    assert due(valid_at="2025-12-31") is None
    assert due(known_at=story.marks["in force"], valid_at="2026-07-01") == (1, "2026-05-29")
    assert due(known_at="2026-06-03") == (1, "2026-05-29")
    assert due(known_at="2026-06-04") == (2, "2026-06-03")
    assert due(known_at="2026-06-04T02:00:00Z") == (2, "2026-06-03")
    assert due(known_at="2026-06-04T09:59:59+08:00") == (1, "2026-05-29")


def test_a_letter_shows_who_agreed_to_it(client: TestClient) -> None:
    """Signatures, approval and commitment stand beside the content."""
    found = _get(client, f"/v1/letters/{LETTER}")
    assert [row["party"] for row in found["signatures"]] == ["issuer", "responsible"]
    assert found["approvals"][0]["case"] == "CASE-LETTER"
    assert found["commitments"][0]["unit"] == "FIN"
    assert found["status"] == "in_force"


def test_weights_are_shown_only_where_they_total_one_hundred(
    client: TestClient, story: DisputedScore
) -> None:
    """SR-15: a draft with its first item has no displayed weights; the letter in force has."""

    def displayed(**cut: int) -> Any:
        return _get(client, f"/v1/letters/{LETTER}", **cut)["revision"]["displayed_weights"]

    assert displayed(known_at=story.marks["founded"] + 2) is None
    assert displayed()["I01"] == "20.00"


def test_the_history_of_a_letter_has_revisions_and_everything_that_happened(
    client: TestClient, story: DisputedScore
) -> None:
    """V02, R162: each revision with its difference; the trail by position, to the rescore."""
    found = _get(client, f"/v1/letters/{LETTER}/history")
    assert [row["revision"] for row in found["revisions"]] == [1, 2]
    assert found["revisions"][1]["changes"][0]["changes"][0]["to"] == "2026-06-03"
    positions = [event["position"] for event in found["trail"]]
    assert positions == sorted(positions)
    assert found["trail"][0]["type"] == "letter.drafted.v1"
    assert found["trail"][-1]["type"] == "result.application_flagged.v1"
    past = _get(client, f"/v1/letters/{LETTER}/history", known_at=story.marks["in force"])
    assert len(past["revisions"]) == 1


def test_a_case_has_its_trail(client: TestClient) -> None:
    """V03: the case with every act, and its events with who, post and both times."""
    found = _get(client, "/v1/cases/CASE-ADJ/trail")
    assert found["case"]["subject"] == f"adjustment/{ADJUSTMENT}"
    assert [event["type"] for event in found["trail"]][-1] == "case.approval_granted.v1"
    assert found["trail"][0]["person"] == "P-ops"


def test_a_score_is_explained_and_bound_to_its_digest(
    client: TestClient, story: DisputedScore
) -> None:
    """V05, V06: the tree of run 1 has the recorded digest and says how near the next grade is."""
    found = _get(client, f"/v1/assessments/{ASSESSMENT}/explanation", run=1, lang="en")
    assert (found["total"], found["grade"], found["matches"]) == ("94.37", "B", True)
    assert found["tree_digest"] == story.outcomes[0].tree_digest
    assert found["nearest_boundary"]["en"] == "0.63 below A"
    text = client.get(
        f"/v1/assessments/{ASSESSMENT}/explanation",
        params={"run": 1},
        headers={"Accept": "text/plain", "Accept-Language": "zh-CN"},
    )
    assert text.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "等级 B" in text.text
    sheet = _get(client, f"/v1/assessments/{ASSESSMENT}", known_at=story.marks["published"])
    assert sheet["assessment"]["total"] == "94.37"


def _replay(client: TestClient, body: Any, **query: Any) -> Any:
    return client.post(f"/v1/assessments/{ASSESSMENT}/replay", json=body, params=query)


def test_replays_give_the_figures_of_the_scenario(client: TestClient, story: DisputedScore) -> None:
    """V07: verify 94.37 bit for bit, as of 96.26 with N01 first, excluded 97.50, unofficial."""
    verified = _replay(client, {"mode": "verify", "run": 1}).json()
    assert (verified["replayed"]["total"], verified["matches"]) == ("94.37", True)
    as_of = _replay(client, {"mode": "as_of", "run": 1, "known_at": "2027-01-15"}).json()
    assert (as_of["replayed"]["total"], as_of["replayed"]["grade"]) == ("96.26", "A")
    assert as_of["first_difference"]["item"] == "N01"
    assert as_of["facts_known_at"] == story.marks["executed"]
    override = {"path": f"adjustments.{ADJUSTMENT}.treatment", "value": "exclude"}
    asked = {"mode": "counterfactual", "run": 2, "overrides": [override]}
    counterfactual = _replay(client, asked).json()
    assert counterfactual["replayed"]["total"] == "97.50"
    assert counterfactual["official"] is False
    assert counterfactual["watermark"]["zh"].startswith("反事实")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "body_malformed"),
        (b"{", 400, "body_malformed"),
        (b'{"mode":"verify","mode":"as_of"}', 400, "body_malformed"),
        (b'{"mode":"verify","run":NaN}', 400, "body_malformed"),
        (b'{"mode":"verify","known_at":"\\ud800"}', 400, "body_malformed"),
        (b"\xff\xfe{", 400, "body_malformed"),
        (b"[" * 5_000, 400, "body_malformed"),
        (b'{"mode":"verify","run":' + b"9" * 5_000 + b"}", 400, "body_malformed"),
        (b" " * 70_000, 413, "body_too_large"),
        (b'{"mode":"shadow"}', 422, "field_invalid"),
        (b'{"mode":"verify","run":0}', 422, "field_invalid"),
        (b'{"mode":"verify","more":1}', 422, "field_invalid"),
        (b'{"mode":"as_of","known_at":"soon"}', 400, "parameter_invalid"),
        (b'{"mode":"as_of","known_at":"\\u0000"}', 400, "parameter_invalid"),
        (b'{"mode":"as_of","known_at":-1}', 400, "parameter_invalid"),
        (b'{"mode":"as_of","known_at":100000}', 422, "known_at_ahead"),
        (b'{"mode":"as_of","known_at":1}', 422, "revision_not_known"),
        (b'{"mode":"as_of","known_at":60}', 422, "inputs_not_known"),
        (b'{"mode":"verify","known_at":60}', 422, "replay_option_wrong"),
        (b'{"mode":"verify","run":9}', 422, "run_unknown"),
        (
            b'{"mode":"counterfactual","overrides":[{"path":"a","value":"b"}]}',
            422,
            "override_unknown",
        ),
        (
            b'{"mode":"counterfactual","overrides":[{"path":"items.I01.weight","value":"1"}]}',
            422,
            "rule_inapplicable",
        ),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_bad_replays_are_refused_with_a_code(
    client: TestClient, body: bytes, status: int, code: str
) -> None:
    """P13: whatever the body, the answer is a problem with a stable code and never a fault."""
    answer = client.post(
        f"/v1/assessments/{ASSESSMENT}/replay",
        content=body,
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("/v1/views/none", {}, 404, "not_found"),
        ("/v1/views/letters/none", {}, 404, "not_found"),
        ("/v1/views/letters/none/history", {}, 404, "not_found"),
        ("/v1/views/letters", {"colour": "red"}, 400, "parameter_invalid"),
        ("/v1/views/letters", {"limit": "0"}, 400, "parameter_invalid"),
        ("/v1/views/letters", {"limit": "1001"}, 400, "parameter_invalid"),
        ("/v1/views/letters", {"limit": "x"}, 400, "parameter_invalid"),
        ("/v1/views/letters", {"unit": ["a", "b"]}, 400, "parameter_invalid"),
        ("/v1/views/letters", {"valid_at": "2026-06-01"}, 400, "view_not_by_date"),
        ("/v1/views/units", {"valid_at": "2026-02-30"}, 400, "parameter_invalid"),
        ("/v1/views/units", {"valid_at": "yesterday"}, 400, "parameter_invalid"),
        ("/v1/views/units", {"known_at": "9999-12-31"}, 400, "parameter_invalid"),
        ("/v1/views/units", {"known_at": "2026-01-01T00:00:00"}, 400, "parameter_invalid"),
        ("/v1/views/units", {"known_at": "9" * 30}, 400, "parameter_invalid"),
        ("/v1/views/units", {"known_at": "-1"}, 400, "parameter_invalid"),
        ("/v1/views/units", {"known_at": "9007199254740991"}, 422, "known_at_ahead"),
        ("/v1/letters/none", {}, 404, "not_found"),
        ("/v1/letters/%00", {}, 404, "not_found"),
        ("/v1/cases/none/trail", {}, 404, "not_found"),
        ("/v1/assessments/none", {}, 404, "not_found"),
        ("/v1/assessments/none/explanation", {}, 404, "not_found"),
        (f"/v1/assessments/{ASSESSMENT}/explanation", {"lang": "fr"}, 400, "parameter_invalid"),
        (f"/v1/assessments/{ASSESSMENT}/explanation", {"known_at": "1"}, 404, "not_found"),
        (f"/v1/assessments/{ASSESSMENT}/explanation", {"run": "7"}, 422, "run_unknown"),
        ("/v1/nothing", {}, 404, "route_unknown"),
    ],
)
def test_bad_reads_are_refused_with_a_code(
    client: TestClient, path: str, query: dict[str, Any], status: int, code: str
) -> None:
    """P13: bad parameters, unknown things and cuts ahead each have their code."""
    assert _refused(client, path, **query) == (status, code)


def test_an_assessment_without_a_run_has_no_explanation(
    client: TestClient, story: DisputedScore
) -> None:
    """Before the first run the assessment is known and nothing can be explained."""
    path = f"/v1/assessments/{ASSESSMENT}/explanation"
    opened = story.marks["executed"] + 1
    assert _refused(client, path, known_at=opened) == (409, "nothing_calculated")


def test_a_wrong_method_is_told(client: TestClient) -> None:
    """The route exists, the method does not."""
    answer = client.delete("/v1/views")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_problems_come_in_both_languages(client: TestClient) -> None:
    """`detail` is in the language preferred; both sentences are there."""
    answer = client.get("/v1/letters/none", headers={"Accept-Language": "en;q=0.5, zh-CN"})
    problem = answer.json()
    assert answer.headers["Content-Language"] == "zh"
    assert problem["detail"] == problem["sentences"]["zh"]
    assert problem["sentences"]["en"].startswith("There is no target letters none")


def test_answers_carry_their_cuts_and_are_not_sent_twice(
    client: TestClient, story: DisputedScore
) -> None:
    """Cuts in fields and headers; an unchanged answer is 304."""
    query = {"known_at": "100", "valid_at": "2026-06-01"}
    answer = client.get(f"/v1/letters/{LETTER}", params=query)
    position = story.ledger.position
    body = answer.json()
    assert (body["position"], body["known_at"], body["valid_at"]) == (position, 100, "2026-06-01")
    assert answer.headers["Position"] == str(position)
    assert answer.headers["Known-At"] == "100"
    assert answer.headers["Valid-At"] == "2026-06-01"
    again = client.get(
        f"/v1/letters/{LETTER}",
        params=query,
        headers={"If-None-Match": answer.headers["ETag"]},
    )
    assert (again.status_code, again.content) == (304, b"")


def test_a_read_waits_for_its_own_write(
    client: TestClient, story: DisputedScore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`min_position` waits until the views are there, for a bounded time."""
    reached = story.ledger.position
    assert _get(client, "/v1/views", min_position=reached)["position"] == reached
    monkeypatch.setattr(cuts, "MIN_POSITION_WAIT_S", 0.05)
    assert _refused(client, "/v1/views", min_position=reached + 1) == (503, "position_not_reached")


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "credential_missing"),
        ("Bearer", "credential_invalid"),
        ("Basic abc", "credential_invalid"),
        ("Bearer opl_", "credential_invalid"),
        (f"Bearer opl_auditor_{'0' * 40}", "credential_invalid"),
        (f"Bearer opl_nobody_{SECRET}", "credential_invalid"),
        (f"Bearer opl_gone_{SECRET}", "credential_invalid"),
        (f"Bearer opl_old_{SECRET}", "credential_invalid"),
    ],
)
def test_default_is_deny(client: TestClient, header: str, code: str) -> None:
    """Without a valid key nothing is told: none, malformed, wrong, unknown, revoked, expired."""
    answer = client.get("/v1/views", headers={"Authorization": header})
    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


READ = {"auditor", "writer", "approver", "assessor"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/v1/views", READ),
        ("GET", "/v1/views/letters", READ),
        ("GET", f"/v1/views/letters/{LETTER}", READ),
        ("GET", f"/v1/views/letters/{LETTER}/history", READ),
        ("GET", f"/v1/letters/{LETTER}", READ),
        ("GET", f"/v1/letters/{LETTER}/history", READ),
        ("GET", "/v1/cases/CASE-ADJ/trail", READ),
        ("GET", f"/v1/assessments/{ASSESSMENT}", READ),
        ("GET", f"/v1/assessments/{ASSESSMENT}/explanation", READ),
        ("POST", f"/v1/assessments/{ASSESSMENT}/replay", READ),
        ("GET", "/v1/integrity", READ | {"operator"}),
        ("POST", "/v1/rebuild", {"operator", "administrator", "auditor"}),
        ("GET", "/metrics", {"operator"}),
    ],
)
def test_scopes_by_route(client: TestClient, method: str, path: str, allowed: set[str]) -> None:
    """The role × route matrix: exactly the named scopes are let in."""
    let_in = set()
    for scope in SCOPES:
        answer = client.request(
            method,
            path,
            headers={"Authorization": f"Bearer opl_k-{scope}_{SECRET}"},
            json={"mode": "verify"} if method == "POST" and "replay" in path else None,
        )
        if answer.status_code == 200:
            let_in.add(scope)
        else:
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert let_in == allowed


def test_every_route_needs_a_key_but_four(client: TestClient) -> None:
    """Health, readiness and the documentation tell nothing of the content and are open."""
    document = client.get("/openapi.json").json()
    public = {
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        if "security" not in operation
    }
    assert public == {"/healthz", "/readyz"}
    for path in ("/healthz", "/readyz", "/openapi.json", "/docs"):
        assert client.get(path, headers={"Authorization": ""}).status_code == 200


def test_secret_hashes_are_never_shown(client: TestClient) -> None:
    """Neither the view of keys nor its history nor the trail gives the digest of a secret."""
    for path in (
        "/v1/views/credentials",
        "/v1/views/credentials/auditor",
        "/v1/views/credentials/auditor/history",
        "/v1/views/trail?noun=credential",
    ):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "auditor" in answer.text
        assert "secret_hash" not in answer.text
        assert sha256(SECRET.encode()).hexdigest() not in answer.text


def test_integrity_says_what_can_be_believed(client: TestClient, story: DisputedScore) -> None:
    """V30: the root equals the ledger's at its head; nothing is parked; digests on request."""
    found = _get(client, "/v1/integrity", digests="true")
    assert found["sound"] is True
    assert found["root"] == story.ledger.head().root
    assert found["root_checked_position"] == story.ledger.position
    assert found["ledger"] == {"reachable": True, "position": story.ledger.position}
    assert (found["parked"], found["alarms"]) == ([], [])
    assert len(found["digests"]["letters"]) == 64
    assert _get(client, "/v1/integrity")["digests"] is None


def test_a_rebuild_equals_what_was_served(client: TestClient) -> None:
    """P10 over HTTP: progress, then every view with equal digests, then the end; reads go on."""
    before = _get(client, "/v1/integrity", digests="true")["digests"]
    answer = client.post("/v1/rebuild")
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines[0]["event"] == "progress"
    views = {line["view"]: line for line in lines if line["event"] == "view"}
    assert {name: line["live"] for name, line in views.items()} == before
    assert all(line["equal"] for line in views.values())
    assert lines[-1] == {"event": "done", "equal": True, "position": lines[-1]["position"]}
    assert _get(client, "/v1/integrity", digests="true")["digests"] == before
    assert _get(client, f"/v1/letters/{LETTER}")["status"] == "in_force"


def test_the_openapi_document_shows_examples_and_problems(client: TestClient) -> None:
    """Every route has an example of its answer and names its problems with their codes."""
    document = client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            (content,) = operation["responses"]["200"]["content"].values()
            assert content["example"], path
            for status, answer in operation["responses"].items():
                if status != "200":
                    problem = answer["content"]["application/problem+json"]
                    assert all(
                        example["value"]["status"] == int(status)
                        for example in problem["examples"].values()
                    )


def test_the_documentation_needs_no_network(client: TestClient) -> None:
    """The page holds its own script and style, and its policy allows no others."""
    page = client.get("/docs")
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert " src=" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_measures_count_requests_by_route(client: TestClient) -> None:
    """No identifier is in a label: routes are counted under their templates."""
    _get(client, f"/v1/letters/{LETTER}")
    text = client.get("/metrics", headers={"Authorization": f"Bearer opl_k-operator_{SECRET}"}).text
    assert 'route="/v1/letters/{letter}"' in text
    assert LETTER not in text
    assert "opsledger_projections_position" in text


def test_a_diverged_verification_is_an_alarm(tmp_path: Path) -> None:
    """A replay that did not reproduce a score is unsound integrity, as known from then on."""
    story = DisputedScore().tell()
    story.ledger.record(
        "replay/RP-9",
        ReplayRequested(replay="RP-9", mode="verify", assessment=ASSESSMENT, run=1),
        ReplayDiverged(
            first_difference=Difference(path="total", clause="1.3", before="94.37", after="94.36")
        ),
    )
    settings = ProjectionsSettings(directory=tmp_path)
    with open_projections(settings, story.ledger) as opened:
        eventually(lambda: opened.follower.caught_up)
        with TestClient(create_app(opened)) as client:
            client.headers["Authorization"] = f"Bearer {AUDITOR_KEY}"
            found = _get(client, "/v1/integrity")
            assert found["sound"] is False
            assert found["alarms"][0]["first_difference"]["before"] == "94.37"
            earlier = _get(client, "/v1/integrity", known_at=story.marks["rescored"])
            assert earlier["sound"] is True
