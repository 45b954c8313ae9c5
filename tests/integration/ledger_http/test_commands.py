"""Commands over HTTP: recorded once, answered for ever, refused without a trace (P4-P7)."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from opsledger_contracts.evidence.merkle import leaf_hash
from support.ledger_service import GROUP, Served, served
from support.log_places import new_place


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One ledger for the whole module; each test uses units of its own."""
    place = new_place(request, request.param, tmp_path_factory.mktemp("service"))
    with served(**place.settings()) as running:
        yield running


def position(service: Served) -> int:
    """The last position of the ledger."""
    found: int = service.administrator.get("/v1/head").json()["position"]
    return found


def test_a_command_is_answered_with_where_its_events_stand(service: Served) -> None:
    """Position, version and leaf in the answer are those of the entry in the log (P6)."""
    before = position(service)
    answer = service.administrator.register("A1")
    entry = service.ledger.log.entries(before, 1)[0]
    assert answer.status_code == 201
    assert answer.headers["ETag"] == '"1"'
    assert answer.json() == {
        "outcome": "recorded",
        "stream": "unit/A1",
        "version": 1,
        "positions": [before + 1],
        "events": [
            {
                "stream": "unit/A1",
                "type": "unit.registered.v1",
                "position": before + 1,
                "version": 1,
                "leaf": leaf_hash(entry.entry).hex(),
            }
        ],
        "recorded_at": json.loads(entry.entry)["recordedtime"],
    }


def test_the_same_key_gets_the_same_answer(service: Served) -> None:
    """A repetition changes nothing and says that it is one (P4)."""
    first = service.administrator.register("B1", key="same")
    before = position(service)
    second = service.administrator.register("B1", key="same")
    assert second.status_code == first.status_code == 201
    assert second.content == first.content
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert position(service) == before


def test_a_refusal_is_kept_under_its_key(service: Served) -> None:
    """What was refused stays refused under this key, even when it would be accepted by now."""
    body = {"parent": "C1", "valid_from": "2026-01-01"}
    refused = service.administrator.post("/v1/units/C2/reparent", body, key="early")
    service.administrator.register("C1")
    service.administrator.register("C2")
    again = service.administrator.post("/v1/units/C2/reparent", body, key="early")
    fresh = service.administrator.post("/v1/units/C2/reparent", body)
    assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
    assert again.content == refused.content
    assert again.headers["Idempotency-Replayed"] == "true"
    assert fresh.status_code == 200


def test_a_refusal_leaves_nothing_but_its_key(service: Served) -> None:
    """No entry, no version, no position comes of a refused command (P7)."""
    service.administrator.register("D1")
    before = service.ledger.log.head()
    answer = service.administrator.post(
        "/v1/units/D1/reparent", {"parent": "D1", "valid_from": "2026-01-01"}, key="cycle"
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "unit_cycle")
    assert service.ledger.log.head() == before
    assert service.ledger.log.stream_version("unit/D1") == 1
    assert service.ledger.log.answer("administrator", "cycle") is not None


@pytest.mark.parametrize(
    ("path", "change", "headers"),
    [
        ("/v1/units/E1/register", {"name": "另一集团"}, {}),
        ("/v1/units/E2/register", {}, {}),
        ("/v1/units/E1/register", {"reason": "补登"}, {}),
        ("/v1/units/E1/register", {}, {"If_Match": '"0"'}),
    ],
    ids=["another field", "another thing", "another reason", "another condition"],
)
def test_another_request_under_a_used_key_is_refused(
    service: Served, path: str, change: dict[str, Any], headers: dict[str, str]
) -> None:
    """A key belongs to one request with all that it says (P5)."""
    service.administrator.register("E1", key="used")
    answer = service.administrator.post(path, GROUP | change, key="used", **headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_a_key_belongs_to_one_person(service: Served) -> None:
    """Two persons may use the same key for different requests."""
    other = service.administrator.caller("F-other", ["administrator"])
    first = service.administrator.register("F1", key="shared")
    second = other.register("F2", key="shared")
    assert (first.status_code, second.status_code) == (201, 201)


def test_fifty_at_once_under_one_key_record_it_once(service: Served) -> None:
    """P4: all get the same answer, or 409 while the first is being decided."""
    before = position(service)
    with ThreadPoolExecutor(50) as pool:
        answers = list(
            pool.map(lambda _: service.administrator.register("G1", key="rush"), range(50))
        )
    bodies = {answer.content for answer in answers if answer.status_code == 201}
    codes = {answer.json()["code"] for answer in answers if answer.status_code != 201}
    assert len(bodies) == 1
    assert codes <= {"idempotency_key_in_flight"}
    assert position(service) == before + 1


def test_many_at_once_get_neighbouring_positions(service: Served) -> None:
    """Commands of one commit see each other, and each answer tells its own place (P6)."""
    before = position(service)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: service.administrator.register(f"H{n % 40}"), range(80)))
    recorded = [answer.json() for answer in answers if answer.status_code == 201]
    refused = Counter(answer.json()["code"] for answer in answers if answer.status_code != 201)
    assert refused == {"already_exists": 40}
    assert sorted(place for each in recorded for place in each["positions"]) == list(
        range(before + 1, before + 41)
    )
    for each in recorded:
        stored = service.ledger.log.entries(each["positions"][0] - 1, 1)[0]
        assert stored.stream == each["stream"]
        assert stored.leaf.hex() == each["events"][0]["leaf"]


def test_if_match_holds_the_command_to_a_version(service: Served) -> None:
    """412 if the thing has moved on; without the header the current state decides."""
    register = "/v1/units/I1/register"
    dissolve = "/v1/units/I1/dissolve"
    move = "/v1/units/I1/set-control-mode"
    mode = {"mode": "weak", "basis": "章程", "valid_from": "2026-01-01"}
    end = {"successors": [], "valid_from": "2026-02-01"}
    assert service.administrator.post(register, GROUP, If_Match='"3"').status_code == 412
    assert service.administrator.post(register, GROUP, If_Match='"0"').status_code == 201
    moved = service.administrator.post(move, mode, If_Match='"1"')
    stale = service.administrator.post(dissolve, end, If_Match='"1"')
    assert (moved.status_code, moved.headers["ETag"]) == (200, '"2"')
    assert stale.status_code == 412
    assert stale.json()["facts"] == {"stream": "unit/I1", "found": 2, "expected": 1}
    assert service.administrator.post(dissolve, end).status_code == 200


def test_circumstances_go_into_the_entry(service: Served) -> None:
    """Reason, time of occurrence, evidence and what caused the command are recorded."""
    before = position(service)
    evidence = {"sha256": "a" * 64, "media": "application/pdf", "title": "批复"}
    body = GROUP | {
        "occurred_at": "2026-01-05T02:00:00.000000Z",
        "reason": "集团批复",
        "evidence": [evidence],
    }
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    answer = service.administrator.post(
        "/v1/units/J1/register",
        body,
        Correlation_Id="case-7",
        Causation_Id="mail-3",
        traceparent=trace,
    )
    assert answer.status_code == 201
    entry = json.loads(service.ledger.log.entries(before, 1)[0].entry)
    assert entry["time"] == "2026-01-05T02:00:00.000000Z"
    assert entry["time"] < entry["recordedtime"]
    assert entry["reason"] == "集团批复"
    assert entry["data"]["evidence"] == [evidence]
    assert entry["correlationid"] == "case-7"
    assert entry["causationid"] == "mail-3"
    assert entry["traceparent"] == trace
    assert entry["actorperson"] == "administrator"
    assert entry["source"] == "urn:opsledger:ledger"


def test_a_trace_context_that_cannot_be_read_is_left_out(service: Served) -> None:
    """The W3C standard says so: tracing never stops what is traced."""
    before = position(service)
    answer = service.administrator.post("/v1/units/J2/register", GROUP, traceparent="nonsense")
    assert answer.status_code == 201
    assert "traceparent" not in json.loads(service.ledger.log.entries(before, 1)[0].entry)


def test_a_personal_name_is_in_the_side_table_only(service: Served) -> None:
    """The entry holds a salted commitment; the value can be found by it."""
    before = position(service)
    service.administrator.post("/v1/persons/K1/register", {"name": "王小明"})
    stored = service.ledger.log.entries(before, 1)[0]
    assert "王小明".encode() not in stored.entry
    commitment = json.loads(stored.entry)["data"]["name_commitment"]
    value = service.ledger.log.personal(commitment)
    assert value is not None
    assert value.value.decode() == "王小明"
    assert hashlib.sha256(value.salt + value.value).hexdigest() == commitment


def test_an_entry_larger_than_the_limit_is_refused(service: Served) -> None:
    """64 KiB is the most an entry holds; the refusal tells by how much it is passed."""
    evidence = [
        {"sha256": "a" * 64, "media": "application/pdf", "title": "文" * 200} for _ in range(100)
    ]
    before = position(service)
    answer = service.administrator.post("/v1/units/L1/register", GROUP | {"evidence": evidence})
    assert (answer.status_code, answer.json()["code"]) == (422, "entry_too_large")
    assert answer.json()["facts"]["limit"] == 65_536
    assert answer.json()["facts"]["found"] > 65_536
    assert position(service) == before


def test_problems_speak_two_languages(service: Served) -> None:
    """The sentence follows Accept-Language, and both are always there."""
    english = service.administrator.post("/v1/units/NO/dissolve", _end(), Accept_Language="fr")
    chinese = service.administrator.post(
        "/v1/units/NO/dissolve", _end(), Accept_Language="en;q=0.4, zh-CN;q=0.9"
    )
    assert english.headers["Content-Type"] == "application/problem+json"
    assert english.headers["Content-Language"] == "en"
    assert chinese.headers["Content-Language"] == "zh"
    assert english.json()["detail"] == english.json()["sentences"]["en"]
    assert chinese.json()["detail"] == chinese.json()["sentences"]["zh"]
    assert english.json()["type"] == "urn:opsledger:problem:not_found"
    assert english.json()["instance"] == "/v1/units/NO/dissolve"


def test_a_revoked_key_opens_nothing_from_then_on(tmp_path: Path) -> None:
    """The revocation is answered only after no request can get in with the key any more."""
    with served(tmp_path) as running:
        other = running.administrator.caller("M1", ["administrator"])
        assert other.register("M").status_code == 201
        revoked = running.administrator.post("/v1/credentials/M1/revoke")
        answer = other.get("/v1/head")
    assert revoked.status_code == 200
    assert (answer.status_code, answer.json()["code"]) == (401, "credential_invalid")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="opsledger"'


def _end() -> dict[str, Any]:
    return {"successors": [], "valid_from": "2026-02-01"}


def test_a_fault_of_the_program_shows_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The caller gets a reference, the log the place of the fault, and neither gets the secret."""

    def faulty(*_: Any) -> Any:
        raise ZeroDivisionError

    with served(tmp_path) as running:
        monkeypatch.setattr(type(running.ledger.log), "head", faulty)
        answer = running.administrator.get("/v1/head")
        monkeypatch.undo()
    logged = "".join(capfd.readouterr())
    assert (answer.status_code, answer.json()["code"]) == (500, "ledger_fault")
    assert answer.json()["facts"]["reference"] in logged
    assert "ZeroDivisionError" in logged
    assert running.administrator.token.rpartition("_")[2] not in logged
