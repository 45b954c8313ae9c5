"""The relay as a process of its own beside a ledger that runs, as an operator has it."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner, Result

from opsledger.cli import app
from opsledger.cluster.nats import NatsCluster
from support.command_line import Serving, run, serving
from support.eventually import eventually
from support.relayed_ledgers import Broker

WAIT_S = 20.0
FOUNDED = 3
"""Entries of a ledger that was founded and has no more than that."""


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    """A broker of one server."""
    with NatsCluster(tmp_path_factory.mktemp("nats"), 1) as started:
        yield started


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of a ledger in service, which is founded and has no more than that."""
    place = tmp_path_factory.mktemp("ledger")
    with serving(
        "ledger", "serve", "--directory", place / "ledger", "--port", 0, log=place / "log"
    ) as service:
        service.address("ledger")
        yield place / "ledger"


def _relay(
    directory: Path, broker: NatsCluster, log: Path, stream: str
) -> AbstractContextManager[Serving]:
    return serving(
        *("ledger", "relay", "--directory", directory, "--nats-url", broker.url),
        *("--stream", stream, "--replicas", 1, "--port", 0),
        log=log,
    )


def _told(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_relay_shows_its_lag_and_ends_when_it_is_told_to(
    directory: Path, alone: NatsCluster, tmp_path: Path
) -> None:
    """Health, metrics and the status command agree; SIGTERM ends it with status 0."""
    with _relay(directory, alone, tmp_path / "log", "shown") as service:
        address = service.address("relay")
        eventually(lambda: httpx2.get(f"{address}/readyz").status_code == 200, WAIT_S)
        Broker(alone.url).wait_for("shown", FOUNDED)
        eventually(lambda: httpx2.get(f"{address}/readyz").text == "following, 0 behind\n", WAIT_S)
        measures = httpx2.get(f"{address}/metrics").text
        assert f"opsledger_relay_position {FOUNDED}.0\n" in measures
        assert "opsledger_relay_lag 0.0\n" in measures
        assert "opsledger_relay_following 1.0\n" in measures
        assert httpx2.get(f"{address}/healthz").status_code == 200
        assert httpx2.get(f"{address}/other").status_code == 404
        told = run(
            *("ledger", "relay-status", "--directory", directory, "--nats-url", alone.url),
            *("--stream", "shown", "--lag-max", 0, "--json"),
        )
        assert told.status == 0, told.err
        assert json.loads(told.out) == {
            "stream": "shown",
            "position": FOUNDED,
            "ledger": FOUNDED,
            "lag": 0,
            "replicas": 1,
            "leader": "nats-1",
        }
        assert service.stop() == 0
    assert "Traceback" not in (tmp_path / "log").read_text(encoding="utf-8")


def test_a_relay_without_its_broker_says_so(directory: Path, tmp_path: Path) -> None:
    """It is up and not ready; it stops when it is told to, also then."""
    with NatsCluster(tmp_path / "nats", 1) as broker:
        broker.stop()
        with _relay(directory, broker, tmp_path / "log", "away") as service:
            address = service.address("relay")
            answer = httpx2.get(f"{address}/readyz")
            assert (answer.status_code, answer.text.strip() != "") == (503, True)
            assert service.stop() == 0


def test_what_is_wrong_with_a_copy_is_said_with_a_status(
    directory: Path, alone: NatsCluster, tmp_path: Path
) -> None:
    """1: no copy, a foreign one, or one too far behind; 2: a wrong question; 3: no broker."""
    status = ("ledger", "relay-status", "--directory", directory)
    Broker(alone.url).create(
        "foreign",
        subjects=["foreign.>"],
        discard="new",
        deny_delete=True,
        deny_purge=True,
        allow_atomic=True,
        allow_direct=True,
    )
    behind = _told(*status, "--nats-url", alone.url, "--stream", "foreign", "--lag-max", 0)
    assert (behind.exit_code, behind.stderr) == (1, "")
    assert ["lag", str(FOUNDED)] in [
        re.findall(r"\w+", line) for line in behind.stdout.splitlines()
    ]
    Broker(alone.url).publish("foreign.letter.signed.v1", b"something else")
    nowhere = tmp_path / "nowhere"
    nowhere.write_text("nats://127.0.0.1:1\n", encoding="utf-8")

    for arguments, code, reason in (
        (("--nats-url", alone.url, "--stream", "none"), 1, "there is no stream none"),
        (("--nats-url", alone.url, "--stream", "foreign"), 1, "holds another entry"),
        (("--nats-url", alone.url, "--stream", "not a name"), 2, "stream"),
        (("--nats-url", alone.url, "--database-url-file", "f"), 2, "exactly one of --directory"),
        ((), 2, "exactly one of --nats-url"),
        (("--nats-url-file", nowhere), 3, ""),
    ):
        told = _told(*status, *arguments)
        assert (told.exit_code, reason in told.stderr) == (code, True), told.stderr
    relayed = run(
        *("ledger", "relay", "--directory", directory, "--nats-url", alone.url),
        *("--stream", "foreign", "--replicas", 1, "--port", 0),
    )
    assert relayed.status == 1
    assert "copy of another ledger" in relayed.err


def test_a_killed_relay_is_taken_over(directory: Path, alone: NatsCluster, tmp_path: Path) -> None:
    """Another one goes on where the stream ends, whatever the first was doing."""
    with _relay(directory, alone, tmp_path / "first", "taken") as first:
        first.address("relay")
        Broker(alone.url).wait_for("taken", FOUNDED)
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with _relay(directory, alone, tmp_path / "second", "taken") as second:
        address = second.address("relay")
        eventually(lambda: httpx2.get(f"{address}/readyz").status_code == 200, WAIT_S)
    assert Broker(alone.url).last("taken") == FOUNDED
