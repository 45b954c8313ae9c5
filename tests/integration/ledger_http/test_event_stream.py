"""Server-sent events: each entry, in order, across reconnects, until the end (P8, R164)."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from opsledger_ledger.feed import stream as feed_stream
from opsledger_ledger.http.events import STREAMS_MAX
from support.ledger_service import GROUP, Caller, Served, served

Frame = tuple[int, str]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Served]:
    """A ledger with one subscriber."""
    with served(tmp_path / "ledger") as running:
        running.administrator.caller("SUB", ["subscriber"])
        yield running


@contextmanager
def subscribed(
    caller: Caller, query: str = "", **headers: str
) -> Iterator[tuple[httpx2.Response, Iterator[Frame]]]:
    """Open a stream; gives the response and its frames as they come."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with caller.client.stream("GET", f"/v1/events/stream{query}", headers=named) as answer:
        yield answer, frames(answer)


def frames(answer: httpx2.Response) -> Iterator[Frame]:
    """Position and data of each frame; empty data for a frame with a position only."""
    position, data = None, ""
    for line in answer.iter_lines():
        if line.startswith("id: "):
            position = int(line[4:])
        elif line.startswith("data: "):
            data = line[6:]
        elif not line and position is not None:
            yield position, data
            position, data = None, ""


def take(source: Iterator[Frame], count: int) -> list[Frame]:
    """The next frames."""
    return [next(source) for _ in range(count)]


def test_a_subscriber_gets_what_was_and_what_comes(service: Served) -> None:
    """The past first, then each new entry, in the bytes of the log."""
    subscriber = service.administrator.others[0]
    head = service.ledger.log.head().position
    with subscribed(subscriber) as (answer, source):
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        past = take(source, head)
        for number in range(5):
            service.administrator.register(f"N{number}")
        new = take(source, 5)
    assert [position for position, _ in past + new] == list(range(1, head + 6))
    log = [stored.entry.decode() for stored in service.ledger.log.entries(0, 100)]
    assert [data for _, data in past + new] == log


def test_a_subscriber_resumes_after_the_last_it_has_seen(service: Served) -> None:
    """`Last-Event-ID` outweighs `after`, so that a browser's reconnect just works."""
    subscriber = service.administrator.others[0]
    with subscribed(subscriber) as (_, source):
        seen = take(source, 2)
    with subscribed(subscriber, "?after=0", Last_Event_ID=str(seen[-1][0])) as (_, source):
        assert next(source)[0] == 3
    with subscribed(subscriber, "?after=3") as (_, source):
        assert next(source)[0] == 4


def test_reconnecting_at_any_point_loses_and_doubles_nothing(service: Served) -> None:
    """Cut after each number of frames while others write: the sum is the log (P8)."""
    subscriber = service.administrator.others[0]
    stopped = threading.Event()

    def write() -> None:
        number = 0
        while not stopped.is_set() and number < 400:
            service.administrator.register(f"W{number}")
            number += 1

    writing = threading.Thread(target=write)
    writing.start()
    seen: list[Frame] = []
    try:
        for cut in (1, 2, 3, 5, 8, 13, 21, 34):
            last = str(seen[-1][0]) if seen else "0"
            with subscribed(subscriber, Last_Event_ID=last) as (_, source):
                seen += take(source, cut)
    finally:
        stopped.set()
        writing.join()
    log = service.ledger.log.entries(0, len(seen))
    assert seen == [(stored.position, stored.entry.decode()) for stored in log]


def test_a_selection_gets_only_what_it_selects(service: Served) -> None:
    """Types and subject leave entries out; order and positions stay."""
    subscriber = service.administrator.others[0]
    query = "?types=unit.registered.v1&subject=unit/S2"
    with subscribed(subscriber, query) as (_, source):
        for name in ("S1", "S2", "S3"):
            service.administrator.register(name)
        position, data = next(source)
    assert json.loads(data)["subject"] == "unit/S2"
    assert position == service.ledger.log.head().position - 1


def test_a_silent_stream_tells_how_far_it_has_come(
    service: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A selection that leaves everything out still moves the place to resume at."""
    monkeypatch.setattr(feed_stream.frames, "__defaults__", (0.2,))
    subscriber = service.administrator.others[0]
    with subscribed(subscriber, "?types=letter.drafted.v1") as (_, source):
        assert next(source) == (service.ledger.log.head().position, "")
    with subscribed(subscriber, f"?after={service.ledger.log.head().position}") as (answer, _):
        assert ": heartbeat" in (line for line in answer.iter_lines())


def test_one_person_has_a_bounded_number_of_streams(service: Served) -> None:
    """The limit is kept, and a closed stream makes room again."""
    subscriber = service.administrator.others[0]
    opened = [subscribed(subscriber) for _ in range(STREAMS_MAX)]
    sources = [each.__enter__()[1] for each in opened]
    for source in sources:
        next(source)
    refused = subscriber.get("/v1/events/stream")
    assert (refused.status_code, refused.json()["code"]) == (429, "streams_too_many")
    assert refused.headers["Retry-After"] == "1"
    opened.pop().__exit__(None, None, None)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with subscribed(subscriber) as (answer, _):
            if answer.status_code == 200:
                break
        time.sleep(0.05)
    else:
        pytest.fail("a closed stream still counts")
    for each in opened:
        each.__exit__(None, None, None)


def test_a_reader_that_stands_still_costs_no_memory_and_misses_nothing(service: Served) -> None:
    """Others go on meanwhile; what it has not taken waits in the log and not in the service."""
    subscriber = service.administrator.others[0]
    documents = [
        {"sha256": f"{number:064x}", "media": "application/pdf", "title": "附件" * 50}
        for number in range(140)
    ]
    body = GROUP | {"evidence": documents}
    host, _, port = subscriber.address.removeprefix("http://").partition(":")
    with (
        subscribed(subscriber) as (_, quick),
        socket.socket() as still,
    ):
        still.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        still.connect((host, int(port)))
        still.sendall(
            f"GET /v1/events/stream HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: Bearer {subscriber.token}\r\n\r\n".encode()
        )
        for number in range(160):
            answer = service.administrator.post(f"/v1/units/L{number}/register", body)
            assert answer.status_code == 201
        log = [stored.entry for stored in service.ledger.log.entries(0, 1_000)]
        assert [data.encode() for _, data in take(quick, len(log))] == log
        kept = [
            protocol.transport.get_write_buffer_size()
            for protocol in service.server.server_state.connections
        ]
        assert sum(map(len, log)) > 2 * sum(kept)
        still.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_000_000)
        received = b""
        while not received.endswith(log[-1] + b"\n\n\r\n"):
            received += still.recv(1_000_000)
    sent = b"".join(b"id: %d\ndata: %b\n\n" % placed for placed in enumerate(log, 1))
    assert without_chunks(received.partition(b"\r\n\r\n")[2]) == b"retry: 1000\n\n" + sent


def without_chunks(body: bytes) -> bytes:
    """Put a body that was sent in chunks together."""
    parts = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        parts.append(rest[: int(size, 16)])
        assert rest[int(size, 16) :][:2] == b"\r\n"
        body = rest[int(size, 16) + 2 :]
    return b"".join(parts)


def test_a_stream_without_a_body_ends_at_once(service: Served) -> None:
    """HEAD tells what GET would, and nothing comes behind it."""
    subscriber = service.administrator.others[0]
    answer = subscriber.client.head("/v1/events/stream")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert subscriber.get("/v1/events?limit=1").status_code == 200


def test_a_stream_ends_when_the_service_stops(service: Served) -> None:
    """The service's own signal ends it, not a time-out."""
    subscriber = service.administrator.others[0]
    with subscribed(subscriber) as (_, source):
        take(source, service.ledger.log.head().position)
        began = time.monotonic()
        service.server.should_exit = True
        assert list(source) == []
        assert time.monotonic() - began < 2
