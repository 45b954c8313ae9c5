"""The feed over HTTP: pages, long poll, single entries, streams of one thing, proofs (P6, R164)."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import httpx2
import pytest

from opsledger_contracts.evidence.merkle import (
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from support.ledger_service import Caller, Served, served
from support.log_places import new_place

BATCH = "application/cloudevents-batch+json"
LINES = "application/x-ndjson"
POSITIONED = "application/x-ndjson;profile=positions"
UNITS = 23


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A ledger with some units; tests read only."""
    place = new_place(request, request.param, tmp_path_factory.mktemp("service"))
    with served(**place.settings()) as running:
        for number in range(UNITS):
            running.administrator.register(f"U{number}")
        running.administrator.caller("AU", ["auditor", "operator"])
        yield running


@pytest.fixture
def auditor(service: Served) -> Caller:
    """Someone who reads everything."""
    return service.administrator.others[0]


def entries(service: Served, after: int = 0, limit: int = 1000) -> list[bytes]:
    """The bytes of the log."""
    return [stored.entry for stored in service.ledger.log.entries(after, limit)]


def walk(auditor: Caller, first: str) -> Iterator[httpx2.Response]:
    """Follow the links from page to page until one is empty."""
    path = first
    while True:
        answer = auditor.get(path)
        if answer.json() == []:
            return
        yield answer
        path = answer.links["next"]["url"]


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_following_the_links_reads_every_entry_once(
    service: Served, auditor: Caller, limit: int
) -> None:
    """Whatever the size of a page, the feed is the log, in its order and without a gap (P6)."""
    pages = list(walk(auditor, f"/v1/events?limit={limit}"))
    found = [entry for page in pages for entry in page.json()]
    assert found == [json.loads(entry) for entry in entries(service)]


def test_entries_are_served_in_the_bytes_of_the_log(service: Served, auditor: Caller) -> None:
    """Every form holds the very bytes that were hashed."""
    log = entries(service, 2, 3)
    path = "/v1/events?after=2&limit=3"
    batch = auditor.get(path, Accept=BATCH)
    lines = auditor.get(path, Accept=LINES)
    positioned = auditor.get(path, Accept=POSITIONED)
    assert batch.content == b"[" + b",".join(log) + b"]"
    assert lines.content == b"".join(entry + b"\n" for entry in log)
    assert (lines.headers["Position-First"], lines.headers["Position-Last"]) == ("3", "5")
    assert positioned.content == b"".join(
        b'{"position":%d,"leaf":"%b","entry":%b}\n'
        % (position, leaf_hash(entry).hex().encode(), entry)
        for position, entry in enumerate(log, 3)
    )
    for answer, form in ((batch, BATCH), (lines, LINES), (positioned, POSITIONED)):
        assert answer.headers["Content-Type"] == form


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("*/*", BATCH),
        ("application/json", BATCH),
        ("application/x-ndjson;q=0.5, application/cloudevents-batch+json;q=0.4", LINES),
        ('application/x-ndjson; profile="positions"', POSITIONED),
        ("text/html, application/x-ndjson", LINES),
    ],
)
def test_the_form_follows_accept(auditor: Caller, accept: str, form: str) -> None:
    """The form that weighs most is sent."""
    assert auditor.get("/v1/events", Accept=accept).headers["Content-Type"] == form


@pytest.mark.parametrize("accept", ["text/html", "application/x-ndjson;q=0", "application/xml"])
def test_a_form_that_is_not_there_is_refused(auditor: Caller, accept: str) -> None:
    """406 names the forms that are there."""
    for path in ("/v1/events", "/v1/events/1", "/v1/streams/unit/U1"):
        answer = auditor.get(path, Accept=accept)
        assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


def test_a_full_page_never_changes(service: Served, auditor: Caller) -> None:
    """A page below the head has a strong ETag and may be kept for ever."""
    first = auditor.get("/v1/events?after=0&limit=5")
    kept = auditor.get("/v1/events?after=0&limit=5", If_None_Match=first.headers["ETag"])
    other = auditor.get(
        "/v1/events?after=0&limit=5", If_None_Match=first.headers["ETag"], Accept=LINES
    )
    assert "immutable" in first.headers["Cache-Control"]
    assert not first.headers["ETag"].startswith("W/")
    assert (kept.status_code, kept.content) == (304, b"")
    assert kept.headers["ETag"] == first.headers["ETag"]
    assert other.status_code == 200


def test_a_page_at_the_head_may_grow(service: Served, auditor: Caller) -> None:
    """It is checked each time, and its tag changes with the next entry."""
    path = f"/v1/events?after={service.ledger.signal.position - 1}&limit=50"
    before = auditor.get(path)
    service.administrator.register("grown")
    after = auditor.get(path, If_None_Match=before.headers["ETag"])
    assert before.headers["Cache-Control"] == "private, no-cache"
    assert after.status_code == 200
    assert len(after.json()) == len(before.json()) + 1


def test_a_selection_by_type_goes_on_where_it_stopped(service: Served, auditor: Caller) -> None:
    """Filtered pages state the next position and no first or last."""
    types = ("person.registered.v1", "credential.issued.v1")
    path = f"/v1/events?types={','.join(types)}&limit=3"
    pages = list(walk(auditor, path))
    log = [json.loads(entry) for entry in entries(service)]
    found = [entry for page in pages for entry in page.json()]
    assert found == [entry for entry in log if entry["type"] in types]
    assert len(pages) == -(-len(found) // 3)
    assert "Position-First" not in pages[0].headers
    assert int(pages[0].headers["Position-Next"]) > UNITS


def test_a_selection_by_subject_is_one_stream(auditor: Caller) -> None:
    """Only entries of this very thing."""
    answer = auditor.get("/v1/events?subject=unit/U1")
    assert [entry["subject"] for entry in answer.json()] == ["unit/U1"]
    assert auditor.get(answer.links["next"]["url"]).json() == []


def test_a_selection_by_time_is_half_open(service: Served, auditor: Caller) -> None:
    """From is inclusive and until is exclusive; both are times of recording."""
    log = [json.loads(entry) for entry in entries(service)]
    begin, end = log[6]["recordedtime"], log[9]["recordedtime"]
    expected = [entry["id"] for entry in log if begin <= entry["recordedtime"] < end]
    answer = auditor.get(f"/v1/events?from={begin}&until={end}&limit=500")
    assert [entry["id"] for entry in answer.json()] == expected
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "query",
    [
        "after=-1",
        "after=x",
        "after=1&after=2",
        "after=99999999999999999",
        "limit=0",
        "limit=1001",
        "types=letter.exploded.v1",
        "types=",
        "subject=letter",
        "subject=planet/X",
        "subject=unit/a b",
        "from=yesterday",
        "until=2026-02-30T00:00:00.000000Z",
        "from=0001-01-01T00:00:00.000000Z",
        "wait=61",
        "unknown=1",
    ],
)
def test_a_parameter_that_does_not_fit_is_named(auditor: Caller, query: str) -> None:
    """Nothing unknown is passed over in silence (P13)."""
    answer = auditor.get(f"/v1/events?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter_invalid")
    assert answer.json()["facts"]["name"] == query.partition("=")[0]


def test_a_page_has_at_most_a_thousand_entries(auditor: Caller) -> None:
    """The limit itself is allowed."""
    assert auditor.get("/v1/events?limit=1000").status_code == 200


def test_a_long_poll_waits_for_the_next_entry(service: Served, auditor: Caller) -> None:
    """It is answered when something is recorded, long before the time is over."""
    head = service.ledger.log.head().position
    timer = Timer(0.3, service.administrator.register, ["awaited"])
    timer.start()
    began = time.monotonic()
    answer = auditor.get(f"/v1/events?after={head}&wait=20")
    took = time.monotonic() - began
    timer.join()
    assert [entry["subject"] for entry in answer.json()] == ["unit/awaited"]
    assert 0.2 < took < 5


def test_a_long_poll_with_a_selection_waits_for_what_it_selects(
    service: Served, auditor: Caller
) -> None:
    """An entry of another type does not end it."""
    head = service.ledger.log.head().position
    other = Timer(0.1, service.administrator.register, ["passed-over"])
    wanted = Timer(
        0.4, service.administrator.post, ["/v1/persons/awaited/register", {"name": "某"}]
    )
    other.start()
    wanted.start()
    answer = auditor.get(f"/v1/events?after={head}&wait=20&types=person.registered.v1")
    other.join()
    wanted.join()
    assert [entry["subject"] for entry in answer.json()] == ["person/awaited"]


def test_a_long_poll_ends_empty_when_nothing_comes(service: Served, auditor: Caller) -> None:
    """The time is kept, and the cursor stands where it stood."""
    head = service.ledger.log.head().position
    began = time.monotonic()
    answer = auditor.get(f"/v1/events?after={head}&wait=1")
    assert answer.json() == []
    assert answer.headers["Position-Next"] == str(head)
    assert 0.9 < time.monotonic() - began < 5


def test_one_entry_is_read_by_its_position(service: Served, auditor: Caller) -> None:
    """Structured mode, with position and leaf beside it."""
    answer = auditor.get("/v1/events/4")
    entry = entries(service, 3, 1)[0]
    assert answer.content == entry
    assert answer.headers["Content-Type"] == "application/cloudevents+json"
    assert answer.headers["Position"] == "4"
    assert answer.headers["Leaf"] == leaf_hash(entry).hex()
    assert auditor.get("/v1/events/4", If_None_Match=answer.headers["ETag"]).status_code == 304


@pytest.mark.parametrize(
    ("position", "status"), [("0", 400), ("x", 400), ("99999", 404), ("1.0", 400)]
)
def test_a_position_that_is_not_there_is_refused(
    auditor: Caller, position: str, status: int
) -> None:
    """Ill-formed is 400, not reached is 404."""
    assert auditor.get(f"/v1/events/{position}").status_code == status


def test_a_stream_is_read_by_version(service: Served, auditor: Caller) -> None:
    """The version of the stream is told, for If-Match, and pages go on by version."""
    mode = {"mode": "weak", "basis": "章程", "valid_from": "2026-01-01"}
    service.administrator.post("/v1/units/U2/set-control-mode", mode)
    service.administrator.post("/v1/units/U2/set-control-mode", mode | {"mode": "strong"})
    first = auditor.get("/v1/streams/unit/U2?limit=2")
    rest = auditor.get(first.links["next"]["url"])
    assert first.headers["Stream-Version"] == rest.headers["Stream-Version"] == "3"
    assert [entry["streamversion"] for entry in first.json() + rest.json()] == [1, 2, 3]
    assert "next" not in rest.links
    assert rest.json()[0]["prev"] == leaf_hash(entries_of(service, "unit/U2")[1]).hex()
    assert auditor.get("/v1/streams/unit/NO").status_code == 404
    assert auditor.get("/v1/streams/planet/NO").status_code == 400


def entries_of(service: Served, stream: str) -> list[bytes]:
    """The bytes of one stream."""
    return [stored.entry for stored in service.ledger.log.stream_entries(stream)]


def test_proofs_hold_against_the_head(service: Served, auditor: Caller) -> None:
    """An auditor with nothing but the answers proves an entry and an older tree."""
    head = auditor.get("/v1/head").json()
    root = bytes.fromhex(head["root"])
    for position in (1, 7, head["position"]):
        inclusion = auditor.get(
            f"/v1/proofs/inclusion?position={position}&size={head['size']}"
        ).json()
        verify_inclusion(
            leaf_hash(auditor.get(f"/v1/events/{position}").content),
            position - 1,
            head["size"],
            [bytes.fromhex(each) for each in inclusion["proof"]],
            root,
        )
    older = auditor.get(f"/v1/proofs/consistency?from=5&to={head['size']}").json()
    verify_consistency(
        5,
        head["size"],
        [bytes.fromhex(each) for each in older["proof"]],
        bytes.fromhex(older["root_from"]),
        root,
    )


@pytest.mark.parametrize(
    "path",
    [
        "inclusion",
        "inclusion?position=0",
        "inclusion?position=9&size=8",
        "inclusion?position=1&size=99999",
        "consistency",
        "consistency?from=9&to=8",
        "consistency?from=1&to=99999",
        "consistency?from=0&to=2",
        "consistency?from=0&to=0",
    ],
)
def test_a_proof_that_cannot_be_is_refused(auditor: Caller, path: str) -> None:
    """Positions and sizes lie within the tree."""
    answer = auditor.get(f"/v1/proofs/{path}")
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter_invalid")


def test_tiles_hold_the_leaves(service: Served, auditor: Caller) -> None:
    """The path names the width, as in C2SP tlog-tiles."""
    answer = auditor.get("/v1/tiles/0/000.p/7")
    assert answer.content == b"".join(leaf_hash(entry) for entry in entries(service, 0, 7))
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("0/000", 404), ("0/001.p/1", 404), ("0/000.p/257", 404), ("0/0", 400), ("x/000", 400)],
)
def test_a_tile_that_is_not_there_is_refused(auditor: Caller, path: str, status: int) -> None:
    """A tile is served when it is filled as far as was asked, not before."""
    assert auditor.get(f"/v1/tiles/{path}").status_code == status


def test_the_whole_log_can_be_verified(service: Served, auditor: Caller) -> None:
    """Progress comes line by line, the verdict last."""
    answer = auditor.get("/v1/verify")
    lines = [json.loads(line) for line in answer.content.splitlines()]
    head = service.ledger.log.head().position
    assert lines[-1] == {"verdict": {"sound": True, "findings": 0, "entries": head}}
    assert lines[-2]["progress"] == {"position": head, "head": head}


def test_measures_count_by_route_and_not_by_path(service: Served, auditor: Caller) -> None:
    """An identifier in a path never becomes a label."""
    auditor.get("/v1/streams/unit/U1")
    auditor.get("/nowhere/at/all")
    text = auditor.get("/metrics").text
    assert 'route="/v1/streams/{noun}/{id}",status="200"' in text
    assert 'method="other",route="other",status="404"' in text
    assert "U1" not in text
    assert f"opsledger_position {float(service.ledger.signal.position)}" in text


def test_an_empty_directory_holds_the_founding_only(tmp_path: Path) -> None:
    """The first entries are the ledger, its first administrator, and their key."""
    with served(tmp_path / "new") as running:
        types = [json.loads(entry)["type"] for entry in entries(running)]
    assert types == ["ledger.founded.v1", "person.registered.v1", "credential.issued.v1"]
